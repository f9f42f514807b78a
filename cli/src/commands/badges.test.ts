import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { orderOf, SHOP } from '../../../server/test/support/books.ts';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-badges-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const engine = await testEngine();
await engine.publish('shop', { ...SHOP, badges: { helper: { name: 'Helper' } } });
await engine.post('/v1/orders', 'shop', orderOf('first', 'ann', '100'));
await engine.engine.identity.ensureRootKey(folder);
writeFileSync(join(folder, 'url'), await engine.engine.http.listen(0));
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { output, out, err } = keptOutput(args.includes('--json'));
  const code = await fealty([...args, '--program', 'shop'], output);
  return { code, out: out(), err: err() };
}

test('a badge is awarded by hand, shown with its reason, and withdrawn; sent again each is known', async () => {
  assert.match((await run('badges', 'list', 'ext:ann')).out, /None\./);
  const award = ['badges', 'award', 'ext:ann', 'helper', '--id', 'a', '--reason', 'found it'];
  assert.match((await run(...award, '--dry-run')).out, /^Badge +helper$/m);
  assert.match((await run('badges', 'list', 'ext:ann')).out, /None\./, 'a dry run awards nothing');
  assert.match((await run(...award)).out, /^Reason +found it$/m);
  assert.match((await run(...award)).out, /^Award +bdg_\w+ \(known\)$/m);
  assert.match(
    (await run('member', 'badges', 'ext:ann')).out,
    /^helper +Helper +\S.* +by hand: found it *$/m,
  );
  const [{ id }] = JSON.parse((await run('badges', 'list', 'ext:ann', '--json')).out);
  const withdraw = ['badges', 'withdraw', 'ext:ann', id, '--id', 'w', '--reason', 'not found'];
  assert.match((await run(...withdraw)).out, /^Withdrawn +\S.*: not found$/m);
  assert.match((await run(...withdraw)).out, /\(known\)/);
  assert.match(
    (await run('badges', 'list', 'ext:ann')).out,
    /^bdg_\w+ +helper +.* found it +\S.*: not found$/m,
  );
  const none = await run('badges', 'award', 'ext:ann', 'hero', '--id', 'b', '--reason', 'x');
  assert.equal(none.code, 1);
  assert.match(none.err, /Its badges are helper/);
});
