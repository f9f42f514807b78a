import { type Column, instants, numbers } from '#platform/db/arrays.ts';
import { numbered, type Statement, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Measure } from '../../program/index.ts';
import type { Addition } from '../records.ts';
import { markTiers } from './tier-marks.store.ts';
import {
  type Contribution,
  type Measures,
  plusMeasures,
  type TimelineEnd,
  type TimelineFacts,
} from './timeline.ts';

const KINDS = ['spend', 'orders', 'nights', 'points'] as const;
const listed = (template: string): string => KINDS.map(kind => template.replaceAll('?', kind)).join(', ');

const COLUMNS = `member_id bigint, anchor timestamptz, id bigint, order_id bigint, happened_at timestamptz, ${listed('? bigint')}`;

/** The sum up to a place, where no running sum is kept. */
const summedUp = (kind: string, member: string, place: string): string =>
  `(select sum(s.${kind})::bigint from earning.timeline s where s.member_id = ${member} and (s.anchor, s.id) <= ${place})`;

/** The sums of row t, kept or not. */
const sums = KINDS.map(
  kind => `coalesce(t.${kind}_sum, ${summedUp(kind, 't.member_id', '(t.anchor, t.id)')}) as ${kind}_sum`,
).join(', ');

/*
 * Most rows come last of their member: their sums follow from the last row's. One that comes late gets the sums of the
 * row before it, and those behind it are raised, whatever stands between them and this batch's other rows.
 */
const insertTimeline = statement(
  'earning_insert_timeline',
  `with u as materialized (
     select * from ${unnested(1, COLUMNS)} as u
   ), placed as materialized (
     select u.*, coalesce((l.anchor, l.id) > (u.anchor, u.id), false) as late, ${listed('l.?_sum as ?_last')}
     from u left join lateral (
       select t.anchor, t.id, ${sums}
       from earning.timeline t where t.member_id = u.member_id order by t.anchor desc, t.id desc limit 1
     ) l on true
   ), raised as (
     update earning.timeline t set ${listed('?_sum = t.?_sum + d.?')}
     from (
       select t.member_id, t.anchor, t.id, ${listed('sum(p.?)::bigint as ?')}
       from placed p join earning.timeline t on t.member_id = p.member_id and (t.anchor, t.id) > (p.anchor, p.id)
       where p.late group by 1, 2, 3
     ) d where t.member_id = d.member_id and t.anchor = d.anchor and t.id = d.id
   )
   insert into earning.timeline (member_id, anchor, id, order_id, happened_at, ${KINDS.join(', ')}, ${listed('?_sum')})
   select p.member_id, p.anchor, p.id, p.order_id, p.happened_at, ${listed('p.?')},
     ${listed('coalesce(case when p.late then b.?_sum else p.?_last end, 0) + sum(p.?) over w')}
   from placed p left join lateral (
     select ${sums}
     from earning.timeline t where p.late and t.member_id = p.member_id and (t.anchor, t.id) < (p.anchor, p.id)
     order by t.anchor desc, t.id desc limit 1
   ) b on true
   window w as (partition by p.member_id order by p.anchor, p.id)`,
);

/** Without sums: in programs that have never had tiers, where only the order of the rows is needed. */
const insertPlain = statement(
  'earning_insert_plain_timeline',
  `insert into earning.timeline (member_id, anchor, id, order_id, happened_at, ${KINDS.join(', ')})
   select * from ${unnested(1, COLUMNS)} as u`,
);

/** With sums that are known: of members of whom this batch has seen where their timeline ends, and adds behind it. */
const insertBehind = statement(
  'earning_insert_timeline_behind',
  `insert into earning.timeline (member_id, anchor, id, order_id, happened_at, ${KINDS.join(', ')}, ${listed('?_sum')})
   select * from ${unnested(1, `${COLUMNS}, ${listed('?_sum bigint')}`)} as u`,
);

type Row = Contribution & { readonly id: bigint };

