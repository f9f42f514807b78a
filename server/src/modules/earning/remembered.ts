import { LRUCache } from 'lru-cache';
import type { Era, SoleWriter } from '../ledger/index.ts';
import { usesAfter } from './campaigns/uses.memory.ts';
import type { MemberMemory, Recall } from './memory.model.ts';
import type { StoredOrder } from './records.ts';
import { timelineAfter } from './tiers/timeline.memory.ts';

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
    const { era } = this.soleWriter;
    if (era === null) return null;
    if (era !== this.era) this.members.clear();
    this.era = era;
    return {
      of: memberId => (holders.has(memberId) ? this.members.get(memberId) : undefined),
      keep: (memberId, what) => {
        if (!holders.has(memberId) || this.soleWriter.era !== era) return;
        this.members.set(memberId, { ...this.members.get(memberId), ...what });
      },
    };
  }

  /** Follows orders that are committed. */
  took(decisions: readonly { stored: StoredOrder }[]): void {
    for (const { stored } of decisions) {
      const known = this.members.peek(stored.memberId);
      if (known === undefined) continue;
      const after = afterOrder(known, stored);
      if (after === undefined) this.members.delete(stored.memberId);
      else this.members.set(stored.memberId, after);
    }
  }

  forget(members: Iterable<number>): void {
    for (const member of members) this.members.delete(member);
  }
}

/** What is known of a member behind an order, or a revision of it; undefined where it has to be read again. */
function afterOrder(known: MemberMemory, { added }: StoredOrder): MemberMemory | undefined {
  if (added === undefined || added.tier != null) return undefined;
  const timeline = known.timeline && timelineAfter(known.timeline, added);
  const uses = known.uses && usesAfter(known.uses, added.uses);
  if (timeline === null) return undefined;
  return { ...(timeline && { timeline }), ...(uses && { uses }) };
}
