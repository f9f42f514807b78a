import assert from 'node:assert/strict';
import test from 'node:test';
import { at, burst, buy, careful, cases, decide, HOUR, MINUTE, NOW, points, TEN } from './careful.ts';
import { balance, eventsWith, type Json, order, POINTS_PER_DOLLAR, startEngine, verified } from './engine.ts';

const run = await startEngine();

test('1,001 points within a window open a case; the order keeps its points, and what follows for an hour is pended', async () => {
  const api = await careful(run, 'burst');
  await buy(api, 1000, 0);
  assert.deepEqual(await cases(api), []);
  const crossed = await buy(api, 1, 5 * MINUTE - 1);
  assert.deepEqual(await points(api), [1001, 0]);
  await buy(api, 10, 5 * MINUTE - 1 + HOUR - 1);
  assert.deepEqual(await points(api), [1001, 10]);
  await buy(api, 100, 5 * MINUTE - 1 + HOUR);
  await buy(api, 100, 5 * MINUTE - 2);
  assert.deepEqual(await points(api), [1201, 10]);
  const [found, ...others] = await cases(api);
  assert.equal(others.length, 0);
  assert.equal(found.cause, crossed.order.id);
  assert.deepEqual(found.crossings, [
    {
      check: 'burst@1',
      unit: 'points',
      points: '1001',
      more_than: '1000',
      window: { kind: 'tumbling', from: at(0), until: at(5 * MINUTE) },
      paused_until: at(5 * MINUTE - 1 + HOUR),
    },
  ]);
  assert.deepEqual(found.held_back, [{ unit: 'points', lots: 1, points: '10' }]);
  const { body } = await api.get(`/v1/cases/${found.id}`);
  assert.deepEqual(
    body.credits.map((credit: Json) => [credit.points, credit.occurred_at]),
    [
      ['1000', at(0)],
      ['1', at(5 * MINUTE - 1)],
    ],
  );
  const { body: entry } = await api.get(`/v1/entries/${body.credits[1].entries[0]}`);
  assert.equal(entry.why.order.id, crossed.order.id);
  assert.deepEqual([body.lots.length, body.lots[0].points], [1, '10']);
  const { body: held } = await api.get(`/v1/entries/${body.lots[0].entry}`);
  assert.equal(held.why.held_back_by, found.id);
});

test('a replay and a duplicate in one call neither count twice nor open a second case', async () => {
  const api = await careful(run, 'replays');
  const half = { external_id: 'half', occurred_at: at(0) };
  const { body } = await api.post('/v1/orders/bulk', { orders: [order(1000, half), order(1000, half)] });
  assert.deepEqual([body.created, body.known], [1, 1]);
  const crossing = { external_id: 'crossing', occurred_at: at(1) };
  await buy(api, 1000, 0, half);
  assert.deepEqual(await cases(api), []);
  for (let round = 0; round < 3; round += 1) await buy(api, 1, 1, crossing);
  const held = { external_id: 'held', occurred_at: at(2) };
  for (let round = 0; round < 3; round += 1) await buy(api, 7, 2, held);
  assert.equal((await cases(api)).length, 1);
  assert.deepEqual(await points(api), [1001, 7]);
  const [found] = await cases(api);
  await decide(api, found.id, 'release');
  await buy(api, 1, 1, crossing);
  await buy(api, 7, 2, held);
  assert.equal((await cases(api)).length, 1);
  assert.deepEqual(await points(api), [1008, 0]);
});

test('in one call each order sees those before it: the one that crosses, and those that are pended', async () => {
  const api = await careful(run, 'batch');
  const rows = [600, 400, 1, 5, 6].map((dollars, index) => order(dollars, { occurred_at: at(index) }));
  const { body } = await api.post('/v1/orders/bulk', { orders: rows });
  assert.equal(body.created, 5);
  assert.deepEqual(await points(api), [1001, 11]);
  assert.equal((await cases(api)).length, 1);
});

test('late orders are judged by their own time, and a case of the same crossing is not opened again', async () => {
  const api = await careful(run, 'late');
  await buy(api, 1001, 2 * MINUTE);
  await buy(api, 50, MINUTE);
  await buy(api, 60, 3 * MINUTE);
  assert.deepEqual(await points(api), [1051, 60]);
  assert.equal((await cases(api)).length, 1);
  await buy(api, 999, -HOUR);
  await buy(api, 2, -HOUR + MINUTE);
  assert.equal((await cases(api)).length, 2);
});

