import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Answer,
  available,
  balance,
  type Json,
  order,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const START = '2026-01-31T10:00:00.000Z';
const run = await startEngine();
await run.program('shop', {
  ...testClock(START),
  units: { points: { worth: '0.015' }, nights: { redeemable: false }, miles: {} },
  earning: [
    {
      id: 'soon',
      on: 'order',
      when: { kind: ['soon'] },
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P1M' },
    },
    {
      id: 'late',
      on: 'order',
      when: { kind: ['late'] },
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P1Y' },
    },
    { id: 'night', on: 'order', when: { kind: ['hotel'] }, earn: { unit: 'nights', fixed: '1' } },
    { id: 'mile', on: 'order', when: { kind: ['hotel'] }, earn: { unit: 'miles', fixed: '500' } },
  ],
});
const shop = run.on('shop');
let keys = 0;

const earn = (member: string, dollars: number, kind: string) =>
  shop.post('/v1/orders', order(dollars, { member, kind, occurred_at: START }));
const redeem = (member: string, points: string, more: object = {}) =>
  shop.post('/v1/redemptions', { external_id: `x-${++keys}`, member, points, ...more });
const change = (made: Answer, what: 'capture' | 'void', key = `c-${++keys}`) =>
  shop.post(`/v1/redemptions/${made.body.redemption.id}/${what}`, undefined, { 'idempotency-key': key });
const refund = (made: Answer, points?: string, key = `f-${++keys}`) =>
  shop.post(`/v1/redemptions/${made.body.redemption.id}/refunds`, { external_id: key, points });
const stateOf = async (made: Answer): Promise<string> =>
  (await shop.get(`/v1/redemptions/${made.body.redemption.id}`)).body.state;
const kinds = (answer: Answer) => answer.body.effects.map((effect: Json) => [effect.type, effect.points]);
const refused = (answer: Answer, status: number, code: string) =>
  assert.deepEqual([answer.status, answer.body.code], [status, code]);

test('points are held, then captured; each step says what it did, and a retry gets the first answer', async () => {
  await earn('ext:hold', 100, 'late');
  const held = await redeem('ext:hold', '40', { external_id: 'hold-1', hold_for: 'PT10M' });
  assert.equal(held.status, 201);
  const { id, member, ...redemption } = held.body.redemption;
  assert.match(id, /^red_[0-9a-z]{13}$/);
  assert.match(member, /^mem_/);
  assert.deepEqual(redemption, {
    external_id: 'hold-1',
    source: 'api',
    unit: 'points',
    points: '40',
    state: 'held',
    money_off: { amount: '60', currency: 'USD' },
    hold_expires_at: '2026-01-31T10:10:00.000Z',
    refunded: '0',
  });
  assert.deepEqual(kinds(held), [['hold', '-40']]);
  assert.deepEqual(await balance(shop, 'ext:hold'), { available: '60', pending: '0', held: '40' });
  const captured = await change(held, 'capture', 'capture-1');
  assert.equal(captured.body.redemption.state, 'captured');
  assert.deepEqual(await balance(shop, 'ext:hold'), { available: '60', pending: '0', held: '0' });
  const retried = await redeem('ext:hold', '40', { external_id: 'hold-1', hold_for: 'PT10M' });
  assert.deepEqual([retried.status, retried.body], [200, { ...held.body, known: true }]);
  const recaptured = await change(held, 'capture', 'capture-1');
  assert.deepEqual([recaptured.status, recaptured.body], [200, { ...captured.body, known: true }]);
  refused(await change(held, 'capture'), 409, 'redemption_captured');
  refused(await change(held, 'void'), 409, 'redemption_captured');
});

test('a void gives the points back, and ends the redemption', async () => {
  await earn('ext:void', 100, 'late');
  const held = await redeem('ext:void', '100');
  assert.equal((await change(held, 'void', 'void-1')).body.redemption.state, 'voided');
  assert.equal(await available(shop, 'ext:void'), '100');
  assert.equal((await change(held, 'void', 'void-1')).status, 200);
  refused(await change(held, 'void'), 409, 'redemption_voided');
  refused(await change(held, 'capture'), 409, 'redemption_voided');
  refused(await refund(held), 409, 'redemption_not_captured');
});

