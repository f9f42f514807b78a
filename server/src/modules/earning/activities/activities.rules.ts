import type { Bonus, ProgramVersion } from '../../program/index.ts';
import { isCounted, mayCount, type Use } from '../campaigns/uses.ts';
import type { Fault } from '../model.ts';
import { rulesFor } from './activities.conditions.ts';
import type { ActivityFacts } from './activities.facts.ts';
import type { Activity } from './activities.model.ts';
import { type StreakStep, stepOf } from './streaks.facts.ts';

/** What an activity comes to. */
export interface Heard {
  /** Of rules that count, then of lengths that streaks have reached. */
  readonly bonuses: readonly Bonus[];
  /** The ids of the rules that count. */
  readonly rules: readonly string[];
  readonly streaks: readonly StreakStep[];
  readonly uses: readonly Use[];
  /** Rules whose conditions could not be judged, and which do not count. */
  readonly faults: readonly Fault[];
}

/** What listens to an activity and counts: rules whose condition holds, within their limits, and streaks. */
export function listen(
  facts: ActivityFacts,
  version: ProgramVersion,
  { id, memberId, activity }: { id: bigint; memberId: number; activity: Activity },
): Heard {
  const at = activity.occurredAt;
  const type = version.activities.get(activity.type);
  const faults: Fault[] = [];
  const counting = rulesFor(activity, version, fault => faults.push(fault)).filter(
    rule => !isCounted(rule) || mayCount(facts.uses, rule, memberId, at),
  );
  const who = { memberId, at, timeZone: version.timeZone };
  const streaks = (type?.streaks ?? []).map(streak => stepOf(facts.streaks, streak, who));
  const rewards = (type?.streaks ?? []).flatMap((streak, index) =>
    streak.rewards.filter(({ length }) => streaks[index]?.reached.includes(length)),
  );
  const uses = counting
    .filter(isCounted)
    .map((rule): Use => ({ memberId, campaign: rule.id, at, orderId: id, count: 1, points: rule.points }));
  const rules = counting.map(rule => rule.id);
  return { bonuses: [...counting, ...rewards], rules, streaks, uses, faults };
}
