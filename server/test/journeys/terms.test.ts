import assert from 'node:assert/strict';
import test from 'node:test';
import { balance, eventsWith, type Json, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const DAY_1 = '2026-01-01T00:00:00.000Z';

const rule = (more: object) => ({
  id: 'base',
  on: 'order',
  earn: { unit: 'points', per_currency_unit: '1' },
  ...more,
});
/** A program of its own for each test, because each moves its clock. */
const programWith = async (name: string, more: object, zone = 'UTC', now = DAY_1) => {
  await run.program(name, { ...testClock(now), time_zone: zone, earning: [rule(more)] });
  return run.on(name);
};
const effects = (answer: { body: Json }): Json[] =>
  answer.body.effects.map((effect: Json) => [
    effect.type,
    effect.points,
    effect.available_at,
    effect.expires_at,
  ]);
const happened = (type: string, more: object = {}) => ({
  external_id: `e-${type}`,
  type,
  occurred_at: DAY_1,
  ...more,
});

test('points expire with the month, the quarter or the year of the order, on the calendar of the program', async () => {
  const cases: [object, string, string, string][] = [
    [{ at_end_of: 'month' }, 'UTC', '2026-02-28T23:59:59Z', '2026-03-01T00:00:00.000Z'],
    [{ at_end_of: 'month' }, 'Europe/Paris', '2026-02-28T23:30:00Z', '2026-03-31T22:00:00.000Z'],
    [{ at_end_of: 'quarter' }, 'Europe/Paris', '2026-01-15T00:00:00Z', '2026-03-31T22:00:00.000Z'],
    [{ at_end_of: 'year' }, 'America/New_York', '2026-06-01T00:00:00Z', '2027-01-01T05:00:00.000Z'],
    [
      { at_end_of: 'year', plus: 'P3M' },
      'America/New_York',
      '2026-06-01T00:00:00Z',
      '2027-04-01T04:00:00.000Z',
    ],
  ];
  for (const [index, [expires, zone, occurred_at, expected]] of cases.entries()) {
    const api = await programWith(`calendar-${index}`, { expires }, zone, '2026-07-01T00:00:00Z');
    const dry = await api.post('/v1/orders?dry_run=true', order(10, { occurred_at }));
    assert.equal(effects(dry)[0][3], expected, `${JSON.stringify(expires)} in ${zone}`);
  }
});

test('points wait until a date; of an order after it they are usable at once', async () => {
  const api = await programWith('until', { pending: { until: '2026-01-31T23:00:00Z' } });
  const before = await api.post('/v1/orders', order(10, { occurred_at: DAY_1 }));
  assert.deepEqual(effects(before), [['earn', '10', '2026-01-31T23:00:00.000Z', null]]);
  await run.clock('until', '2026-01-31T22:59:59.999Z');
  assert.deepEqual(await balance(api), { available: '0', pending: '10', held: '0' });
  await run.clock('until', '2026-01-31T23:00:00.000Z');
  assert.deepEqual(await balance(api), { available: '10', pending: '0', held: '0' });
  await api.post('/v1/orders', order(5, { occurred_at: '2026-01-31T23:00:00.000Z' }));
  assert.deepEqual(await balance(api), { available: '15', pending: '0', held: '0' });
});

test('points wait for the event of their order, and only for that', async () => {
  const api = await programWith('event', { pending: { until_event: 'stay.completed' } });
  await api.post('/v1/orders', order(30, { external_id: 'stay-1', occurred_at: DAY_1 }));
  await api.post('/v1/orders', order(40, { external_id: 'stay-2', occurred_at: DAY_1 }));
  const path = '/v1/orders/ext:stay-1/events';
  const other = await api.post(path, happened('stay.begun'));
  assert.deepEqual([other.status, other.body.effects], [201, []]);
  const dry = await api.post(`${path}?dry_run=true`, happened('stay.completed'));
  assert.equal(dry.body.effects[0].points, '30');
  const done = await api.post(path, happened('stay.completed'));
  assert.deepEqual(effects(done), [['activate', '30', null, null]]);
  assert.deepEqual(await balance(api), { available: '30', pending: '40', held: '0' });
  // A retry is told the first answer, another content under its id is refused, the event again does nothing.
  const again = await api.post(path, happened('stay.completed'));
  assert.deepEqual([again.status, again.body], [200, { ...done.body, known: true }]);
  const reused = await api.post(path, happened('stay.completed', { type: 'stay.begun' }));
  assert.deepEqual([reused.status, reused.body.code], [409, 'key_reused']);
  assert.deepEqual(reused.body.differences, [
    { pointer: '/type', stored: 'stay.completed', sent: 'stay.begun' },
  ]);
  const twice = await api.post(path, happened('stay.completed', { external_id: 'e-2' }));
  assert.deepEqual([twice.status, twice.body.effects], [201, []]);
  // What the order earns later does not wait for what has happened already.
  await api.post('/v1/orders', order(35, { external_id: 'stay-1', occurred_at: DAY_1, revision: 2 }));
  assert.deepEqual(await balance(api), { available: '35', pending: '40', held: '0' });
  // A cancelled order has nothing that waits.
  await api.post('/v1/orders/ext:stay-2/cancel', { external_id: 'c', occurred_at: DAY_1 });
  assert.deepEqual(await balance(api), { available: '35', pending: '0', held: '0' });
  const late = await api.post(
    '/v1/orders/ext:stay-2/events',
    happened('stay.completed', { external_id: 'l' }),
  );
  assert.deepEqual([late.status, late.body.code], [409, 'order_cancelled']);
  const nowhere = await api.post('/v1/orders/ext:nowhere/events', happened('stay.completed'));
  assert.deepEqual([nowhere.status, nowhere.body.code], [404, 'order_not_found']);
  const facts = (await eventsWith(api, events => events.length >= 7)).data.filter(
    (fact: Json) => fact.type === 'order.event_received',
  );
  assert.deepEqual(
    facts.map((fact: Json) => [fact.data.event_type, fact.data.entries.length]),
    [
      ['stay.begun', 0],
      ['stay.completed', 1],
      ['stay.completed', 0],
    ],
  );
  const { body } = await api.get(`/v1/entries/${done.body.effects[0].entry}`);
  assert.equal(body.why.event.type, 'stay.completed');
});

test('without the event points are activated or cancelled in the end, as the rule says', async () => {
  for (const [name, more, usable] of [
    ['latest-activate', {}, '30'],
    ['latest-cancel', { otherwise: 'cancel' }, '0'],
  ] as const) {
    const pending = { until_event: 'stay.completed', at_latest: 'P90D', ...more };
    const api = await programWith(name, { pending });
    await api.post('/v1/orders', order(30, { external_id: 'stay', occurred_at: DAY_1 }));
    await run.clock(name, '2026-03-31T23:59:59.999Z');
    assert.deepEqual(await balance(api), { available: '0', pending: '30', held: '0' });
    await run.clock(name, '2026-04-01T00:00:00.000Z');
    assert.deepEqual(await balance(api), { available: usable, pending: '0', held: '0' });
    await api.post('/v1/orders', order(100, { occurred_at: '2026-03-31T00:00:00Z', external_id: 'other' }));
    await api.post('/v1/orders/ext:other/events', happened('stay.completed', { external_id: 'e-o' }));
    // What was given up is not taken a second time from other points when the order comes back.
    await api.post('/v1/orders/ext:stay/returns', { external_id: 'r', occurred_at: DAY_1 });
    assert.deepEqual(await balance(api), { available: '100', pending: '0', held: '0' });
  }
});

test('points expire by inactivity: each earning and each redemption moves the date of all of them', async () => {
  const api = await programWith('inactive', { expires: { inactivity: 'P6M' } }, 'Europe/Paris');
  const first = await api.post('/v1/orders', order(10, { occurred_at: DAY_1 }));
  assert.deepEqual(effects(first), [['earn', '10', null, '2026-06-30T23:00:00.000Z']]);
  assert.equal(first.body.effects[0].inactive_after, 'P6M');
  await run.clock('inactive', '2026-05-31T12:00:00.000Z');
  await api.post('/v1/orders', order(20, { occurred_at: '2026-05-31T10:00:00Z' }));
  await run.clock('inactive', '2026-10-01T00:00:00.000Z');
  assert.deepEqual(await balance(api), { available: '30', pending: '0', held: '0' });
  const expiring = await api.get('/v1/members/ext:ann/balances?expiring=true');
  assert.deepEqual(expiring.body.balances[0].expiring, [
    { expires_at: '2026-11-30T11:00:00.000Z', points: '30' },
  ]);
  // A sweep finds that nothing is over and moves the wallet's date; a second one has nothing to look at.
  const sweep = async () => (await run.post('/v1/programs/inactive/sweep')).body;
  assert.deepEqual(
    [(await sweep()).wallets, (await sweep()).wallets],
    [1, 0],
    'the date at which something falls due has moved',
  );
  // A return is no activity, a redemption is.
  await api.post('/v1/redemptions', { external_id: 'w', member: 'ext:ann', points: '5', capture: true });
  await run.clock('inactive', '2027-03-31T21:59:59.999Z');
  assert.deepEqual(await balance(api), { available: '25', pending: '0', held: '0' });
  await run.clock('inactive', '2027-04-01T00:00:00.000Z');
  assert.deepEqual(await balance(api), { available: '0', pending: '0', held: '0' });
  assert.equal((await balance(api, 'ext:ann', '?as_of=2026-12-24T00:00:00Z')).available, '25');
  // What comes late brings nothing back.
  await api.post('/v1/orders', order(7, { occurred_at: '2027-03-01T00:00:00Z' }));
  assert.deepEqual(await balance(api), { available: '7', pending: '0', held: '0' });
});

test('the ledger agrees with itself in every program of this file', async () => {
  await verified(run);
});
