import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Caller,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';
import { backtestOf, differing, NOTHING } from './replays.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const [BASE] = POINTS_PER_DOLLAR.earning;
/** Points count towards the tiers, so that what an activity or a friend brings decides about later orders. */
const LIVELY = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  time_zone: 'Europe/Paris',
  units: { points: { worth: '0.01', qualifying: true } },
  activities: { review: {}, login: {} },
  earning: [
    BASE,
    {
      id: 'review',
      on: 'activity:review',
      earn: { unit: 'points', fixed: '30' },
      limit: { per_member: 2, every: 'month' },
      cooldown: 'P2D',
    },
    { id: 'hello', on: 'activity:login', earn: { unit: 'points', fixed: '1' } },
  ],
  streaks: [
    {
      id: 'daily',
      on: 'activity:login',
      every: 'day',
      freeze: { per_month: 1 },
      rewards: [
        { length: 2, earn: { unit: 'points', fixed: '5' } },
        { length: 4, earn: { unit: 'points', fixed: '20' } },
      ],
    },
  ],
  referrals: {
    id: 'invite',
    minimum: '40',
    within: 'P3M',
    referrer: { earn: { unit: 'points', fixed: '100' } },
    friend: { earn: { unit: 'points', fixed: '40' } },
  },
  tiers: {
    qualify_by: 'points',
    window: { rolling: 'P2M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '150', multiplier: '1.25' },
      { id: 'gold', from: '350', multiplier: '1.5' },
    ],
  },
  campaigns: [
    {
      id: 'first',
      limit: { per_member: 1 },
      effect: { earn: { unit: 'points', fixed: '7' } },
      budget: { points: '60' },
    },
    { id: 'push', limit: { per_member: 3 }, effect: { challenge: 'often', progress: '1' } },
  ],
  challenges: [
    {
      id: 'often',
      on: 'order',
      every: 'month',
      times: 2,
      goals: [
        { target: '2', earn: { unit: 'points', fixed: '15' } },
        { target: '3', earn: { unit: 'points', fixed: '25' } },
      ],
    },
    {
      id: 'spender',
      on: 'order',
      measure: 'spend',
      if: 'member.orders >= 1',
      audience: { tiers: ['bronze', 'silver'] },
      goals: [{ target: '100.00', earn: { unit: 'points', fixed: '40' } }],
    },
    {
      id: 'visits',
      on: 'activity:login',
      measure: 'days',
      every: 'week',
      goals: [{ target: '3', earn: { unit: 'points', fixed: '9' } }],
    },
  ],
};

