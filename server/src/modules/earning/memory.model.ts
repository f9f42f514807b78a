import type { Measure } from '../program/index.ts';
import type { TimelineEnd } from './tiers/timeline.ts';

/* What is remembered of members between batches, see `Remembered`. */

/** The sum of a measure up to each instant from `at` to just before `next`, at which the next row stands. */
export interface Base {
  readonly by: Measure;
  readonly at: number;
  readonly next: number;
  readonly sum: bigint;
}

/** The timeline of a member who was granted no level. */
export interface TimelineMemory {
  readonly end: TimelineEnd | null;
  /** Nothing came back, or was corrected, after this instant: so a tier at a later one depends on nothing but sums. */
  readonly quietFrom: number;
  readonly bases: readonly Base[];
}

/** How often, and with how many points, a campaign counted for a member between two instants, both included. */
export interface UsesSum {
  readonly since: number;
  readonly until: number;
  readonly count: number;
  readonly points: bigint;
}

/** By campaign, of those whose uses come as one sum: of the period that was asked for last. */
export type UsesMemory = ReadonlyMap<string, UsesSum>;

/** Left out is what is not known. */
export interface MemberMemory {
  readonly timeline?: TimelineMemory;
  readonly uses?: UsesMemory;
}

/** What is remembered of members, as far as one batch may use it. */
export interface Recall {
  of(memberId: number): MemberMemory | undefined;
  keep(memberId: number, what: MemberMemory): void;
}
