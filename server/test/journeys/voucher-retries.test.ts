import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const reward = (id: string, more: object) => ({
  id,
  cost: { unit: 'points', points: '10' },
  gives: { voucher: 'films' },
  ...more,
});

async function publish(name: string, cinema: object, campaigns: object[] = []) {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    rewards: [reward('cinema', cinema), reward('theatre', { limit: { per_member: 1 } })],
    campaigns: [{ id: 'treat', effect: { voucher: 'cinema' } }, ...campaigns],
  });
  assert.ok(status < 300, JSON.stringify(body));
}
const stock = (name: string, ...codes: string[]) =>
  run.on(name).post('/v1/voucher-pools/films/codes', { codes });
async function buy(name: string, member: string, count: number) {
  for (let at = 0; at < count; at += 1) {
    const sent = order(50, {
      member,
      external_id: `${member}-${at}`,
      occurred_at: '2026-05-31T12:00:00.000Z',
    });
    assert.equal((await run.on(name).post('/v1/orders', sent)).status, 201);
  }
  await run.engine.giveVouchers();
}
const retry = (name: string, body: Json, query = '') =>
  run.on(name).post(`/v1/refused-vouchers/retry${query}`, body);
const counts = async (name: string, body: Json, query = '') => {
  const { status, body: done } = await retry(name, body, query);
  assert.equal(status, 200, JSON.stringify(done));
  const { next, ...rest } = done;
  assert.equal(next === null, rest.left === 0, 'there is a next page where something is left');
  return rest;
};
const states = async (name: string, member: string) =>
  (await run.on(name).get(`/v1/members/${member}/vouchers`)).body.data
    .map(({ state }: Json) => state)
    .toSorted();
const left = async (name: string) => (await run.on(name).get('/v1/voucher-pools/films')).body.left;
const NONE = { tried: 0, given: 0, waiting: 0, refused: [], meanwhile: 0, left: 0 };

test('all refused vouchers of a campaign are tried again: given, waiting and refused are counted, a dry run says the same', async () => {
  await publish('all', { limit: { per_member: 1 } });
  await stock('all', 'a', 'b', 'c', 'd');
  await buy('all', 'ext:ann', 3);
  await buy('all', 'ext:ben', 2);
  const full = { ...NONE, tried: 3, refused: [{ reason: 'limit_reached', count: 3 }] };
  assert.deepEqual(await counts('all', { campaign: 'treat' }), full);
  await publish('all', { limit: { per_member: 2 } });
  const expected = { ...NONE, tried: 3, given: 2, refused: [{ reason: 'limit_reached', count: 1 }] };
  assert.deepEqual(await counts('all', { campaign: 'treat' }, '?dry_run=true'), expected);
  assert.equal(await left('all'), 2, 'a dry run takes no code');
  assert.deepEqual(await counts('all', { campaign: 'treat' }), expected);
  assert.deepEqual(await states('all', 'ext:ann'), ['issued', 'issued', 'refused']);
  assert.deepEqual(await states('all', 'ext:ben'), ['issued', 'issued']);
  await publish('all', {});
  assert.deepEqual(await counts('all', { reward: 'cinema' }), { ...NONE, tried: 1, waiting: 1 });
  assert.deepEqual(await counts('all', { campaign: 'treat' }), NONE, 'what waits is not refused');
});

