import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventsWith,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';
import { backtestOf } from './replays.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00.000Z';
const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'silver', from: '300.00', multiplier: '2' },
  { id: 'gold', from: '900.00', multiplier: '3' },
];
const TRY = { id: 'try-gold', if: 'order.total >= 5000', effect: { tier: 'gold', for: 'P1M' } };

async function publish(name: string, campaigns: object[] = [TRY], tiers: object = {}) {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    tiers: { qualify_by: 'spend', window: 'lifetime', levels: LEVELS, ...tiers },
    campaigns,
  });
  assert.ok(status < 300, JSON.stringify(body));
}

const pointsOf = (answer: Json): number =>
  answer.effects.reduce((sum: number, { points }: Json) => sum + Number(points), 0);

/** Sends an order as a dry run and in earnest, which must agree. */
async function buy(program: string, dollars: number, at = AT, more: object = {}): Promise<Json> {
  const sent = order(dollars, { occurred_at: at, ...more });
  const dry = await run.on(program).post('/v1/orders?dry_run=true', sent);
  const { status, body } = await run.on(program).post('/v1/orders', sent);
  assert.ok(status < 300, JSON.stringify(body));
  assert.deepEqual([dry.body.gifts, pointsOf(dry.body)], [body.gifts, pointsOf(body)]);
  return body;
}

const tierAt = async (program: string, at: string, member = 'ext:ann') =>
  (await run.on(program).get(`/v1/members/${member}/tier?as_of=${at}`)).body.tier;
const grants = async (program: string, member = 'ext:ann') =>
  (await run.on(program).get(`/v1/members/${member}/tier-grants`)).body.data;
const giveBack = (program: string, external_id: string, occurred_at: string, more: object = {}) =>
  run.on(program).post(`/v1/orders/ext:${external_id}/returns`, {
    external_id: `r-${external_id}-${occurred_at}`,
    occurred_at,
    ...more,
  });

