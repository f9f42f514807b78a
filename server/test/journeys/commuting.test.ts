import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Caller, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

/*
 * What docs/concepts/any-order.md says may come in any order, tried in random orders and batches over HTTP. fast-check
 * prints the seed where two orders differ.
 */

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const MEMBERS = 4;
const DAY = 86_400_000;

const SPENDERS = (multiplier: string) => ({
  qualify_by: 'spend',
  window: { rolling: 'P2M' },
  levels: [
    { id: 'bronze', from: '0' },
    { id: 'silver', from: '120', multiplier },
    { id: 'gold', from: '260', multiplier },
  ],
});
const YEAR_END = { at_end_of: 'year' };
const BASE = { ...POINTS_PER_DOLLAR.earning[0], expires: YEAR_END };
const REVIEW = {
  id: 'review',
  on: 'activity:review',
  earn: { unit: 'points', fixed: '20' },
  expires: YEAR_END,
};

/** Nothing in it depends on what came before: the limit is never reached, and tiers multiply nothing. */
const LOOSE = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  activities: { review: {}, login: {} },
  earning: [BASE, REVIEW],
  tiers: SPENDERS('1'),
  campaigns: [
    { id: 'app', audience: { channels: ['app'] }, effect: { multiply: '1.7' } },
    {
      id: 'hello',
      limit: { per_member: 1000 },
      budget: { points: '1000000' },
      effect: { earn: { unit: 'points', fixed: '3' }, expires: YEAR_END },
    },
  ],
};

/** Everything in it depends on what the member did before, and nothing on other members. */
const TIGHT = {
  ...LOOSE,
  returns: { if_spent: 'allow_negative' },
  earning: [
    { ...BASE, pending: { for: 'P10D' } },
    { ...REVIEW, limit: { per_member: 2, every: 'month' }, cooldown: 'P2D' },
  ],
  streaks: [
    {
      id: 'daily',
      on: 'activity:login',
      every: 'day',
      rewards: [{ length: 2, earn: { unit: 'points', fixed: '9' } }],
    },
  ],
  tiers: SPENDERS('1.5'),
  campaigns: [
    {
      id: 'app',
      audience: { channels: ['app'] },
      cap: { points: '15', per: 'month' },
      effect: { multiply: '1.7' },
    },
    {
      id: 'hello',
      limit: { per_member: 3 },
      budget: { points: '1000000' },
      effect: { earn: { unit: 'points', fixed: '3' } },
    },
  ],
  velocity: [{ id: 'fast', unit: 'points', more_than: '80', within: 'P1D', pause: 'P3D' }],
};

/** A command over HTTP; `needs` is the one that has to come before. */
interface Sent {
  readonly id: string;
  readonly member: string;
  readonly needs: string | null;
  readonly kind: 'order' | 'activity' | 'other';
  readonly path: string;
  readonly body: Record<string, unknown>;
}

type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;
const part = fc.record({
  what: fc.constantFrom(
    'order',
    'order',
    'order',
    'return',
    'activity',
    'activity',
    'give',
    'take',
    'redeem',
    'grant',
  ),
  member: fc.nat(MEMBERS - 1),
  day: fc.nat(89),
  amount: fc.integer({ min: 1, max: 120 }),
  of: fc.nat(100),
});

/** Commands of `parts` in an order in which all of them are possible. */
function commands(parts: readonly Part[]): Sent[] {
  const orders: { id: string; member: string; left: number }[] = [];
  return parts.flatMap(({ what, member: nr, day, amount, of }, index): Sent[] => {
    const id = `c${index}`;
    const member = `ext:m${nr}`;
    const occurred_at = new Date(Date.UTC(2026, 1, 1) + day * DAY + of * 60_000).toISOString();
    const own = { id, member, needs: null };
    const dated = { external_id: id, member, occurred_at };
    const adjust = (points: number): Sent[] => [
      {
        ...own,
        kind: 'other',
        path: `/v1/members/${member}/adjustments`,
        body: {
          external_id: id,
          points: String(points),
          reason: 'a test',
          ...(points > 0 && { expires_at: '2027-01-01T00:00:00.000Z' }),
        },
      },
    ];
    switch (what) {
      case 'order': {
        orders.push({ id, member, left: amount * 100 });
        const line = { id: '1', amount: String(amount * 100) };
        const channel = of % 2 === 0 ? { channel: 'app' } : {};
        return [
          {
            ...own,
            kind: 'order',
            path: '/v1/orders',
            body: { ...dated, ...channel, currency: 'USD', lines: [line] },
          },
        ];
      }
      case 'return': {
        const bought = orders[of % Math.max(orders.length, 1)];
        if (bought === undefined || bought.left < amount) return [];
        bought.left -= amount;
        const lines = [{ id: '1', amount: String(amount) }];
        const body = { external_id: id, occurred_at: NOW, lines };
        const { id: needs, member: whose } = bought;
        return [{ id, member: whose, needs, kind: 'other', path: `/v1/orders/ext:${needs}/returns`, body }];
      }
      case 'activity':
        return [
          {
            ...own,
            kind: 'activity',
            path: '/v1/activities',
            body: { ...dated, type: of % 3 === 0 ? 'review' : 'login' },
          },
        ];
      case 'give':
        return adjust(amount);
      case 'take':
        return adjust(-amount);
      case 'redeem':
        return [
          {
            ...own,
            kind: 'other',
            path: '/v1/redemptions',
            body: { external_id: id, member, points: String(amount), capture: true },
          },
        ];
      default:
        return [
          {
            ...own,
            kind: 'other',
            path: `/v1/members/${member}/tier-grants`,
            body: { external_id: id, tier: of % 2 === 0 ? 'silver' : 'gold', reason: 'a test' },
          },
        ];
    }
  });
}

