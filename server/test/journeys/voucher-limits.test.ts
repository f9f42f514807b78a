import assert from 'node:assert/strict';
import test from 'node:test';
import {
  eventsWith,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-05-31T12:00:00.000Z';
const TREAT = { id: 'treat', effect: { voucher: 'cinema' } };

async function publish(name: string, reward: object, more: object = {}) {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    rewards: [
      { id: 'cinema', cost: { unit: 'points', points: '10' }, gives: { voucher: 'films' }, ...reward },
    ],
    campaigns: [TREAT],
    ...more,
  });
  assert.ok(status < 300, JSON.stringify(body));
}
const stock = async (name: string, count: number) => {
  const codes = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const { status, body } = await run.on(name).post('/v1/voucher-pools/films/codes', { codes });
  assert.ok(status < 300, JSON.stringify(body));
};
async function buy(name: string, external_id: string, more: object = {}) {
  const { status, body } = await run
    .on(name)
    .post('/v1/orders', order(50, { occurred_at: AT, external_id, ...more }));
  assert.ok(status < 300, JSON.stringify(body));
}
const giveBack = (name: string, id: string) =>
  run
    .on(name)
    .post(`/v1/orders/ext:${id}/returns`, { external_id: `r-${id}`, occurred_at: '2026-06-01T00:00:00Z' });
const redeem = (name: string, external_id: string) =>
  run.on(name).post('/v1/redemptions', { external_id, member: 'ext:ann', reward: 'cinema', capture: true });
/** The vouchers of a member, the oldest first, once what was noted is carried out. */
async function vouchers(name: string): Promise<Json[]> {
  await run.engine.giveVouchers();
  return (await run.on(name).get('/v1/members/ext:ann/vouchers')).body.data.toReversed();
}
const states = async (name: string) =>
  (await vouchers(name)).map(({ state, reason }: Json) => (reason === null ? state : `${state} ${reason}`));
const reveal = (name: string, { id }: Json) => run.on(name).post(`/v1/members/ext:ann/vouchers/${id}/reveal`);
const left = async (name: string) => (await run.on(name).get('/v1/voucher-pools/films')).body.left;
const cinemaOf = async (name: string): Promise<Json> =>
  (await run.on(name).get('/v1/members/ext:ann/rewards')).body.data[0];

test('a member never has more of a reward than its limit, though many orders give it at once', async () => {
  await publish('many', { limit: { per_member: 2 } });
  await stock('many', 10);
  for (const id of ['a', 'b', 'c', 'd']) await buy('many', id);
  await Promise.all(Array.from({ length: 3 }, () => run.engine.giveVouchers()));
  assert.deepEqual((await states('many')).toSorted(), [
    'issued',
    'issued',
    'refused limit_reached',
    'refused limit_reached',
  ]);
  assert.equal(await left('many'), 8, 'a refused voucher takes no code');
  const refused = (await vouchers('many')).find(({ state }) => state === 'refused');
  const { status, body } = await reveal('many', refused);
  assert.deepEqual(
    [status, body.code, body.reasons],
    [422, 'reward_unavailable', [{ code: 'limit_reached' }]],
  );
  const { data } = await eventsWith(
    run.on('many'),
    found => found.filter(({ type }) => type === 'voucher.refused').length === 2,
  );
  const told = data.filter(({ type }) => type === 'voucher.refused');
  assert.equal(told.length, 2, 'each is told once, though three engines carry it out');
  assert.ok(told.every(({ data: { reason } }: Json) => reason === 'limit_reached'));
});

