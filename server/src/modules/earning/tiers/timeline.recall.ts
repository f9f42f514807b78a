import { edges } from '../../program/index.ts';
import type { Recall } from '../memory.model.ts';
import { readsEnrolment, type TierQuestion } from './tier-questions.ts';
import { type Base, TimelineMemory } from './timeline.memory.ts';
import type { TimelineFacts } from './timeline.ts';

/** Notes what is remembered of members, takes them out of `ended`, and gives the questions about all others. */
export function recallTimelines(
  recall: Recall,
  facts: TimelineFacts,
  questions: readonly TierQuestion[],
  ended: Set<number>,
): readonly TierQuestion[] {
  const unknown = new Set<number>();
  for (const question of questions) {
    const { memberId } = question;
    const known = recall.of(memberId)?.timeline;
    if (known === undefined || !answers(known, question)) {
      unknown.add(memberId);
      continue;
    }
    facts.sums.set(memberId, known);
    if (ended.has(memberId)) facts.ends.set(memberId, known.end);
  }
  for (const memberId of unknown) {
    facts.sums.delete(memberId);
    facts.ends.delete(memberId);
  }
  for (const memberId of facts.ends.keys()) ended.delete(memberId);
  return unknown.size === 0 ? [] : questions.filter(({ memberId }) => unknown.has(memberId));
}

/** Whether what is remembered answers a question in full. */
function answers(known: TimelineMemory, { at, version, history }: TierQuestion): boolean {
  if (history || readsEnrolment(version)) return false;
  const { tiers } = version;
  if (tiers === null) return true;
  return (
    at >= known.quietFrom && edges(tiers, at, at).every(edge => known.upTo(tiers.by, edge) !== undefined)
  );
}

/** Keeps what was read of members, unless something makes the tier of one depend on more than sums. */
export function keepTimelines(
  recall: Recall,
  facts: TimelineFacts,
  ended: ReadonlySet<number>,
  since: ReadonlyMap<number, number>,
  read: readonly (Base & { memberId: number })[],
): void {
  const returned = new Set(facts.later.map(({ memberId }) => memberId));
  const bases = Map.groupBy(read, ({ memberId }) => memberId);
  for (const memberId of ended) {
    const end = facts.ends.get(memberId);
    if (end === undefined || end?.sums === null || returned.has(memberId) || facts.granted.has(memberId))
      continue;
    const own = (bases.get(memberId) ?? []).map(({ by, at, next, sum }): Base => ({ by, at, next, sum }));
    const quietFrom = since.get(memberId) ?? Number.POSITIVE_INFINITY;
    recall.keep(memberId, { timeline: new TimelineMemory(end, quietFrom, own) });
  }
}