/** The commands in another order; `ranks` says which, and none comes before the one that it needs. */
function shuffled(sent: readonly Sent[], ranks: readonly number[]): Sent[] {
  const left = sent.map((command, index) => ({ command, rank: ranks[index % ranks.length] as number }));
  const done = new Set<string>();
  const result: Sent[] = [];
  while (left.length > 0) {
    const free = left.filter(({ command: { needs } }) => needs === null || done.has(needs));
    const [first] = free.sort((a, b) => a.rank - b.rank);
    if (first === undefined) throw new Error('a command needs one that never comes');
    left.splice(left.indexOf(first), 1);
    done.add(first.command.id);
    result.push(first.command);
  }
  return result;
}

/** Members in turns as `ranks` says; each member's commands stay in their order. */
function interleaved(sent: readonly Sent[], ranks: readonly number[]): Sent[] {
  const queues = [...Map.groupBy(sent, ({ member }) => member).values()].map(own => [...own]);
  const result: Sent[] = [];
  for (let turn = 0; queues.length > 0; turn += 1) {
    const place = (ranks[turn % ranks.length] as number) % queues.length;
    const queue = queues[place] as Sent[];
    result.push(queue.shift() as Sent);
    if (queue.length === 0) queues.splice(place, 1);
  }
  return result;
}

type Answers = Map<string, string>;

async function single(api: Caller, { id, path, body }: Sent, answers: Answers): Promise<void> {
  const answer = await api.post(path, body);
  answers.set(id, answer.status < 300 ? 'ok' : answer.body.code);
}

async function oneByOne(api: Caller, sent: readonly Sent[]): Promise<Answers> {
  const answers: Answers = new Map();
  for (const command of sent) await single(api, command, answers);
  return answers;
}

/** Neighbours of one kind in one call, up to `size`. */
async function inBulk(api: Caller, sent: readonly Sent[], size: number): Promise<Answers> {
  const answers: Answers = new Map();
  for (let start = 0; start < sent.length; ) {
    const { kind } = sent[start] as Sent;
    let end = start + 1;
    while (kind !== 'other' && end < sent.length && end - start < size && sent[end]?.kind === kind) end += 1;
    await bulk(api, kind, sent.slice(start, end), answers);
    start = end;
  }
  return answers;
}

async function bulk(api: Caller, kind: Sent['kind'], page: readonly Sent[], answers: Answers): Promise<void> {
  if (kind === 'other' || page.length < 2) {
    for (const command of page) await single(api, command, answers);
    return;
  }
  const [path, name] =
    kind === 'order' ? ['/v1/orders/bulk', 'orders'] : ['/v1/activities/bulk', 'activities'];
  const { status, body } = await api.post(path, { [name]: page.map(command => command.body) });
  assert.equal(status, 200, JSON.stringify(body));
  for (const [index, { id }] of page.entries()) {
    const { problem } = body.results[index];
    answers.set(id, problem === undefined ? 'ok' : problem.code);
  }
}

/** All that is possible at the same time, wave after wave of `size`. */
async function atOnce(api: Caller, sent: readonly Sent[], size: number): Promise<Answers> {
  const answers: Answers = new Map();
  const left = [...sent];
  while (left.length > 0) {
    const wave = left.filter(({ needs }) => needs === null || answers.has(needs)).slice(0, size);
    for (const command of wave) left.splice(left.indexOf(command), 1);
    const { order = [], activity = [], other = [] } = Object.groupBy(wave, ({ kind }) => kind);
    await Promise.all([
      bulk(api, 'order', order, answers),
      bulk(api, 'activity', activity, answers),
      ...other.map(command => single(api, command, answers)),
    ]);
  }
  return answers;
}

