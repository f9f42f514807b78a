/*
 * What is left of a reward or of a pool of codes, in parts (shards) that batches take from side by side. A batch locks one
 * part where there is plenty and all of them where there is little, so that the last one is granted exactly once.
 */

/** Into how many parts a stock is cut. */
export const SHARDS = 8;
/** A part is enough by itself where it holds this many times what a batch may take: others may be taking from it too. */
const PLENTY = 4;

/** One part of a stock, as it stands in the database. */
export interface Shard {
  readonly shard: number;
  /** The version of the program whose stock was shared out; 0: a pool, or a part that nobody has filled yet. */
  readonly version: number;
  readonly granted: number;
  readonly remaining: number;
}

/** What a program says about the stock of a reward; null of a pool, whose stock is its codes. */
export interface Supply {
  readonly version: number;
  readonly stock: number;
}

/** A hold that has ended and whose unit may be taken over. */
export interface Lapsed {
  readonly id: bigint;
  readonly shard: number;
  /** When the hold ended, epoch ms. */
  readonly endedAt: number;
}

/** One unit of stock: where it is taken from, and whose ended hold it was, if anybody's. */
export interface Unit {
  readonly shard: number;
  readonly lapsed: bigint | null;
}

const total = (shards: readonly Shard[]): number => shards.reduce((sum, shard) => sum + shard.remaining, 0);

/** Whether a version of the program has another stock than was shared out. */
export const isOutdated = (shards: readonly Shard[], supply: Supply | null): boolean =>
  shards.length < SHARDS || (supply !== null && shards.some(shard => shard.version < supply.version));

/** The parts with a program's stock shared out anew, less what was granted; without them all, none was granted yet. */
export function shareOut(shards: readonly Shard[], supply: Supply): Shard[] {
  const known = new Map(shards.map(shard => [shard.shard, shard]));
  const granted = shards.reduce((sum, shard) => sum + shard.granted, 0);
  const left = supply.stock - granted;
  return Array.from({ length: SHARDS }, (_, shard) => ({
    shard,
    version: supply.version,
    granted: known.get(shard)?.granted ?? 0,
    remaining: left < 0 ? (shard === 0 ? left : 0) : share(left, shard),
  }));
}

/** The part of `units` that goes to one shard. */
export const share = (units: number, shard: number): number =>
  Math.floor(units / SHARDS) + (shard < units % SHARDS ? 1 : 0);

/**
 * Which parts a batch locks that may take `need` units, looking at them without a lock: one with plenty, beginning with
 * the `preferred` one, or all.
 */
export function choose(shards: readonly Shard[], need: number, preferred: number): number[] {
  const all = Array.from({ length: SHARDS }, (_, shard) => shard);
  if (shards.some(shard => shard.remaining < 0)) return all;
  const remaining = new Map(shards.map(shard => [shard.shard, shard.remaining]));
  const next = all
    .map(step => (preferred + step) % SHARDS)
    .find(shard => (remaining.get(shard) ?? 0) >= PLENTY * need);
  return next === undefined ? all : [next];
}

/** What a batch may grant of one stock. */
export class Stock {
  private readonly remaining: Map<number, number>;
  private readonly lapsed: Lapsed[];

  /** `shards` are the locked ones. */
  constructor(shards: readonly Shard[], lapsed: readonly Lapsed[]) {
    this.remaining = new Map(shards.map(shard => [shard.shard, shard.remaining]));
    this.lapsed = [...lapsed];
  }

  /** How many units can be granted at `now`, epoch ms. */
  left(now: number): number {
    const ended = this.lapsed.filter(hold => hold.endedAt <= now).length;
    return Math.max(0, [...this.remaining.values()].reduce((sum, part) => sum + part, 0) + ended);
  }

  /** The next unit, or undefined where nothing is left. Takes nothing: `take` does. */
  next(now: number): Unit | undefined {
    if (this.left(now) === 0) return undefined;
    for (const [shard, remaining] of this.remaining) if (remaining > 0) return { shard, lapsed: null };
    const hold = this.lapsed.find(({ endedAt }) => endedAt <= now);
    return hold && { shard: hold.shard, lapsed: hold.id };
  }

  take({ shard, lapsed }: Unit): void {
    if (lapsed === null) this.remaining.set(shard, (this.remaining.get(shard) ?? 0) - 1);
    else
      this.lapsed.splice(
        this.lapsed.findIndex(({ id }) => id === lapsed),
        1,
      );
  }

  giveBack(shard: number): void {
    this.remaining.set(shard, (this.remaining.get(shard) ?? 0) + 1);
  }
}

/** What is left, for people to read: of the parts as they stand, and of holds that have ended. */
export const leftOf = (shards: readonly Shard[], lapsed: number): number =>
  Math.max(0, total(shards) + lapsed);
