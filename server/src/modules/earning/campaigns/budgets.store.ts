import { booleans, type Column, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';

/** Into how many parts a budget is cut: so many batches take from it side by side. */
export const SHARDS = 16;

export interface BudgetName {
  readonly programId: number;
  readonly campaign: string;
}

/** How a batch asks for its part of a budget. */
export interface Asked extends BudgetName {
  /** The whole budget, not a shard. */
  readonly gather: boolean;
  /** What the batch will want, as far as the last ones tell. */
  readonly need: bigint;
}

/** A budget as it stands in the database. */
export interface BudgetRow {
  /** The version of the program that `points` is from. */
  readonly version: number;
  readonly points: bigint;
  /** What was put in: what is left and what was granted. */
  readonly total: bigint;
  /** By shard. */
  readonly remaining: readonly bigint[];
}

/** The shard that was locked; all of them, or none. */
export type Locked = number | 'all' | null;

/*
 * One budget after the other, in the order of their ids, which is the same in every batch. Who gathers locks the budget
 * alone; all others share it, and each locks the fullest shard that nobody holds. Where all are held, and the fullest
 * would do, the batch waits for that one; where it would not do, nothing is held, and `take` says whether that matters.
 * `offset 0` keeps the planner from locking before it has sorted.
 */
const lockShards = statement(
  'earning_lock_budgets',
  `select b.nr::integer, case when b.gather then
      (select -1 from pg_advisory_xact_lock(b.id, -1))
    else (select coalesce(
      (select f.shard from (select s.shard from earning.budget_shards s where s.budget_id = b.id and s.remaining > 0
         order by s.remaining desc, s.shard offset 0) f
       where pg_try_advisory_xact_lock(b.id, f.shard) limit 1),
      (select f.shard from (select s.shard, s.remaining from earning.budget_shards s where s.budget_id = b.id and s.remaining > 0
         order by s.remaining desc, s.shard limit 1) f, pg_advisory_xact_lock(b.id, f.shard) where f.remaining >= b.need))
      from pg_advisory_xact_lock_shared(b.id, -1))
    end::integer
   from (select u.nr, u.gather, u.need, b.id
         from ${numbered(1, 'program_id integer, campaign text, gather boolean, need bigint')} as u
         join earning.budgets b on b.program_id = u.program_id and b.campaign = u.campaign
         order by b.id offset 0) b`,
);

/** Locks a shard of each budget to the end of the transaction, or all. By place in the list; null where it has none to give. */
export async function lock(tx: Tx, asked: readonly Asked[]): Promise<Map<number, Locked>> {
  const rows = await tx.run<[number, number | null]>(lockShards, [
    ...names(asked),
    booleans(asked.map(each => each.gather)),
    numbers(asked.map(each => each.need)),
  ]);
  return new Map(rows.map(([nr, shard]) => [nr - 1, shard === -1 ? 'all' : shard]));
}

const readBudgets = statement(
  'earning_budgets',
  `select u.nr::integer, b.version, b.points, b.total,
     (select array_agg(s.remaining order by s.shard) from earning.budget_shards s where s.budget_id = b.id)
   from ${numbered(1, 'program_id integer, campaign text')} as u
   join earning.budgets b on b.program_id = u.program_id and b.campaign = u.campaign`,
);

/** The budgets that exist, by place in the list. Sent behind `lock`, it sees what the last holders left. */
export async function read(tx: Tx, wanted: readonly BudgetName[]): Promise<Map<number, BudgetRow>> {
  const rows = await tx.run<[number, number, bigint, bigint, bigint[]]>(readBudgets, names(wanted));
  return new Map(
    rows.map(([nr, version, points, total, remaining]) => [nr - 1, { version, points, total, remaining }]),
  );
}

const createBudgets = statement(
  'earning_create_budgets',
  `with made as (
     insert into earning.budgets (program_id, campaign, version, points, total)
     select u.program_id, u.campaign, u.version, u.points, u.points
     from ${unnested(1, 'program_id integer, campaign text, version integer, points bigint')} as u
     order by u.program_id, u.campaign collate "C"
     on conflict (program_id, campaign) do nothing returning id, total)
   insert into earning.budget_shards (budget_id, shard, remaining)
   select m.id, s.shard, m.total / ${SHARDS} + case when s.shard < m.total % ${SHARDS} then 1 else 0 end
   from made m cross join generate_series(0, ${SHARDS - 1}) s(shard)`,
);

/** Makes budgets that nobody has used yet; those that someone else made meanwhile stay as they are. */
export async function create(
  tx: Tx,
  wanted: readonly (BudgetName & { version: number; limit: bigint })[],
): Promise<void> {
  await tx.run(createBudgets, [
    ...names(wanted),
    numbers(wanted.map(each => each.version)),
    numbers(wanted.map(each => each.limit)),
  ]);
}

const moveShards = statement(
  'earning_move_budgets',
  `update earning.budget_shards s set remaining = s.remaining + u.change
   from ${unnested(1, 'program_id integer, campaign text, shard smallint, change bigint')} as u
   join earning.budgets b on b.program_id = u.program_id and b.campaign = u.campaign
   where s.budget_id = b.id and s.shard = u.shard`,
);

export interface Move extends BudgetName {
  readonly shard: number;
  readonly change: bigint;
}

/** Adds to shards, or takes from shards that are held. */
export async function move(tx: Tx, moves: readonly Move[]): Promise<void> {
  await tx.run(moveShards, [
    ...names(moves),
    numbers(moves.map(each => each.shard)),
    numbers(moves.map(each => each.change)),
  ]);
}

const settleBudgets = statement(
  'earning_settle_budgets',
  `update earning.budgets b set version = u.version, points = u.points, total = u.total
   from ${unnested(1, 'program_id integer, campaign text, version integer, points bigint, total bigint')} as u
   where b.program_id = u.program_id and b.campaign = u.campaign`,
);

/** Writes what another version of the program gives. Only for budgets of which all shards are held. */
export async function settle(
  tx: Tx,
  settled: readonly (BudgetName & Omit<BudgetRow, 'remaining'>)[],
): Promise<void> {
  await tx.run(settleBudgets, [
    ...names(settled),
    numbers(settled.map(each => each.version)),
    numbers(settled.map(each => each.points)),
    numbers(settled.map(each => each.total)),
  ]);
}

const names = (list: readonly BudgetName[]): Column[] => [
  numbers(list.map(each => each.programId)),
  texts(list.map(each => each.campaign)),
];

const listBudgets = statement(
  'earning_list_budgets',
  `select b.campaign, b.version, b.points, b.total - sum(s.remaining)::bigint
   from earning.budgets b join earning.budget_shards s on s.budget_id = b.id
   where b.program_id = $1 and b.version > 0 and b.campaign collate "C" > $2
   group by b.id order by b.campaign collate "C" limit $3`,
);

export interface ListedBudget {
  campaign: string;
  version: number;
  points: bigint;
  granted: bigint;
}

/** The budgets of a program that a version was published or used with, by campaign. */
export async function list(tx: Tx, programId: number, after: string, limit: number): Promise<ListedBudget[]> {
  const rows = await tx.run<[string, number, bigint, bigint]>(listBudgets, [programId, after, limit]);
  return rows.map(([campaign, version, points, granted]) => ({ campaign, version, points, granted }));
}

const grantedBudgets = statement(
  'earning_granted_budgets',
  `select b.campaign, b.total - sum(s.remaining)::bigint
   from earning.budgets b join earning.budget_shards s on s.budget_id = b.id
   where b.program_id = $1 group by b.id`,
);

/** What the campaigns of a program have granted from their budgets, by campaign. */
export const granted = async (tx: Tx, programId: number): Promise<Map<string, bigint>> =>
  new Map(await tx.run<[string, bigint]>(grantedBudgets, [programId]));
