import type { Measure } from '../../program/index.ts';
import type { Addition } from '../records.ts';
import { type Measures, plusMeasures, type RunningSums, type TimelineEnd } from './timeline.ts';

/** The sum of a measure up to each instant from `at` to just before `next`, at which the next row stands. */
export interface Base {
  readonly by: Measure;
  readonly at: number;
  next: number;
  readonly sum: bigint;
}

/** What is remembered of the timeline of a member who was granted no level. Changed in place: copies for each order cost more than all else. */
export class TimelineMemory implements RunningSums {
  /** Nothing came back, or was corrected, after this instant: so a tier at a later one depends on nothing but sums. */
  readonly quietFrom: number;
  /** No row stands before this instant. */
  private first: number;
  private readonly bases: readonly Base[];
  /** Where the timeline ends: null where it is empty. */
  private sums: Measures | null;
  private anchor: number;
  private id: bigint;
  private latestOrder: number | null;

  /** Of an end with sums. */
  constructor(end: TimelineEnd | null, quietFrom: number, bases: readonly Base[]) {
    this.quietFrom = quietFrom;
    this.bases = bases;
    this.first = end === null ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.sums = end?.sums ?? null;
    this.anchor = end?.anchor ?? Number.NEGATIVE_INFINITY;
    this.id = end?.id ?? 0n;
    this.latestOrder = end?.latestOrder ?? null;
  }

  get end(): TimelineEnd | null {
    const { anchor, id, sums, latestOrder } = this;
    return sums === null ? null : { anchor, id, sums, latestOrder };
  }

  upTo(by: Measure, at: number): bigint | undefined {
    if (this.sums === null || at < this.first) return 0n;
    if (at >= this.anchor) return this.sums[by];
    for (const base of this.bases) if (base.by === by && at >= base.at && at < base.next) return base.sum;
    return undefined;
  }

  /** Follows what an order adds behind the end. False where it stands elsewhere, or adds more than itself. */
  follow({ id, rows }: Addition): boolean {
    const [row] = rows;
    if (row === undefined) return true;
    const { anchor, change } = row;
    if (rows.length > 1 || !row.isSummed || row.happenedAt !== anchor) return false;
    if (anchor < this.anchor || (anchor === this.anchor && id <= this.id)) return false;
    if (change.orders > 0n) this.latestOrder = anchor;
    this.anchor = anchor;
    this.id = id;
    this.sums = plusMeasures(this.sums, change);
    this.first = Math.min(this.first, anchor);
    for (const base of this.bases) base.next = Math.min(base.next, anchor);
    return true;
  }
}