test('what was redeemed counts for a voucher, and a voucher for what is redeemed', async () => {
  await publish('both', { limit: { per_member: 2 } });
  await stock('both', 10);
  await buy('both', 'a');
  assert.deepEqual(await states('both'), ['issued']);
  assert.equal((await cinemaOf('both')).used, 1);
  assert.equal((await redeem('both', 'x')).status, 201);
  const refused = await redeem('both', 'y');
  assert.deepEqual(
    [refused.status, refused.body.reasons],
    [422, [{ code: 'limit_reached', limit: 2, every: 'ever', used: 2 }]],
  );
  await buy('both', 'b');
  assert.deepEqual(await states('both'), ['issued', 'refused limit_reached']);
  // What is withdrawn does not count any more, what was revealed does.
  await giveBack('both', 'a');
  assert.deepEqual(await states('both'), ['withdrawn', 'refused limit_reached']);
  assert.equal((await redeem('both', 'y')).status, 201);
  await publish('shown', { limit: { per_member: 1 } });
  await stock('shown', 2);
  await buy('shown', 'a');
  const [shown] = await vouchers('shown');
  assert.equal((await reveal('shown', shown)).status, 200);
  await giveBack('shown', 'a');
  await buy('shown', 'b');
  assert.deepEqual(await states('shown'), ['revealed', 'refused limit_reached']);
});

test('an order that was refused and is amended may give again once the limit allows it', async () => {
  await publish(
    'again',
    { limit: { per_member: 1 } },
    {
      campaigns: [{ ...TREAT, if: 'order.total >= 4000' }],
    },
  );
  await stock('again', 3);
  await buy('again', 'a');
  await buy('again', 'b');
  assert.deepEqual(await states('again'), ['issued', 'refused limit_reached']);
  await giveBack('again', 'a');
  assert.deepEqual(await states('again'), ['withdrawn', 'refused limit_reached'], 'it stays refused');
  await buy('again', 'b', { revision: 2, lines: [{ id: '1', amount: '100' }] });
  assert.deepEqual(await states('again'), ['withdrawn', 'withdrawn']);
  await buy('again', 'b', { revision: 3, lines: [{ id: '1', amount: '5000' }] });
  assert.deepEqual(await states('again'), ['withdrawn', 'issued']);
});

test('a refused voucher can be tried again: given once, when the limit or the validity allows it', async () => {
  const retry = (name: string, { id }: Json, query = '') =>
    run.on(name).post(`/v1/members/ext:ann/vouchers/${id}/retry${query}`);
  await publish('retry', { limit: { per_member: 1 } });
  await stock('retry', 2);
  for (const id of ['a', 'b', 'c']) await buy('retry', id);
  const [, second, third] = await vouchers('retry');
  const full = await retry('retry', second);
  assert.deepEqual(
    [full.status, full.body.code, full.body.reasons],
    [422, 'reward_unavailable', [{ code: 'limit_reached' }]],
  );
  await publish('retry', { limit: { per_member: 2 } });
  const dry = await retry('retry', second, '?dry_run=true');
  assert.deepEqual([dry.status, dry.body.voucher.state], [200, 'issued']);
  assert.deepEqual(await states('retry'), ['issued', 'refused limit_reached', 'refused limit_reached']);
  const answers = await Promise.all(Array.from({ length: 4 }, () => retry('retry', second)));
  for (const { status, body } of answers)
    assert.deepEqual([status, body.voucher.state, body.voucher.reason], [200, 'issued', null]);
  assert.equal((await retry('retry', third)).status, 422, 'what was tried again counts for the limit');
  assert.equal(await left('retry'), 0, 'one code for four calls');
  // Without a limit the third waits for a code of the pool, and gets it when there is one.
  await publish('retry', {});
  assert.equal((await retry('retry', third)).body.voucher.state, 'waiting');
  assert.deepEqual(await states('retry'), ['issued', 'issued', 'waiting']);
  await run.on('retry').post('/v1/voucher-pools/films/codes', { codes: ['later'] });
  assert.deepEqual(await states('retry'), ['issued', 'issued', 'issued']);
  const codes = await Promise.all((await vouchers('retry')).map(each => reveal('retry', each)));
  assert.equal(new Set(codes.map(({ body }) => body.voucher.code)).size, 3);
  await publish('retry-back', { limit: { per_member: 1 } });
  await stock('retry-back', 2);
  for (const id of ['a', 'b']) await buy('retry-back', id);
  const [, back] = await vouchers('retry-back');
  await giveBack('retry-back', 'b');
  assert.deepEqual(await states('retry-back'), ['issued', 'withdrawn']);
  assert.equal((await retry('retry-back', back)).body.code, 'voucher_withdrawn');
});