/**
 * Adds what decisions add to the timelines of their members, who are locked, and marks those whose tier can change. To
 * look up again where each row stands and what sums it begins with took 23 us of PostgreSQL for an order; given with the
 * rows they take 12. Leaves in `ends` what another type of command of the same batch adds behind.
 */
export async function insertAdditions(
  tx: Tx,
  decisions: readonly { stored: { added?: Addition } }[],
  ends: TimelineFacts['ends'],
): Promise<void> {
  const rows = decisions.flatMap(({ stored: { added } }) =>
    added === undefined ? [] : added.rows.map((row): Row => ({ ...row, id: added.id })),
  );
  const summed = rows.filter(row => row.isSummed);
  const behind: { row: Row; sums: Measures }[] = [];
  const among: Row[] = [];
  for (const [member, own] of Map.groupBy(summed, ({ memberId }) => memberId)) {
    const placed = placeBehind(own, ends.get(member));
    if (placed === null) {
      among.push(...own);
      ends.delete(member);
      continue;
    }
    behind.push(...placed);
    const { row, sums } = placed.at(-1) as { row: Row; sums: Measures };
    ends.set(member, { anchor: row.anchor, id: row.id, sums, latestOrder: null });
  }
  await Promise.all([
    insertRows(tx, insertTimeline, among),
    insertRows(
      tx,
      insertBehind,
      behind.map(({ row }) => row),
      KINDS.map(kind => numbers(behind.map(({ sums }) => sums[kind]))),
    ),
    insertRows(
      tx,
      insertPlain,
      rows.filter(row => !row.isSummed),
    ),
    markTiers(
      tx,
      decisions.flatMap(({ stored: { added } }) => added?.mark ?? []),
    ),
  ]);
}

/** The rows with their running sums where all of them stand behind the end of the member's timeline; null: not all do. */
function placeBehind(
  rows: readonly Row[],
  end: TimelineEnd | null | undefined,
): { row: Row; sums: Measures }[] | null {
  if (end === undefined || end?.sums === null) return null;
  const isBehind = ({ anchor, id }: Row) =>
    end === null || anchor > end.anchor || (anchor === end.anchor && id > end.id);
  if (!rows.every(isBehind)) return null;
  let before: Measures | null = end?.sums ?? null;
  const inOrder = rows.length === 1 ? rows : [...rows].sort(byPlace);
  return inOrder.map(row => {
    const sums = plusMeasures(before, row.change);
    before = sums;
    return { row, sums };
  });
}

const byPlace = (a: Row, b: Row): number => a.anchor - b.anchor || (a.id < b.id ? -1 : 1);

async function insertRows(
  tx: Tx,
  how: Statement,
  rows: readonly Row[],
  sums: readonly Column[] = [],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(how, [
    numbers(rows.map(row => row.memberId)),
    instants(rows.map(row => row.anchor)),
    numbers(rows.map(row => row.id)),
    numbers(rows.map(row => row.orderId)),
    instants(rows.map(row => row.happenedAt)),
    ...KINDS.map(kind => numbers(rows.map(row => row.change[kind]))),
    ...sums,
  ]);
}

const readEnds = statement(
  'earning_timeline_ends',
  `select u.member_id, l.anchor, l.id, ${listed('l.?_sum')},
     case when l.orders > 0 then l.anchor else (
       select t.anchor from earning.timeline t where t.member_id = u.member_id and t.orders > 0
       order by t.anchor desc, t.id desc limit 1) end
   from ${unnested(1, 'member_id bigint')} as u, lateral (
     select t.anchor, t.id, t.orders, ${listed('t.?_sum')} from earning.timeline t where t.member_id = u.member_id
     order by t.anchor desc, t.id desc limit 1) l`,
);

type EndRow = [bigint, number, bigint, bigint | null, bigint, bigint, bigint, number | null];

