import type { MemberFacts } from '../../members/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { ActivityFacts } from '../activities/activities.facts.ts';
import { type Heard, listen } from '../activities/activities.rules.ts';
import type { StoredActivity } from '../activities/activities.store.ts';
import { dayOf, keepStep, type StreakFacts, type StreakStep, stateOf } from '../activities/streaks.facts.ts';
import { follow, NO_STREAK } from '../activities/streaks.ts';
import { type ActivityState, decidedAgain, firstState, usesBetween } from '../activities/verdicts.ts';
import { addUses, isCounted, type UsesFacts } from '../campaigns/uses.ts';
import type { Fault } from '../model.ts';
import type { Decided } from '../posting.ts';
import type { HistoricActivityRerating } from './history.store.ts';

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

/** What an activity was given, and how it moved streaks. */
interface Activity {
  readonly decided: Decided;
  readonly streaks: readonly StreakStep[];
  readonly faults: readonly Fault[];
}

function decideActivity(stored: StoredActivity, version: ProgramVersion, facts: ActivityFacts): Activity {
  const { bonuses, streaks, faults } = listenAgain(stored, version, facts);
  const earned = bonuses.flatMap(({ ref, unit, points }) =>
    points === 0n ? [] : { rule: ref, unit: unit.number, points, lot: 0 },
  );
  return { decided: { earned, clawed: [] }, streaks, faults };
}

/** An activity from outside the period stays as it was decided; it counts for limits, and for the streaks that there were. */
export function followActivity(
  { id, memberId, activity, earned, streaks, faults }: StoredActivity,
  version: ProgramVersion,
  facts: ActivityFacts,
): Activity {
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
  return { decided: { earned: [...earned], clawed: [] }, streaks, faults };
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));

/** An activity of a member of whom one was decided again: the day on which it stands, and the streaks that it moves now. */
interface Stand {
  readonly day: number;
  readonly streaks: readonly StreakStep[];
}

/** Decides activities again one after the other, with the streaks that they move, and follows what re-ratings made of them. */
export class ActivityReplay {
  private readonly versions: readonly ProgramVersion[];
  private readonly uses: UsesFacts;
  private readonly corrected: ReadonlySet<number>;
  private readonly streaks: StreakFacts['states'] = new Map();
  private readonly states = new Map<bigint, ActivityState>();
  private readonly stands = new Map<number, Map<bigint, Stand>>();

  /** `corrected` are the members with activities that were decided again. */
  constructor(versions: readonly ProgramVersion[], uses: UsesFacts, corrected: ReadonlySet<number>) {
    this.versions = versions;
    this.uses = uses;
    this.corrected = corrected;
  }

  /** What an activity is given by `version` and without which rules, or (not replayed) what it was. */
  decide(
    stored: StoredActivity,
    version: ProgramVersion,
    members: ReadonlyMap<string, MemberFacts>,
    isReplayed: boolean,
  ): Pick<Activity, 'decided' | 'faults'> {
    const facts = this.factsWith(members);
    const own = (isReplayed ? decideActivity : followActivity)(stored, version, facts);
    const { id, memberId, activity } = stored;
    if (this.corrected.has(memberId)) {
      this.states.set(id, firstState(stored, { versions: this.versions }));
      const asked = { memberId, at: activity.occurredAt, timeZone: version.timeZone };
      this.stand(memberId, id, { day: dayOf(facts.streaks, asked), streaks: own.streaks });
    }
    return own;
  }

  /** A re-rating happened: limits and streaks are moved by what it decided. */
  follow(again: HistoricActivityRerating, members: ReadonlyMap<string, MemberFacts>): void {
    const { memberId, occurredAt: at, activityId, programVersion, verdict } = again;
    const facts = this.factsWith(members);
    const version = this.versions[programVersion - 1] as ProgramVersion;
    const before = this.states.get(activityId) as ActivityState;
    addUses(this.uses, usesBetween(before, { version, verdict }, { versions: this.versions }));
    this.states.set(activityId, decidedAgain(before, again));
    const day = dayOf(facts.streaks, { memberId, at, timeZone: version.timeZone });
    this.stand(memberId, activityId, { day, streaks: verdict.streaks });
    for (const { streak } of [...before.verdict.streaks, ...verdict.streaks]) {
      let state = NO_STREAK;
      for (const own of this.stands.get(memberId)?.values() ?? []) {
        const step = own.streaks.find(each => each.streak === streak);
        if (step !== undefined) state = follow(state, own.day, step.reached);
      }
      keepStep(facts.streaks, { memberId, streak }, state);
    }
  }

  private factsWith(members: ReadonlyMap<string, MemberFacts>): ActivityFacts {
    return { uses: this.uses, streaks: { states: this.streaks, advanced: new Set(), members } };
  }

  private stand(memberId: number, id: bigint, own: Stand): void {
    const all = this.stands.get(memberId) ?? new Map<bigint, Stand>();
    this.stands.set(memberId, all.set(id, own));
  }
}