test('a limit of each month counts a voucher in the month in which its code was kept', async () => {
  await publish('monthly', { limit: { per_member: 1, every: 'month' } });
  await buy('monthly', 'a');
  assert.deepEqual(await states('monthly'), ['waiting']);
  await run.clock('monthly', '2026-06-30T12:00:00.000Z');
  await stock('monthly', 3);
  assert.deepEqual(await states('monthly'), ['issued']);
  await buy('monthly', 'b');
  assert.deepEqual(await states('monthly'), ['issued', 'refused limit_reached']);
  await run.clock('monthly', '2026-07-01T00:00:00.000Z');
  await buy('monthly', 'c');
  assert.deepEqual(await states('monthly'), ['issued', 'refused limit_reached', 'issued']);
});

test('a reward that has ended gives no voucher, not even to who waited; one that begins later keeps the code', async () => {
  await publish('over', { from: '2026-06-02T00:00:00Z', until: '2026-06-10T00:00:00Z' });
  await stock('over', 1);
  await buy('over', 'a');
  await buy('over', 'b');
  assert.deepEqual((await states('over')).toSorted(), ['issued', 'waiting']);
  const issued = (await vouchers('over')).find(({ state }) => state === 'issued');
  const early = await reveal('over', issued);
  assert.deepEqual(
    [early.status, early.body.reasons],
    [422, [{ code: 'not_yet_valid', from: '2026-06-02T00:00:00.000Z' }]],
  );
  await run.clock('over', '2026-06-10T00:00:00.000Z');
  await run.on('over').post('/v1/voucher-pools/films/codes', { codes: ['over-late'] });
  await buy('over', 'c');
  assert.deepEqual((await states('over')).toSorted(), [
    'issued',
    'refused no_longer_valid',
    'refused no_longer_valid',
  ]);
  // A code that was kept in time can still be seen.
  assert.equal((await reveal('over', issued)).body.voucher.state, 'revealed');
});

test('the vouchers of a test program are handed out when its time passes, before that time', async () => {
  await publish('passing', { until: '2026-06-10T00:00:00Z' });
  await stock('passing', 2);
  await buy('passing', 'a');
  await run.post('/v1/programs/passing/clock', { advance: 'P1M' });
  const { body } = await run.on('passing').get('/v1/members/ext:ann/vouchers');
  assert.deepEqual(
    body.data.map(({ state, given_at }: Json) => [state, given_at]),
    [['issued', NOW]],
  );
});

test('the validity and the limit are those of the version in force; price and audience are up to the campaign', async () => {
  const gold = {
    tiers: {
      qualify_by: 'spend',
      window: 'lifetime',
      levels: [
        { id: 'basic', from: '0' },
        { id: 'gold', from: '9000.00' },
      ],
    },
  };
  const audience = { audience: { tiers: ['gold'] }, minimum: { order_total: '5000.00' } };
  await publish('force', { ...audience, limit: { per_member: 1 } }, gold);
  await stock('force', 4);
  await buy('force', 'a');
  await buy('force', 'b');
  assert.deepEqual((await states('force')).toSorted(), ['issued', 'refused limit_reached']);
  await publish('force', { ...audience, limit: { per_member: 2 } }, gold);
  await buy('force', 'c');
  assert.deepEqual((await states('force')).toSorted(), ['issued', 'issued', 'refused limit_reached']);
  // Gone from the catalogue: what an order of before gave is given as it was promised.
  await run.on('force').post('/v1/voucher-pools/films/codes', { codes: ['one-more'] });
  await buy('force', 'd');
  await publish('force', {}, { ...gold, rewards: [], campaigns: [] });
  assert.deepEqual((await states('force')).toSorted(), [
    'issued',
    'issued',
    'refused limit_reached',
    'refused limit_reached',
  ]);
});

test('what the ledger says agrees along every path', () => verified(run));
