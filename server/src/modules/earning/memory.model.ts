import type { Use } from './campaigns/uses.ts';
import type { TimelineMemory } from './tiers/timeline.memory.ts';

/* What is remembered of members between batches, see `Remembered`. */

/** How often, and with how many points, a campaign counted for a member between two instants, both included. */
export interface UsesSum {
  readonly campaign: string;
  readonly since: number;
  readonly until: number;
  count: number;
  points: bigint;
}

/** How campaigns counted whose uses come as one sum. */
export interface UsesMemory {
  /** One of each campaign: of the period that was asked for last. */
  sums: readonly UsesSum[];
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
