import type { Tx } from '#platform/db/client.ts';
import { type Around, type Command, type Ledger, walletId } from '../../ledger/index.ts';
import { factsOf, type MemberFacts } from '../../members/index.ts';
import type { Program, ProgramVersion } from '../../program/index.ts';
import { activitiesOf, findActivities, type StoredActivity } from '../activities/activities.store.ts';
import { dayOf, type StreakFacts } from '../activities/streaks.facts.ts';
import type { StreakQuestion } from '../activities/streaks.store.ts';
import { follow, NO_STREAK, type StreakState } from '../activities/streaks.ts';
import { type ActivityState, decidedAgain, firstState } from '../activities/verdicts.ts';
import { isCounted } from '../campaigns/uses.ts';
import type { ProgramInForce } from '../model.ts';
import { activityReratingsOf, usedBy } from './activity-reratings.store.ts';

/** What deciding activities again needs to know. */
export interface ActivitiesAgain {
  /** The activities that are decided again; where there are streaks, all of their members'. */
  readonly states: Map<bigint, ActivityState>;
  /** Those of whom all activities are known. */
  readonly members: ReadonlySet<number>;
  /** For the days of the members' activities. */
  readonly known: StreakFacts['members'];
  readonly expired: ReadonlyMap<string, bigint>;
}

const NOBODY: ReadonlyMap<string, MemberFacts> = new Map();

/** Reads what a batch needs that decides activities again; nothing where it decides none. */
export async function loadActivitiesAgain(
  tx: Tx,
  ledger: Ledger,
  commands: readonly Command<object>[],
  { holders, programs }: Pick<Around, 'holders' | 'programs'>,
): Promise<ActivitiesAgain> {
  const ids: bigint[] = [];
  const byMember = new Map<number, Program>();
  const all = new Map<number, Program>();
  for (const [index, { body }] of commands.entries()) {
    const memberId = holders[index]?.id;
    if (!('activityId' in body) || memberId === undefined) continue;
    ids.push(body.activityId as bigint);
    const { program } = programs[index] as ProgramInForce;
    all.set(program.id, program);
    if (hasStreaks(program)) byMember.set(memberId, program);
  }
  if (ids.length === 0) return { states: new Map(), members: new Set(), known: NOBODY, expired: new Map() };
  const [own, ofMembers] = await Promise.all([
    findActivities(tx, ids),
    byMember.size === 0 ? [] : activitiesOf(tx, [...byMember.keys()]),
  ]);
  const stored = new Map([...own].map(([id, found]) => [id, found.stored]));
  for (const each of ofMembers) stored.set(each.id, each);
  const [states, known] = await Promise.all([
    activityStates(tx, [...stored.values()], all),
    byMember.size === 0 ? NOBODY : profilesOf(tx, ofMembers),
  ]);
  const lots = ids.flatMap(id => {
    const state = states.get(id);
    return [...(state?.grants.values() ?? [])].flatMap(({ unit, lots: seqs }) =>
      seqs.map(seq => ({ wallet: walletId((state as ActivityState).memberId, unit), seq })),
    );
  });
  const expired = lots.length === 0 ? new Map<string, bigint>() : await ledger.expired(tx, lots);
  return { states, members: new Set(byMember.keys()), known, expired };
}

/** Makes a new activity visible to what is decided again later in the batch: a streak counts it. */
export function takeActivity({ states, members }: ActivitiesAgain, stored: StoredActivity): void {
  if (!members.has(stored.memberId)) return;
  const { id, memberId, programId, programVersion, activity, streaks } = stored;
  const verdict = { rules: [], streaks };
  states.set(id, { id, memberId, programId, programVersion, activity, verdict, grants: new Map() });
}

const hasStreaks = ({ versions }: Program): boolean =>
  versions.some(({ activities }) => [...activities.values()].some(({ streaks }) => streaks.length > 0));

/** What was known of members when they did something. */
export const profilesOf = (
  tx: Tx,
  stored: readonly StoredActivity[],
): Promise<ReadonlyMap<string, MemberFacts>> =>
  factsOf(
    tx,
    stored.map(({ programId, memberId, activity }) => ({
      ...{ programId, holderId: memberId, at: activity.occurredAt },
    })),
    { profile: true, lists: [] },
  );

/** Activities with what was decided about them when they came and since, by their ids and in the same order. */
export async function activityStates(
  tx: Tx,
  stored: readonly StoredActivity[],
  programs: ReadonlyMap<number, Program>,
): Promise<Map<bigint, ActivityState>> {
  const programOf = ({ programId }: StoredActivity) => programs.get(programId) as Program;
  const silent = stored.flatMap(own => possiblySilent(own, programOf(own)));
  const [reratings, used] = await Promise.all([
    activityReratingsOf(
      tx,
      stored.map(({ id }) => id),
    ),
    usedBy(tx, silent),
  ]);
  const states = new Map(
    stored.map(own => [own.id, firstState(own, programOf(own), used.get(own.id))] as const),
  );
  for (const again of reratings)
    states.set(again.activityId, decidedAgain(states.get(again.activityId) as ActivityState, again));
  return states;
}

/** Rules that give nothing and are limited all the same: only their uses tell whether they counted. */
function possiblySilent({ id, memberId, programVersion, activity }: StoredActivity, { versions }: Program) {
  const { activities } = versions[programVersion - 1] as ProgramVersion;
  return (activities.get(activity.type)?.rules ?? []).flatMap(rule =>
    rule.points === 0n && isCounted(rule)
      ? { memberId, rule: rule.id, at: activity.occurredAt, activityId: id }
      : [],
  );
}

/** A streak as the activities of its member make it, by what was decided about each of them. */
export function streakAgain(
  { states, known }: Pick<ActivitiesAgain, 'states' | 'known'>,
  { members }: Pick<StreakFacts, 'members'>,
  { memberId, streak }: StreakQuestion,
  { versions }: Program,
): StreakState {
  const facts = { states: new Map(), advanced: new Set<string>(), members: new Map([...members, ...known]) };
  let state = NO_STREAK;
  for (const own of states.values()) {
    const step = own.memberId === memberId && own.verdict.streaks.find(each => each.streak === streak);
    if (!step) continue;
    const { timeZone } = versions[own.programVersion - 1] as ProgramVersion;
    const day = dayOf(facts, { memberId, at: own.activity.occurredAt, timeZone });
    state = follow(state, day, step.reached);
  }
  return state;
}
