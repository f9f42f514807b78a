import { numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Verdict } from '../activities/verdicts.ts';
import type { Applied } from '../model.ts';
import { type AppliedJson, appliedFromJson, appliedToJson } from '../store.ts';

export type RerateState =
  | 'planning'
  | 'planned'
  | 'applying'
  | 'applied'
  | 'reversing'
  | 'reversed'
  | 'failed';

/** A re-rating of a period; times in epoch ms. */
export interface Rerate {
  readonly id: bigint;
  readonly programId: number;
  readonly state: RerateState;
  readonly from: number;
  readonly to: number;
  readonly version: number | null;
  readonly note: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly done: number;
  readonly expected: number;
}

/** An order or activity that comes out differently. */
export interface RerateItem {
  readonly memberId: number;
  /** Of an activity its id. */
  readonly orderId: bigint;
  readonly version: number;
  readonly applied: Applied;
  readonly versionBefore: number;
  readonly appliedBefore: Applied;
  /** What an activity is decided by now and was decided by before; null for an order. */
  readonly activity: { readonly verdict: Verdict; readonly before: Verdict } | null;
  /** Points by the number of their unit. */
  readonly change: readonly (readonly [unit: number, points: bigint])[];
  /** Null until it was tried; `ok`, or the code of the refusal. */
  readonly appliedAs: string | null;
  readonly reversedAs: string | null;
}

const instant = (at: number): string => new Date(at).toISOString();

const insert = statement(
  'earning_insert_rerate',
  `insert into earning.rerates (id, program_id, state, span_from, span_to, version, note, created_at, seen_at, done, expected)
   values ($1, $2, 'planning', $3, $4, $5, $6, $7, $7, 0, 0)`,
);

export async function insertRerate(
  tx: Tx,
  rerate: Pick<Rerate, 'id' | 'programId' | 'from' | 'to' | 'version' | 'note'>,
  at: number,
): Promise<void> {
  const { id, programId, from, to, version, note } = rerate;
  await tx.run(insert, [id, programId, instant(from), instant(to), version, note, instant(at)]);
}

const read = statement(
  'earning_rerate',
  `select id, program_id, state, span_from, span_to, version, note, created_at, seen_at, done, expected
   from earning.rerates where program_id = $1 and id = $2`,
);

type Row = [
  bigint,
  number,
  RerateState,
  number,
  number,
  number | null,
  string,
  number,
  number,
  bigint,
  bigint,
];

export async function findRerate(tx: Tx, programId: number, id: bigint): Promise<Rerate | undefined> {
  const [row] = await tx.run<Row>(read, [programId, id]);
  if (row === undefined) return undefined;
  const [own, program, state, from, to, version, note, createdAt, seenAt, done, expected] = row;
  return {
    id: own,
    programId: program,
    state,
    from,
    to,
    version,
    note,
    createdAt,
    seenAt,
    done: Number(done),
    expected: Number(expected),
  };
}

const move = statement(
  'earning_move_rerate',
  `update earning.rerates set state = $3, seen_at = $4, done = 0, expected = $5 where id = $1 and state = any($2::text[])
   returning id`,
);

/** Moves a re-rating on from one of these states; false where it is in another one. */
export async function moveRerate(
  tx: Tx,
  id: bigint,
  from: readonly RerateState[],
  to: RerateState,
  at: number,
  expected: number,
): Promise<boolean> {
  return (await tx.run(move, [id, texts(from), to, instant(at), expected])).length > 0;
}

const see = statement(
  'earning_see_rerate',
  'update earning.rerates set seen_at = $2, done = $3 where id = $1',
);

export async function seeRerate(tx: Tx, id: bigint, at: number, done: number): Promise<void> {
  await tx.run(see, [id, instant(at), done]);
}

const clear = statement('earning_clear_rerate', 'delete from earning.rerate_items where rerate_id = $1');
const insertItems = statement(
  'earning_insert_rerate_items',
  `insert into earning.rerate_items (rerate_id, member_id, order_id, program_version, applied, version_before, applied_before, change, verdict, verdict_before)
   select $1::bigint, u.member_id, u.order_id, u.version, u.applied::json, u.version_before, u.applied_before::json, u.change::json,
     u.verdict::json, u.verdict_before::json
   from ${unnested(
     2,
     `
     member_id bigint, order_id bigint, version integer, applied text, version_before integer,
     applied_before text, change text, verdict text, verdict_before text`,
   )} as u`,
);

/** Forgets what an earlier attempt to plan had found. */
export async function clearItems(tx: Tx, id: bigint): Promise<void> {
  await tx.run(clear, [id]);
}