test('in one step the points go at once', async () => {
  await earn('ext:once', 10, 'late');
  const taken = await redeem('ext:once', '3', { capture: true });
  assert.deepEqual(kinds(taken), [['redeem', '-3']]);
  assert.deepEqual([taken.body.redemption.state, taken.body.redemption.hold_expires_at], ['captured', null]);
  // 3 points at 1.5 cents are 4.5 cents: rounded down.
  assert.deepEqual(taken.body.redemption.money_off, { amount: '4', currency: 'USD' });
  refused(await change(taken, 'capture'), 409, 'redemption_captured');
});

test('a balance that does not suffice is told with what is required, there and missing, and burns no key', async () => {
  await earn('ext:poor', 30, 'late');
  const wish = { external_id: 'wish', member: 'ext:poor', points: '100', capture: true };
  const { status, body } = await shop.post('/v1/redemptions', wish);
  assert.deepEqual([status, body.code], [422, 'insufficient_balance']);
  assert.deepEqual(body.reasons, [
    { code: 'insufficient_balance', required: '100', available: '30', missing: '70' },
  ]);
  await earn('ext:poor', 70, 'late');
  assert.equal((await shop.post('/v1/redemptions', wish)).status, 201);
  assert.equal(await available(shop, 'ext:poor'), '0');
});

test('points are taken earliest expiry first and go back to the very lots with their dates', async () => {
  await earn('ext:dates', 50, 'late');
  await earn('ext:dates', 30, 'soon');
  const taken = await redeem('ext:dates', '60', { capture: true });
  const expiring = async () =>
    (await shop.get('/v1/members/ext:dates/balances?expiring=true')).body.balances[0].expiring;
  assert.deepEqual(await expiring(), [{ expires_at: '2027-01-31T10:00:00.000Z', points: '20' }]);
  const part = await refund(taken, '35');
  assert.equal(part.body.redemption.refunded, '35');
  // What lives longest came back first: 30 of the later lot, 5 of the earlier.
  assert.deepEqual(await expiring(), [
    { expires_at: '2026-02-28T10:00:00.000Z', points: '5' },
    { expires_at: '2027-01-31T10:00:00.000Z', points: '50' },
  ]);
  const beyond = await refund(taken, '26');
  refused(beyond, 422, 'refund_exceeds_redemption');
  assert.deepEqual(beyond.body.reasons, [
    { code: 'refund_exceeds_redemption', redeemed: '60', refunded: '35', requested: '26' },
  ]);
  const rest = await refund(taken, undefined, 'rest');
  assert.equal(rest.body.redemption.refunded, '60');
  assert.deepEqual(await expiring(), [
    { expires_at: '2026-02-28T10:00:00.000Z', points: '30' },
    { expires_at: '2027-01-31T10:00:00.000Z', points: '50' },
  ]);
  refused(await refund(taken), 422, 'refund_exceeds_redemption');
  const again = await refund(taken, undefined, 'rest');
  assert.deepEqual([again.status, again.body], [200, { ...rest.body, known: true }]);
});

