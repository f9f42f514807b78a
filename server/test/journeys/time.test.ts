import assert from 'node:assert/strict';
import test from 'node:test';
import { available, balance, type Json, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const DAY_1 = '2026-01-01T00:00:00.000Z';

/** A program of its own for each test, because each moves its clock. */
const programWith = async (name: string, rule: object, now = DAY_1) => {
  await run.program(name, {
    ...testClock(now),
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' }, ...rule }],
  });
  return run.on(name);
};

test('pending points become usable at the very instant, before anyone has swept', async () => {
  const api = await programWith('pending', { pending: { for: 'P14D' }, expires: { after: 'P1M' } });
  await api.post('/v1/orders', order(50, { occurred_at: DAY_1 }));
  await run.clock('pending', '2026-01-14T23:59:59.999Z');
  assert.deepEqual(await balance(api), { available: '0', pending: '50', held: '0' });
  const wish = { external_id: 'w', member: 'ext:ann', points: '50', capture: true };
  assert.equal((await api.post('/v1/redemptions', wish)).body.code, 'insufficient_balance');
  await run.clock('pending', '2026-01-15T00:00:00.000Z');
  assert.deepEqual(await balance(api), { available: '50', pending: '0', held: '0' });
  const redeemed = await api.post('/v1/redemptions', wish);
  assert.deepEqual(
    redeemed.body.effects.map((effect: Json) => [effect.type, effect.points]),
    [
      ['activate', '50'],
      ['redeem', '-50'],
    ],
  );
});

test('points expire at the very instant, and no sweep is needed to be right', async () => {
  const api = await programWith('expiry', { expires: { after: 'P1M' } }, '2026-01-31T08:00:00.000Z');
  await api.post('/v1/orders', order(50, { occurred_at: '2026-01-31T08:00:00Z' }));
  // February has no 31st.
  await run.clock('expiry', '2026-02-28T07:59:59.999Z');
  assert.equal(await available(api), '50');
  await run.clock('expiry', '2026-02-28T08:00:00.000Z');
  assert.equal(await available(api), '0');
  const wish = { external_id: 'w', member: 'ext:ann', points: '1', capture: true };
  assert.deepEqual((await api.post('/v1/redemptions', wish)).body.reasons[0].available, '0');
  const before = (await api.get('/v1/members/ext:ann/balances')).body;
  const swept = await run.post('/v1/programs/expiry/sweep');
  assert.deepEqual(swept.body, {
    wallets: 1,
    entries: 1,
    expired: { points: '50' },
    activated: {},
    released: {},
  });
  const { next_due_at, ...settled } = (await api.get('/v1/members/ext:ann/balances')).body.balances[0];
  assert.equal(next_due_at, null);
  assert.deepEqual(settled, (({ next_due_at: _, ...rest }) => rest)(before.balances[0]));
  assert.deepEqual((await run.post('/v1/programs/expiry/sweep')).body.entries, 0);
});

test('a sweep does all that is due: activates, expires, ends holds', async () => {
  const api = await programWith('sweep', { pending: { for: 'P1D' }, expires: { after: 'P3D' } });
  await api.post('/v1/orders', order(10, { member: 'ext:a', occurred_at: '2025-12-31T00:00:00Z' }));
  await api.post('/v1/orders', order(20, { member: 'ext:b', occurred_at: DAY_1 }));
  await api.post('/v1/redemptions', { external_id: 'h', member: 'ext:a', points: '4', hold_for: 'P2D' });
  await run.clock('sweep', '2026-01-03T00:00:00.000Z');
  const expected = [await balance(api, 'ext:a'), await balance(api, 'ext:b')];
  assert.deepEqual(expected, [
    { available: '0', pending: '0', held: '0' },
    { available: '20', pending: '0', held: '0' },
  ]);
  const { body } = await run.post('/v1/programs/sweep/sweep');
  assert.deepEqual(body, {
    wallets: 2,
    entries: 3,
    expired: { points: '10' },
    activated: { points: '20' },
    released: { points: '4' },
  });
  assert.deepEqual([await balance(api, 'ext:a'), await balance(api, 'ext:b')], expected);
});

test('as_of answers what would have been answered at any past instant', async () => {
  const api = await programWith('past', { pending: { for: 'P2D' }, expires: { after: 'P10D' } });
  const history: [string, () => Promise<unknown>][] = [
    ['2026-01-02T00:00:00.000Z', () => api.post('/v1/orders', order(100, { occurred_at: DAY_1 }))],
    ['2026-01-04T06:00:00.000Z', () => hold('30')],
    ['2026-01-05T05:59:59.999Z', () => api.post('/v1/orders/ext:past-2/returns', whole('r'))],
    ['2026-01-06T00:00:00.000Z', async () => undefined],
    ['2026-01-10T23:59:59.999Z', async () => undefined],
    ['2026-01-11T00:00:00.000Z', async () => undefined],
    ['2026-02-01T00:00:00.000Z', () => api.post('/v1/orders', order(7, { occurred_at: DAY_1 }))],
  ];
  const hold = (points: string) =>
    api.post('/v1/redemptions', { external_id: 'h', member: 'ext:ann', points, hold_for: 'P1D' });
  const whole = (external_id: string) => ({ external_id, occurred_at: DAY_1 });
  await api.post('/v1/orders', order(40, { external_id: 'past-2', occurred_at: DAY_1 }));
  const answered: [string, object][] = [];
  for (const [now, act] of history) {
    await run.clock('past', now);
    await act();
    answered.push([now, (await api.get('/v1/members/ext:ann/balances')).body.balances]);
  }
  assert.deepEqual(
    answered
      .map(([, balances]) => (balances as Json)[0])
      .map(({ available, pending, held }) => [available, pending, held]),
    [
      ['0', '140', '0'],
      ['110', '0', '30'],
      ['70', '0', '30'],
      ['100', '0', '0'],
      ['100', '0', '0'],
      ['0', '0', '0'],
      ['0', '0', '0'],
    ],
  );
  for (const [at, balances] of answered) {
    const { body } = await api.get(`/v1/members/ext:ann/balances?as_of=${at}`);
    assert.deepEqual(body.balances, balances, at);
    assert.equal(body.as_of, at);
  }
  const before = await api.get('/v1/members/ext:ann/balances?as_of=0001-01-01T00:00:00Z');
  assert.equal(before.body.balances[0].available, '0');
  const future = await api.get('/v1/members/ext:ann/balances?as_of=2026-02-01T00:00:00.001Z');
  assert.deepEqual([future.status, future.body.code], [422, 'as_of_in_future']);
});

test('an order that is dated long ago has the terms of then: what has expired is not spendable', async () => {
  const api = await programWith(
    'late',
    { pending: { for: 'P14D' }, expires: { after: 'P1Y' } },
    '2026-06-01T00:00:00Z',
  );
  const gone = await api.post('/v1/orders', order(10, { occurred_at: '2025-06-01T00:00:00.000Z' }));
  assert.deepEqual(gone.body.balances, [{ unit: 'points', available: '0', pending: '0', held: '0' }]);
  assert.deepEqual(
    gone.body.effects.map((effect: Json) => [effect.type, effect.points]),
    [
      ['earn', '10'],
      ['expire', '-10'],
    ],
  );
  await api.post('/v1/orders', order(20, { occurred_at: '2025-06-01T00:00:00.001Z' }));
  assert.equal(await available(api), '20');
  await api.post('/v1/orders', order(40, { occurred_at: '2026-05-18T00:00:00.001Z' }));
  assert.deepEqual(await balance(api), { available: '20', pending: '40', held: '0' });
});

test('a clock goes forward only, and only a test clock can be set', async () => {
  await programWith('clock', {});
  const back = await run.post('/v1/programs/clock/clock', { now: '2025-12-31T23:59:59.999Z' });
  assert.deepEqual([back.status, back.body.code], [409, 'clock_backwards']);
  assert.equal((await run.post('/v1/programs/clock/clock', { now: DAY_1 })).status, 200);
  await run.program('wall');
  const wall = await run.post('/v1/programs/wall/clock', { now: '2099-01-01T00:00:00Z' });
  assert.deepEqual([wall.status, wall.body.code], [409, 'clock_not_settable']);
});

test('what the ledger says agrees along every path', () => verified(run));
