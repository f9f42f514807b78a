import assert from 'node:assert/strict';
import test from 'node:test';
import {
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
const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'silver', from: '200.00', multiplier: '2' },
  { id: 'gold', from: '500.00', multiplier: '3' },
  { id: 'black', multiplier: '4' },
];
const document = {
  ...POINTS_PER_DOLLAR,
  ...testClock(),
  tiers: { qualify_by: 'spend', window: { rolling: 'P12M' }, levels: LEVELS },
  rewards: [
    {
      id: 'lounge',
      cost: { unit: 'points', points: '1' },
      gives: { product: 'LOUNGE' },
      audience: { tiers: ['black'] },
    },
  ],
};
await run.program('vip', document);
const vip = run.on('vip');
const enrol = async (...names: string[]) => {
  for (const external_id of names) assert.equal((await vip.post('/v1/members', { external_id })).status, 201);
};
let keys = 0;
const grant = (member: string, more: object = {}) =>
  vip.post(`/v1/members/${member}/tier-grants`, {
    external_id: `g${++keys}`,
    tier: 'black',
    reason: 'invited',
    ...more,
  });
const end = (member: string, id: string, key = `e${++keys}`, reason = 'over') =>
  vip.post(`/v1/members/${member}/tier-grants/${id}/end`, { reason }, { 'idempotency-key': key });
const tierAt = async (member: string, at = '') =>
  (await vip.get(`/v1/members/${member}/tier${at === '' ? '' : `?as_of=${at}`}`)).body;
/** The points of an order of 10 dollars at an instant, of all its rules. */
async function earned(member: string, at: string): Promise<number> {
  const { status, body } = await vip.post('/v1/orders', order(10, { member, occurred_at: at }));
  assert.ok(status < 300, JSON.stringify(body));
  return body.effects.reduce((sum: number, effect: Json) => sum + Number(effect.points), 0);
}

test('a level by invitation only is had from the very instant of the grant to that of its end', async () => {
  await enrol('ann');
  const from = '2026-03-01T13:00:00.000Z';
  const until = '2026-03-01T14:00:00.000Z';
  const { status, body } = await grant('ext:ann', { from, until });
  assert.equal(status, 201, JSON.stringify(body));
  const { id } = body.grant;
  for (const [at, tier, points] of [
    ['2026-03-01T12:59:59.999Z', 'bronze', 10],
    [from, 'black', 40],
    ['2026-03-01T13:59:59.999Z', 'black', 40],
    [until, 'bronze', 10],
  ] as const) {
    const answer = await tierAt('ext:ann', at);
    assert.deepEqual(
      [answer.tier, answer.granted],
      [tier, tier === 'black' ? { grant: id, until } : null],
      at,
    );
    assert.equal(await earned('ext:ann', at), points, at);
  }
});

test('the tier is the higher of what qualifies and what is granted, and of two grants the higher', async () => {
  await enrol('two');
  await grant('ext:two', { tier: 'silver' });
  assert.equal((await tierAt('ext:two')).tier, 'silver');
  await vip.post('/v1/orders', order(500, { member: 'ext:two', occurred_at: NOON }));
  assert.deepEqual(
    [(await tierAt('ext:two')).tier, (await tierAt('ext:two')).granted],
    ['gold', null],
    'a grant never lowers',
  );
  const black = (await grant('ext:two')).body.grant.id;
  assert.equal((await tierAt('ext:two')).tier, 'black');
  assert.equal((await end('ext:two', black)).status, 201);
  assert.equal((await tierAt('ext:two')).tier, 'gold');
});

test('what is missing to the next level is counted from the sum, not from what was granted', async () => {
  await enrol('next');
  await grant('ext:next', { tier: 'silver' });
  const { next, sum } = await tierAt('ext:next');
  assert.deepEqual([next, sum], [{ tier: 'gold', from: '50000', missing: '50000' }, '0']);
});

test('an end takes effect at once, and leaves what was decided; a grant that has not begun never does', async () => {
  await enrol('over', 'soon');
  const granted = (await grant('ext:over')).body.grant;
  assert.equal(granted.from, NOON);
  assert.equal(granted.until, null);
  assert.equal(await earned('ext:over', NOON), 40);
  const ended = await end('ext:over', granted.id);
  assert.deepEqual([ended.status, ended.body.grant.end.at, ended.body.grant.end.reason], [201, NOON, 'over']);
  assert.equal(await earned('ext:over', NOON), 10);
  const soon = (await grant('ext:soon', { from: '2026-03-01T18:00:00.000Z' })).body.grant;
  await end('ext:soon', soon.id);
  assert.equal((await tierAt('ext:soon', '2026-03-01T19:00:00.000Z')).tier, 'bronze');
});

