import { wireId } from '#platform/ids.ts';
import type { Case } from './model.ts';
import { crossingToWire } from './wire.ts';

/** What is published about a case that was opened; nothing in it names a person. */
export const caseFacts = (opened: Case, units: readonly string[]) => {
  const about = { case: wireId('cas', opened.id), cause: opened.cause };
  const checks = opened.crossings.map(({ check }) => check);
  return [
    { type: 'member.flagged', occurredAt: opened.at, data: { ...about, checks } },
    {
      type: 'case.opened',
      occurredAt: opened.at,
      data: { ...about, crossings: opened.crossings.map(crossing => crossingToWire(crossing, units)) },
    },
  ];
};
