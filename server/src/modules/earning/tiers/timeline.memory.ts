import type { Measure } from '../../program/index.ts';
import type { Base, Recall, TimelineMemory } from '../memory.model.ts';
import type { Addition } from '../records.ts';
import { plusMeasures, type TimelineFacts } from './timeline.ts';

/** What a batch has read of a member who is remembered from then on. */
export interface ReadTimeline {
  readonly memberId: number;
  readonly quietFrom: number;
  readonly bases: readonly Base[];
}

/** The running sum up to an instant, where it is known. */
export function sumUpTo({ end, first, bases }: TimelineMemory, by: Measure, at: number): bigint | undefined {
  if (end === null || at < first) return 0n;
  if (at >= end.anchor) return end.sums?.[by];
  return bases.find(base => base.by === by && at >= base.at && at < base.next)?.sum;
}

/** Keeps what was read, unless something makes the member's tier depend on more than sums. */
export function keepTimeline(recall: Recall, facts: TimelineFacts, read: readonly ReadTimeline[]): void {
  const returned = new Set(facts.later.map(({ memberId }) => memberId));
  for (const { memberId, quietFrom, bases } of read) {
    const end = facts.ends.get(memberId);
    if (end === undefined || end?.sums === null || returned.has(memberId) || facts.granted.has(memberId))
      continue;
    const first = end === null ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    recall.keep(memberId, { timeline: { end, first, quietFrom, bases } });
  }
}

/** Follows what an order adds behind the end. False where it stands elsewhere, or adds more than itself. */
export function followTimeline(known: TimelineMemory, { id, rows }: Addition): boolean {
  const [row] = rows;
  if (row === undefined) return true;
  const { end, bases } = known;
  const { anchor, change } = row;
  if (rows.length > 1 || !row.isSummed || row.happenedAt !== anchor) return false;
  if (end !== null && (anchor < end.anchor || (anchor === end.anchor && id <= end.id))) return false;
  const latestOrder = change.orders > 0n ? anchor : (end?.latestOrder ?? null);
  known.end = { anchor, id, sums: plusMeasures(end?.sums ?? null, change), latestOrder };
  known.first = Math.min(known.first, anchor);
  for (const base of bases) base.next = Math.min(base.next, anchor);
  return true;
}
