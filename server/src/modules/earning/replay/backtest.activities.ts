import type { ProgramVersion } from '../../program/index.ts';
import type { ActivityFacts } from '../activities/activities.facts.ts';
import { type Heard, listen } from '../activities/activities.rules.ts';
import type { StoredActivity } from '../activities/activities.store.ts';
import { dayOf, keepStep, stateOf } from '../activities/streaks.facts.ts';
import { follow } from '../activities/streaks.ts';
import { addUses, isCounted } from '../campaigns/uses.ts';
import type { Decided } from '../posting.ts';

/** What an activity comes to when it is decided again; lets it count for limits and streaks. */
export function listenAgain(
  { id, memberId, activity }: Pick<StoredActivity, 'id' | 'memberId' | 'activity'>,
  version: ProgramVersion,
  facts: ActivityFacts,
): Heard {
  const heard = listen(facts, version, { id, memberId, activity });
  for (const { streak, state } of heard.streaks)
    if (state !== undefined) keepStep(facts.streaks, { memberId, streak }, state);
  addUses(facts.uses, heard.uses);
  return heard;
}

/** Decides an activity again. */
export function decideActivity(
  stored: StoredActivity,
  version: ProgramVersion,
  facts: ActivityFacts,
): Decided {
  const earned = listenAgain(stored, version, facts).bonuses.flatMap(({ ref, unit, points }) =>
    points === 0n ? [] : { rule: ref, unit: unit.number, points, lot: 0 },
  );
  return { earned, clawed: [] };
}

/** An activity from outside the period stays as it was decided; it counts for limits, and for the streaks that there were. */
export function followActivity(
  { id, memberId, activity, earned, streaks }: StoredActivity,
  version: ProgramVersion,
  facts: ActivityFacts,
): Decided {
  const { type, occurredAt: at } = activity;
  const day = dayOf(facts.streaks, { memberId, at, timeZone: version.timeZone });
  for (const { streak, reached } of streaks) {
    const question = { memberId, streak };
    keepStep(facts.streaks, question, follow(stateOf(facts.streaks, question), day, reached));
  }
  const gave = new Map(earned.map(({ rule, points }) => [idOf(rule), points]));
  for (const rule of version.activities.get(type)?.rules ?? []) {
    const points = gave.get(rule.id);
    if (points !== undefined && isCounted(rule))
      addUses(facts.uses, [{ memberId, campaign: rule.id, at, orderId: id, count: 1, points }]);
  }
  return { earned: [...earned], clawed: [] };
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));