test('a page tries no more than it may, says how many are left, and the next goes on behind it', async () => {
  await publish('pages', { limit: { per_member: 1 } });
  await stock('pages', ...Array.from({ length: 6 }, (_, at) => `p-${at}`));
  await buy('pages', 'ext:ann', 6);
  const again = { tried: 2, refused: [{ reason: 'limit_reached', count: 2 }] };
  const seen: Json[] = [];
  let after: string | undefined;
  do {
    const { body } = await retry('pages', { campaign: 'treat', most: 2, after });
    seen.push([body.tried, body.refused, body.left]);
    after = body.next ?? undefined;
  } while (after !== undefined);
  assert.deepEqual(seen, [
    [2, again.refused, 3],
    [2, again.refused, 1],
    [1, [{ reason: 'limit_reached', count: 1 }], 0],
  ]);
  await publish('pages', { limit: { per_member: 4 } });
  const first = await retry('pages', { campaign: 'treat', most: 2 });
  assert.deepEqual([first.body.given, first.body.left], [2, 3]);
  // Its answer was lost: sent again it gives nothing twice.
  const lost = { ...NONE, tried: 3, given: 1, refused: [{ reason: 'limit_reached', count: 2 }] };
  assert.deepEqual(await counts('pages', { campaign: 'treat' }), lost);
  assert.equal(await left('pages'), 2);
});

test('two calls at once give each voucher once and count what the other did', async () => {
  await publish('race', { limit: { per_member: 1 } });
  await stock('race', ...Array.from({ length: 20 }, (_, at) => `r-${at}`));
  for (const member of ['ext:ann', 'ext:ben', 'ext:cem']) await buy('race', member, 4);
  await publish('race', { limit: { per_member: 3 } });
  const calls = await Promise.all(Array.from({ length: 4 }, () => counts('race', { campaign: 'treat' })));
  assert.equal(
    calls.reduce((sum, { given }) => sum + given, 0),
    6,
    'two more for each of three',
  );
  assert.equal(await left('race'), 11);
  for (const { tried, given, waiting, refused, meanwhile } of calls)
    assert.equal(
      tried,
      given + waiting + meanwhile + refused.reduce((sum: number, row: Json) => sum + row.count, 0),
    );
  for (const member of ['ext:ann', 'ext:ben', 'ext:cem'])
    assert.deepEqual(await states('race', member), ['issued', 'issued', 'issued', 'refused']);
});

test('only what is asked for is tried: of the campaign, of the reward, of the program', async () => {
  const also = [{ id: 'stage', effect: { voucher: 'theatre' } }];
  for (const name of ['mine', 'other']) {
    await publish(name, { limit: { per_member: 1 } }, also);
    await stock(name, `${name}-1`, `${name}-2`, `${name}-3`, `${name}-4`);
    await buy(name, 'ext:ann', 2);
  }
  for (const by of [{ campaign: 'treat' }, { reward: 'theatre' }, { campaign: 'stage', reward: 'theatre' }])
    assert.equal((await counts('mine', by)).tried, 1, JSON.stringify(by));
  assert.equal((await counts('mine', { campaign: 'stage', reward: 'cinema' })).tried, 0);
  const refusals: [Json, number, string][] = [
    [{}, 400, 'invalid_request'],
    [{ campaign: 'treet' }, 422, 'campaign_unknown'],
    [{ reward: 'cinemas' }, 422, 'reward_unknown'],
    [{ campaign: 'treat', after: 'bm8' }, 400, 'invalid_request'],
    [{ campaign: 'treat', most: 0 }, 400, 'invalid_request'],
  ];
  for (const [body, status, code] of refusals) {
    const refused = await retry('mine', body);
    assert.deepEqual([refused.status, refused.body.code], [status, code], JSON.stringify(body));
  }
  // A campaign that was taken out of the document has refused ones still; each reason is counted by itself.
  await publish('mine', { limit: { per_member: 1 }, until: '2026-06-02T00:00:00Z' });
  await run.clock('mine', '2026-06-03T00:00:00.000Z');
  assert.deepEqual(await counts('mine', { campaign: 'stage' }), {
    ...NONE,
    tried: 1,
    refused: [{ reason: 'limit_reached', count: 1 }],
  });
  assert.deepEqual((await counts('mine', { reward: 'cinema' })).refused, [
    { reason: 'no_longer_valid', count: 1 },
  ]);
});

test('what the ledger says agrees along every path', () => verified(run));
