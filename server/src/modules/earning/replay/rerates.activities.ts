import type { Tx } from '#platform/db/client.ts';
import type { Program, ProgramVersion } from '../../program/index.ts';
import type { ActivityFacts } from '../activities/activities.facts.ts';
import { activitiesOf, type StoredActivity } from '../activities/activities.store.ts';
import { contribution } from '../activities/activities.ts';
import {
  type ActivityState,
  movesTheSame,
  type Verdict,
  verdictOf,
  wantedBy,
} from '../activities/verdicts.ts';
import { NOTHING_APPLIED } from '../model.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import type { Contribution } from '../tiers/timeline.ts';
import { activityStates, profilesOf } from './activities-again.ts';
import { followActivity, listenAgain } from './backtest.activities.ts';
import { isIn, type RerateSpan, versionFor } from './rerates.span.ts';
import type { RerateItem } from './rerates.store.ts';

/** What a plan does about activities, and the points by which they count for more (or less) towards a tier. */
export interface PlannedActivities {
  readonly items: readonly RerateItem[];
  readonly rows: readonly Contribution[];
}

/**
 * Decides the activities of some members again in the order in which they occurred, streaks with them, and gives those
 * that come out with other points or move a streak otherwise. Limits follow from what is decided here.
 */
export async function planActivities(
  tx: Tx,
  program: Program,
  span: RerateSpan,
  members: readonly number[],
): Promise<PlannedActivities> {
  const items: RerateItem[] = [];
  const rows: Contribution[] = [];
  if (!program.versions.some(({ activities }) => activities.size > 0)) return { items, rows };
  const stored = await activitiesOf(tx, members);
  const [states, known] = await Promise.all([
    activityStates(tx, stored, new Map([[program.id, program]])),
    profilesOf(tx, stored),
  ]);
  const facts: ActivityFacts = {
    uses: new Map(),
    streaks: { states: new Map(), advanced: new Set<string>(), members: known },
  };
  for (const own of stored) {
    const state = states.get(own.id) as ActivityState;
    const at = own.activity.occurredAt;
    if (!isIn(span, at)) {
      const decidedBy = program.versions[state.programVersion - 1] as ProgramVersion;
      followActivity(asItStands(own, state), decidedBy, facts);
      continue;
    }
    const version = versionFor(program, span, at);
    const item = again(state, version, verdictOf(listenAgain(own, version, facts)));
    if (item === null) continue;
    items.push(item);
    const earned = item.change.map(([unit, points]) => ({ rule: '', unit, points, lot: 0 }));
    const points = qualifyingPoints({ earned, clawed: [] }, version);
    const who = { memberId: own.memberId, orderId: own.id, isSummed: true };
    if (points !== 0n) rows.push(contribution(who, at, points));
  }
  return { items, rows };
}

/** An activity with what it has by everything that was decided about it. */
const asItStands = (stored: StoredActivity, { verdict, grants }: ActivityState): StoredActivity => ({
  ...stored,
  streaks: verdict.streaks,
  earned: [...grants].flatMap(([rule, { unit, earned, clawed }]) =>
    earned === clawed ? [] : { rule, unit, points: earned - clawed, lot: 0 },
  ),
});

function again(state: ActivityState, version: ProgramVersion, verdict: Verdict): RerateItem | null {
  const { id, memberId, activity, grants, programVersion, verdict: before } = state;
  const sums = new Map<number, bigint>();
  const move = (unit: number, points: bigint) => sums.set(unit, (sums.get(unit) ?? 0n) + points);
  for (const { rule, points } of wantedBy(verdict, version, activity.type).values())
    move(rule.unit.number, points);
  for (const { unit, earned, clawed } of grants.values()) move(unit, clawed - earned);
  const change = [...sums].filter(([, points]) => points !== 0n);
  if (change.length === 0 && movesTheSame(before, verdict)) return null;
  return {
    memberId,
    orderId: id,
    version: version.version,
    applied: NOTHING_APPLIED,
    versionBefore: programVersion,
    appliedBefore: NOTHING_APPLIED,
    activity: { verdict, before },
    change,
    appliedAs: null,
    reversedAs: null,
  };
}
