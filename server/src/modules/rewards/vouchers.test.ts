import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Shop } from '../../../test/support/catalogue.ts';
import { invariants } from '../../../test/support/invariants.ts';

const shop = await Shop.open();
const { engine } = shop;
after(() => engine.stop());

const pool = async (name = 'cinema') => (await engine.get(`/v1/voucher-pools/${name}`, 'shop')).body;

test('codes are added once each, and the same call again adds none', async () => {
  const first = await shop.upload(['A', 'B', 'B', 'C']);
  assert.deepEqual([first.status, first.body['added'], first.body['known']], [201, 3, 1]);
  const again = await shop.upload(['A', 'B', 'C']);
  assert.deepEqual([again.status, again.body['added'], again.body['known']], [200, 0, 3]);
  const empty = { handed_out: 0, returned: 0 };
  assert.deepEqual(await pool(), { pool: 'cinema', codes: 3, left: 3, ...empty });
  assert.deepEqual(await pool('unused'), { pool: 'unused', codes: 0, left: 0, ...empty });
});

test('a dry run of an upload says the same and adds nothing', async () => {
  const path = '/v1/voucher-pools/cinema/codes';
  const dry = await engine.call('POST', path, {
    program: 'shop',
    body: { codes: ['C', 'D', 'D'] },
    dryRun: true,
  });
  assert.deepEqual([dry.status, dry.body['added'], dry.body['known']], [200, 1, 2]);
  assert.equal((await pool())['codes'], 3);
});

test('a code of another pool is refused with its place, and nothing of the call is added', async () => {
  const refused = await shop.upload(['X', 'A', 'Y'], 'theatre');
  assert.deepEqual([refused.status, refused.body['code']], [409, 'voucher_code_taken']);
  assert.deepEqual(refused.body['errors'], [
    { pointer: '/codes/1', message: 'is in the pool cinema already' },
  ]);
  assert.equal((await pool('theatre'))['codes'], 0);
});

test('each redemption gets a code of its own, a retry the same one, and no other answer shows it', async () => {
  const member = await shop.member(2_000);
  const held = await shop.redeem(member, 'cinema', { capture: false });
  assert.equal(held.body.redemption.reward.code, null, 'a hold hands nothing out');
  const other = await shop.redeem(member, 'cinema', { external_id: 'other' });
  const key = { 'idempotency-key': 'capture it' };
  const { id } = held.body.redemption;
  const captured = await engine.post<typeof held.body>(
    `/v1/redemptions/${id}/capture`,
    'shop',
    undefined,
    key,
  );
  const retried = await engine.post<typeof held.body>(
    `/v1/redemptions/${id}/capture`,
    'shop',
    undefined,
    key,
  );
  const codes = [captured.body.redemption.reward.code, other.body.redemption.reward.code];
  assert.deepEqual([...codes].sort(), ['A', 'B']);
  assert.equal(retried.body.redemption.reward.code, codes[0]);
  const again = await shop.redeem(member, 'cinema', { external_id: 'other' });
  assert.deepEqual([again.status, again.body.redemption.reward.code], [200, codes[1]]);
  const shown = await engine.get<{ reward: { code: null } }>(`/v1/redemptions/${id}`, 'shop');
  assert.equal(shown.body.reward.code, null);
  const done = await shop.change(id, 'fulfilment', { state: 'fulfilled' });
  assert.equal(done.body.redemption.reward.code, null);
});

test('a code that was handed out never goes back: a refund marks it, a void gives the reserved one back', async () => {
  const member = await shop.member(2_000);
  const last = await shop.redeem(member, 'cinema', { capture: false });
  assert.equal((await shop.redeem(member, 'cinema')).body['code'], 'reward_unavailable');
  await shop.change(last.body.redemption.id, 'void');
  const given = await shop.redeem(member, 'cinema');
  assert.equal(given.body.redemption.reward.code, 'C');
  const back = await shop.change(given.body.redemption.id, 'refunds');
  assert.equal(back.body.redemption.reward.fulfilment, 'rejected', 'nobody has to hand it over any more');
  assert.deepEqual(await pool(), { pool: 'cinema', codes: 3, handed_out: 3, returned: 1, left: 0 });
  assert.equal((await shop.redeem(member, 'cinema')).status, 422);
  await shop.upload(['D']);
  assert.equal((await shop.redeem(member, 'cinema')).body.redemption.reward.code, 'D');
});

test('codes stand in no event', async () => {
  const { body } = await engine.get<{ data: unknown[] }>('/v1/events?limit=1000', 'shop');
  assert.doesNotMatch(JSON.stringify(body.data), /"code"/);
  await shop.upload(['SECRET-CODE-17']);
  const member = await shop.member(200);
  assert.equal((await shop.redeem(member, 'cinema')).body.redemption.reward.code, 'SECRET-CODE-17');
  const after = await engine.sql<{ found: boolean }>(
    `select bool_or(t::text like '%SECRET-CODE-17%') as found from (
       select to_jsonb(r) as t from rewards.redemptions r union all select to_jsonb(c) from rewards.changes c
       union all select to_jsonb(e) from ledger.entries e) all_rows`,
  );
  assert.equal(after[0]?.found, false);
  const events = await engine.get<{ data: unknown[] }>('/v1/events?limit=1000', 'shop');
  assert.doesNotMatch(JSON.stringify(events.body), /SECRET-CODE-17/);
});

test('the books agree after all of this', () => invariants(engine));
