import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Caller,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const YEAR = { from: '2025-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };

async function settled(api: Caller, id: string): Promise<Json> {
  for (;;) {
    const { body } = await api.get(`/v1/rerates/${id}`);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}
async function planned(api: Caller, body: object): Promise<Json> {
  const made = await api.post('/v1/rerates', { note: 'a test', ...YEAR, ...body });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  return settled(api, made.body.id);
}
async function step(api: Caller, id: string, name: 'apply' | 'reverse'): Promise<Json> {
  const { status, body } = await api.post(`/v1/rerates/${id}/${name}`);
  assert.equal(status, 202, JSON.stringify(body));
  return settled(api, id);
}

interface Rules {
  review: string;
  limit?: object;
  days?: Record<string, string>;
  more?: object;
}

/** A program with points for reviews within a limit, and for logins on some days in a row. */
const document = ({ review, limit, days = {}, more }: Rules) => ({
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  activities: { review: {}, login: {} },
  earning: [
    ...POINTS_PER_DOLLAR.earning,
    {
      id: 'review',
      on: 'activity:review',
      earn: { unit: 'points', fixed: review },
      expires: { after: 'P12M' },
      ...(limit !== undefined && { limit }),
    },
  ],
  streaks:
    Object.keys(days).length === 0
      ? []
      : [
          {
            id: 'daily',
            every: 'day',
            on: 'activity:login',
            rewards: Object.entries(days).map(([length, fixed]) => ({
              length: Number(length),
              earn: { unit: 'points', fixed },
            })),
          },
        ],
  ...more,
});

async function publish(name: string, rules: Rules): Promise<Caller> {
  const { status, body } = await run.put(`/v1/programs/${name}`, document(rules));
  assert.ok(status < 300, JSON.stringify(body));
  return run.on(name);
}

let sent = 0;
async function act(api: Caller, type: string, day: string, member = 'ext:ann'): Promise<Json> {
  sent += 1;
  const { status, body } = await api.post('/v1/activities', {
    ...{ external_id: `a${sent}`, member, type, occurred_at: `2026-${day}T12:00:00Z` },
  });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

/** What a member has: usable and pending points, and the points of each expiry date. */
async function held(api: Caller, member = 'ext:ann'): Promise<Json> {
  const [wallet] = (await api.get(`/v1/members/${member}/balances?expiring=true`)).body.balances;
  return [wallet.available, wallet.pending, wallet.expiring];
}
const available = async (api: Caller): Promise<string> => (await held(api))[0];
const changes = async (api: Caller, id: string): Promise<Json[]> =>
  (await api.get(`/v1/rerates/${id}/orders`)).body.data;

test('a wrong rule on an activity is corrected: previewed, applied once, explained, and taken back to what was there', async () => {
  const limit = { per_member: 2, every: 'month' };
  const api = await publish('reviews', { review: '500', limit });
  await api.post('/v1/members', { external_id: 'ann' });
  await api.post('/v1/orders', order(7, { external_id: 'o', occurred_at: '2026-03-01T00:00:00Z' }));
  const first = await act(api, 'review', '03-02');
  for (const day of ['03-03', '03-04', '04-05']) await act(api, 'review', day);
  const before = await held(api);
  assert.equal(before[0], '1507');
  const read = async () => (await api.get(`/v1/activities/${first.activity.id}`)).body;
  const readBefore = await read();
  await publish('reviews', { review: '50', limit });
  const own = await planned(api, {});
  assert.deepEqual([own.orders, own.activities, own.change], [0, 0, []]);
  const plan = await planned(api, { version: 2 });
  assert.deepEqual(
    [plan.orders, plan.activities, plan.members, plan.expected, plan.change],
    [0, 3, 1, 3, [{ unit: 'points', points: '-1350' }]],
  );
  const rows = await changes(api, plan.id);
  assert.deepEqual(
    rows.map(row => [row.order, row.change, row.applied]),
    Array.from({ length: 3 }, () => [null, [{ unit: 'points', points: '-450' }], null]),
  );
  assert.equal(rows[0]?.activity, first.activity.id);
  const applied = await step(api, plan.id, 'apply');
  assert.deepEqual([applied.applied, applied.refused], [3, 0]);
  assert.equal(await available(api), '157');
  const forth = { rerate: plan.id, reverses: false, program_version: 2 };
  const wrong = { rule: 'review@1', unit: 'points', earned: '500', clawed_back: '500' };
  assert.deepEqual(await read(), {
    ...{ ...readBefore, program_version: 2, reratings: [forth] },
    earned: [wrong, { rule: 'review@2', unit: 'points', earned: '50', clawed_back: '0' }],
  });
  const again = await planned(api, { version: 2 });
  assert.deepEqual([again.orders, again.activities], [0, 0]);
  const entries = (await api.get('/v1/members/ext:ann/entries?limit=100')).body.data;
  const taken = entries.find((entry: Json) => entry.rule === 'review@1' && entry.kind === 'clawback');
  const given = entries.find((entry: Json) => entry.rule === 'review@2' && entry.kind === 'earn');
  for (const entry of [taken, given]) {
    const { why } = (await api.get(`/v1/entries/${entry.id}`)).body;
    assert.deepEqual([why.rerate, why.program_version, why.reverses], [plan.id, 2, false]);
    assert.match(why.activity, /^act_/);
    assert.deepEqual(why.earned, [{ rule: 'review@2', points: '50' }]);
    assert.deepEqual(why.taken_back, [{ rule: 'review@1', points: '500' }]);
  }
  const back = await step(api, plan.id, 'reverse');
  assert.deepEqual([back.state, back.reversed], ['reversed', 3]);
  assert.deepEqual(await held(api), before);
  assert.deepEqual(await read(), {
    ...{ ...readBefore, reratings: [forth, { rerate: plan.id, reverses: true, program_version: 1 }] },
    earned: [
      { ...wrong, earned: '1000' },
      { rule: 'review@2', unit: 'points', earned: '50', clawed_back: '50' },
    ],
  });
  assert.equal((await planned(api, { version: 2 })).activities, 3);
});

const advance = async (name: string, by: string): Promise<void> => {
  const { status, body } = await run.post(`/v1/programs/${name}/clock`, { advance: by });
  assert.equal(status, 200, JSON.stringify(body));
};

test('limits are those of a full replay, and what comes afterwards counts what was decided again', async () => {
  const api = await publish('limits', { review: '10', limit: { per_member: 1, every: 'month' } });
  await api.post('/v1/members', { external_id: 'ann' });
  await advance('limits', 'P5D');
  for (const day of ['05-05', '06-02', '06-03', '06-04']) await act(api, 'review', day);
  assert.equal(await available(api), '20');
  await publish('limits', { review: '10', limit: { per_member: 2, every: 'month' } });
  const plan = await planned(api, { version: 2 });
  assert.deepEqual([plan.activities, plan.change], [1, [{ unit: 'points', points: '10' }]]);
  await step(api, plan.id, 'apply');
  assert.equal(await available(api), '30');
  // The first one of June is outside: it stays, and counts for the limit.
  assert.equal((await planned(api, { version: 2, from: '2026-06-03T00:00:00Z' })).activities, 0);
  await advance('limits', 'P3D');
  // Both places of June are taken.
  await act(api, 'review', '06-07');
  assert.equal(await available(api), '30');
  await step(api, plan.id, 'reverse');
  await act(api, 'review', '06-08');
  assert.equal(await available(api), '30');
  // The place that was given back is free again, for one.
  await advance('limits', 'P3D');
  await act(api, 'review', '06-09');
  assert.equal(await available(api), '30');
});

test('a streak is decided again with its activities, and goes on from there; taken back, it goes on as before', async () => {
  const api = await publish('streaks', { review: '1', days: { 3: '30' } });
  await api.post('/v1/members', { external_id: 'ann' });
  for (const day of ['05-28', '05-29', '05-30', '05-31']) await act(api, 'login', day);
  const before = await held(api);
  assert.equal(before[0], '30');
  await publish('streaks', { review: '1', days: { 2: '7', 5: '100' } });
  const plan = await planned(api, { version: 2 });
  assert.deepEqual(
    (await changes(api, plan.id)).map(row => row.change[0].points),
    ['7', '-30'],
  );
  await step(api, plan.id, 'apply');
  assert.equal(await available(api), '7');
  assert.equal((await planned(api, { version: 2 })).activities, 0);
  const back = await step(api, plan.id, 'reverse');
  assert.equal(back.reversed, 2);
  assert.deepEqual(await held(api), before);
  await step(api, (await planned(api, { version: 2 })).id, 'apply');
  await advance('streaks', 'P1D');
  // The fifth day earns what five days earn; two days were rewarded by the re-rating and are not again.
  await act(api, 'login', '06-01');
  assert.equal(await available(api), '107');
});

test('a streak that a later version begins has the days of before, also those that earn nothing', async () => {
  const api = await publish('begun', { review: '1' });
  await api.post('/v1/members', { external_id: 'ann' });
  for (const day of ['05-29', '05-30', '05-31']) await act(api, 'login', day);
  await publish('begun', { review: '1', days: { 3: '30', 4: '40' } });
  const plan = await planned(api, { version: 2 });
  const rows = await changes(api, plan.id);
  assert.deepEqual(
    rows.map(row => row.change),
    [[], [], [{ unit: 'points', points: '30' }]],
  );
  await step(api, plan.id, 'apply');
  await advance('begun', 'P2D');
  await act(api, 'login', '06-01');
  assert.equal(await available(api), '70');
  await step(api, plan.id, 'reverse');
  // What the fourth day gave stays; the days of before do not count any more.
  const second = await act(api, 'login', '06-02');
  assert.deepEqual(second.activity.streaks, [{ streak: 'daily', length: 2 }]);
  assert.equal(await available(api), '40');
});

test('an activity that was decided again after the plan was made is left alone; points that are spent go by the policy', async () => {
  const policy = (if_spent: string): Rules => ({ review: '10', more: { returns: { if_spent } } });
  const api = await publish('meanwhile', { ...policy('refuse'), review: '100' });
  await api.post('/v1/members', { external_id: 'ann' });
  await act(api, 'review', '05-30');
  await publish('meanwhile', policy('refuse'));
  await publish('meanwhile', policy('allow_negative'));
  const refusing = await planned(api, { version: 2 });
  const [first, second] = [await planned(api, { version: 3 }), await planned(api, { version: 3 })];
  await api.post('/v1/redemptions', { external_id: 'r', member: 'ext:ann', points: '95', capture: true });
  await step(api, refusing.id, 'apply');
  assert.equal((await changes(api, refusing.id))[0]?.applied, 'points_already_spent');
  assert.equal((await step(api, first.id, 'apply')).applied, 1);
  assert.equal(await available(api), '-85');
  assert.equal((await step(api, second.id, 'apply')).refused, 1);
  assert.equal((await changes(api, second.id))[0]?.applied, 'activity_changed');
  // The version of before decides the way back, and it refuses to take points that are spent.
  assert.equal((await step(api, first.id, 'reverse')).not_reversed, 1);
  assert.equal(await available(api), '-85');
});

const LIVELY = {
  ...document({ review: '30', limit: { per_member: 2, every: 'month' }, days: { 2: '5', 3: '11', 5: '40' } }),
  time_zone: 'Europe/Paris',
  units: { points: { worth: '0.01', qualifying: true } },
  tiers: {
    qualify_by: 'points',
    window: { rolling: 'P2M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '90', multiplier: '1.5' },
    ],
  },
};
const NAMES = ['ann', 'ben', 'cay', 'dan'];

/** Orders, reviews and logins of some members over some months, in the order of time, each at an instant of its own. */
function happenings(): { member: string; at: string; type: string; euros: number }[] {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const instants = Array.from({ length: 170 }, () => Date.UTC(2026, 2, 1) + next(45 * 86_400) * 1000);
  return [...new Set(instants)]
    .sort((a, b) => a - b)
    .map(at => ({
      member: NAMES[next(4)] as string,
      at: new Date(at).toISOString(),
      type: ['order', 'review', 'login', 'login', 'login'][next(5)] as string,
      euros: next(40),
    }));
}

/** Lets all of it happen, in the order in which it is sent. */
async function live(program: string, rules: object, all: ReturnType<typeof happenings>): Promise<Caller> {
  const { status, body } = await run.put(`/v1/programs/${program}`, rules);
  assert.ok(status < 300, JSON.stringify(body));
  const api = run.on(program);
  for (const [index, external_id] of NAMES.entries())
    await api.post('/v1/members', {
      external_id,
      ...(index > 1 && { profile: { time_zone: 'America/Los_Angeles' } }),
    });
  for (const { member, at, type, euros } of all) {
    const own = { external_id: at, member: `ext:${member}`, occurred_at: at };
    const made =
      type === 'order'
        ? await api.post('/v1/orders', order(euros, own))
        : await api.post('/v1/activities', { ...own, type });
    assert.equal(made.status, 201, JSON.stringify(made.body));
  }
  return api;
}

/** What all members have, their tiers and streaks among it. */
const holdings = (api: Caller): Promise<Json[]> =>
  Promise.all(
    NAMES.map(async name => {
      const { body: streaks } = await api.get(`/v1/members/ext:${name}/streaks`);
      const { body: tier } = await api.get(`/v1/members/ext:${name}/tier`);
      return [await held(api, `ext:${name}`), tier.tier, streaks.data];
    }),
  );

test('whatever the order of arrival, a re-rating gives what the order of time gives; taken back, what there was', async () => {
  const all = happenings();
  const wanted = await holdings(await live('in-order', LIVELY, all));
  const shuffled = all.toSorted((a, b) => a.at.slice(14).localeCompare(b.at.slice(14)));
  const api = await live('mixed', LIVELY, shuffled);
  const before = await holdings(api);
  assert.notDeepEqual(before, wanted);
  assert.equal((await planned(run.on('in-order'), {})).activities, 0);
  const plan = await planned(api, {});
  assert.ok(plan.activities > 5 && plan.orders > 5, JSON.stringify(plan));
  const applied = await step(api, plan.id, 'apply');
  assert.equal(applied.refused, 0);
  assert.deepEqual(await holdings(api), wanted);
  const none = await planned(api, {});
  assert.deepEqual([none.orders, none.activities], [0, 0]);
  assert.deepEqual(await differing(api), []);
  await step(api, plan.id, 'reverse');
  assert.deepEqual(await holdings(api), before);
  assert.deepEqual(await differing(api), []);
});

/** The rules of which a backtest of the program as it is does not come to what happened. */
async function differing(api: Caller): Promise<Json[]> {
  const made = await api.post('/v1/backtests', {});
  for (;;) {
    const { body } = await api.get(`/v1/backtests/${made.body.id}`);
    if (body.state === 'done') return body.report.rules.filter((line: Json) => line.difference !== '0');
    assert.equal(body.state, 'running', JSON.stringify(body));
    await sleep(20);
  }
}

test('what the ledger says agrees along every path', () => verified(run));
