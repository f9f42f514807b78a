import assert from 'node:assert/strict';
import test from 'node:test';
import {
  available,
  balance,
  eventsWith,
  type Json,
  NOON,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const [BASE] = POINTS_PER_DOLLAR.earning;
let sent = 0;

const publish = async (name: string, rules: object[], more: object = {}) => {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    activities: {
      review: { attributes: { product: 'text', stars: 'integer', photo: 'boolean' } },
      login: {},
    },
    earning: [BASE, ...rules],
    ...more,
  });
  assert.ok(status < 300, JSON.stringify(body));
};

const activity = (type: string, more: Record<string, unknown> = {}) => ({
  external_id: `a-${++sent}`,
  member: 'ext:ann',
  type,
  occurred_at: NOON,
  ...more,
});

const send = async (program: string, body: object, query = '') =>
  run.on(program).post(`/v1/activities${query}`, body);

/** Sends an activity and gives the points of its effects by rule. */
async function earn(program: string, type: string, more: Record<string, unknown> = {}) {
  const { status, body } = await send(program, activity(type, more));
  assert.equal(status, 201, JSON.stringify(body));
  return Object.fromEntries(body.effects.map((effect: Json) => [effect.rule, Number(effect.points)]));
}

const REVIEW = { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '50' } };

test('a review earns by its rule, once, and a retry gets the first answer', async () => {
  await publish('reviews', [{ ...REVIEW, expires: { after: 'P12M' } }]);
  const sentOnce = activity('review', { attributes: { product: 'A-1', stars: 5 } });
  const first = await send('reviews', sentOnce);
  assert.deepEqual([first.status, first.body.known], [201, false]);
  assert.deepEqual(
    first.body.effects.map(({ type, rule, points, expires_at }: Json) => [type, rule, points, expires_at]),
    [['earn', 'review@1', '50', '2027-03-01T12:00:00.000Z']],
  );
  // The same content with the attributes in another order.
  const again = await send('reviews', { ...sentOnce, attributes: { stars: 5, product: 'A-1' } });
  assert.deepEqual([again.status, again.body], [200, { ...first.body, known: true }]);
  const other = await send('reviews', { ...sentOnce, type: 'login', attributes: {}, member: 'ext:bob' });
  assert.deepEqual(
    [other.status, other.body.code, other.body.differences.map((one: Json) => one.pointer)],
    [409, 'key_reused', ['/member', '/type', '/attributes']],
  );
  assert.equal(await available(run.on('reviews')), '50');
});

test('an activity that nothing listens to is known, enrols its member and stands in the event log', async () => {
  await publish('plain', []);
  const one = activity('login', { member: 'ext:new' });
  assert.deepEqual((await send('plain', one)).body.effects, []);
  assert.equal((await send('plain', one)).body.known, true);
  const { data } = await eventsWith(run.on('plain'), rows => rows.length >= 1);
  const found = data.find((event: Json) => event.type === 'activity.accepted');
  assert.deepEqual(
    [found.data.activity_type, found.data.external_id, found.data.program_version],
    ['login', one.external_id, 1],
  );
});

test('what the program does not declare is refused with a pointer, and enrols nobody', async () => {
  await publish('strict', [REVIEW]);
  const refused = async (type: string, attributes: object) => {
    const { status, body } = await send('strict', activity(type, { member: 'ext:nobody', attributes }));
    return [status, body.code, ...(body.errors ?? []).map((one: Json) => `${one.pointer} ${one.message}`)];
  };
  assert.deepEqual(await refused('share', {}), [422, 'activity_unknown']);
  assert.deepEqual(await refused('review', { stars: 4.5 }), [
    422,
    'activity_attribute_invalid',
    '/attributes/stars must be a whole number',
  ]);
  assert.deepEqual(await refused('review', { photo: 'yes', product: 7, size: 1 }), [
    422,
    'activity_attribute_invalid',
    '/attributes/photo must be true or false',
    '/attributes/product must be a text',
    '/attributes/size is not known; known are product, stars, photo',
  ]);
  assert.deepEqual(await refused('login', { a: 1 }), [
    422,
    'activity_attribute_invalid',
    '/attributes/a is not known: this activity has no attributes',
  ]);
  assert.equal((await run.on('strict').get('/v1/members/ext:nobody')).status, 404);
});

