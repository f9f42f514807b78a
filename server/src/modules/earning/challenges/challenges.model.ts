import type { Place, Progress } from './challenges.ts';
import { NO_PROGRESS } from './challenges.ts';

/** A goal that was given to a member. */
export interface Award extends Place {
  /** `id@version` of the challenge that gave it. */
  readonly ref: string;
  /** The decision that gave it. */
  readonly id: bigint;
  /** The time of the order or activity that reached it, epoch ms. */
  readonly at: number;
  /** That order or activity, as callers see it. */
  readonly cause: string;
  readonly badge: string | null;
  /** Null: it gave no points. */
  readonly points: { readonly unit: number; readonly points: bigint; readonly lot: number } | null;
  /** When and by what it was taken back; null: the member has it. */
  readonly back: { readonly at: number; readonly cause: string } | null;
}

/** A member's period of a challenge. */
export interface ChallengeState {
  readonly progress: Progress;
  /** Everything that was ever given in it, as it was given. */
  readonly awards: readonly Award[];
}

export const NO_CHALLENGE: ChallengeState = { progress: NO_PROGRESS, awards: [] };

/** Whose period of which challenge. */
export interface ChallengeKey {
  readonly memberId: number;
  readonly challenge: string;
  /** `nights month 2026-11-01`: what is measured, how often it begins anew, its first day in its time zone. */
  readonly period: string;
}

export const challengeKey = ({ memberId, challenge, period }: ChallengeKey): string =>
  `${memberId} ${challenge} ${period}`;

/** What was taken back of an award's points, and how. */
export interface Taken {
  readonly award: Award;
  readonly decided: bigint;
  readonly cancelled: bigint;
  readonly taken: bigint;
  readonly excused: bigint;
  readonly shortfall: bigint;
  readonly debt: bigint;
}

/** What a decision does to a challenge. */
export interface ChallengeStep extends ChallengeKey {
  /** The id of the order or activity. */
  readonly cause: bigint;
  readonly programId: number;
  readonly programVersion: number;
  /** How much it counts from now on. */
  readonly value: bigint;
  readonly day: number | null;
  /** What campaigns add to it as long as not the whole order has come back. */
  readonly extra: bigint;
  readonly before: bigint;
  readonly after: bigint;
  readonly given: readonly Award[];
  readonly taken: readonly Taken[];
  /** The period after it; only of a decision that is being written. */
  readonly state?: ChallengeState;
}
