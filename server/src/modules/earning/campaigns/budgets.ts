import { LRUCache } from 'lru-cache';
import type { Tx } from '#platform/db/client.ts';
import * as store from './budgets.store.ts';

/*
 * A budget is points that a campaign gives to all members together. It is never exceeded and given out to the last
 * point, whatever goes on side by side, and no row makes all batches wait: it lies in shards. A batch holds one shard
 * of each budget that it may need and decides with what is in it. Where that is too little and other shards have some,
 * the batch is rolled back and tried again with all shards (`gather`), and puts what is left into as many as can still
 * serve a batch each. So a budget is gathered a few times at its end, and when a version of the program changes it.
 */

/** A budget as a version of the program has it. `limit` in points. */
export interface WantedBudget extends store.BudgetName {
  readonly limit: bigint;
  readonly version: number;
}

/** What an order gets for which not enough is left: what is left, or nothing. */
export type WhenShort = 'trim' | 'refuse';

/** A budget as one batch sees and changes it. */
interface Budget extends store.BudgetName {
  /** What the batch read and the shards that it holds; null: it only gives back. */
  readonly loaded: { readonly row: store.BudgetRow; readonly held: store.Locked } | null;
  /** Points that this batch may give: those of the shards that it holds, and what it was given back itself. */
  own: bigint;
  /** Points in shards that it does not hold. */
  readonly elsewhere: bigint;
  /** The version and points in force, and the total with which they are kept as far as what is left allows. */
  settled: { version: number; points: bigint; total: bigint };
  /** What is settled differs from what is stored: nothing may be given before all shards are held. */
  readonly unsettled: boolean;
  /** What the batch has asked for. */
  wanted: bigint;
  /** Given back, and not to be given again, because more was granted than the budget has now. */
  absorbed: bigint;
}

/** The budgets of one batch. */
export interface BudgetFacts {
  readonly budgets: Map<string, Budget>;
  /** Where to add what is given back to budgets of which this batch holds nothing. */
  readonly home: number;
  /** Those that the next attempt must gather. */
  readonly short: Set<string>;
  readonly needs: LRUCache<string, bigint>;
  stored: boolean;
}

export interface Budgets {
  /**
   * Holds a shard of each budget until the transaction ends and reads what is left; a budget that nobody has used yet is
   * made. To be called under the members' locks. With `write` false nothing is held or made, and everything counts.
   */
  load(tx: Tx, wanted: readonly WantedBudget[], write: boolean): Promise<BudgetFacts>;
  /** Holds all shards of the budgets that exist, for who changes what they give. */
  gather(tx: Tx, wanted: readonly WantedBudget[]): Promise<BudgetFacts>;
}

/** Thrown where a batch must be tried again: its part is too small. The code is PostgreSQL's for a serialisation failure. */
class ShardShort extends Error {
  readonly code = '40001';

  constructor(key: string) {
    super(`the shard of the budget ${key} is too small for the batch`);
  }
}

const MAX_NEEDS = 10_000;

/** The budgets of one process. What it remembers between batches only saves attempts. */
export function createBudgets(): Budgets {
  const needs = new LRUCache<string, bigint>({ max: MAX_NEEDS });
  // A lane tries a batch again on the same connection, and finds there which budgets it has to gather.
  const shorts = new WeakMap<Tx, Set<string>>();
  let home = 0;

  const begin = (tx: Tx): BudgetFacts => {
    home = (home + 1) % store.SHARDS;
    const short = shorts.get(tx) ?? new Set<string>();
    shorts.set(tx, short);
    return { budgets: new Map(), home, short, needs, stored: false };
  };

  return {
    async load(tx, wanted, write) {
      const facts = begin(tx);
      const latest = latestOf(wanted);
      if (latest.length === 0) return facts;
      const gather = new Set(latest.filter(each => facts.short.has(keyOf(each))));
      let missing = await fill(tx, facts, latest, write ? gather : null);
      if (missing.length > 0 && write) {
        await store.create(tx, missing);
        missing = await fill(tx, facts, missing, gather);
        if (missing.length > 0) throw new Error('a budget was made and is not there');
      }
      for (const each of missing) add(facts, each, untouched(each), 'all');
      return facts;
    },
    async gather(tx, wanted) {
      const facts = begin(tx);
      const latest = latestOf(wanted);
      if (latest.length > 0) await fill(tx, facts, latest, new Set(latest));
      return facts;
    },
  };
}

const keyOf = ({ programId, campaign }: store.BudgetName): string => `${programId} ${campaign}`;

