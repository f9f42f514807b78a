import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Measure } from '../../program/index.ts';
import { laterReturns } from './timeline.store.ts';
import type { Contribution } from './timeline.ts';

/** What was announced of a member's tier. */
export interface TierWatch {
  readonly memberId: number;
  readonly tier: string | null;
  readonly seenAt: number | null;
  readonly nextAt: number | null;
  readonly markedAt: number | null;
  readonly marks: bigint;
}

const readWatches = statement(
  'earning_tier_watches',
  `select t.member_id, t.tier, t.seen_at, t.next_at, t.marked_at, t.marks
   from ${unnested(1, 'member_id bigint')} as u join earning.tier_watches t on t.member_id = u.member_id`,
);

/** What was announced of these members; nobody is in it of whom nothing was. */
export async function tierWatches(tx: Tx, members: readonly number[]): Promise<Map<number, TierWatch>> {
  const rows = await tx.run<[bigint, string | null, number | null, number | null, number | null, bigint]>(
    readWatches,
    [numbers(members)],
  );
  return new Map(
    rows.map(([id, tier, seenAt, nextAt, markedAt, marks]) => {
      const memberId = Number(id);
      return [memberId, { memberId, tier, seenAt, nextAt, markedAt, marks }];
    }),
  );
}

// Whoever was marked since they were read is due again at once.
const keep = statement(
  'earning_keep_tier_watches',
  `update earning.tier_watches t set tier = u.tier, seen_at = u.seen_at,
     next_at = case when t.marks = u.marks then u.next_at else u.seen_at end,
     marked_at = case when t.marks = u.marks then null else t.marked_at end
   from ${unnested(
     1,
     `
     member_id bigint, tier text, seen_at timestamptz, next_at timestamptz, marks bigint`,
   )} as u where t.member_id = u.member_id`,
);

