import type { Program, ProgramVersion } from '../../program/index.ts';
import { isCounted, type Use } from '../campaigns/uses.ts';
import type { Grant } from '../model.ts';
import { addDecision, type Decided, type Wanted } from '../posting.ts';
import type { Heard } from './activities.rules.ts';
import type { StoredActivity } from './activities.store.ts';
import type { StreakStep } from './streaks.facts.ts';

/** What an activity is decided by beside the version: the rules that count for it, and how it moves streaks. */
export interface Verdict {
  /** Their ids. */
  readonly rules: readonly string[];
  readonly streaks: readonly StreakStep[];
}

/** An activity with everything that was decided about it. */
export interface ActivityState extends Pick<StoredActivity, 'id' | 'memberId' | 'programId' | 'activity'> {
  readonly programVersion: number;
  readonly verdict: Verdict;
  readonly grants: ReadonlyMap<string, Grant>;
}

/** An activity that was decided again. */
export interface DecidedAgain {
  readonly programVersion: number;
  readonly verdict: Verdict;
  readonly decided: Decided;
}

const rulesOf = (version: ProgramVersion, type: string) => version.activities.get(type)?.rules ?? [];

/** As an activity was decided when it came. `silent` are those of its rules that counted and gave nothing. */
export function firstState(
  { id, memberId, programId, programVersion, activity, earned, streaks }: StoredActivity,
  { versions }: Pick<Program, 'versions'>,
  silent: readonly string[] = [],
): ActivityState {
  const cited = new Set(earned.map(({ rule }) => rule));
  const own = rulesOf(versions[programVersion - 1] as ProgramVersion, activity.type);
  const rules = own.filter(rule => cited.has(rule.ref) || silent.includes(rule.id)).map(rule => rule.id);
  const verdict = { rules, streaks: streaks.map(stepAlone) };
  const grants = addDecision(new Map(), { earned: [...earned], clawed: [] });
  return { id, memberId, programId, activity, programVersion, verdict, grants };
}

export const decidedAgain = (
  state: ActivityState,
  { programVersion, verdict, decided }: DecidedAgain,
): ActivityState => ({ ...state, programVersion, verdict, grants: addDecision(state.grants, decided) });

/** What an activity is decided by, of what it came to. */
export const verdictOf = ({ rules, streaks }: Pick<Heard, 'rules' | 'streaks'>): Verdict => ({
  rules: [...rules],
  streaks: streaks.map(stepAlone),
});

const stepAlone = ({ streak, length, reached }: StreakStep): StreakStep => ({ streak, length, reached });

/** Whether two verdicts move the same streaks to the same rewards. */
export const movesTheSame = (a: Verdict, b: Verdict): boolean => movesOf(a) === movesOf(b);

const movesOf = ({ streaks }: Verdict): string =>
  JSON.stringify(streaks.map(({ streak, reached }) => [streak, reached]).sort());

/** What each rule and streak gives an activity by a verdict. */
export function wantedBy(verdict: Verdict, version: ProgramVersion, type: string): Map<string, Wanted> {
  const found = version.activities.get(type);
  const rewards = (found?.streaks ?? []).flatMap(({ id, rewards: all }) => {
    const reached = verdict.streaks.find(({ streak }) => streak === id)?.reached ?? [];
    return all.filter(({ length }) => reached.includes(length));
  });
  const rules = (found?.rules ?? []).filter(({ id }) => verdict.rules.includes(id));
  const wanted = new Map<string, Wanted>();
  for (const rule of [...rules, ...rewards])
    wanted.set(rule.ref, { rule, points: (wanted.get(rule.ref)?.points ?? 0n) + rule.points });
  return wanted;
}

/** How the uses of the rules on an activity change when another verdict decides it. */
export function usesBetween(
  { id, memberId, activity, programVersion, verdict }: ActivityState,
  after: { readonly version: ProgramVersion; readonly verdict: Verdict },
  { versions }: Pick<Program, 'versions'>,
): Use[] {
  const before = counted(versions[programVersion - 1] as ProgramVersion, activity.type, verdict);
  const now = counted(after.version, activity.type, after.verdict);
  return [...new Set([...before.keys(), ...now.keys()])].flatMap(rule => {
    const count = (now.has(rule) ? 1 : 0) - (before.has(rule) ? 1 : 0);
    const points = (now.get(rule) ?? 0n) - (before.get(rule) ?? 0n);
    if (count === 0 && points === 0n) return [];
    return { memberId, campaign: rule, at: activity.occurredAt, orderId: id, count, points };
  });
}

/** The rules of a verdict whose uses are kept, with their points. */
const counted = (version: ProgramVersion, type: string, { rules }: Verdict): Map<string, bigint> =>
  new Map(
    rulesOf(version, type)
      .filter(rule => isCounted(rule) && rules.includes(rule.id))
      .map(({ id, points }) => [id, points]),
  );