test('sent again both get the first answer, with another content they are refused', async () => {
  await enrol('twice', 'other');
  const sent = { external_id: 'same', tier: 'gold', from: '2026-03-02T00:00:00.000Z' };
  const first = await grant('ext:twice', sent);
  assert.deepEqual([first.status, first.body.known], [201, false]);
  const ended = await end('ext:twice', first.body.grant.id, 'same-end');
  const again = await grant('ext:twice', sent);
  assert.deepEqual([again.status, again.body], [200, { ...first.body, known: true }]);
  const endedAgain = await end('ext:twice', first.body.grant.id, 'same-end');
  assert.deepEqual([endedAgain.status, endedAgain.body], [200, { ...ended.body, known: true }]);
  for (const [member, more, pointers] of [
    ['ext:twice', { tier: 'black' }, ['/tier']],
    ['ext:twice', { from: undefined }, ['/from']],
    ['ext:twice', { until: '2027-01-01T00:00:00.000Z', reason: 'else' }, ['/until', '/reason']],
    ['ext:other', {}, ['/path/member']],
  ] as const) {
    const { status, body } = await grant(member, { ...sent, ...more });
    assert.deepEqual([status, body.code], [409, 'key_reused']);
    assert.deepEqual(
      body.differences.map((each: Json) => each.pointer),
      pointers,
    );
  }
  const otherwise = await end('ext:twice', first.body.grant.id, 'same-end', 'else');
  assert.deepEqual([otherwise.status, otherwise.body.differences[0].pointer], [409, '/reason']);
  // One key, two spellings of the member, sent at once: one grant.
  const { id } = (await vip.get('/v1/members/ext:other')).body;
  const both = await Promise.all([`ext:other`, id].map(member => grant(member, { external_id: 'race' })));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 201]);
  assert.equal((await vip.get('/v1/members/ext:other/tier-grants')).body.data.length, 1);
});

test('at two engines at once a grant is made once and ended once', async () => {
  await enrol('race');
  const other = await run.beside('vip');
  const sent = { external_id: 'raced', tier: 'gold', reason: 'raced' };
  const granted = await Promise.all(
    [vip, other, vip, other].map(api => api.post('/v1/members/ext:race/tier-grants', sent)),
  );
  assert.deepEqual(granted.map(({ status }) => status).sort(), [200, 200, 200, 201]);
  const ids = new Set(granted.map(({ body }) => body.grant.id));
  assert.equal(ids.size, 1);
  const ends = await Promise.all(
    [vip, other, vip, other].map((api, index) =>
      api.post(
        `/v1/members/ext:race/tier-grants/${[...ids][0]}/end`,
        { reason: 'raced' },
        { 'idempotency-key': `race ${index}` },
      ),
    ),
  );
  assert.deepEqual(ends.map(({ status }) => status).sort(), [201, 409, 409, 409]);
});

test('what cannot be granted or ended is refused, each with its reason', async () => {
  await enrol('no', 'yes');
  const past = (await grant('ext:yes', { until: '2026-03-01T12:30:00.000Z' })).body.grant.id;
  const done = (await grant('ext:yes')).body.grant.id;
  await end('ext:yes', done);
  await run.program('plain', testClock());
  await run.on('plain').post('/v1/members', { external_id: 'no' });
  const body = { external_id: 'x', tier: 'gold', reason: 'x' };
  const cases: [string, number, string, Promise<{ status: number; body: Json }>][] = [
    ['a level that is not there', 422, 'tier_unknown', grant('ext:no', { tier: 'platinum' })],
    ['in the past', 422, 'tier_grant_period_invalid', grant('ext:no', { from: '2026-03-01T11:59:59.999Z' })],
    ['over before it begins', 422, 'tier_grant_period_invalid', grant('ext:no', { until: NOON })],
    ['nobody', 404, 'member_not_found', grant('ext:nobody')],
    ['no tiers', 404, 'program_without_tiers', run.on('plain').post('/v1/members/ext:no/tier-grants', body)],
    ['ended before', 409, 'tier_grant_ended', end('ext:yes', done)],
    ['no such grant', 404, 'tier_grant_not_found', end('ext:yes', 'tgr_0000000000000')],
    ["another member's", 404, 'tier_grant_not_found', end('ext:no', past)],
  ];
  for (const [name, status, code, answer] of cases) {
    const found = await answer;
    assert.deepEqual([found.status, found.body.code], [status, code], name);
  }
  await run.clock('vip', '2026-03-01T12:30:00.000Z');
  const over = await end('ext:yes', past);
  assert.deepEqual([over.status, over.body.code], [409, 'tier_grant_ended']);
  assert.equal((await vip.get('/v1/members/ext:no/tier-grants')).body.data.length, 0);
});

test('rewards for the invited are seen and redeemed by them alone, while they are', async () => {
  await earned('ext:rich', '2026-03-01T12:30:00.000Z');
  const lounge = async () =>
    (await vip.get('/v1/members/ext:rich/rewards')).body.data.find((reward: Json) => reward.id === 'lounge');
  const redeem = (external_id: string) =>
    vip.post('/v1/redemptions', { external_id, member: 'ext:rich', reward: 'lounge' });
  assert.equal((await redeem('r1')).body.code, 'reward_unavailable');
  const { id } = (await grant('ext:rich')).body.grant;
  assert.equal((await redeem('r2')).status, 201);
  assert.equal((await lounge()).available, true);
  await end('ext:rich', id);
  assert.equal((await redeem('r3')).body.code, 'reward_unavailable');
  assert.equal((await lounge()).available, false);
});