/** Writes what was announced of members; `marks` are those that were seen. */
export async function keepTierWatches(tx: Tx, rows: readonly TierWatch[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(keep, [
    numbers(rows.map(row => row.memberId)),
    texts(rows.map(row => row.tier)),
    instants(rows.map(row => row.seenAt)),
    instants(rows.map(row => row.nextAt)),
    numbers(rows.map(row => row.marks)),
  ]);
}

const readDue = statement(
  'earning_due_tiers',
  `select t.member_id, t.next_at from earning.tier_watches t
   where t.program_id = $1 and t.next_at <= $2::timestamptz and (t.next_at, t.member_id) > ($3::timestamptz, $4::bigint)
   order by t.next_at, t.member_id limit $5`,
);

/** Where a list of due members goes on: behind an instant and a member. */
export interface DuePlace {
  readonly at: number;
  readonly memberId: number;
}

/** The members of a program whose tier can be another by `now`, the earliest first. */
export async function dueTiers(
  tx: Tx,
  programId: number,
  now: number,
  after: DuePlace | null,
  limit: number,
): Promise<DuePlace[]> {
  const rows = await tx.run<[bigint, number]>(readDue, [
    programId,
    new Date(now).toISOString(),
    after === null ? '-infinity' : new Date(after.at).toISOString(),
    after?.memberId ?? 0,
    limit,
  ]);
  return rows.map(([memberId, at]) => ({ memberId: Number(memberId), at }));
}

const readNext = statement(
  'earning_next_tier',
  `select min(next_at) from earning.tier_watches
   where program_id = $1 and next_at > $2::timestamptz and next_at <= $3::timestamptz`,
);

/** The earliest instant after `after` until `until` at which a tier can be another. */
export async function nextTier(
  tx: Tx,
  programId: number,
  after: number,
  until: number,
): Promise<number | null> {
  const range = [after, until].map(at => new Date(at).toISOString());
  const [row] = await tx.run<[number | null]>(readNext, [programId, ...range]);
  return row?.[0] ?? null;
}

const readProgramsDue = statement(
  'earning_programs_with_due_tiers',
  `select p.program_id from ${unnested(1, 'program_id integer, now timestamptz')} as p
   where exists (select from earning.tier_watches t where t.program_id = p.program_id and t.next_at <= p.now)`,
);

/** Those of these programs in which a tier can be another by their clocks. */
export async function programsDue(
  tx: Tx,
  programs: readonly { id: number; now: number }[],
): Promise<Set<number>> {
  const columns = [numbers(programs.map(({ id }) => id)), instants(programs.map(({ now }) => now))];
  return new Set((await tx.run<[number]>(readProgramsDue, columns)).map(([id]) => id));
}

/** For which version the members of a program were looked at; `after` null: all of them. */
export interface Pass {
  readonly version: number;
  readonly after: bigint | null;
}

const readPasses = statement(
  'earning_tier_passes',
  `select t.program_id, t.version, t.after_id
   from ${unnested(1, 'program_id integer')} as u join earning.tier_passes t on t.program_id = u.program_id`,
);

export async function passesOf(tx: Tx, programs: readonly number[]): Promise<Map<number, Pass>> {
  const rows = await tx.run<[number, number, bigint | null]>(readPasses, [numbers(programs)]);
  return new Map(rows.map(([id, version, after]) => [id, { version, after }]));
}

const keepPassOf = statement(
  'earning_keep_tier_pass',
  `insert into earning.tier_passes (program_id, version, after_id) values ($1, $2, $3::bigint)
   on conflict (program_id) do update set version = excluded.version, after_id = excluded.after_id`,
);

export async function keepPass(tx: Tx, programId: number, { version, after }: Pass): Promise<void> {
  await tx.run(keepPassOf, [programId, version, after]);
}

const KINDS = ['spend', 'orders', 'nights', 'points'] as const;

const readRows = statement(
  'earning_tier_rows',
  `select t.member_id, t.order_id, t.anchor, t.happened_at, ${KINDS.map(kind => `t.${kind}`).join(', ')}
   from ${unnested(1, 'member_id bigint, after timestamptz')} as u
   join earning.timeline t on t.member_id = u.member_id and t.anchor > u.after`,
);

/** How far back the rows of a member are needed. */
export interface Reach {
  readonly memberId: number;
  readonly after: number;
  /** Whether everything before counts too: of it the sums. */
  readonly all: Measure | null;
  /** From when on what came back has to be told from what was bought. */
  readonly since: number;
}

/** The rows of the members' timelines as far as they reach, and in one row what is before them. */
export async function tierRows(
  tx: Tx,
  reaches: readonly Reach[],
  runningSums: (by: Measure, asked: readonly { memberId: number; at: number }[]) => Promise<bigint[]>,
): Promise<Map<number, Contribution[]>> {
  const whole = reaches.filter(({ all }) => all !== null);
  const [rows, later, ...sums] = await Promise.all([
    tx.run<[bigint, bigint, number, number, bigint, bigint, bigint, bigint]>(readRows, [
      numbers(reaches.map(({ memberId }) => memberId)),
      instants(reaches.map(({ after }) => after)),
    ]),
    whole.length === 0
      ? []
      : laterReturns(tx, new Map(whole.map(({ memberId, since }) => [memberId, since]))),
    ...KINDS.map(by => {
      const own = whole.filter(({ all }) => all === by);
      if (own.length === 0) return [];
      return runningSums(
        by,
        own.map(({ memberId, after }) => ({ memberId, at: after })),
      );
    }),
  ]);
  const found = rows.map(
    ([memberId, orderId, anchor, happenedAt, spend, orders, nights, points]): Contribution => ({
      memberId: Number(memberId),
      orderId,
      anchor,
      happenedAt,
      change: { spend, orders, nights, points },
      isSummed: true,
    }),
  );
  for (const [index, by] of KINDS.entries())
    for (const [nr, { memberId, after }] of whole.filter(({ all }) => all === by).entries()) {
      const back = later.filter(row => row.memberId === memberId && row.anchor <= after);
      const sum = (sums[index]?.[nr] ?? 0n) - back.reduce((all, { change }) => all + change[by], 0n);
      const change = { spend: 0n, orders: 0n, nights: 0n, points: 0n, [by]: sum };
      found.push(
        { memberId, orderId: 0n, anchor: after, happenedAt: after, change, isSummed: true },
        ...back,
      );
    }
  return Map.groupBy(found, ({ memberId }) => memberId);
}
