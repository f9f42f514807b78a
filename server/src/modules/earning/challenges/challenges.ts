import type { Challenge } from '../../program/index.ts';

/*
 * Challenges as pure arithmetic. An order or activity counts with a part; the parts of a period make the progress, and the
 * progress decides which goals are given and which are not any more.
 */

/** What an order or activity counts for in a challenge. */
export interface Part {
  readonly value: bigint;
  /** Of challenges that count days: days since 1970 in their time zone; else null. */
  readonly day: number | null;
}

/** The sum of all parts of a period. */
export interface Progress {
  readonly sum: bigint;
  /** How many parts each day has; empty where days are not counted. */
  readonly days: ReadonlyMap<number, number>;
}

export const NO_PROGRESS: Progress = { sum: 0n, days: new Map() };

/** How much it is: different days, or the sum. */
export const amountOf = ({ sum, days }: Progress): bigint => sum + BigInt(days.size);

/** The progress with one part in place of another; null: none. */
export function replaced(progress: Progress, before: Part | null, after: Part | null): Progress {
  let { sum } = progress;
  const days = new Map(progress.days);
  for (const [part, sign] of [
    [before, -1],
    [after, 1],
  ] as const) {
    if (part === null || part.value === 0n) continue;
    if (part.day === null) {
      sum += BigInt(sign) * part.value;
      continue;
    }
    const count = (days.get(part.day) ?? 0) + sign;
    if (count === 0) days.delete(part.day);
    else days.set(part.day, count);
  }
  return { sum, days };
}

/** A goal of a period: `round` counts how often the challenge was completed before. */
export interface Place {
  readonly round: number;
  readonly goal: number;
  /** From how much progress on it is given. */
  readonly need: bigint;
}

/** The goals that so much progress reaches. */
export function* placesAt(
  { goals, times }: Pick<Challenge, 'goals' | 'times'>,
  amount: bigint,
): Generator<Place> {
  const whole = goals.at(-1)?.target ?? 0n;
  for (let round = 0; round < times; round += 1)
    for (const [goal, { target }] of goals.entries()) {
      const need = BigInt(round) * whole + target;
      if (need > amount) return;
      yield { round, goal, need };
    }
}

/**
 * Which of the goals that are given now do not hold any more, and which are to be given. A goal that was taken back can be
 * reached again. Without a challenge nothing is given.
 */
export function settle<T extends Place>(
  given: readonly T[],
  amount: bigint,
  challenge: Pick<Challenge, 'goals' | 'times'> | null,
): { lost: T[]; reached: Place[] } {
  const lost = given.filter(({ need }) => amount < need);
  const kept = given.filter(own => !lost.includes(own));
  const isKept = (place: Place) =>
    kept.some(({ round, goal }) => round === place.round && goal === place.goal);
  const reached = challenge === null ? [] : [...placesAt(challenge, amount)].filter(place => !isKept(place));
  return { lost, reached };
}