/** Each budget once, as the last version has it. */
function latestOf(wanted: readonly WantedBudget[]): WantedBudget[] {
  const latest = new Map<string, WantedBudget>();
  for (const each of wanted) {
    const key = keyOf(each);
    if ((latest.get(key)?.version ?? 0) < each.version) latest.set(key, each);
  }
  return [...latest.values()];
}

const untouched = ({ version, limit }: WantedBudget): store.BudgetRow => ({
  version,
  points: limit,
  total: limit,
  remaining: [limit],
});

/** Locks and reads; gives those that do not exist. `gather`: of which all shards are wanted; null: lock nothing. */
async function fill(
  tx: Tx,
  facts: BudgetFacts,
  wanted: readonly WantedBudget[],
  gather: ReadonlySet<WantedBudget> | null,
): Promise<WantedBudget[]> {
  const asked = wanted.map(({ programId, campaign }, place) => ({
    programId,
    campaign,
    gather: gather?.has(wanted[place] as WantedBudget) ?? false,
    need: facts.needs.get(keyOf({ programId, campaign })) ?? 1n,
  }));
  // Sent together and carried out in order: what is read is what the holders before left behind.
  const [locked, rows] = await Promise.all([
    gather === null ? null : store.lock(tx, asked),
    store.read(tx, wanted),
  ]);
  return wanted.filter((each, place) => {
    const row = rows.get(place);
    // A budget that another transaction made between the two statements has been read, but not been locked.
    if (row === undefined || (locked !== null && !locked.has(place))) return true;
    add(facts, each, row, locked === null ? 'all' : (locked.get(place) ?? null));
    return false;
  });
}

const sum = (parts: readonly bigint[]): bigint => parts.reduce((total, part) => total + part, 0n);

function add(facts: BudgetFacts, wanted: WantedBudget, row: store.BudgetRow, held: store.Locked): void {
  const { programId, campaign } = wanted;
  const { left, ...settled } = settle(row, wanted);
  const unsettled = settled.points !== row.points || settled.total !== row.total;
  const own = held === 'all' ? left : held === null ? 0n : (row.remaining[held] as bigint);
  facts.budgets.set(keyOf(wanted), {
    programId,
    campaign,
    loaded: { row, held },
    own,
    elsewhere: left - own > 0n ? left - own : 0n,
    settled,
    unsettled: unsettled && held !== 'all',
    wanted: 0n,
    absorbed: 0n,
  });
}

/** Budgets of which everything is there and nothing is stored: for replays. */
export function imaginedBudgets(wanted: readonly WantedBudget[]): BudgetFacts {
  const needs = new LRUCache<string, bigint>({ max: 1 });
  const facts: BudgetFacts = { budgets: new Map(), home: 0, short: new Set(), needs, stored: true };
  for (const each of latestOf(wanted)) add(facts, each, untouched(each), 'all');
  return facts;
}

/**
 * What is left and in all when the points of the later version count. A raise adds the difference. A cut takes it away
 * from what is left; where more was granted, the rest is taken from what comes back.
 */
export function settle(
  row: store.BudgetRow,
  { version, limit }: Pick<WantedBudget, 'version' | 'limit'>,
): { version: number; points: bigint; total: bigint; left: bigint } {
  const left = sum(row.remaining);
  const [now, points] = version > row.version ? [version, limit] : [row.version, row.points];
  const change = points - row.total;
  const possible = change < -left ? -left : change;
  return { version: now, points, total: row.total + possible, left: left + possible };
}

/**
 * Takes up to `wanted` points from a budget and gives what was taken: all of it, or what is left where `mode` is `trim`,
 * or none. Throws an error with code 40001 where the batch holds too little to say; the next attempt will hold all.
 */
export function take(
  facts: BudgetFacts,
  programId: number,
  campaign: string,
  wanted: bigint,
  mode: WhenShort,
): bigint {
  const key = keyOf({ programId, campaign });
  const budget = facts.budgets.get(key);
  if (budget === undefined || budget.loaded === null) throw new Error(`the budget ${key} was not loaded`);
  if (wanted <= 0n) return 0n;
  budget.wanted += wanted;
  if (budget.unsettled) throw tooShort(facts, key, budget);
  if (budget.own < wanted) {
    // Too little everywhere: what another batch has taken but not committed cannot make it more.
    if (mode === 'refuse' && budget.own + budget.elsewhere < wanted) return 0n;
    if (budget.elsewhere > 0n) throw tooShort(facts, key, budget);
    if (mode === 'refuse') return 0n;
  }
  const taken = budget.own < wanted ? budget.own : wanted;
  budget.own -= taken;
  return taken;
}