test('a sliding check catches what straddles two windows; an order that crosses both checks opens one case', async () => {
  const slide = { ...burst, id: 'slide', window: 'sliding' };
  const api = await careful(run, 'sliding', { velocity: [burst, slide] });
  await buy(api, 1000, 4 * MINUTE, { member: 'ext:straddler' });
  await buy(api, 1, 6 * MINUTE, { member: 'ext:straddler' });
  const [one] = await cases(api, '?member=ext:straddler');
  assert.deepEqual(
    one.crossings.map((crossing: Json) => [crossing.check, crossing.window.from, crossing.window.until]),
    [['slide@1', at(MINUTE + 1), at(6 * MINUTE + 1)]],
  );
  await buy(api, 1001, 0);
  const [both, ...others] = await cases(api, '?member=ext:ann');
  assert.deepEqual(
    both.crossings.map((crossing: Json) => crossing.check),
    ['burst@1', 'slide@1'],
  );
  assert.equal(others.length, 0);
});

test('a check that flags opens a case and holds nothing back', async () => {
  const { pause: _, ...flag } = burst;
  const api = await careful(run, 'flag', { velocity: [{ ...flag, action: 'flag' }] });
  await buy(api, 1001, 0);
  await buy(api, 500, 1);
  assert.deepEqual(await points(api), [1501, 0]);
  const [found, ...others] = await cases(api);
  assert.deepEqual([others.length, found.crossings[0].paused_until], [0, null]);
  assert.equal((await decide(api, found.id, 'confirm')).status, 201);
  assert.deepEqual(await points(api), [1501, 0]);
});

test('release gives the points the terms that they would have had', async () => {
  const event = { until_event: 'stay.completed' };
  const unit = (name: string) => ({ unit: name, per_currency_unit: '1' });
  const api = await careful(run, 'terms', {
    units: { points: {}, nights: {}, miles: {} },
    velocity: [burst, { ...burst, id: 'n', unit: 'nights' }, { ...burst, id: 'm', unit: 'miles' }],
    earning: [
      { id: 'now', on: 'order', earn: unit('points'), expires: { after: 'P1D' } },
      { id: 'later', on: 'order', earn: unit('nights'), pending: { for: 'PT6H' } },
      { id: 'stay', on: 'order', earn: unit('miles'), pending: event },
    ],
  });
  const wallet = async (name: string) => {
    const { available, pending } = await balance(api, 'ext:ann', '', name);
    return [Number(available), Number(pending)];
  };
  await buy(api, 1001, 0);
  await buy(api, 10, 1, { external_id: 'stayed' });
  await buy(api, 20, 2, { external_id: 'stays' });
  const stay = (id: string) =>
    api.post(`/v1/orders/ext:${id}/events`, {
      external_id: `e-${id}`,
      type: 'stay.completed',
      occurred_at: at(HOUR),
    });
  assert.equal((await stay('stayed')).status, 201);
  assert.deepEqual(await wallet('points'), [1001, 30]);
  assert.deepEqual(await wallet('miles'), [0, 1031]);
  const [found] = await cases(api);
  const { body } = await api.get(`/v1/cases/${found.id}`);
  assert.deepEqual(
    body.lots.map((lot: Json) => [lot.unit, lot.points, lot.available_at, lot.waits_for]),
    [
      ['points', '10', null, null],
      ['nights', '10', at(6 * HOUR + 1), null],
      ['miles', '10', null, null],
      ['points', '20', null, null],
      ['nights', '20', at(6 * HOUR + 2), null],
      ['miles', '20', null, 'stay.completed'],
    ],
  );
  assert.equal((await decide(api, found.id, 'release')).status, 201);
  assert.deepEqual(await wallet('points'), [1031, 0]);
  assert.deepEqual(await wallet('miles'), [10, 1021]);
  assert.deepEqual(await wallet('nights'), [0, 1031]);
  assert.equal((await stay('stays')).status, 201);
  assert.deepEqual(await wallet('miles'), [30, 1001]);
  await run.clock('terms', at(6 * HOUR + 1));
  assert.deepEqual(await wallet('nights'), [1011, 20]);
  await run.clock('terms', at(24 * HOUR + 1));
  assert.deepEqual(await wallet('nights'), [1031, 0]);
  assert.deepEqual(await wallet('points'), [20, 0]);
});

