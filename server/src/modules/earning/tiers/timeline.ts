import type { Measure, SumBetween } from '../../program/index.ts';
import type { TierGrant } from './tier-grants.store.ts';

/*
 * A member's orders and returns in the order of time, as far as a batch must know them. Tiers are decided by sums over
 * windows of it: the running sums that are stored, what this batch has added, and less what came back only later.
 */

/** What can qualify for a tier. Spend in minor units of the program's currency. */
export type Measures = Readonly<Record<Measure, bigint>>;

export const plusMeasures = (a: Measures | null, b: Measures): Measures =>
  a === null
    ? b
    : {
        spend: a.spend + b.spend,
        orders: a.orders + b.orders,
        nights: a.nights + b.nights,
        points: a.points + b.points,
      };

/** What an order, a new revision of one, or a return adds to its member's timeline. */
export interface Contribution {
  readonly memberId: number;
  readonly orderId: bigint;
  /** Where it stands: the time of the order, epoch ms. */
  readonly anchor: number;
  /** From when on it counts: later than the order's time for a return. */
  readonly happenedAt: number;
  readonly change: Measures;
  /** Whether the row keeps running sums: in programs of which any version has tiers. */
  readonly isSummed: boolean;
}

/** An order and its time. */
export interface PlacedOrder {
  readonly orderId: bigint;
  /** Epoch ms. */
  readonly anchor: number;
}

/** The last row of a member's timeline, before this batch. */
export interface TimelineEnd {
  /** Epoch ms. */
  readonly anchor: number;
  readonly id: bigint;
  /** The running sums up to it; null where none are kept. */
  readonly sums: Measures | null;
  /** When the latest order was; null where there is none. */
  readonly latestOrder: number | null;
}

/** The running sums of a member; undefined at instants of which they are not known. */
export interface RunningSums {
  upTo(by: Measure, at: number): bigint | undefined;
}

/** Running sums that were read for the instants that were asked for. */
export class ReadSums implements RunningSums {
  private readonly sums = new Map<Measure, Map<number, bigint>>();

  upTo(by: Measure, at: number): bigint | undefined {
    return this.sums.get(by)?.get(at);
  }

  note(by: Measure, at: number, sum: bigint): void {
    const own = this.sums.get(by) ?? new Map<number, bigint>();
    this.sums.set(by, own.set(at, sum));
  }
}

/** The sums of some members around the times that a batch asks for. */
export interface TimelineFacts {
  /** Where the timelines end of those who were asked for; null: it is empty. */
  readonly ends: Map<number, TimelineEnd | null>;
  /** The stored running sums of members, around the instants that are asked for. */
  readonly sums: Map<number, RunningSums>;
  /** What came back later than some time that is asked for. */
  readonly later: Contribution[];
  /** The last orders up to some time that is asked for, newest first: by member, then by the time. */
  readonly lastOrders: Map<number, Map<number, readonly PlacedOrder[]>>;
  /** What this batch has added. */
  readonly added: Map<number, Contribution[]>;
  /** The levels that members were given by hand; nobody is in it who was given none. */
  readonly granted: Map<number, readonly TierGrant[]>;
  /** When members were enrolled, where a tier depends on it. */
  readonly enrolled: Map<number, number>;
}

export const emptyTimeline = (): TimelineFacts => ({
  ends: new Map(),
  sums: new Map(),
  later: [],
  lastOrders: new Map(),
  added: new Map(),
  granted: new Map(),
  enrolled: new Map(),
});

/**
 * A member's sums as they are known at `at`. The instants must be among those that were loaded; for a member who is new
 * in this batch nothing is.
 */
export function sumsOf(facts: TimelineFacts, memberId: number, by: Measure, at: number): SumBetween {
  const stored = facts.sums.get(memberId);
  const added = facts.added.get(memberId);
  const later = facts.later.filter(row => row.memberId === memberId && row.happenedAt > at);
  return (after, until) => {
    let sum = 0n;
    if (stored !== undefined) sum += storedAt(stored, by, until) - storedAt(stored, by, after);
    for (const { anchor, happenedAt, change } of added ?? [])
      if (anchor > after && anchor <= until && happenedAt <= at) sum += change[by];
    for (const { anchor, change } of later) if (anchor > after && anchor <= until) sum -= change[by];
    return sum;
  };
}

function storedAt(sums: RunningSums, by: Measure, at: number): bigint {
  if (at === Number.NEGATIVE_INFINITY) return 0n;
  const sum = sums.upTo(by, at);
  if (sum === undefined) throw new Error(`the sum of ${by} at ${at} was not loaded`);
  return sum;
}

/** When the latest order of a member was, of whom it is known where the timeline ends; undefined: there is none yet. */
export function latestOrder({ ends, added }: TimelineFacts, memberId: number): number | undefined {
  let latest = ends.get(memberId)?.latestOrder ?? undefined;
  for (const { anchor } of added.get(memberId) ?? []) latest = Math.max(anchor, latest ?? anchor);
  return latest;
}

/** Makes a contribution visible to the later commands of the batch. */
export function add(facts: TimelineFacts, contribution: Contribution): void {
  const own = facts.added.get(contribution.memberId);
  if (own === undefined) facts.added.set(contribution.memberId, [contribution]);
  else own.push(contribution);
}
