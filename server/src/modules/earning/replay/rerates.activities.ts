import type { Tx } from '#platform/db/client.ts';
import { factsOf } from '../../members/index.ts';
import { type Program, type ProgramVersion, versionAt } from '../../program/index.ts';
import type { ActivityFacts } from '../activities/activities.facts.ts';
import { activitiesOf } from '../activities/activities.store.ts';
import { decideActivity, followActivity } from './backtest.activities.ts';
import { given } from './backtest.decided.ts';
import type { RerateSpan } from './rerates.plan.ts';

/** Activities that a plan leaves as they are, although the rules of now give them other points. */
export interface LeftOut {
  activities: number;
  /** Points that they would have more, by the number of their unit. */
  readonly change: Map<number, bigint>;
}

/**
 * Decides the activities of some members again in the order in which they occurred, and adds those that come out with
 * other points to `left`: a re-rating corrects orders alone, and must not be silent about the rest.
 */
export async function compareActivities(
  tx: Tx,
  program: Program,
  span: RerateSpan,
  members: readonly number[],
  left: LeftOut,
): Promise<void> {
  if (!program.versions.some(({ activities }) => activities.size > 0)) return;
  const stored = await activitiesOf(tx, members);
  const questions = stored.map(({ memberId, activity }) => ({
    programId: program.id,
    holderId: memberId,
    at: activity.occurredAt,
  }));
  const known = await factsOf(tx, questions, { profile: true, lists: [] });
  const streaks = { states: new Map(), advanced: new Set<string>(), members: known };
  const facts: ActivityFacts = { uses: new Map(), streaks };
  for (const own of stored) {
    const at = own.activity.occurredAt;
    if (at < span.from || at >= span.to) {
      followActivity(own, program.versions[own.programVersion - 1] as ProgramVersion, facts);
      continue;
    }
    const version =
      span.version === null ? versionAt(program, at) : (program.versions[span.version - 1] as ProgramVersion);
    const change = new Map<number, bigint>();
    const wanted = given(decideActivity(own, version, facts));
    for (const { unit, points } of wanted.values()) change.set(unit, (change.get(unit) ?? 0n) + points);
    for (const { unit, points } of own.earned) change.set(unit, (change.get(unit) ?? 0n) - points);
    const differing = [...change].filter(([, points]) => points !== 0n);
    if (differing.length > 0) left.activities += 1;
    for (const [unit, points] of differing) left.change.set(unit, (left.change.get(unit) ?? 0n) + points);
  }
}
