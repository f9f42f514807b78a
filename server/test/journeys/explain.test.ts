import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

/*
 * What an entry's `why` tells must come to what the entry moved: computed here from the answer alone, for every entry of
 * a history with all that earns or takes back.
 */

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const DOCUMENT = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  activities: { review: {}, login: {} },
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1.37' } },
    { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '30' }, limit: { per_member: 3 } },
  ],
  streaks: [
    {
      id: 'daily',
      on: 'activity:login',
      every: 'day',
      rewards: [2, 3].map(length => ({ length, earn: { unit: 'points', fixed: String(length * 7) } })),
    },
  ],
  referrals: {
    id: 'invite',
    referrer: { earn: { unit: 'points', fixed: '100' } },
    friend: { earn: { unit: 'points', fixed: '40' } },
  },
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P2M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '100', multiplier: '1.25' },
    ],
  },
  campaigns: [
    {
      id: 'app',
      audience: { channels: ['app'] },
      effect: { multiply: '1.5' },
      cap: { points: '25', per: 'month' },
    },
    {
      id: 'hello',
      limit: { per_member: 2 },
      effect: { earn: { unit: 'points', fixed: '9' } },
      budget: { points: '50' },
    },
  ],
  combination: 'stack',
  returns: { if_spent: 'allow_negative' },
};
const api = run.on('told');
const MEMBERS = Array.from({ length: 6 }, (_, index) => `ext:m${index}`);

let seed = 17;
const next = (below: number): number => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
};
const instant = (): string =>
  new Date(Date.UTC(2026, 1, 1) + next(100) * 86_400_000 + next(86_400) * 1000).toISOString();

async function happen(index: number): Promise<void> {
  const member = MEMBERS[next(6)] as string;
  if (next(3) === 0) {
    const day = 1 + next(9);
    const type = next(2) === 0 ? 'review' : 'login';
    const occurred_at = `2026-04-0${day}T12:00:00Z`;
    await api.post('/v1/activities', { external_id: `a${index}`, member, type, occurred_at });
    return;
  }
  const lines = ['1', '2'].map(id => ({ id, amount: String(next(9_000)) }));
  const channel = next(2) === 0 ? { channel: 'app' } : {};
  const sent = { external_id: `o${index}`, member, occurred_at: instant(), lines, ...channel };
  const made = await api.post('/v1/orders', order(0, sent));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  if (next(4) === 0) {
    const changed = [{ id: '1', amount: String(next(9_000)) }, lines[1] as object];
    await api.post('/v1/orders', { ...order(0, { ...sent, lines: changed }), revision: 2 });
  }
  if (next(3) === 0)
    await api.post(`/v1/orders/ext:o${next(index + 1)}/returns`, {
      external_id: `r${index}`,
      occurred_at: NOW,
      lines: [{ id: '2', amount: '100' }],
    });
}

async function rerate(): Promise<void> {
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-12-01T00:00:00Z', note: 'late orders' };
  const { body } = await api.post('/v1/rerates', span);
  const until = async (wanted: string) => {
    while ((await api.get(`/v1/rerates/${body.id}`)).body.state !== wanted) await sleep(20);
  };
  await until('planned');
  await api.post(`/v1/rerates/${body.id}/apply`);
  await until('applied');
}

/** Every entry of the members with its `why`, oldest first. */
async function told(): Promise<Json[]> {
  const all: Json[] = [];
  for (const member of MEMBERS) {
    const { body } = await api.get(`/v1/members/${member}/entries?limit=500`);
    for (const { id } of body.data.toReversed()) all.push((await api.get(`/v1/entries/${id}`)).body);
  }
  return all;
}

const moved = ({ available, pending }: Json): number => Number(available) + Number(pending);

/** What the cells of a rule come to, in the `why` of an order. */
const cellsOf = (why: Json, rule: string): number =>
  (why.rules.find((own: Json) => own.rule === rule)?.cells ?? []).reduce(
    (sum: number, cell: Json) => sum + Number(cell.points),
    0,
  );

const listed = (list: readonly Json[], rule: string): number =>
  Number(list.find(own => own.rule === rule)?.points ?? 0);

/** What the definition of a rule of an activity gives: a rule's own points, or those of the lengths of a streak. */
const possible = ({ earn, rewards }: Json): number[] =>
  earn === undefined ? rewards.map((reward: Json) => Number(reward.earn.fixed)) : [Number(earn.fixed)];

const seen = new Map<string, number>();
const count = (kind: string) => seen.set(kind, (seen.get(kind) ?? 0) + 1);

/** What orders had by a rule before an entry: of a revision the difference is posted. */
const cellsBefore = new Map<string, number>();

function check(entry: Json): void {
  const { why, rule, command } = entry;
  const points = moved(entry);
  const name = `${entry.id} of ${command.type}, ${rule}: ${JSON.stringify(why)}`;
  count(command.type === 'order' && why.order.revision > 1 ? 'revision' : command.type);
  switch (command.type) {
    case 'order': {
      const key = `${why.order.id} ${rule}`;
      const before = cellsBefore.get(key) ?? 0;
      assert.equal(points, cellsOf(why, rule) - before, name);
      cellsBefore.set(key, before + points);
      return;
    }
    case 'activity':
      assert.ok(possible(why.definition).includes(points), name);
      return;
    case 'referral_payment':
      assert.equal(points, Number((DOCUMENT.referrals as Json)[why.side].earn.fixed), name);
      return;
    case 'return':
      assert.equal(-points, listed(why.decided, rule), name);
      return;
    case 'rerate':
    case 'rerate_activity':
      assert.equal(points, listed(points > 0 ? why.earned : why.taken_back, rule) * Math.sign(points), name);
      return;
    default:
      assert.fail(name);
  }
}

test('what explains each entry comes to what the entry moved, whatever earned or took it', async () => {
  const { status, body } = await run.put('/v1/programs/told', DOCUMENT);
  assert.ok(status < 300, JSON.stringify(body));
  for (const member of MEMBERS) await api.post('/v1/members', { external_id: member.slice(4) });
  for (let index = 1; index < 6; index += 1)
    await api.post('/v1/referrals', {
      external_id: `f${index}`,
      referrer: MEMBERS[next(index)],
      friend: MEMBERS[index],
      occurred_at: '2026-01-01T00:00:00Z',
    });
  for (let index = 0; index < 150; index += 1) await happen(index);
  await run.engine.payReferrals();
  await rerate();
  const entries = await told();
  for (const entry of entries) check(entry);
  for (const kind of ['order', 'revision', 'activity', 'referral_payment', 'return', 'rerate'])
    assert.ok((seen.get(kind) ?? 0) >= 3, `${kind}: ${JSON.stringify([...seen])}`);
});

test('the stored decisions of an order come to its entries, revision by revision', async () => {
  const entries = (await told()).filter(({ command }) => command.type === 'order');
  const byDecision = Map.groupBy(entries, ({ why }) => `${why.order.id} ${why.order.revision}`);
  for (const [key, own] of byDecision) {
    const [id, revision] = key.split(' ');
    if (revision !== '1') continue;
    const all = own.reduce((sum, entry) => sum + moved(entry), 0);
    const cells = (own[0] as Json).why.rules.flatMap((rule: Json) => rule.cells);
    assert.equal(
      all,
      cells.reduce((sum: number, cell: Json) => sum + Number(cell.points), 0),
      id,
    );
  }
});

test('what the ledger says agrees along every path', () => verified(run));
