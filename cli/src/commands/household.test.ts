import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-household-'));
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
  clock: { test: '2026-01-01T10:00:00Z' },
  units: { points: { worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  households: { on_leave: 'give_back' },
});

async function household(...typed: string[]): Promise<{ code: number; text: string }> {
  const { output, out, err } = keptOutput(typed.includes('--json'));
  const code = await fealty(['household', ...typed, '--program', 'shop'], output);
  return { code, text: code === 0 ? out() : err() };
}
const told = async (...typed: string[]) => {
  const { code, text } = await household(...typed);
  assert.equal(code, 0, text);
  return text;
};

test('a household is made, joined, left and shown as the API does it', async () => {
  assert.equal(await told('list'), 'There are no households.\n');
  await server.post('/v1/members', 'shop', { external_id: 'lea' });
  const body = { external_id: 'start', points: '300', reason: 'a start' };
  await server.post('/v1/members/ext:lea/adjustments', 'shop', body);
  await told('create', 'elm', '--dry-run');
  assert.equal(await told('list'), 'There are no households.\n', 'a dry run makes none');
  assert.match(await told('create', 'elm'), /^Household +mem_\w+\nExternal id +elm\n$/);
  assert.match(await told('create', 'elm'), /\(known\)/);
  assert.match(await told('show', 'ext:elm'), /Nobody was ever in it/);
  assert.match(await told('add', 'ext:elm', 'ext:lea'), /Joined +2026-01-01 10:00/);
  const gift = { external_id: 'c', from: 'ext:lea', to: 'ext:elm', points: '250' };
  assert.equal((await server.post('/v1/transfers', 'shop', gift)).status, 201);
  assert.match(await told('show', 'ext:elm'), /250 points +250 +0/);
  assert.match(await told('remove', 'ext:elm', 'ext:lea', '--dry-run'), /Given back +250 points/);
  const left = JSON.parse(await told('remove', 'ext:elm', 'ext:lea', '--json'));
  assert.deepEqual(left.change.given_back, [{ unit: 'points', points: '250' }]);
  assert.match(await told('remove', 'ext:elm', 'ext:lea'), /Left +2026-01-01 10:00:00Z \(known\)/);
  assert.match(await told('list'), /^household +external id +made\nmem_\w+ +elm +2026-01-01 10:00:00Z\n$/);
  const [listed] = JSON.parse(await told('list', '--json'));
  assert.deepEqual([listed.external_id, listed.type], ['elm', 'household']);
});

test('what the engine refuses is told, and the exit code is 1', async () => {
  const { code, text } = await household('add', 'ext:lea', 'ext:lea');
  assert.equal(code, 1);
  assert.match(text, /is no household of the program/);
});
