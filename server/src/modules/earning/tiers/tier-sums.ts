import type { Measure, SumBetween } from '../../program/index.ts';
import type { Contribution } from './timeline.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** The member's rows as running sums, so that the sum of any window is two searches. */
export class TierSums {
  private readonly rows: readonly Contribution[];
  /** What came back later than its order, the latest first. */
  private readonly backs: readonly Contribution[];
  private readonly totals = new Map<Measure, bigint[]>();

  constructor(rows: readonly Contribution[]) {
    this.rows = [...rows].sort((a, b) => a.anchor - b.anchor);
    this.backs = rows
      .filter(({ anchor, happenedAt }) => happenedAt > anchor)
      .sort((a, b) => b.happenedAt - a.happenedAt);
  }

  /** The sum over a window by what had happened at `known`. */
  between(by: Measure, known: number): SumBetween {
    const totals = this.totalsOf(by);
    return (after, until) => {
      const end = Math.min(until, known);
      if (end <= after) return 0n;
      let sum = (totals[this.upTo(end)] as bigint) - (totals[this.upTo(after)] as bigint);
      for (const { anchor, happenedAt, change } of this.backs) {
        if (happenedAt <= known) break;
        if (anchor > after && anchor <= end) sum -= change[by];
      }
      return sum;
    };
  }

  /** The first instant after `at` at which something happened. */
  nextAfter(at: number): number {
    let next = this.rows[this.upTo(at)]?.anchor ?? NEVER;
    for (const { happenedAt } of this.backs) {
      if (happenedAt <= at) break;
      next = Math.min(next, happenedAt);
    }
    return next;
  }

  /** The first order in (after, until] without which, and without those before it, `holds` is false. */
  firstWithout(after: number, until: number, holds: (without: number) => boolean): number | undefined {
    let low = this.upTo(after);
    let high = this.upTo(until);
    const last = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds((this.rows[middle] as Contribution).anchor)) low = middle + 1;
      else high = middle;
    }
    return low === last ? undefined : (this.rows[low] as Contribution).anchor;
  }

  /** Whether something came back, or was corrected, at that very instant. */
  hasBackAt(at: number): boolean {
    return this.backs.some(({ happenedAt }) => happenedAt === at);
  }

  /** How many rows stand up to an instant. */
  private upTo(at: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.rows[middle] as Contribution).anchor <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private totalsOf(by: Measure): bigint[] {
    const known = this.totals.get(by);
    if (known !== undefined) return known;
    const totals = [0n];
    for (const { change } of this.rows) totals.push((totals.at(-1) as bigint) + change[by]);
    this.totals.set(by, totals);
    return totals;
  }
}
