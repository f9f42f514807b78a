import assert from 'node:assert/strict';
import test from 'node:test';
import { balance, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';
import { type Refused, testRefusals } from './refusals.ts';

/* What callers get wrong about returns, redemptions and adjustments, each with its documented answer. */

const run = await startEngine();
await run.program('shop', testClock());
const shop = run.on('shop');
await shop.post('/v1/orders', order(100, { external_id: 'there' }));
const redemption = async (external_id: string, capture: boolean): Promise<string> =>
  (await shop.post('/v1/redemptions', { external_id, member: 'ext:ann', points: '1', capture })).body
    .redemption.id;
const held = await redemption('held', false);
const taken = await redemption('taken', true);

/** Makes rows of one operation: what is wrong, the body laid over the good one, and the answer. */
const rowsOf = (url: string, good: Json) => ({
  /** A property that is wrong by itself. */
  bad: (what: string, property: string, value: unknown, pointer = `/${property}`): Refused => ({
    what,
    url,
    body: { ...good, [property]: value },
    status: 400,
    code: 'invalid_request',
    pointer,
  }),
  /** What the state or the program's rules refuse. */
  no: (what: string, status: number, code: string, change: object = {}, at = url): Refused => ({
    what,
    url: at,
    body: { ...good, ...change },
    status,
    code,
  }),
});

const RETURNS = '/v1/orders/{order}/returns';
const back = rowsOf('/v1/orders/ext:there/returns', { external_id: 'bad', occurred_at: NOON });
testRefusals(run, shop, RETURNS, [
  back.no('returns an order that is not there', 404, 'order_not_found', {}, '/v1/orders/ext:nowhere/returns'),
  back.no('returns more than was bought', 422, 'return_exceeds_order', { lines: [{ id: '1', quantity: 2 }] }),
  back.no('returns a line that is not there', 422, 'line_unknown', { lines: [{ id: '9' }] }),
  back.bad('returns nothing of a line', 'lines', [{ id: '1', amount: '0' }], '/lines/0/amount'),
  back.bad('returns by quantity and amount', 'lines', [{ id: '1', quantity: 1, amount: '1' }], '/lines/0'),
  back.no('returns tomorrow', 422, 'occurred_in_future', { occurred_at: '2026-03-03T00:00:00Z' }),
  back.no('returns in 1900', 422, 'occurred_too_early', { occurred_at: '1900-01-01T00:00:00Z' }),
  back.no('returns as somebody else', 404, 'order_not_found', { source: 'till' }),
]);

const wish = rowsOf('/v1/redemptions', { external_id: 'bad', member: 'ext:ann', points: '1' });
testRefusals(run, shop, '/v1/redemptions', [
  wish.bad('redeems 0', 'points', '0'),
  wish.bad('redeems less than nothing', 'points', '-1'),
  wish.bad('redeems half a point', 'points', '0.5'),
  wish.bad('redeems a number', 'points', 1),
  wish.bad('redeems nothing that is said', 'points', undefined),
  wish.no('redeems more than there is', 422, 'insufficient_balance', { points: '9223372036854775807' }),
  wish.bad('redeems 2^63', 'points', '9223372036854775808'),
  wish.bad('captures perhaps', 'capture', 'yes'),
  wish.bad('holds for a month', 'hold_for', 'P1M'),
  wish.bad('holds for no time', 'hold_for', 'PT0S'),
  wish.bad('holds for 31 days', 'hold_for', 'P31D'),
  wish.bad('holds for half a minute in fractions', 'hold_for', 'PT0.5M'),
  wish.no('redeems in a unit that is not there', 422, 'unit_unknown', { unit: 'stars' }),
  wish.no('redeems for nobody', 404, 'member_not_found', { member: 'ext:nobody' }),
]);

/** Captures and voids: their key is a header, and they have no body. */
const step = (
  what: string,
  path: string,
  status: number,
  code: string,
  more: Partial<Refused> = {},
): Refused => ({
  what,
  url: `/v1/redemptions/${path}`,
  headers: { 'idempotency-key': what.replaceAll(' ', '-') },
  status,
  code,
  ...more,
});
const badStep = (what: string, path: string, pointer: string, more: Partial<Refused> = {}): Refused =>
  step(what, path, 400, 'invalid_request', { pointer, ...more });
testRefusals(run, shop, '/v1/redemptions/{redemption}/capture', [
  step('captures twice', `${taken}/capture`, 409, 'redemption_captured'),
  step('captures what is not there', 'red_0000000000000/capture', 404, 'redemption_not_found'),
  badStep('captures what is no redemption', 'ord_0000000000000/capture', '/path/redemption'),
  badStep('captures without a key', `${held}/capture`, '/headers/idempotency-key', { headers: {} }),
  badStep('captures a part', `${held}/capture`, '/points', { body: { points: '1' } }),
]);
testRefusals(run, shop, '/v1/redemptions/{redemption}/void', [
  step('voids after the capture', `${taken}/void`, 409, 'redemption_captured'),
]);

const refund = rowsOf(`/v1/redemptions/${taken}/refunds`, { external_id: 'bad' });
const ofHeld = `/v1/redemptions/${held}/refunds`;
testRefusals(run, shop, '/v1/redemptions/{redemption}/refunds', [
  refund.no('refunds more than was redeemed', 422, 'refund_exceeds_redemption', { points: '2' }),
  refund.no('refunds what is only held', 409, 'redemption_not_captured', {}, ofHeld),
  refund.bad('refunds nothing', 'points', '0'),
]);

const gift = rowsOf('/v1/members/ext:ann/adjustments', {
  external_id: 'bad',
  points: '1',
  reason: 'why not',
});
const NOBODY = '/v1/members/ext:nobody/adjustments';
testRefusals(run, shop, '/v1/members/{member}/adjustments', [
  gift.bad('adjusts by 0', 'points', '0'),
  gift.bad('adjusts by minus 0', 'points', '-0'),
  gift.bad('adjusts by +5', 'points', '+5'),
  gift.bad('adjusts by -2^63', 'points', '-9223372036854775808'),
  gift.bad('gives points that expired in the year 50', 'expires_at', '0050-01-01T00:00:00Z'),
  gift.no('takes more than there is', 422, 'insufficient_balance', { points: '-1000' }),
  gift.no('gives more than can be counted', 422, 'points_out_of_range', { points: '9223372036854775807' }),
  gift.bad('adjusts without a reason', 'reason', ''),
  gift.bad('adjusts with a reason of two lines', 'reason', 'a\nb'),
  gift.no('adjusts a member who is not there', 404, 'member_not_found', {}, NOBODY),
  gift.no('adjusts a unit that is not there', 422, 'unit_unknown', { unit: 'stars' }),
]);

test('none of what was refused has done anything, and the ledger agrees with itself', async () => {
  assert.deepEqual(await balance(shop), { available: '98', pending: '0', held: '1' });
  await verified(run);
});