test('a backtest of the program in force comes to what happened, also at the instant of a grant and of its end', async () => {
  await enrol('tie');
  assert.equal(await earned('ext:tie', '2026-03-01T12:30:00.000Z'), 10);
  const { id } = (await grant('ext:tie')).body.grant;
  assert.equal(await earned('ext:tie', '2026-03-01T12:30:00.000Z'), 40);
  await end('ext:tie', id);
  assert.equal(await earned('ext:tie', '2026-03-01T12:30:00.000Z'), 10);
  const to = '2026-03-01T12:30:00.001Z';
  const started = await vip.post('/v1/backtests', { to });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  const { report } = await settled(`/v1/backtests/${started.body.id}`, 'done');
  assert.ok(report.decisions > 5, String(report.decisions));
  assert.deepEqual([report.members.winners, report.members.losers], [0, 0]);
  const counted = new Map<string, number>(
    (await vip.get(`/v1/tiers?as_of=${to}`)).body.levels.map((level: Json) => [level.tier, level.members]),
  );
  assert.ok((counted.get('black') ?? 0) > 0);
  for (const { tier, orders, members } of report.tiers) {
    assert.equal(orders.actual, orders.draft, tier);
    assert.deepEqual(members, { actual: counted.get(tier), draft: counted.get(tier) }, tier);
  }
});

test('a re-rating sees what was granted', async () => {
  await enrol('again');
  await grant('ext:again', { from: '2026-03-01T20:00:00.000Z' });
  assert.equal(await earned('ext:again', '2026-03-01T20:00:00.000Z'), 40);
  const period = { from: '2026-03-01T20:00:00.000Z', to: '2026-03-01T21:00:00.000Z', note: 'all' };
  const { body } = await vip.post('/v1/rerates', period);
  const plan = await settled(`/v1/rerates/${body.id}`, 'planned');
  assert.deepEqual([plan.state, plan.orders], ['planned', 0]);
});

/** What a job answers once it is at a state. */
async function settled(path: string, state: string): Promise<Json> {
  for (;;) {
    const { body } = await vip.get(path);
    if (body.state === state || body.state === 'failed') return body;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

test('a version without the level ignores the grant, and one that has it again sees it again', async () => {
  await enrol('versions');
  await grant('ext:versions');
  for (const [levels, from] of [
    [LEVELS.slice(0, 3), '2026-04-01T00:00:00.000Z'],
    [LEVELS, '2026-05-01T00:00:00.000Z'],
  ] as const) {
    const next = { ...document, tiers: { ...document.tiers, levels }, rewards: [] };
    const { status, body } = await run.put(`/v1/programs/vip?effective_from=${from}`, next);
    assert.ok(status < 300, JSON.stringify(body));
    const tierThen = (await tierAt('ext:versions', from)).tier;
    assert.equal(tierThen, levels.length === 3 ? 'bronze' : 'black');
    await run.clock('vip', from);
  }
});

test('each grant and each end is published once, by its own name', async () => {
  const isTier = ({ type }: Json) => type.startsWith('tier.');
  await enrol('told');
  const { grant: granted } = (await grant('ext:told', { external_id: 'told' })).body;
  await grant('ext:told', { external_id: 'told' });
  await end('ext:told', granted.id, 'told-end');
  await end('ext:told', granted.id, 'told-end');
  const { data } = await eventsWith(vip, found =>
    found.some(({ type, data }) => type === 'tier.grant_ended' && data.grant === granted.id),
  );
  const own = data.filter(event => isTier(event) && event.data.grant === granted.id);
  const { tier, from, until } = granted;
  const about = { grant: granted.id, source: 'api', tier, from, until, entries: [] };
  assert.deepEqual(
    own.map(({ type, data }) => ({ type, data })),
    [
      {
        type: 'tier.granted',
        data: { ...about, external_id: 'told', reason: 'invited', granted_by: granted.granted_by },
      },
      {
        type: 'tier.grant_ended',
        data: { ...about, external_id: 'told-end', reason: 'over', ended_by: granted.granted_by },
      },
    ],
  );
});

test('the grants of a member are listed newest first, a page after the other', async () => {
  await enrol('many');
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) ids.unshift((await grant('ext:many')).body.grant.id);
  await end('ext:many', ids[2] as string);
  const listed: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await vip.get(
      `/v1/members/ext:many/tier-grants?limit=2${cursor && `&cursor=${cursor}`}`,
    );
    listed.push(...body.data);
    cursor = body.next;
  }
  assert.deepEqual(
    listed.map(each => [each.id, each.end === null]),
    ids.map((id, index) => [id, index !== 2]),
  );
});

test('what the ledger says agrees along every path', () => verified(run));