test('an activity is read again by either id, as it was told', async () => {
  await publish('read', [REVIEW, { ...REVIEW, id: 'starred', if: 'activity.attributes.stars >= 4' }]);
  const api = run.on('read');
  const attributes = { product: 'A-1', photo: true };
  const sentOnce = activity('review', { attributes });
  const { activity: told, not_judged: notJudged } = (await send('read', sentOnce)).body;
  assert.equal(notJudged.length, 1);
  const byId = await api.get(`/v1/activities/${told.id}`);
  assert.deepEqual(
    [byId.status, byId.body],
    [
      200,
      {
        ...{ ...told, attributes, program_version: 1, reratings: [] },
        earned: [{ rule: 'review@1', unit: 'points', earned: '50', clawed_back: '0' }],
        not_judged: notJudged,
      },
    ],
  );
  assert.deepEqual((await api.get(`/v1/activities/ext:${sentOnce.external_id}`)).body, byId.body);

  // The same own id from another source is another activity.
  const otherwhere = { ...activity('login'), external_id: sentOnce.external_id, source: 'till' };
  await send('read', otherwhere);
  const path = `/v1/activities/ext:${sentOnce.external_id}?source=`;
  const till = (await api.get(`${path}till`)).body;
  assert.deepEqual([till.type, till.attributes, till.earned], ['login', null, []]);
  assert.ok(!('not_judged' in till));

  const refusals = [
    await api.get(`${path}web`),
    await api.get('/v1/activities/act_0000000000000'),
    await api.get(`/v1/activities/${told.id.replace('act', 'ord')}`),
    await run.as(await run.key({ program: 'read', sources: ['web'] })).get(`${path}till`),
  ];
  assert.deepEqual(
    refusals.map(({ status, body }) => [status, body.code]),
    [
      [404, 'activity_not_found'],
      [404, 'activity_not_found'],
      [400, 'invalid_request'],
      [403, 'source_not_allowed'],
    ],
  );
});

test('a streak that an activity prolongs is read with it, and so is what the length earned', async () => {
  const rewards = [{ length: 2, earn: { unit: 'points', fixed: '30' } }];
  await publish('read-streaks', [], {
    streaks: [{ id: 'daily', every: 'day', on: 'activity:login', rewards }],
  });
  await earn('read-streaks', 'login', { occurred_at: '2026-02-28T12:00:00Z' });
  const second = (await send('read-streaks', activity('login'))).body.activity;
  const { streaks, earned } = (await run.on('read-streaks').get(`/v1/activities/${second.id}`)).body;
  assert.deepEqual(streaks, [{ streak: 'daily', length: 2 }]);
  assert.deepEqual(earned, [{ rule: 'daily@1', unit: 'points', earned: '30', clawed_back: '0' }]);
});

test('a limit per month counts by the time of the activity in the zone of the program, late ones too', async () => {
  await publish('limited', [{ ...REVIEW, limit: { per_member: 2, every: 'month' } }], {
    time_zone: 'Europe/Paris',
  });
  const at = (occurred_at: string) => earn('limited', 'review', { occurred_at });
  assert.deepEqual(await at('2026-03-31T21:59:59.999Z'), { 'review@1': 50 });
  assert.deepEqual(await at('2026-03-31T22:00:00Z'), { 'review@1': 50 });
  assert.deepEqual(await at('2026-03-01T00:00:00Z'), { 'review@1': 50 });
  assert.deepEqual(await at('2026-03-15T00:00:00Z'), {});
  assert.deepEqual(await at('2026-02-28T23:00:00Z'), {});
  assert.deepEqual(await at('2026-02-28T22:59:59.999Z'), { 'review@1': 50 });
  assert.deepEqual(await earn('limited', 'review', { member: 'ext:bob' }), { 'review@1': 50 });
});

test('a cooldown counts forwards and backwards', async () => {
  const login = { id: 'hello', on: 'activity:login', earn: { unit: 'points', fixed: '1' }, cooldown: 'PT8H' };
  await publish('cooling', [login]);
  const at = (time: string) => earn('cooling', 'login', { occurred_at: `2026-03-02T${time}Z` });
  assert.deepEqual(await at('12:00:00'), { 'hello@1': 1 });
  assert.deepEqual(await at('19:59:59.999'), {});
  assert.deepEqual(await at('04:00:00.001'), {});
  assert.deepEqual(await at('20:00:00'), { 'hello@1': 1 });
  assert.deepEqual(await at('04:00:00'), { 'hello@1': 1 });
});

