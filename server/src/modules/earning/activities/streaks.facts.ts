import { offsetAt } from '#platform/calendar.ts';
import type { Tx } from '#platform/db/client.ts';
import { factsKey, factsOf, type MemberFacts } from '../../members/index.ts';
import type { Streak } from '../../program/index.ts';
import { readStreaks, type StreakQuestion, writeStreaks } from './streaks.store.ts';
import { advance, NO_STREAK, type StreakState } from './streaks.ts';

/** What streaks need to know. */
export interface StreakFacts {
  /** As they are stored and as this batch has advanced them. */
  readonly states: Map<string, StreakQuestion & { state: StreakState }>;
  /** Those that this batch has advanced. */
  readonly advanced: Set<string>;
  /** By `factsKey`: for the time zones. */
  readonly members: ReadonlyMap<string, MemberFacts>;
}

/** What an activity of a batch asks of streaks. */
export interface StreakAsk {
  readonly programId: number;
  /** Null for a member whom the batch enrols. */
  readonly memberId: number | null;
  readonly at: number;
  readonly streaks: readonly Streak[];
}

/** How an activity moved a streak. */
export interface StreakStep {
  readonly streak: string;
  /** How many days it has now. */
  readonly length: number;
  /** The lengths that were rewarded. */
  readonly reached: readonly number[];
  /** The streak after it; only of a decision that is being written. */
  readonly state?: StreakState;
}

const keyOf = ({ memberId, streak }: StreakQuestion): string => `${memberId} ${streak}`;

export async function loadStreaks(tx: Tx, asks: readonly StreakAsk[]): Promise<StreakFacts> {
  const known = asks.flatMap(({ programId, memberId, at, streaks }) =>
    memberId === null || streaks.length === 0 ? [] : { programId, holderId: memberId, at, streaks },
  );
  const questions = new Map(
    known.flatMap(({ holderId, streaks }) =>
      streaks.map(({ id }) => {
        const question = { memberId: holderId, streak: id };
        return [keyOf(question), question] as const;
      }),
    ),
  );
  const [stored, members] = await Promise.all([
    questions.size === 0 ? [] : readStreaks(tx, [...questions.values()]),
    factsOf(tx, known, { profile: true, lists: [] }),
  ]);
  return { states: new Map(stored.map(row => [keyOf(row), row])), advanced: new Set(), members };
}

/** An activity of a member, and the program's time zone. */
interface Moment {
  readonly memberId: number;
  readonly at: number;
  readonly timeZone: string;
}

/** How an activity of a member at `at` moves a streak, and the state after it. */
export function stepOf(facts: StreakFacts, streak: Streak, moment: Moment): StreakStep {
  const before = stateOf(facts, { memberId: moment.memberId, streak: streak.id });
  return { streak: streak.id, ...advance(before, dayOf(facts, moment), streak) };
}

/** The day of an activity in its member's calendar. */
export const dayOf = ({ members }: StreakFacts, { memberId, at, timeZone }: Moment): number =>
  dayIn(members.get(factsKey({ holderId: memberId, at }))?.profile.timeZone ?? timeZone, at);

export const stateOf = ({ states }: StreakFacts, question: StreakQuestion): StreakState =>
  states.get(keyOf(question))?.state ?? NO_STREAK;

const DAY = 86_400_000;

/** The day of the calendar in a time zone, counted from 1970. */
export const dayIn = (timeZone: string, at: number): number =>
  Math.floor((at + offsetAt(at, timeZone)) / DAY);

/** Makes a step visible to the later commands of the batch. */
export function keepStep(facts: StreakFacts, question: StreakQuestion, state: StreakState): void {
  facts.states.set(keyOf(question), { ...question, state });
  facts.advanced.add(keyOf(question));
}

/** Writes what the batch has advanced. */
export const storeStreaks = (tx: Tx, { states, advanced }: StreakFacts): Promise<void> =>
  writeStreaks(
    tx,
    [...advanced].flatMap(key => states.get(key) ?? []),
  );