test('a key of a redemption is for one content only, and the conflict says what differs', async () => {
  await earn('ext:conflict', 100, 'late');
  await earn('ext:conflict', 1, 'hotel');
  await earn('ext:other', 100, 'late');
  const wish = { external_id: 'one', member: 'ext:conflict', points: '10', hold_for: 'PT5M' };
  const made = await shop.post('/v1/redemptions', wish);
  const changes: [string, object][] = [
    ['/points', { points: '11' }],
    ['/member', { member: 'ext:other' }],
    ['/capture', { capture: true }],
    ['/hold_for', { hold_for: 'PT6M' }],
    ['/unit', { unit: 'miles' }],
    ['/unit', { unit: 'points' }],
  ];
  for (const [pointer, other] of changes) {
    const { status, body } = await shop.post('/v1/redemptions', { ...wish, ...other });
    assert.deepEqual([status, body.code], [409, 'key_reused'], pointer);
    assert.deepEqual(
      body.differences.map((difference: Json) => difference.pointer),
      [pointer],
    );
  }
  const other = await redeem('ext:conflict', '5');
  await change(made, 'capture', 'key-of-one');
  const reused = [
    await change(made, 'void', 'key-of-one'),
    await change(other, 'capture', 'key-of-one'),
    await refund(made, '1', 'key-of-one'),
  ];
  for (const answer of reused) {
    refused(answer, 409, 'key_reused');
    assert.ok(answer.body.differences.length > 0);
  }
});

test('a unit that is not redeemable or not there is refused; another redeemable one is taken', async () => {
  await earn('ext:units', 1, 'hotel');
  refused(await redeem('ext:units', '1', { unit: 'nights' }), 422, 'unit_not_redeemable');
  refused(await redeem('ext:units', '1', { unit: 'stars' }), 422, 'unit_unknown');
  const miles = await redeem('ext:units', '500', { unit: 'miles', capture: true });
  assert.equal(miles.status, 201);
  assert.equal(miles.body.redemption.money_off, null);
});

test('what is not there is not found', async () => {
  refused(await redeem('ext:nobody', '1'), 404, 'member_not_found');
  refused(await redeem('mem_0000000zzzzzz', '1'), 404, 'member_not_found');
  refused(await shop.get('/v1/redemptions/red_0000000000000'), 404, 'redemption_not_found');
  const nothing = { body: { redemption: { id: 'red_0000000000000' } } } as Answer;
  refused(await change(nothing, 'capture'), 404, 'redemption_not_found');
  refused(await refund(nothing), 404, 'redemption_not_found');
});

// These two move the clock of the program forward, so they come last.

test('a hold ends by itself at its instant, and cannot be captured from then on', async () => {
  await earn('ext:ends', 100, 'late');
  const held = await redeem('ext:ends', '100', { hold_for: 'PT5M' });
  await run.clock('shop', '2026-01-31T10:04:59.999Z');
  assert.equal(await stateOf(held), 'held');
  assert.deepEqual(await balance(shop, 'ext:ends'), { available: '0', pending: '0', held: '100' });
  await run.clock('shop', '2026-01-31T10:05:00.000Z');
  assert.equal(await stateOf(held), 'expired');
  assert.deepEqual(await balance(shop, 'ext:ends'), { available: '100', pending: '0', held: '0' });
  refused(await change(held, 'capture'), 409, 'redemption_expired');
  refused(await change(held, 'void'), 409, 'redemption_expired');
  refused(await refund(held), 409, 'redemption_not_captured');
});

test('held points do not expire; given back after their date they lapse at once, captured ones come back expired', async () => {
  await earn('ext:lapse', 30, 'soon');
  const voided = await redeem('ext:lapse', '10', { hold_for: 'P30D' });
  const captured = await redeem('ext:lapse', '10', { hold_for: 'P30D' });
  await run.clock('shop', '2026-02-28T10:00:00.000Z');
  assert.deepEqual(await balance(shop, 'ext:lapse'), { available: '0', pending: '0', held: '20' });
  const back = await change(voided, 'void');
  assert.deepEqual(kinds(back).slice(-2), [
    ['release', '10'],
    ['expire', '-10'],
  ]);
  await change(captured, 'capture');
  const refunded = await refund(captured);
  assert.deepEqual(kinds(refunded), [
    ['refund', '10'],
    ['expire', '-10'],
  ]);
  const { body } = await shop.get('/v1/members/ext:lapse/balances');
  assert.deepEqual(body.balances[0].lifetime, { earned: '30', redeemed: '0', expired: '30' });
  assert.deepEqual(await balance(shop, 'ext:lapse'), { available: '0', pending: '0', held: '0' });
});

test('what the ledger says agrees along every path', () => verified(run));