test('a limit holds within one bulk call, where each row is taken or refused by itself', async () => {
  await publish('bulk', [{ ...REVIEW, limit: { per_member: 2 } }]);
  const rows = [
    activity('review'),
    activity('review'),
    activity('nothing'),
    activity('review'),
    { type: 'review' },
  ];
  const { body } = await run.on('bulk').post('/v1/activities/bulk', { activities: [...rows, rows[0]] });
  assert.deepEqual([body.created, body.known, body.refused], [3, 1, 2]);
  assert.deepEqual(
    body.results.map((row: Json) => row.problem?.code ?? row.answer.effects.length),
    [1, 1, 'activity_unknown', 0, 'invalid_request', 1],
  );
  assert.equal(await available(run.on('bulk')), '100');
  const minimal = await run
    .on('bulk')
    .post('/v1/activities/bulk', { activities: rows }, { prefer: 'return=minimal' });
  assert.deepEqual(
    [minimal.body.known, minimal.body.results.map((row: Json) => row.status)],
    [3, ['refused', 'refused']],
  );
});

test('a dry run says what the write then says, and writes nothing', async () => {
  await publish('dry', [{ ...REVIEW, pending: { for: 'P200D' } }]);
  const one = activity('review');
  const dry = await send('dry', one, '?dry_run=true');
  assert.equal(dry.status, 200);
  assert.equal((await run.on('dry').get('/v1/members/ext:ann')).status, 404);
  const written = await send('dry', one);
  const points = ({ body }: Json) => body.effects.map((effect: Json) => [effect.rule, effect.points]);
  assert.deepEqual(points(dry), points(written));
  assert.deepEqual(await balance(run.on('dry')), { available: '0', pending: '50', held: '0' });
});

test('the version in force at the time of the activity decides, and why cites it', async () => {
  const start = testClock('2026-03-05T00:00:00Z');
  await publish('versions', [REVIEW], start);
  const { status } = await run.put('/v1/programs/versions?effective_from=2026-03-10T00:00:00Z', {
    ...POINTS_PER_DOLLAR,
    activities: { review: {} },
    earning: [BASE, { ...REVIEW, earn: { unit: 'points', fixed: '80' } }],
  });
  assert.ok(status < 300);
  await run.clock('versions', NOW);
  assert.deepEqual(await earn('versions', 'review'), { 'review@1': 50 });
  const late = await send('versions', activity('review', { occurred_at: '2026-03-10T00:00:00Z' }));
  assert.equal(late.body.effects[0].rule, 'review@2');
  const why = await run.on('versions').get(`/v1/entries/${late.body.effects[0].entry}`);
  assert.equal(why.status, 200, JSON.stringify(why.body));
  const told = JSON.stringify(why.body);
  assert.ok(told.includes('"program_version":2') && told.includes('"fixed":"80"'), told);
});

test('points in a qualifying unit lead to a tier, for an order in the same call too', async () => {
  await publish('tiers', [{ id: 'review', on: 'activity:review', earn: { unit: 'status', fixed: '100' } }], {
    units: { points: {}, status: { redeemable: false, qualifying: true } },
    tiers: {
      qualify_by: 'points',
      window: 'lifetime',
      levels: [
        { id: 'basic', from: '0' },
        { id: 'gold', from: '100', multiplier: '2' },
      ],
    },
  });
  await earn('tiers', 'review');
  const { body } = await run
    .on('tiers')
    .post('/v1/orders', order(10, { occurred_at: '2026-03-02T00:00:00Z' }));
  assert.deepEqual(
    body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [
      ['base@1', '10'],
      ['base@1*gold@1', '10'],
    ],
  );
});

const DAILY = {
  id: 'daily',
  on: 'activity:login',
  every: 'day',
  rewards: [
    { length: 3, earn: { unit: 'points', fixed: '30' } },
    { length: 5, earn: { unit: 'points', fixed: '50' }, pending: { for: 'P1D' } },
  ],
};

/** Logs in and gives the length of the streak with the points that it earned. */
async function login(program: string, occurred_at: string, more: object = {}) {
  const { status, body } = await send(program, activity('login', { occurred_at, ...more }));
  assert.equal(status, 201, JSON.stringify(body));
  const lengths = body.activity.streaks.map((one: Json) => `${one.streak} ${one.length}`);
  return [...lengths, ...body.effects.map((effect: Json) => `${effect.rule} ${effect.points}`)];
}

