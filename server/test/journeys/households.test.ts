import assert from 'node:assert/strict';
import test from 'node:test';
import { available, eventsWith, type Json, order, startEngine, testClock, verified } from './engine.ts';

/*
 * Members who share a wallet: who contributed what is known to the last point, whoever leaves gets what the program says,
 * and nobody else can reach the points.
 */

const run = await startEngine();
const START = '2026-03-01T12:00:00.000Z';
const document = (households?: object) => ({
  ...testClock(START),
  units: { points: { worth: '0.01' }, miles: {}, nights: { redeemable: false } },
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P12M' },
    },
    { id: 'miles', on: 'order', earn: { unit: 'miles', fixed: '3' } },
    { id: 'nights', on: 'order', earn: { unit: 'nights', fixed: '1' } },
  ],
  ...(households === undefined ? {} : { households }),
});

let programs = 0;
/** A program with a household in which ann and ben are, and eve is not; each has earned 100 points. */
async function home(households: object = {}): Promise<Json> {
  const name = `home-${++programs}`;
  await run.program(name, document(households));
  const api = run.on(name);
  for (const id of ['ann', 'ben', 'eve'])
    await api.post('/v1/orders', order(100, { member: `ext:${id}`, occurred_at: START }));
  const made = await api.post('/v1/households', { external_id: 'home' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const place = (id: string) => `/v1/households/ext:home/members/ext:${id}`;
  for (const id of ['ann', 'ben']) assert.equal((await api.put(place(id))).status, 201);
  let keys = 0;
  const give = (from: string, points: number, more: Json = {}) =>
    api.post('/v1/transfers', {
      external_id: `g-${++keys}`,
      from: `ext:${from}`,
      to: 'ext:home',
      points: String(points),
      ...more,
    });
  const redeem = (points: number, by?: string, more: Json = {}) =>
    api.post('/v1/redemptions', {
      external_id: `r-${++keys}`,
      member: 'ext:home',
      points: String(points),
      capture: true,
      ...(by === undefined ? {} : { by: `ext:${by}` }),
      ...more,
    });
  const ids = new Map<string, string>();
  for (const id of ['ann', 'ben', 'eve', 'home'])
    ids.set(id, (await api.get(`/v1/members/ext:${id}`)).body.id);
  /** Unit by unit what a member contributed, has left and was given back. */
  const contributed = async (id: string): Promise<string[]> => {
    const { body } = await api.get('/v1/households/ext:home');
    const own = body.members.find(({ member }: Json) => member === ids.get(id));
    return own.contributions.map((each: Json) =>
      [each.unit, each.contributed, each.left, each.given_back].join(' '),
    );
  };
  return { api, name, place, give, redeem, ids, contributed };
}

test('points come from its members, whose shares are told, and are redeemed by any of them', async () => {
  const { api, give, redeem, ids, contributed } = await home();
  assert.equal((await give('ann', 60)).body.transfer.rule, 'households@1');
  await give('ben', 30);
  assert.equal((await give('ann', 2, { unit: 'miles' })).body.transfer.kind, 'contribution');
  assert.equal(await available(api, 'ext:home'), '90');
  const { status, body } = await redeem(70, 'ben');
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual([body.redemption.member, body.redemption.by], [ids.get('home'), ids.get('ben')]);
  assert.equal((await api.get(`/v1/redemptions/${body.redemption.id}`)).body.by, ids.get('ben'));
  assert.equal(await available(api, 'ext:home'), '20');
  assert.deepEqual(await contributed('ann'), ['points 60 0 0', 'miles 2 2 0']);
  assert.deepEqual(await contributed('ben'), ['points 30 20 0']);
  const back = await api.post(`/v1/redemptions/${body.redemption.id}/refunds`, { external_id: 'back' });
  assert.equal(back.status, 201);
  assert.deepEqual(await contributed('ann'), ['points 60 60 0', 'miles 2 2 0']);
});

test('what arrives keeps its date, and its entry tells who gave it', async () => {
  const { api, give, ids } = await home();
  const { body } = await give('ann', 60);
  const [arrived] = body.to.effects;
  assert.equal(arrived.expires_at, '2027-03-01T12:00:00.000Z');
  const { why } = (await api.get(`/v1/entries/${arrived.entry}`)).body;
  assert.deepEqual([why.transfer.from, why.from_lot], [ids.get('ann'), body.from.effects[0].lots[0].lot]);
});

test('who leaves is given back what is left of their own contributions, with the old dates, once', async () => {
  const { api, give, redeem, place, contributed, ids } = await home({ on_leave: 'give_back' });
  await give('ann', 60);
  await give('ben', 100);
  await give('ann', 2, { unit: 'miles' });
  await redeem(50, 'ben');
  const { status, body } = await api.delete(place('ann'));
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual(body.change.given_back, [
    { unit: 'points', points: '10' },
    { unit: 'miles', points: '2' },
  ]);
  assert.deepEqual(
    body.member.effects.map(({ type, points, expires_at }: Json) => [type, points, expires_at]),
    [
      ['transfer', '10', '2027-03-01T12:00:00.000Z'],
      ['transfer', '2', null],
    ],
  );
  const again = await api.delete(place('ann'));
  assert.deepEqual([again.status, again.body], [200, { ...body, known: true }]);
  assert.deepEqual([await available(api, 'ext:ann'), await available(api, 'ext:home')], ['50', '100']);
  assert.deepEqual(await contributed('ann'), ['points 60 0 10', 'miles 2 0 2']);
  const entry = body.household.effects[0].entry;
  assert.equal((await api.get(`/v1/entries/${entry}`)).body.why.change.member, ids.get('ann'));
  assert.equal((await give('ann', 1)).body.code, 'household_member_not_found');
  assert.equal((await redeem(1, 'ann')).body.code, 'household_member_not_found');
  assert.equal((await api.put(place('ann'))).status, 201, 'and can come back');
  assert.equal((await give('ann', 1)).status, 201);
});

test('where the program keeps them, who leaves gets nothing', async () => {
  const { api, give, place, contributed } = await home();
  await give('ann', 60);
  const { body } = await api.delete(place('ann'));
  assert.deepEqual([body.change.given_back, body.member.effects], [[], []]);
  assert.deepEqual([await available(api, 'ext:ann'), await available(api, 'ext:home')], ['40', '60']);
  assert.deepEqual(await contributed('ann'), ['points 60 60 0']);
});

test('points on hold for a redemption are not given back', async () => {
  const { api, give, redeem, place } = await home({ on_leave: 'give_back' });
  await give('ann', 60);
  await redeem(45, 'ben', { capture: false });
  assert.deepEqual((await api.delete(place('ann'))).body.change.given_back, [
    { unit: 'points', points: '15' },
  ]);
});

test('by itself: all that members can spend is in the household as soon as time passes, and only once', async () => {
  const { api, name, contributed } = await home({ contribute: 'automatic' });
  assert.equal(await available(api, 'ext:home'), '0');
  await run.clock(name, '2026-03-01T12:01:00.000Z');
  assert.deepEqual(
    [await available(api, 'ext:home'), await available(api, 'ext:ann'), await available(api, 'ext:eve')],
    ['0', '100', '100'],
    'a clock that is only set does nothing',
  );
  const passed = await run.post(`/v1/programs/${name}/clock`, { advance: 'PT1M' });
  assert.equal(passed.status, 200, JSON.stringify(passed.body));
  assert.deepEqual(
    [await available(api, 'ext:home'), await available(api, 'ext:ann'), await available(api, 'ext:eve')],
    ['200', '0', '100'],
  );
  assert.deepEqual(await contributed('ann'), ['points 100 100 0', 'miles 3 3 0']);
  await run.post(`/v1/programs/${name}/clock`, { advance: 'P1D' });
  assert.deepEqual(await contributed('ben'), ['points 100 100 0', 'miles 3 3 0']);
});

test('each change has an event of the household and one of the member, with their own entries', async () => {
  const { api, give, place, ids } = await home({ on_leave: 'give_back' });
  await give('ann', 60);
  await api.delete(place('ann'));
  const own = ({ type }: Json) => type.startsWith('household.');
  const { data } = await eventsWith(api, all => all.filter(own).length === 7);
  assert.deepEqual(
    data
      .filter(own)
      .map(({ type, member, data: { entries } }: Json) => [
        type,
        [...ids].find(([, id]) => id === member)?.[0],
        entries.map((entry: Json) => entry.available),
      ]),
    [
      ['household.created', 'home', []],
      ['household.joined', 'home', []],
      ['household.joined', 'ann', []],
      ['household.joined', 'home', []],
      ['household.joined', 'ben', []],
      ['household.left', 'home', ['-60']],
      ['household.left', 'ann', ['60']],
    ],
  );
});

test('what cannot be is refused with its reason, and nothing changes', async () => {
  const { api, give, redeem, place, ids } = await home({ maximum_members: 2 });
  const code = async (answer: Promise<Json>) => {
    const { status, body } = await answer;
    return [status, body.code, ...(body.reasons ?? [])];
  };
  await api.post('/v1/households', { external_id: 'other' });
  const other = '/v1/households/ext:other/members';
  for (const [answer, ...expected] of [
    [code(api.put(place('eve'))), 422, 'household_not_joinable', { code: 'household_full', maximum: '2' }],
    [
      code(api.put(`${other}/ext:ann`)),
      422,
      'household_not_joinable',
      { code: 'in_other_household', household: ids.get('home') },
    ],
    [code(api.put(`${other}/ext:home`)), 422, 'household_not_joinable'],
    [code(api.put('/v1/households/ext:ann/members/ext:eve')), 404, 'household_not_found'],
    [code(api.put(place('nobody'))), 404, 'member_not_found'],
    [code(api.delete(place('eve'))), 422, 'household_member_not_found'],
    [code(give('eve', 10)), 422, 'household_member_not_found'],
    [code(redeem(1, 'eve')), 422, 'household_member_not_found'],
    [code(api.post('/v1/households', { external_id: 'eve' })), 409, 'household_is_member'],
    [code(api.get('/v1/households/ext:eve')), 404, 'household_not_found'],
    [
      code(api.post('/v1/transfers', { external_id: 'x', from: 'ext:home', to: 'ext:ann', points: '1' })),
      422,
      'transfer_from_household',
    ],
  ] as const)
    assert.deepEqual(await answer, expected);
  assert.deepEqual((await api.get('/v1/households/ext:other')).body.members, []);
  const same = await api.post('/v1/households', { external_id: 'home' });
  assert.deepEqual([same.status, same.body.known], [200, true]);
  assert.equal((await api.put(place('ann'))).status, 200);
});

test('lists of members tell persons and households apart, and tiers are counted of persons', async () => {
  const levels = [
    { id: 'basic', from: '0' },
    { id: 'gold', from: '100' },
  ];
  await run.program('told', { ...document({}), tiers: { qualify_by: 'spend', window: 'lifetime', levels } });
  const told = run.on('told');
  for (const external_id of ['ann', 'ben']) await told.post('/v1/members', { external_id });
  await told.post('/v1/households', { external_id: 'pool' });
  const names = async (query: string) => {
    const { status, body } = await told.get(`/v1/members${query}`);
    assert.equal(status, 200);
    return body.data.map(({ external_id, type }: Json) => `${external_id}: ${type}`);
  };
  assert.deepEqual(await names(''), ['ann: person', 'ben: person', 'pool: household']);
  assert.deepEqual(await names('?type=person'), ['ann: person', 'ben: person']);
  assert.deepEqual(await names('?type=household'), ['pool: household']);
  assert.equal((await told.get('/v1/members?type=pool')).status, 400);
  assert.equal((await told.get('/v1/members/ext:pool')).body.type, 'household');
  const again = await told.post('/v1/members', { external_id: 'pool' });
  assert.deepEqual([again.status, again.body.type], [200, 'household']);
  const first = (await told.get('/v1/members?type=person&limit=1')).body;
  const second = (await told.get(`/v1/members?type=person&limit=1&cursor=${first.next}`)).body;
  assert.deepEqual([second.data[0].external_id, second.data[0].type], ['ben', 'person']);
  const { body } = await told.get('/v1/tiers');
  assert.deepEqual(body.levels[0], { tier: 'basic', members: 2 });
});

test('a program without households has none', async () => {
  await run.program('none', document());
  const api = run.on('none');
  const { status, body } = await api.post('/v1/households', { external_id: 'home' });
  assert.deepEqual([status, body.code], [422, 'households_not_allowed']);
  assert.equal((await api.get('/v1/members/ext:home')).status, 404, 'and nobody was enrolled');
});

test('of many who join at once the household has no more than it may', async () => {
  const { api } = await home({ maximum_members: 4 });
  const names = Array.from({ length: 20 }, (_, nr) => `m${nr}`);
  for (const id of names) await api.post('/v1/members', { external_id: id });
  const answers = await Promise.all(names.map(id => api.put(`/v1/households/ext:home/members/ext:${id}`)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 2);
  assert.equal((await api.get('/v1/households/ext:home')).body.members.length, 4);
});

test('contributions, redemptions and leaving at the same time lose nothing', async () => {
  const { api, give, redeem, place } = await home({ on_leave: 'give_back' });
  const answers = await Promise.all([
    ...Array.from({ length: 20 }, () => give('ann', 5)),
    ...Array.from({ length: 10 }, () => give('ben', 5)),
    ...Array.from({ length: 10 }, () => redeem(5, 'ben')),
    api.delete(place('ann')),
  ]);
  assert.ok(answers.every(({ status }) => [200, 201, 422].includes(status)));
  const redeemed = answers.slice(30, 40).filter(({ status }) => status === 201).length;
  const sums = await Promise.all(['ann', 'ben', 'home'].map(id => available(api, `ext:${id}`)));
  assert.equal(
    sums.map(Number).reduce((a, b) => a + b),
    200 - 5 * redeemed,
  );
});

test('the books agree after all of it', () => verified(run));
