import { hasTiers, type Program } from '../../program/index.ts';
import type { Mark } from './tier-marks.store.ts';
import type { TierQuestion } from './tier-questions.ts';
import { raises } from './tiers.ts';
import type { Contribution, TimelineFacts } from './timeline.ts';

/** Marks a member whose timeline a decision changes at `at` other than by an order in its turn. */
export const markOf = (
  program: Program,
  memberId: number,
  rows: readonly Contribution[],
  at: number,
): Mark | null =>
  rows.length > 0 && hasTiers(program) ? { programId: program.id, memberId, at, happenedAt: at } : null;

/**
 * Marks the member of an order that can change a tier: one in its turn only where it raises it, which most do not; and
 * everything that comes late (`lateAt` is when), of which it does not matter any more what the tier was in between.
 */
export function markOfOrder(
  program: Program,
  facts: TimelineFacts,
  question: TierQuestion,
  rows: readonly Contribution[],
  { isInTurn, lateAt }: { isInTurn: boolean; lateAt: number },
): Mark | null {
  const mark = markOf(program, question.memberId, rows, question.at);
  const [row] = rows;
  if (mark === null || row === undefined) return null;
  if (!isInTurn || hasMoreAfter(facts, question)) return { ...mark, at: lateAt };
  return question.version.tiers === null || raises(facts, question, row.change) ? mark : null;
}

/** Whether something was bought, came back or was earned otherwise later than that. */
const hasMoreAfter = ({ ends, later, added }: TimelineFacts, { memberId, at }: TierQuestion): boolean =>
  (ends.get(memberId)?.anchor ?? at) > at ||
  later.some(row => row.memberId === memberId && row.happenedAt > at) ||
  (added.get(memberId)?.some(row => row.happenedAt > at) ?? false);