function tooShort(facts: BudgetFacts, key: string, budget: Budget): ShardShort {
  facts.short.add(key);
  remember(facts, key, budget.wanted);
  return new ShardShort(key);
}

/** What batches want of a budget: the most of late, and less with each batch that wants less. */
function remember(facts: BudgetFacts, key: string, wanted: bigint): void {
  const half = (facts.needs.get(key) ?? 0n) / 2n;
  facts.needs.set(key, wanted > half ? wanted : half > 1n ? half : 1n);
}

/** Puts points back that were granted. The budget need not have been loaded. */
export function giveBack(facts: BudgetFacts, programId: number, campaign: string, points: bigint): void {
  const key = keyOf({ programId, campaign });
  const budget = facts.budgets.get(key) ?? unloaded(programId, campaign);
  const { total, points: limit } = budget.settled;
  const over = total - budget.absorbed - limit;
  const absorbed = over <= 0n ? 0n : over < points ? over : points;
  budget.absorbed += absorbed;
  budget.own += points - absorbed;
  facts.budgets.set(key, budget);
}

const unloaded = (programId: number, campaign: string): Budget => ({
  programId,
  campaign,
  loaded: null,
  own: 0n,
  elsewhere: 0n,
  settled: { version: 0, points: 0n, total: 0n },
  unsettled: false,
  wanted: 0n,
  absorbed: 0n,
});

/**
 * Writes what a batch took and gave back, by differences, in the transaction that loaded it. Sends everything before it
 * waits. More calls for the same batch do nothing.
 */
export async function storeBudgets(tx: Tx, facts: BudgetFacts): Promise<void> {
  if (facts.stored) return;
  facts.stored = true;
  facts.short.clear();
  const budgets = [...facts.budgets].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, budget] of budgets) if (budget.wanted > 0n) remember(facts, key, budget.wanted);
  const moves = budgets.flatMap(([key, budget]) => movesOf(budget, facts, facts.needs.get(key) ?? 1n));
  const settled = budgets.flatMap(([, budget]) => settlementOf(budget));
  await Promise.all([
    moves.length === 0 ? null : store.move(tx, moves),
    settled.length === 0 ? null : store.settle(tx, settled),
  ]);
}

function movesOf(budget: Budget, { home }: BudgetFacts, need: bigint): store.Move[] {
  const { programId, campaign, loaded, own, absorbed } = budget;
  const held = loaded?.held ?? null;
  const before = loaded?.row.remaining ?? [];
  if (held === 'all') {
    if (own === sum(before)) return [];
    return spread(own, before.length, need)
      .map((part, shard) => ({ programId, campaign, shard, change: part - (before[shard] as bigint) }))
      .filter(({ change }) => change !== 0n);
  }
  // What was absorbed lies in a shard until someone holds them all and can say that the total is smaller.
  const change = own + absorbed - (held === null ? 0n : (before[held] as bigint));
  return change === 0n ? [] : [{ programId, campaign, shard: held ?? home, change }];
}

function settlementOf({
  programId,
  campaign,
  loaded,
  settled,
  absorbed,
}: Budget): Parameters<typeof store.settle>[1] {
  if (loaded?.held !== 'all') return [];
  const { version, points } = settled;
  const total = settled.total - absorbed;
  if (points === loaded.row.points && total === loaded.row.total) return [];
  return [{ programId, campaign, version, points, total }];
}

/** Shares points out evenly over as many shards as get `need` each: all of `count`, or fewer, but one. */
export function spread(points: bigint, count: number, need: bigint): bigint[] {
  const enough = points / (need > 0n ? need : 1n);
  const used = enough < 1n ? 1n : enough > BigInt(count) ? BigInt(count) : enough;
  return Array.from({ length: count }, (_, shard) => {
    if (BigInt(shard) >= used) return 0n;
    return points / used + (BigInt(shard) < points % used ? 1n : 0n);
  });
}

/** What was granted of each loaded budget before this batch: what a new version must not go below. */
export const grantedOf = (facts: BudgetFacts): Map<string, bigint> =>
  new Map(
    [...facts.budgets.values()].flatMap(({ campaign, loaded }) =>
      loaded === null ? [] : [[campaign, loaded.row.total - sum(loaded.row.remaining)] as const],
    ),
  );
