import { LRUCache } from 'lru-cache';
import type { Era, SoleWriter } from '../ledger/index.ts';
import { followUses } from './campaigns/uses.memory.ts';
import type { MemberMemory, Recall } from './memory.model.ts';
import type { StoredOrder } from './records.ts';
import { TimelineMemory } from './tiers/timeline.memory.ts';

/** How much memory a member takes, bytes, and for which part of the machine's; measured with three tiers and two campaigns. */
const MEMBER_BYTES = 1_000;
const PART_OF_MEMORY = 200;

/** How many members are remembered with `memory` bytes in the machine. */
export const capacity = (memory: number): number =>
  Math.min(Math.max(Math.floor(memory / PART_OF_MEMORY / MEMBER_BYTES), 1_000), 500_000);

/**
 * What decisions about orders have read and written of members, so that the next order of a member asks for nothing: where
 * its timeline ends, the sums that its tier depends on, how often campaigns with limits counted. Valid only while this process
 * is the sole writer. It follows orders in their turn; after anything else a member is read again.
 *
 * Measured in bulk with tiers, 50 campaigns, limits and budgets, with and without exchanged in one process: PostgreSQL 161 to
 * 97, 197 to 115, 244 to 132 us an order. [ADR 0032](../../../../docs/decisions/0032-facts-are-remembered-while-one-engine-writes.md)
 */
export class Remembered {
  private readonly soleWriter: SoleWriter;
  private readonly members: LRUCache<number, MemberMemory>;
  private era: Era | null = null;

  constructor(soleWriter: SoleWriter, most: number) {
    this.soleWriter = soleWriter;
    this.members = new LRUCache({ max: most });
  }

  /** For a batch that holds the locks of `holders` and confirms that this process writes alone; null where it does not. */
  recall(holders: ReadonlySet<number>): Recall | null {
    const era = this.enter();
    if (era === null) return null;
    return {
      // Whose order is taken is used: a question alone does not keep a member remembered.
      of: memberId => (holders.has(memberId) ? this.members.peek(memberId) : undefined),
      keep: (memberId, what) => {
        if (!holders.has(memberId) || this.soleWriter.era !== era) return;
        const known = this.members.peek(memberId);
        if (known === undefined) this.members.set(memberId, { ...what });
        else Object.assign(known, what);
      },
    };
  }

  /** Follows orders that are committed. Of members who are `fresh` they are all that there is. */
  took(decisions: readonly { stored: StoredOrder }[], fresh: ReadonlySet<number>): void {
    if (this.enter() === null) return;
    for (const { stored } of decisions) {
      const { memberId, added } = stored;
      let known = this.members.get(memberId);
      if (known === undefined && fresh.has(memberId) && added?.rows[0]?.isSummed === true) {
        known = nothing();
        this.members.set(memberId, known);
      }
      if (known !== undefined && !follow(known, stored)) empty(known);
    }
  }

  forget(members: Iterable<number>): void {
    for (const member of members) {
      const known = this.members.peek(member);
      if (known !== undefined) empty(known);
    }
  }

  /** The present era; what was remembered in another one is void. */
  private enter(): Era | null {
    const { era } = this.soleWriter;
    if (era !== this.era) this.members.clear();
    this.era = era;
    return era;
  }
}

/** What there is of a member who has just been enrolled. */
const nothing = (): MemberMemory => ({
  timeline: new TimelineMemory(null, Number.NEGATIVE_INFINITY, []),
  uses: { sums: [], all: [] },
});

/** Not taken out: a member who is new in a batch must not be taken for new again, and the last one to go empties all of the cache. */
function empty(known: MemberMemory): void {
  known.timeline = undefined;
  known.uses = undefined;
}

/** Follows an order, or a revision of it; false where the member has to be read again. */
function follow({ timeline, uses }: MemberMemory, { added }: StoredOrder): boolean {
  if (added === undefined || added.tier != null) return false;
  if (timeline?.follow(added) === false) return false;
  if (uses !== undefined) followUses(uses, added.uses);
  return true;
}