test('time alone never releases what a pause holds back', async () => {
  const api = await careful(run, 'patience', {
    earning: [{ ...POINTS_PER_DOLLAR.earning[0], pending: { for: 'PT2H' } }],
  });
  await buy(api, 1001, 0);
  await buy(api, 5, 1);
  await run.clock('patience', '2027-06-01T00:00:00Z');
  assert.deepEqual(await points(api), [1001, 5]);
  const [found] = await cases(api);
  await decide(api, found.id, 'release');
  assert.deepEqual(await points(api), [1006, 0]);
});

test('a return takes what is held back first, and does not take points off the window', async () => {
  const api = await careful(run, 'returns');
  await buy(api, 600, 0, { external_id: 'back' });
  await api.post('/v1/orders/ext:back/returns', { external_id: 'r1', occurred_at: at(1) });
  await buy(api, 401, 2);
  assert.equal((await cases(api)).length, 1);
  await buy(api, 40, 3, { external_id: 'held' });
  assert.deepEqual(await points(api), [401, 40]);
  await api.post('/v1/orders/ext:held/returns', { external_id: 'r2', occurred_at: at(4) });
  assert.deepEqual(await points(api), [401, 0]);
  const [found] = await cases(api);
  assert.deepEqual((await decide(api, found.id, 'release')).body.effects, []);
});

test('a revision counts and is held back by what it adds', async () => {
  const api = await careful(run, 'revisions');
  await buy(api, 1000, 0, { external_id: 'a' });
  await buy(api, 1001, 0, { external_id: 'a', revision: 2 });
  assert.equal((await cases(api)).length, 1);
  await buy(api, 1011, 0, { external_id: 'a', revision: 3 });
  assert.deepEqual(await points(api), [1001, 10]);
  await buy(api, 1005, 0, { external_id: 'a', revision: 4 });
  const [available, pending] = await points(api);
  assert.equal(Number(available) + Number(pending), 1005);
});

test('historical orders are neither counted nor held back, and the log says that they were', async () => {
  const api = await careful(run, 'old');
  const old = (dollars: number, after: number) => ({
    historical: true,
    orders: [order(dollars, { occurred_at: at(after) })],
  });
  await api.post('/v1/orders/bulk', old(5000, 0));
  await buy(api, 1000, 1);
  assert.deepEqual(await cases(api), []);
  await buy(api, 1, 2);
  await api.post('/v1/orders/bulk', old(70, 3));
  assert.deepEqual(await points(api), [6071, 0]);
  const { data } = await eventsWith(api, found => found.length >= 6);
  const accepted = data.filter(({ type }) => type === 'order.accepted');
  assert.deepEqual(
    accepted.map(event => event.data.historical ?? false),
    [true, false, false, true],
  );
});

test('activities count and are held back like orders', async () => {
  const api = await careful(run, 'activities', {
    activities: { review: {} },
    earning: [
      ...POINTS_PER_DOLLAR.earning,
      { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '600' } },
    ],
  });
  const review = (after: number) =>
    api.post('/v1/activities', {
      external_id: `review-${after}`,
      member: 'ext:ann',
      type: 'review',
      occurred_at: at(after),
    });
  await buy(api, 400, 0);
  assert.equal((await review(1)).status, 201);
  assert.deepEqual(await cases(api), []);
  const { body } = await review(2);
  await review(3);
  assert.deepEqual(await points(api), [1600, 600]);
  assert.equal((await cases(api))[0].cause, body.activity.id);
});

test('a dry run says what would be pended, and writes nothing', async () => {
  const api = await careful(run, 'dry');
  await buy(api, 1000, 0);
  const rows = [order(1, { occurred_at: at(1) }), order(3, { occurred_at: at(2) })];
  const { body } = await api.post('/v1/orders/bulk?dry_run=true', { orders: rows });
  assert.deepEqual(body.results[1].answer.balances, [
    { unit: 'points', available: '1001', pending: '3', held: '0' },
  ]);
  assert.deepEqual(await cases(api), []);
});

test('a pause goes on when the check is taken out of the program, and no new one begins', async () => {
  const api = await careful(run, 'taken-out');
  const noon = Date.parse(NOW) - TEN;
  await buy(api, 1001, noon - 1);
  await run.program('taken-out', { velocity: [] });
  await buy(api, 5, noon);
  await buy(api, 5000, noon, { member: 'ext:ben' });
  assert.deepEqual(await points(api), [1001, 5]);
  assert.equal((await cases(api)).length, 1);
});

test('what the ledger says agrees along every path', () => verified(run));
