import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { orderOf } from '../../../server/test/support/books.ts';
import { CATALOGUE, Shop } from '../../../server/test/support/catalogue.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-rewards-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const shop = await Shop.open();
const { engine } = shop;
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

test('the codes of a file are added, those that are known left as they are', async () => {
  const file = join(folder, 'codes.txt');
  writeFileSync(file, 'A-1\r\nA-2\n\nA-3');
  assert.equal((await run('vouchers', 'add', 'cinema', '--file', file)).code, 0);
  writeFileSync(file, 'A-3\nA-4\n');
  const { out } = await run('vouchers', 'add', 'cinema', '--file', file, '--json');
  assert.deepEqual(JSON.parse(out), {
    added: 1,
    known: 1,
    pool: { pool: 'cinema', codes: 4, handed_out: 0, returned: 0, left: 4 },
  });
  const shown = await run('vouchers', 'show', 'cinema');
  assert.match(shown.out, /Left +4/);
});

test('a file that is missing or empty is told, and nothing is added', async () => {
  assert.match(
    (await run('vouchers', 'add', 'cinema', '--file', join(folder, 'none'))).err,
    /cannot be read: ENOENT/,
  );
  const file = join(folder, 'empty.txt');
  writeFileSync(file, '\n');
  assert.match((await run('vouchers', 'add', 'cinema', '--file', file)).err, /has no codes/);
});

test('the catalogue shows prices and what is left, for a member what can be had and why not', async () => {
  const { out } = await run('reward', 'list');
  assert.match(out, /^mug +product MUG-1 +300 points +2$/m);
  assert.match(out, /^miles +40 miles +100 points *$/m);
  const member = await shop.member(250);
  const { out: own } = await run('reward', 'list', '--member', member);
  assert.match(own, /^cinema +voucher cinema +200 points +yes *$/m);
  assert.match(own, /^mug +product MUG-1 +300 points +no +insufficient_balance$/m);
  const wrong = await run('reward', 'list', '--order-total', '5');
  assert.deepEqual([wrong.code, wrong.err.trim()], [2, '--order-total needs --member.']);
});

test('the vouchers that a member got by campaigns are listed, and their codes revealed', async () => {
  const member = await shop.member(0);
  assert.match((await run('vouchers', 'list', member)).out, /The member has no vouchers\./);
  const { code, err } = await run('vouchers', 'reveal', member, 'vch_0000000000000');
  assert.equal(code, 1);
  assert.match(err, /The member has no such voucher/);
  const campaigns = [{ id: 'treat', effect: { voucher: 'cinema' } }];
  await engine.publish('shop', { ...CATALOGUE, campaigns });
  await engine.post('/v1/orders', 'shop', orderOf('treated', member.slice(4), '100'));
  await engine.engine.giveVouchers();
  assert.match((await run('vouchers', 'list', member)).out, /^vch_\w+ +cinema +treat@2 +issued /m);
  const [voucher] = JSON.parse((await run('vouchers', 'list', member, '--json')).out);
  assert.match((await run('vouchers', 'reveal', member, voucher.id)).out, /^code +A-\d$/m);
  assert.match((await run('vouchers', 'retry', member, voucher.id)).out, /^state +revealed$/m);
  assert.match((await run('vouchers', 'retry-all', '--campaign', 'treat')).out, /^Tried +0\n/m);
});

test('all refused vouchers of a campaign are tried again, page after page, with what is left', async () => {
  const campaigns = [{ id: 'flood', effect: { voucher: 'cinema' } }];
  const withLimit = (per_member: number) =>
    CATALOGUE.rewards.map(reward => (reward.id === 'cinema' ? { ...reward, limit: { per_member } } : reward));
  await engine.publish('shop', { ...CATALOGUE, rewards: withLimit(1), campaigns });
  const orders = Array.from({ length: 503 }, (_, at) => orderOf(`flood-${at}`, 'flooded', '100'));
  await engine.post('/v1/orders/bulk', 'shop', { orders });
  await engine.engine.giveVouchers();
  const dry = await run('vouchers', 'retry-all', '--campaign', 'flood', '--dry-run');
  assert.match(dry.err, /500 tried, 0 given, 2 left/);
  assert.match(dry.out, /^Tried +502\nGiven +0\nWaiting for codes +0\nRefused: limit_reached +502\n/);
  await engine.publish('shop', { ...CATALOGUE, rewards: withLimit(3), campaigns });
  const { out } = await run('vouchers', 'retry-all', '--campaign', 'flood', '--reward', 'cinema', '--json');
  assert.deepEqual(JSON.parse(out), {
    tried: 502,
    given: 2,
    waiting: 0,
    refused: [{ reason: 'limit_reached', count: 500 }],
    meanwhile: 0,
  });
  assert.match((await run('vouchers', 'retry-all')).err, /Name a campaign, a reward, or both/);
});