export async function insertRerateItems(tx: Tx, id: bigint, items: readonly RerateItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx.run(insertItems, [
    id,
    numbers(items.map(item => item.memberId)),
    numbers(items.map(item => item.orderId)),
    numbers(items.map(item => item.version)),
    texts(items.map(item => appliedToJson(item.applied))),
    numbers(items.map(item => item.versionBefore)),
    texts(items.map(item => appliedToJson(item.appliedBefore))),
    texts(items.map(item => JSON.stringify(item.change.map(([unit, points]) => [unit, String(points)])))),
    texts(items.map(({ activity }) => (activity === null ? null : JSON.stringify(activity.verdict)))),
    texts(items.map(({ activity }) => (activity === null ? null : JSON.stringify(activity.before)))),
  ]);
}

const ITEM =
  'member_id, order_id, program_version, applied, version_before, applied_before, change, applied_as, reversed_as, verdict, verdict_before';
const listItems = statement(
  'earning_rerate_items',
  `select ${ITEM} from earning.rerate_items
   where rerate_id = $1 and (member_id, order_id) > ($2, $3) order by member_id, order_id limit $4`,
);

type ItemRow = [
  bigint,
  bigint,
  number,
  AppliedJson | null,
  number,
  AppliedJson | null,
  [number, string][],
  string | null,
  string | null,
  Verdict | null,
  Verdict | null,
];

/** The items of a re-rating behind a place, by member and order. */
export async function rerateItems(
  tx: Tx,
  id: bigint,
  after: { readonly memberId: number | bigint; readonly orderId: bigint },
  limit: number,
): Promise<RerateItem[]> {
  const rows = await tx.run<ItemRow>(listItems, [id, after.memberId, after.orderId, limit]);
  return rows.map(
    ([member, orderId, version, applied, versionBefore, before, change, appliedAs, reversedAs, ...rest]) => ({
      memberId: Number(member),
      orderId,
      version,
      applied: appliedFromJson(applied),
      versionBefore,
      appliedBefore: appliedFromJson(before),
      activity: rest[0] === null ? null : { verdict: rest[0], before: rest[1] as Verdict },
      change: change.map(([unit, points]): [number, bigint] => [unit, BigInt(points)]),
      appliedAs,
      reversedAs,
    }),
  );
}

const note = (column: string) =>
  statement(
    `earning_note_${column}`,
    `update earning.rerate_items i set ${column} = u.outcome
     from ${unnested(2, 'member_id bigint, order_id bigint, outcome text')} as u
     where i.rerate_id = $1 and i.member_id = u.member_id and i.order_id = u.order_id`,
  );
const NOTE = { applied: note('applied_as'), reversed: note('reversed_as') };

/** Notes what became of items. */
export async function noteItems(
  tx: Tx,
  id: bigint,
  direction: 'applied' | 'reversed',
  outcomes: readonly { item: RerateItem; outcome: string }[],
): Promise<void> {
  await tx.run(NOTE[direction], [
    id,
    numbers(outcomes.map(({ item }) => item.memberId)),
    numbers(outcomes.map(({ item }) => item.orderId)),
    texts(outcomes.map(({ outcome }) => outcome)),
  ]);
}

const sums = statement(
  'earning_rerate_sums',
  `select count(*) filter (where verdict is null), count(*) filter (where verdict is not null), count(distinct i.member_id), count(*) filter (where applied_as = 'ok'), count(*) filter (where applied_as <> 'ok'),
     count(*) filter (where reversed_as = 'ok'), count(*) filter (where reversed_as <> 'ok'),
     (select json_agg(json_build_array(unit, points)) from (
        select (c ->> 0)::integer as unit, sum((c ->> 1)::numeric)::text as points
        from earning.rerate_items j, json_array_elements(j.change) c where j.rerate_id = $1 group by 1 order by 1) s)
   from earning.rerate_items i where i.rerate_id = $1`,
);

/** How many orders, activities and members, what became of them, and the points by unit. */
export async function rerateSums(tx: Tx, id: bigint) {
  type Sums = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, [number, string][] | null];
  const [row] = await tx.run<Sums>(sums, [id]);
  const [orders = 0, activities = 0, members = 0, applied, refused, reversed, notReversed] = (
    row?.slice(0, 7) ?? []
  ).map(Number);
  return { orders, activities, members, applied, refused, reversed, notReversed, change: row?.[7] ?? [] };
}

const timelineOf = statement(
  'earning_timelines',
  `select t.member_id, t.id, t.order_id, t.anchor, t.happened_at, t.spend, t.orders, t.nights, t.points
   from ${unnested(1, 'member_id bigint')} as u join earning.timeline t on t.member_id = u.member_id
   order by t.member_id, t.happened_at, t.id`,
);

/** Everything on the timelines of members, in the order in which it happened. */
export async function timelinesOf(tx: Tx, members: readonly number[]) {
  type TimelineRow = [bigint, bigint, bigint, number, number, bigint, bigint, bigint, bigint];
  const rows = await tx.run<TimelineRow>(timelineOf, [numbers(members)]);
  return rows.map(([memberId, id, orderId, anchor, happenedAt, spend, orders, nights, points]) => ({
    memberId: Number(memberId),
    id,
    orderId,
    anchor,
    happenedAt,
    change: { spend, orders, nights, points },
    isSummed: true,
  }));
}
