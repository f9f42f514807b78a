import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-cases-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const server = await testEngine();
await server.engine.identity.ensureRootKey(folder);
writeFileSync(join(folder, 'url'), await server.engine.http.listen(0));
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

await server.publish('shop', {
  currency: 'USD',
  units: { points: {} },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  velocity: [{ id: 'burst', unit: 'points', more_than: '1000', within: 'PT5M', pause: 'PT1H' }],
});
let orders = 0;

/** An order of `dollars`, some seconds past ten. */
async function buy(member: string, dollars: number, seconds: number): Promise<void> {
  orders += 1;
  const { status } = await server.post('/v1/orders', 'shop', {
    external_id: `o${orders}`,
    member,
    occurred_at: new Date(Date.UTC(2026, 0, 1, 10, 0, seconds)).toISOString(),
    currency: 'USD',
    lines: [{ id: '1', amount: String(dollars * 100) }],
  });
  assert.equal(status, 201);
}

async function cases(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const { output, out, err } = keptOutput(words.includes('--json'));
  const code = await fealty(['cases', ...words, '--program', 'shop'], output);
  return { code, out: out(), err: err() };
}

const listed = async (...words: string[]) => JSON.parse((await cases('list', ...words, '--json')).out);

test('cases are listed by state, and a program without any says so', async () => {
  assert.equal((await cases('list')).out, 'There are no such cases.\n');
  for (const member of ['ext:ann', 'ext:ben']) {
    await buy(member, 1001, 0);
    await buy(member, 1234, 1);
  }
  const { out } = await cases('list', '--state', 'open');
  assert.match(out, /cas_\S+ +open +mem_\S+ .* burst@1 +1,234 points/);
  assert.equal((await listed('--member', 'ext:ann')).length, 1);
  assert.equal((await listed('--state', 'released')).length, 0);
  const refused = await cases('list', '--state', 'shut');
  assert.deepEqual([refused.code, /open, released, confirmed/.test(refused.err)], [2, true]);
});

test('a case is shown with what crossed the line, and released or confirmed with a note, once', async () => {
  const [ben, ann] = await listed();
  const { out } = await cases('show', ann.id);
  assert.match(out, /burst@1 +1,001 points +1,000/);
  assert.match(out, /1,234 points .* ent_/);
  const dry = await cases('release', ann.id, '--note', 'A fair.', '--dry-run');
  assert.match(dry.out, /activate +1,234 points/);
  const released = await cases('release', ann.id, '--note', 'A fair.');
  assert.match(released.out, /released\n(.|\n)*activate +1,234 points/);
  assert.match((await cases('release', ann.id, '--note', 'A fair.')).out, /released before/);
  assert.match((await cases('confirm', ben.id, '--note', 'A bot.')).out, /cancel +-1,234 points/);
  const late = await cases('release', ben.id, '--note', 'No.');
  assert.deepEqual([late.code, /case_decided/.test(late.err)], [1, true]);
  assert.match((await cases('show', ben.id)).out, /confirmed(.|\n)*A bot\./);
});