/** Where the timelines of these members end; null where there is nothing yet. */
export async function timelineEnds(
  tx: Tx,
  members: readonly number[],
): Promise<Map<number, TimelineEnd | null>> {
  const ends = new Map<number, TimelineEnd | null>(members.map(member => [member, null]));
  if (members.length === 0) return ends;
  for (const [member, anchor, id, spend, orders, nights, points, latestOrder] of await tx.run<EndRow>(
    readEnds,
    [numbers(members)],
  ))
    ends.set(Number(member), {
      anchor,
      id,
      sums: spend === null ? null : { spend, orders, nights, points },
      latestOrder,
    });
  return ends;
}

const readSums = Object.fromEntries(
  KINDS.map(kind => [
    kind,
    statement(
      `earning_timeline_${kind}`,
      `select u.nr::integer, (
         select coalesce(t.${kind}_sum, ${summedUp(kind, 'u.member_id', '(u.at, 9223372036854775807)')})
         from earning.timeline t where t.member_id = u.member_id and t.anchor <= u.at
         order by t.anchor desc, t.id desc limit 1
       ), (
         select t.anchor from earning.timeline t where t.member_id = u.member_id and t.anchor > u.at
         order by t.anchor, t.id limit 1
       ) from ${numbered(1, 'member_id bigint, at timestamptz')} as u`,
    ),
  ]),
) as Record<Measure, Statement>;

/** A running sum, and when the next row stands after the instant; null: there is none. */
export interface RunningSum {
  readonly sum: bigint;
  readonly next: number | null;
}

const NO_ROWS: RunningSum = { sum: 0n, next: null };

/** The running sum of each member at each instant, in the order of the questions. */
export async function runningSums(
  tx: Tx,
  by: Measure,
  asked: readonly { memberId: number; at: number }[],
): Promise<RunningSum[]> {
  const rows = await tx.run<[number, bigint | null, number | null]>(readSums[by], [
    numbers(asked.map(question => question.memberId)),
    instants(asked.map(question => question.at)),
  ]);
  const sums = new Array<RunningSum>(asked.length).fill(NO_ROWS);
  for (const [nr, sum, next] of rows) sums[nr - 1] = { sum: sum ?? 0n, next };
  return sums;
}

const readLastOrders = statement(
  'earning_timeline_last_orders',
  `select u.nr::integer, l.order_id, l.anchor
   from ${numbered(1, 'member_id bigint, at timestamptz')} as u, lateral (
     select t.order_id, t.anchor from earning.timeline t
     where t.member_id = u.member_id and t.anchor <= u.at and t.orders > 0
     order by t.anchor desc, t.id desc limit $3
   ) l order by u.nr, l.anchor desc`,
);

/** The last few orders of each member up to each instant, newest first, in the order of the questions. */
export async function lastOrders(
  tx: Tx,
  asked: readonly { memberId: number; at: number }[],
  limit: number,
): Promise<{ orderId: bigint; anchor: number }[][]> {
  const rows = await tx.run<[number, bigint, number]>(readLastOrders, [
    numbers(asked.map(question => question.memberId)),
    instants(asked.map(question => question.at)),
    limit,
  ]);
  const found = asked.map((): { orderId: bigint; anchor: number }[] => []);
  for (const [nr, orderId, anchor] of rows) found[nr - 1]?.push({ orderId, anchor });
  return found;
}

const readLater = statement(
  'earning_timeline_later',
  `select t.member_id, t.order_id, t.anchor, t.happened_at, ${listed('t.?')}
   from ${unnested(1, 'member_id bigint, at timestamptz')} as u join earning.timeline t on t.member_id = u.member_id
     and t.happened_at > u.at and t.happened_at > t.anchor`,
);

/** What came back of each member's orders after an instant. */
export async function laterReturns(tx: Tx, since: ReadonlyMap<number, number>): Promise<Contribution[]> {
  const rows = await tx.run<[bigint, bigint, number, number, bigint, bigint, bigint, bigint]>(readLater, [
    numbers([...since.keys()]),
    instants([...since.values()]),
  ]);
  return rows.map(([memberId, orderId, anchor, happenedAt, spend, orders, nights, points]) => ({
    memberId: Number(memberId),
    orderId,
    anchor,
    happenedAt,
    change: { spend, orders, nights, points },
    isSummed: true,
  }));
}
