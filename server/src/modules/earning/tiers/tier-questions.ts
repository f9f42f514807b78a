import { edges, type Measure, type ProgramVersion } from '../../program/index.ts';
import type { TimelineFacts } from './timeline.ts';

/** Whose tier at which instant a batch will ask for. */
export interface TierQuestion {
  readonly programId: number;
  readonly memberId: number;
  readonly at: number;
  readonly version: ProgramVersion;
  /** Whether it is asked as well what the member bought before. */
  readonly history?: boolean;
  /** Left out: by everything that was granted; else by what had been granted or ended before this decision. */
  readonly decidedAs?: bigint;
  /** An order that is decided again: what it gave itself does not count. */
  readonly besides?: bigint;
  /** Of a member whom the batch enrols: when, which is not stored yet. */
  readonly enrolledAt?: number;
}

/** An instant up to which the sum of a measure is asked for, of a member. */
export interface Edge {
  readonly memberId: number;
  readonly by: Measure;
  readonly at: number;
}

/** Whether a tier depends on when its member was enrolled. */
export const readsEnrolment = ({ tiers }: ProgramVersion): boolean => tiers?.window === 'member_year';

/** When the member's own years began, as far as it is asked. */
export const enrolmentOf = (
  { enrolled }: Pick<TimelineFacts, 'enrolled'>,
  { memberId, at, enrolledAt }: TierQuestion,
): number => enrolled.get(memberId) ?? enrolledAt ?? at;

/** The measures that a question is about, each with the instants up to which its sums are needed. */
export function sumsAskedFor(facts: TimelineFacts, question: TierQuestion): Map<Measure, number[]> {
  const { at, version, history } = question;
  const asked = new Map<Measure, number[]>();
  if (version.tiers !== null)
    asked.set(version.tiers.by, edges(version.tiers, at, enrolmentOf(facts, question)));
  if (history) for (const by of ['spend', 'orders'] as const) asked.set(by, [...(asked.get(by) ?? []), at]);
  return asked;
}
