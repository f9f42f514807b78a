import type { Measure } from '../program/index.ts';
import type { Use } from './campaigns/uses.ts';
import type { TimelineEnd } from './tiers/timeline.ts';

/* What is remembered of members between batches, see `Remembered`. */

/** The sum of a measure up to each instant from `at` to just before `next`, at which the next row stands. */
export interface Base {
  readonly by: Measure;
  readonly at: number;
  next: number;
  readonly sum: bigint;
}

/** The timeline of a member who was granted no level. Changed in place: copies for each order cost more than all else. */
export interface TimelineMemory {
  end: TimelineEnd | null;
  /** No row stands before this instant. */
  first: number;
  /** Nothing came back, or was corrected, after this instant: so a tier at a later one depends on nothing but sums. */
  readonly quietFrom: number;
  readonly bases: readonly Base[];
}

/** How often, and with how many points, a campaign counted for a member between two instants, both included. */
export interface UsesSum {
  readonly since: number;
  readonly until: number;
  count: number;
  points: bigint;
}

/** How campaigns counted whose uses come as one sum. */
export interface UsesMemory {
  /** By campaign: of the period that was asked for last. */
  readonly sums: Map<string, UsesSum>;
  /** All uses that there are, of a member who has few; null: those of other periods have to be read. */
  all: Use[] | null;
}

/** Undefined is what is not known. */
export interface MemberMemory {
  timeline?: TimelineMemory | undefined;
  uses?: UsesMemory | undefined;
}

/** What is remembered of members, as far as one batch may use it. */
export interface Recall {
  of(memberId: number): MemberMemory | undefined;
  keep(memberId: number, what: MemberMemory): void;
}