/** Each member's commands one after the other, all members at the same time. */
async function side(api: Caller, sent: readonly Sent[], size: number): Promise<Answers> {
  const own = [...Map.groupBy(sent, ({ member }) => member).values()];
  const all = await Promise.all(own.map(queue => inBulk(api, queue, size)));
  return new Map(all.flatMap(answers => [...answers]));
}

/** What a program's members have: balances, lots by expiry, points by rule, uses, running sums, and the tiers. */
async function holdings(name: string): Promise<unknown> {
  const api = run.on(name);
  const of = 'from program.programs p join members.members m on m.program_id = p.id';
  const rows = await run.base.sql(
    `select m.external_id, w.wallet_id % 64 as unit, w.available, w.pending, w.held, w.debt, w.shortfall,
       (select json_agg(l order by l) from (
          select expires_at, pending, available_from, sum(remaining) from ledger.open_lots where wallet_id = w.wallet_id group by 1, 2, 3) l) as lots,
       (select json_agg(e order by e) from (
          select kind, rule, sum(available), sum(pending), sum(held) from ledger.entries where wallet_id = w.wallet_id group by 1, 2) e) as entries,
       (select json_agg(u order by u) from (
          select campaign, sum(count), sum(points) from earning.uses where member_id = m.id group by 1) u) as uses,
       (select json_agg(t order by t) from (
          select sum(spend), sum(orders), sum(points) from earning.timeline where member_id = m.id) t) as sums,
       (select json_agg(s.state order by s.streak) from earning.streaks s where s.member_id = m.id) as streaks
     ${of} join ledger.wallets w on w.wallet_id / 64 = m.id where p.name = '${name}' order by 1, 2`,
  );
  const budgets = await api.get(`/v1/programs/${name}/budgets`);
  const tiers = await Promise.all(
    Array.from(
      { length: MEMBERS },
      async (_, nr) => (await api.get(`/v1/members/ext:m${nr}/tier`)).body.tier,
    ),
  );
  return JSON.parse(JSON.stringify({ rows, tiers, budgets: budgets.body.data }));
}

let made = 0;

/** A new program of its own with members who have points to spend. */
async function program(document: object, points: string): Promise<string> {
  made += 1;
  const name = `any-${made}`;
  const { status, body } = await run.put(`/v1/programs/${name}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  for (let nr = 0; nr < MEMBERS; nr += 1) {
    await run.on(name).post('/v1/members', { external_id: `m${nr}` });
    await run.on(name).post(`/v1/members/ext:m${nr}/adjustments`, {
      external_id: `opening-${nr}`,
      points,
      reason: 'to begin with',
      expires_at: '2027-01-01T00:00:00.000Z',
    });
  }
  return name;
}

const some = fc.record({
  parts: fc.array(part, { minLength: 20, maxLength: 45 }),
  ranks: fc.array(fc.nat(1000), { minLength: 45, maxLength: 45 }),
  size: fc.integer({ min: 2, max: 30 }),
});

test('commands on one member of which the page says that they commute give the same in any order and batching', async () => {
  await fc.assert(
    fc.asyncProperty(some, async ({ parts, ranks, size }) => {
      const sent = commands(parts);
      const [one, other, third] = [
        await program(LOOSE, '100000'),
        await program(LOOSE, '100000'),
        await program(LOOSE, '100000'),
      ];
      const answers = await oneByOne(run.on(one), sent);
      assert.deepEqual([...new Set(answers.values())], sent.length === 0 ? [] : ['ok']);
      await inBulk(run.on(other), shuffled(sent, ranks), size);
      await atOnce(run.on(third), shuffled(sent, ranks.toReversed()), size);
      const wanted = await holdings(one);
      assert.deepEqual(await holdings(other), wanted);
      assert.deepEqual(await holdings(third), wanted);
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

test('commands on different members give the same answers and the same ledger, however they are mixed', async () => {
  await fc.assert(
    fc.asyncProperty(some, async ({ parts, ranks, size }) => {
      const sent = commands(parts);
      const [one, other, third] = [
        await program(TIGHT, '150'),
        await program(TIGHT, '150'),
        await program(TIGHT, '150'),
      ];
      const answers = await oneByOne(run.on(one), sent);
      const mixed = await inBulk(run.on(other), interleaved(sent, ranks), size);
      const beside = await side(run.on(third), sent, size);
      for (const found of [mixed, beside])
        assert.deepEqual(Object.fromEntries([...found].sort()), Object.fromEntries([...answers].sort()));
      const wanted = await holdings(one);
      assert.deepEqual(await holdings(other), wanted);
      assert.deepEqual(await holdings(third), wanted);
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

test('what the ledger says agrees along every path', () => verified(run));