async function until(program: string, path: string): Promise<Json> {
  for (;;) {
    const { body } = await run.on(program).get(path);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}
const backtest = (program: string, body: object): Promise<Json> => backtestOf(run, program, body);
const differing = ({ rules, tiers, gifts }: Json) => [
  ...rules.filter((line: Json) => line.difference !== '0'),
  ...tiers.filter(
    (tier: Json) => tier.orders.actual !== tier.orders.draft || tier.members.actual !== tier.members.draft,
  ),
  ...gifts.filter((gift: Json) => gift.actual !== gift.draft),
];

test('an order gives a tier from its own time on, which the next orders of the same call have already', async () => {
  await publish('batch');
  const at = (dollars: number, occurred_at: string) => order(dollars, { occurred_at });
  const orders = [
    at(10, '2026-03-02T11:59:59.999Z'),
    at(50, AT),
    at(10, '2026-03-02T12:00:00.001Z'),
    at(10, '2026-04-02T11:59:59.999Z'),
    at(10, '2026-04-02T12:00:00.000Z'),
    at(10, '2026-03-01T12:00:00.000Z'),
  ];
  const dry = await run.on('batch').post('/v1/orders/bulk?dry_run=true', { orders });
  const { body } = await run.on('batch').post('/v1/orders/bulk', { orders });
  const points = (answer: Json) => answer.results.map((row: Json) => pointsOf(row.answer));
  assert.deepEqual(points(body), [10, 50, 30, 30, 10, 10]);
  assert.deepEqual(points(dry.body), points(body));
  assert.deepEqual(body.results[1].answer.gifts, [
    { rule: 'try-gold@1', tier: 'gold', from: AT, until: '2026-04-02T12:00:00.000Z' },
  ]);
  assert.equal(body.results[0].answer.gifts, undefined);
});

test('the grant names the order, the campaign and the time, and is published', async () => {
  const [grant, ...more] = await grants('batch');
  assert.deepEqual(more, []);
  assert.deepEqual(
    [grant.tier, grant.reason, grant.granted_by, grant.source, grant.from, grant.end],
    ['gold', 'try-gold@1', 'fealty', 'fealty', AT, null],
  );
  assert.match(grant.order, /^ord_/);
  const { data } = await eventsWith(run.on('batch'), found =>
    found.some(event => event.type === 'tier.granted'),
  );
  const event = data.find(({ type }) => type === 'tier.granted');
  assert.deepEqual(
    [event.data.grant, event.data.order, event.data.reason],
    [grant.id, grant.order, 'try-gold@1'],
  );
});

test('nobody is lowered, and of several tiers the highest is given', async () => {
  await publish('never-lower', [
    { id: 'silver-month', effect: { tier: 'silver', for: 'P1M' } },
    { id: 'gold-day', if: 'order.total >= 5000', effect: { tier: 'gold', for: 'P1D' } },
  ]);
  const first = await buy('never-lower', 50);
  assert.deepEqual(
    first.gifts.map(({ rule }: Json) => rule),
    ['gold-day@1'],
  );
  assert.equal((await grants('never-lower')).length, 1);
  await buy('never-lower', 900, '2026-03-05T00:00:00.000Z', { member: 'ext:rich' });
  await buy('never-lower', 10, '2026-03-07T00:00:00.000Z', { member: 'ext:rich' });
  assert.equal(await tierAt('never-lower', '2026-03-08T00:00:00.000Z', 'ext:rich'), 'gold');
});

test('a whole return ends it when it came back, a part does not, and the limit is free again', async () => {
  await publish('returned', [{ ...TRY, limit: { per_member: 1 } }]);
  await buy('returned', 60, AT, { external_id: 'x' });
  assert.equal((await buy('returned', 60, AT)).gifts, undefined);
  await giveBack('returned', 'x', '2026-03-10T00:00:00.000Z', { lines: [{ id: '1', amount: '1000' }] });
  assert.equal(await tierAt('returned', '2026-03-11T00:00:00.000Z'), 'gold');
  await giveBack('returned', 'x', '2026-03-12T00:00:00.000Z');
  assert.equal(await tierAt('returned', '2026-03-11T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('returned', '2026-03-12T00:00:00.000Z'), 'bronze');
  const [{ end }] = await grants('returned');
  assert.deepEqual(
    [end.at, end.reason, end.ended_by],
    ['2026-03-12T00:00:00.000Z', 'the order came back', 'fealty'],
  );
  const cancelled = await run
    .on('returned')
    .post('/v1/orders/ext:x/cancel', { external_id: 'c', occurred_at: '2026-03-13T00:00:00.000Z' });
  assert.equal(cancelled.status, 201, JSON.stringify(cancelled.body));
  const again = await buy('returned', 60, '2026-03-20T00:00:00.000Z');
  assert.equal(again.gifts?.[0].tier, 'gold');
  assert.equal((await buy('returned', 60, '2026-03-21T00:00:00.000Z')).gifts, undefined);
});

test('where returns lower nobody the tier stays', async () => {
  await publish('kept', [TRY], { after_return: 'keep' });
  await buy('kept', 60, AT, { external_id: 'x' });
  await giveBack('kept', 'x', '2026-03-12T00:00:00.000Z');
  assert.equal(await tierAt('kept', '2026-03-13T00:00:00.000Z'), 'gold');
});

test('an amendment that does not match any more takes it away as if it never was, another brings it back', async () => {
  await publish('amended');
  const change = (dollars: number, revision: number, at = AT) =>
    buy('amended', dollars, at, { external_id: 'x', revision });
  await change(60, 1);
  assert.equal((await change(40, 2)).gifts, undefined);
  assert.equal(await tierAt('amended', AT), 'bronze');
  assert.equal(pointsOf(await change(70, 3)), 30, 'not multiplied by the tier that it gives itself');
  assert.equal(await tierAt('amended', '2026-04-02T11:59:59.999Z'), 'gold');
  // Moved to a day later: from then on.
  await change(70, 4, '2026-03-03T12:00:00.000Z');
  assert.equal(await tierAt('amended', AT), 'bronze');
  assert.equal(await tierAt('amended', '2026-04-03T11:59:59.999Z'), 'gold');
});

test('what somebody ended by hand stays ended, whatever becomes of the order', async () => {
  await publish('by-hand');
  await buy('by-hand', 60, '2026-05-31T00:00:00.000Z', { external_id: 'x' });
  const [{ id }] = await grants('by-hand');
  const ended = await run
    .on('by-hand')
    .post(`/v1/members/ext:ann/tier-grants/${id}/end`, { reason: 'a mistake' }, { 'idempotency-key': 'e' });
  assert.equal(ended.status, 201, JSON.stringify(ended.body));
  await buy('by-hand', 80, '2026-05-31T01:00:00.000Z', { external_id: 'x', revision: 2 });
  assert.equal(await tierAt('by-hand', NOW), 'bronze');
  assert.deepEqual(differing(await backtest('by-hand', {})), []);
});

/** Orders of some members over months, with revisions and returns, always the same. */
async function live(program: string) {
  let seed = 5;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let index = 0; index < 120; index += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + next(145) * 86_400_000 + next(86_400) * 1000).toISOString();
    const sent = { external_id: `o${index}`, member: `ext:m${next(6)}` };
    await buy(program, next(90), at, sent);
    if (next(4) === 0) await buy(program, next(90), at, { ...sent, revision: 2 });
    if (next(4) === 0) await giveBack(program, `o${next(index + 1)}`, NOW);
  }
}
const FEW = { ...TRY, limit: { per_member: 2 }, cooldown: 'P10D' };

test('a backtest of the live program, over all time or a part, comes to what happened', async () => {
  await publish('lived', [FEW]);
  await live('lived');
  const report = await backtest('lived', {});
  assert.ok(report.gifts[0].actual > 3, JSON.stringify(report.gifts));
  assert.deepEqual([report.gifts[0].campaign, report.gifts[0].gives], ['try-gold', 'tier gold']);
  assert.deepEqual(differing(report), []);
  const part = { from: '2026-02-10T00:00:00Z', to: '2026-04-01T00:00:00Z' };
  assert.deepEqual(differing(await backtest('lived', part)), []);
});

test('a draft is told apart by the tiers that it would have given', async () => {
  await publish('plain', []);
  await live('plain');
  const draft = (await run.get('/v1/programs/lived')).body.document;
  const [drafted, lived] = [await backtest('plain', { document: draft }), await backtest('lived', {})];
  const given = (side: string, own: Json) =>
    Object.fromEntries(own.rules.map((line: Json) => [line.rule, line[side]]));
  assert.deepEqual(given('draft', drafted), given('actual', lived));
  assert.deepEqual(drafted.gifts, [{ ...lived.gifts[0], actual: 0 }]);
  const orders = (side: string, own: Json) =>
    Object.fromEntries(own.tiers.map(({ tier, orders: counts }: Json) => [tier, counts[side]]));
  assert.deepEqual(orders('draft', drafted), orders('actual', lived));
});

test('a re-rating without the campaign takes the tier and what it brought away, its reversal gives both back', async () => {
  await publish('wrong');
  const later = (day: string, dollars = 10) => buy('wrong', dollars, `2026-03-${day}T00:00:00.000Z`);
  await later('02', 50);
  await later('05');
  await publish('wrong', []);
  const api = run.on('wrong');
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-05-01T00:00:00Z', version: 2, note: 'a test' };
  const { id } = (await api.post('/v1/rerates', span)).body;
  assert.equal((await until('wrong', `/v1/rerates/${id}`)).orders, 2);
  const stand = async () => [
    (await api.get('/v1/members/ext:ann/balances')).body.balances[0].available,
    await tierAt('wrong', '2026-03-03T00:00:00.000Z'),
  ];
  assert.deepEqual(await stand(), ['80', 'gold']);
  await api.post(`/v1/rerates/${id}/apply`);
  await until('wrong', `/v1/rerates/${id}`);
  assert.deepEqual(await stand(), ['60', 'bronze']);
  assert.deepEqual(differing(await backtest('wrong', { to: '2026-01-01T00:00:00Z' })), []);
  await api.post(`/v1/rerates/${id}/reverse`);
  await until('wrong', `/v1/rerates/${id}`);
  assert.deepEqual(await stand(), ['80', 'gold']);
  const draft = { ...(await run.get('/v1/programs/wrong')).body.document, rounding: 'ceiling' };
  const report = await backtest('wrong', { document: draft, from: '2026-05-01T00:00:00Z' });
  assert.deepEqual(differing(report), [], 'a draft follows re-ratings from before its period');
});

test('orders that came late: after a re-rating every member has what order would have given', async () => {
  const days = ['02', '03', '04', '20'].map((day, index) =>
    order(index === 1 ? 50 : 10, { external_id: `o${day}`, occurred_at: `2026-03-${day}T00:00:00.000Z` }),
  );
  const points = async (program: string) =>
    (await run.on(program).get('/v1/members/ext:ann/balances')).body.balances[0].available;
  for (const [name, sent] of [
    ['in-order', days],
    ['mixed', [days[0], days[2], days[3], days[1]]],
  ] as const) {
    await publish(name);
    for (const each of sent) await run.on(name).post('/v1/orders', each);
  }
  assert.deepEqual([await points('in-order'), await points('mixed')], ['120', '80']);
  for (const name of ['in-order', 'mixed']) {
    const span = { from: '2026-01-01T00:00:00Z', to: '2026-05-01T00:00:00Z', note: 'a test' };
    const { id } = (await run.on(name).post('/v1/rerates', span)).body;
    await until(name, `/v1/rerates/${id}`);
    await run.on(name).post(`/v1/rerates/${id}/apply`);
    await until(name, `/v1/rerates/${id}`);
    assert.equal(await points(name), '120', name);
  }
});

test('why: a later entry tells the tier, and the giving order its campaign', async () => {
  const { data } = (await run.on('batch').get('/v1/members/ext:ann/entries')).body;
  const whys = await Promise.all(
    data.map(async ({ id }: Json) => (await run.on('batch').get(`/v1/entries/${id}`)).body.why),
  );
  assert.ok(whys.some(({ tier }: Json) => tier === 'gold'));
  assert.ok(whys.some(({ campaigns }: Json) => campaigns?.[0] === 'try-gold@1'));
});

test('what the ledger says agrees along every path', () => verified(run));
