import type { Streak } from '../../program/index.ts';

/*
 * Streaks as a pure state machine over days. A day is a number, days since 1970 of the member's calendar. A run is what
 * people call a streak: days with the activity one after another, and between them only days that are frozen.
 */

/** Days in a row with the activity, both included. */
type Stretch = readonly [first: number, last: number];

/** What is kept of a member's streak. */
export interface StreakState {
  /** In the order of time; between two there is a day at least. */
  readonly days: readonly Stretch[];
  /** The lengths that were rewarded, with the day that the run had reached then. */
  readonly paid: readonly (readonly [length: number, day: number])[];
}

export const NO_STREAK: StreakState = { days: [], paid: [] };

/** A run: from its first day to its last, of which `length` have the activity. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

/** The state after an activity on `day`, the length of the run that holds the day, and the lengths to be rewarded. */
export function advance(
  state: StreakState,
  day: number,
  { freezes, rewards }: Pick<Streak, 'freezes'> & { rewards: readonly { readonly length: number }[] },
): { state: StreakState; length: number; reached: number[] } {
  const days = withDay(state.days, day);
  const run = runAt(days, day, freezes);
  const paid = state.paid.filter(([, at]) => at >= run.first && at <= run.last);
  const reached = rewards
    .map(({ length }) => length)
    .filter(length => length <= run.length && !paid.some(([known]) => known === length));
  const added = reached.map(length => [length, day] as const);
  return { state: { days, paid: [...state.paid, ...added] }, length: run.length, reached };
}

/** The state after an activity on `day` for which these lengths were rewarded, whatever the rewards are now. */
export const follow = (state: StreakState, day: number, reached: readonly number[]): StreakState => ({
  days: withDay(state.days, day),
  paid: [...state.paid, ...reached.map(length => [length, day] as const)],
});

/** How long the run is that holds a day, or that an activity on it would prolong; 0: it would begin one. */
export function lengthAt({ days }: StreakState, day: number, freezes: number): number {
  const isActive = days.some(([first, last]) => first <= day && day <= last);
  return runAt(withDay(days, day), day, freezes).length - (isActive ? 0 : 1);
}

/** The stretches with one more day. */
function withDay(days: readonly Stretch[], day: number): readonly Stretch[] {
  if (days.some(([first, last]) => first <= day && day <= last)) return days;
  const before = days.filter(([, last]) => last < day - 1);
  const after = days.filter(([first]) => first > day + 1);
  const touching = days.filter(([first, last]) => last === day - 1 || first === day + 1);
  const first = Math.min(day, ...touching.map(([from]) => from));
  const last = Math.max(day, ...touching.map(([, until]) => until));
  return [...before, [first, last], ...after];
}

/** The run that holds a day with the activity. Freezes go to the earliest gaps that they can bridge. */
function runAt(days: readonly Stretch[], day: number, freezes: number): Run {
  const used = new Map<string, number>();
  let run: Run | undefined;
  for (const [first, last] of days) {
    const joins = run !== undefined && bridge(run.last + 1, first - 1, freezes, used);
    if (run !== undefined && !joins && run.last >= day) break;
    const length = last - first + 1;
    run =
      run !== undefined && joins
        ? { first: run.first, last, length: run.length + length }
        : { first, last, length };
  }
  return run as Run;
}

const DAY = 86_400_000;
const monthOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 7);

/** Freezes the days of a gap if there are freezes for all of them in their months. */
function bridge(from: number, to: number, freezes: number, used: Map<string, number>): boolean {
  // A longer gap has more days in one of its months than there are freezes.
  if (to - from + 1 > 2 * freezes) return false;
  const wanted = new Map<string, number>();
  for (let day = from; day <= to; day += 1) wanted.set(monthOf(day), (wanted.get(monthOf(day)) ?? 0) + 1);
  for (const [month, count] of wanted) if ((used.get(month) ?? 0) + count > freezes) return false;
  for (const [month, count] of wanted) used.set(month, (used.get(month) ?? 0) + count);
  return true;
}