test('days in a row are rewarded at each length, and a late log-in repairs a streak without paying twice', async () => {
  await publish('daily', [], { streaks: [DAILY] });
  const at = (day: number) => login('daily', `2026-03-0${day}T10:00:00Z`);
  assert.deepEqual(await at(1), ['daily 1']);
  assert.deepEqual(await at(2), ['daily 2']);
  assert.deepEqual(await at(2), ['daily 2']);
  assert.deepEqual(await at(3), ['daily 3', 'daily@1 30']);
  assert.deepEqual(await at(5), ['daily 1']);
  assert.deepEqual(await at(6), ['daily 2']);
  assert.deepEqual(await at(7), ['daily 3', 'daily@1 30']);
  assert.deepEqual(await at(4), ['daily 7', 'daily@1 50']);
  assert.deepEqual(await at(8), ['daily 8']);
});

test('one bulk call advances a streak row by row, and a retry does not', async () => {
  await publish('rows', [], { streaks: [DAILY] });
  const rows = [1, 2, 3, 4].map(day => activity('login', { occurred_at: `2026-03-0${day}T10:00:00Z` }));
  const call = () => run.on('rows').post('/v1/activities/bulk', { activities: rows });
  const lengths = ({ body }: Json) =>
    body.results.map(({ answer }: Json) => [answer.activity.streaks[0].length, answer.effects.length]);
  const first = await call();
  assert.deepEqual(lengths(first), [
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 0],
  ]);
  const again = await call();
  assert.deepEqual([again.body.known, lengths(again)], [4, lengths(first)]);
  const dry = await send('rows', activity('login', { occurred_at: '2026-03-05T10:00:00Z' }), '?dry_run=true');
  assert.equal(dry.body.activity.streaks[0].length, 5);
  assert.deepEqual(await login('rows', '2026-03-05T11:00:00Z'), ['daily 5', 'daily@1 50']);
});

test("a day is one of the member's calendar, of the program's where the member's is not known", async () => {
  await publish('zones', [], { streaks: [DAILY], time_zone: 'Europe/Paris' });
  // 23:30 and 00:30 in Paris, around midnight there; two hours of one day in Honolulu.
  assert.deepEqual(await login('zones', '2026-03-01T22:30:00Z'), ['daily 1']);
  assert.deepEqual(await login('zones', '2026-03-01T23:30:00Z'), ['daily 2']);
  await send('zones', activity('review', { member: 'ext:kai' }));
  const profile = await run.on('zones').put('/v1/members/ext:kai/profile', {
    time_zone: 'Pacific/Honolulu',
    occurred_at: '2026-01-01T00:00:00Z',
  });
  assert.ok(profile.status < 300, JSON.stringify(profile.body));
  const kai = { member: 'ext:kai' };
  assert.deepEqual(await login('zones', '2026-03-01T22:30:00Z', kai), ['daily 1']);
  assert.deepEqual(await login('zones', '2026-03-01T23:30:00Z', kai), ['daily 1']);
  assert.deepEqual(await login('zones', '2026-03-02T10:00:00Z', kai), ['daily 2']);
});

test('a member sees how long the streak is and what comes next; a missed day is frozen', async () => {
  await publish('view', [], {
    streaks: [{ ...DAILY, freeze: { per_month: 1 } }],
    ...testClock('2026-06-04T12:00:00Z'),
  });
  for (const day of [1, 2]) await login('view', `2026-06-0${day}T10:00:00Z`);
  const shown = async () => (await run.on('view').get('/v1/members/ext:ann/streaks')).body.data[0];
  const next = { length: 3, unit: 'points', points: '30' };
  assert.deepEqual(await shown(), {
    streak: 'daily',
    on: 'login',
    today: '2026-06-04',
    length: 2,
    active_today: false,
    next,
  });
  assert.deepEqual(await login('view', '2026-06-04T11:00:00Z'), ['daily 3', 'daily@1 30']);
  const { length, active_today, next: later } = await shown();
  assert.deepEqual([length, active_today, later.length], [3, true, 5]);
});

test('the ledger agrees with itself after all of this', () => verified(run));