/** Orders, returns, activities and referrals of some members over months, always the same, in no order of time. */
async function live(program: string, document: object, { payEvery = 1 } = {}): Promise<Caller> {
  const { status, body } = await run.put(`/v1/programs/${program}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  const api = run.on(program);
  let seed = 5;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const instant = () =>
    new Date(Date.UTC(2026, 0, 1) + next(140) * 86_400_000 + next(86_400) * 1000).toISOString();
  for (let index = 0; index < 8; index += 1)
    await api.post('/v1/members', {
      external_id: `m${index}`,
      ...(index % 3 === 0 && { profile: { time_zone: 'America/Los_Angeles' } }),
    });
  for (let index = 1; index < 8; index += 1) {
    const referral = { external_id: `f${index}`, referrer: `ext:m${next(index)}`, friend: `ext:m${index}` };
    const made = await api.post('/v1/referrals', { ...referral, occurred_at: '2026-01-01T00:00:00Z' });
    if ('referrals' in document) assert.equal(made.status, 201, JSON.stringify(made.body));
  }
  for (let index = 0; index < 260; index += 1) {
    const member = `ext:m${next(8)}`;
    const at = instant();
    if (next(3) > 0) {
      const day = Date.UTC(2026, 0, 1) + next(50) * 86_400_000;
      const occurred_at = new Date(day + next(86_400) * 1000).toISOString();
      const type = next(3) === 0 ? 'review' : 'login';
      const made = await api.post('/v1/activities', { external_id: `a${index}`, member, type, occurred_at });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      continue;
    }
    const sent = { external_id: `o${index}`, member, occurred_at: at };
    const made = await api.post('/v1/orders', order(next(90), sent));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    // Friends are paid behind the order; here before anything else happens, as a replay under a draft does it.
    if (index % payEvery === 0) await run.engine.payReferrals();
    if (next(6) === 0) await api.post('/v1/orders', { ...order(next(90), sent), revision: 2 });
    if (index % payEvery === 0) await run.engine.payReferrals();
    if (next(3) > 0) continue;
    await api.post(`/v1/orders/ext:o${next(index + 1)}/returns`, {
      external_id: `r${index}`,
      occurred_at: NOW,
    });
    if (index % payEvery === 0) await run.engine.payReferrals();
  }
  await run.engine.payReferrals();
  return api;
}

const backtest = (program: string, body: object = {}): Promise<Json> => backtestOf(run, program, body);
const given = (side: string, report: Json) =>
  Object.fromEntries(
    report.rules.filter((line: Json) => line[side] !== '0').map((line: Json) => [line.rule, line[side]]),
  );

test('activities, streaks, referrals and challenges replayed over all time come to what happened', async () => {
  await live('lively', LIVELY);
  const report = await backtest('lively');
  assert.deepEqual(differing(report), NOTHING);
  const rules = given('actual', report);
  for (const rule of [
    'base',
    'review',
    'hello',
    'daily',
    'invite',
    'base*silver',
    'first',
    'often',
    'spender',
    'visits',
  ])
    assert.ok(Number(rules[rule]) > 0, `${rule}: ${JSON.stringify(rules)}`);
  const steps = await run.base.sql<{ step: string }>(
    'select distinct step from earning.referral_steps order by 1',
  );
  assert.deepEqual(
    steps.map(({ step }) => step),
    ['qualified', 'revoked'],
  );
  assert.equal(report.velocity, null);
});

test('so does any part of it', async () => {
  for (const [from, to] of [
    ['2026-01-01T00:00:00Z', '2026-01-20T00:00:00Z'],
    ['2026-01-11T12:00:00Z', '2026-02-09T00:00:00Z'],
    ['2026-02-09T07:00:00Z', '2026-05-01T00:00:00Z'],
  ])
    assert.deepEqual(differing(await backtest('lively', { from, to })), NOTHING, from);
});

test('so does a program whose friends are paid late, between other orders', async () => {
  await live('slow', LIVELY, { payEvery: 30 });
  assert.deepEqual(differing(await backtest('slow')), NOTHING);
});

test('a draft gives for activities and friends what a program with it as its document gives', async () => {
  const { activities } = LIVELY;
  const bare = { ...POINTS_PER_DOLLAR, ...testClock(NOW), activities };
  const silent = { id: 'invite', minimum: '500', friend: { earn: { unit: 'points', fixed: '1' } } };
  await live('bare', { ...bare, referrals: silent });
  const [draft, really] = await Promise.all([backtest('bare', { document: LIVELY }), backtest('lively')]);
  const { daily, review, hello, base } = given('actual', really);
  const own = given('draft', draft);
  assert.deepEqual([own['daily'], own['review'], own['hello'], own['base']], [daily, review, hello, base]);
  assert.deepEqual(own, given('actual', really));
});

test('a rule that a draft takes away is missing from the draft alone', async () => {
  const { streaks, referrals, ...rest } = LIVELY;
  const report = await backtest('lively', { document: rest });
  const before = given('actual', report);
  const after = given('draft', report);
  assert.deepEqual([after['daily'], after['invite']], [undefined, undefined]);
  assert.deepEqual([after['review'], after['hello']], [before['review'], before['hello']]);
});

test('a draft with velocity checks tells whom it would have flagged and what it would have held back', async () => {
  const velocity = (more: object) => ({
    document: {
      ...LIVELY,
      velocity: [{ id: 'fast', unit: 'points', more_than: '60', within: 'P1D', window: 'tumbling', ...more }],
    },
  });
  const flagged = (await backtest('lively', velocity({ action: 'flag' }))).velocity;
  assert.ok(flagged.cases > 3 && flagged.members > 1, JSON.stringify(flagged));
  assert.deepEqual([flagged.pauses, flagged.held], [0, []]);
  const paused = (await backtest('lively', velocity({ action: 'pause', pause: 'P7D' }))).velocity;
  assert.equal(paused.pauses, paused.cases);
  assert.ok(Number(paused.held[0].points) > 0, JSON.stringify(paused));
});

test('what the ledger says agrees along every path', () => verified(run));
