import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-transfer-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const engine = await testEngine();
await engine.engine.identity.ensureRootKey(folder);
writeFileSync(join(folder, 'url'), await engine.engine.http.listen(0));
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});
await engine.publish('shop', {
  currency: 'USD',
  units: { points: {} },
  transfers: { allowed: true, maximum: '1000', fee: { points: '5' } },
});
for (const id of ['ann', 'ben']) await engine.post('/v1/members', 'shop', { external_id: id });
await engine.post('/v1/members/ext:ann/adjustments', 'shop', {
  external_id: 'start',
  points: '2000',
  reason: 'a test',
  expires_at: '2096-01-01T00:00:00Z',
});

async function run(points: string, ...more: string[]): Promise<{ code: number; out: string; err: string }> {
  const { output, out, err } = keptOutput(more.includes('--json'));
  const typed = ['transfer', points, '--from', 'ext:ann', '--to', 'ext:ben', '--program', 'shop', ...more];
  const code = await fealty(typed, output);
  return { code, out: out(), err: err() };
}

test('a dry run says what would happen, then it happens once', async () => {
  const dry = await run('500', '--id', 'gift', '--dry-run');
  assert.match(dry.out, /^To +mem_\w+, who has 500 now$/m);
  const { code, out } = await run('500', '--id', 'gift');
  assert.equal(code, 0);
  assert.match(out, /^Transfer +trf_\w+$/m);
  assert.match(out, /^Points +500 points, and a fee of 5$/m);
  assert.match(out, /^From +mem_\w+, who has 1,495 left$/m);
  assert.match(out, /^ *500 +2096-01-01/m);
  assert.match((await run('500', '--id', 'gift')).out, /^Transfer +trf_\w+ \(known\)$/m);
  const { known, transfer } = JSON.parse((await run('500', '--id', 'gift', '--json')).out);
  assert.deepEqual([known, transfer.points, transfer.fee], [true, '500', '5']);
});

test('a refusal is told in words with its reasons', async () => {
  const { code, err } = await run('1001', '--id', 'much');
  assert.equal(code, 1);
  assert.match(err, /a transfer is of at most 1000 points/);
  assert.match(err, /"code":"above_maximum"/);
});
