import type { Tx } from '#platform/db/client.ts';
import type { FactsQuestion } from './facts.store.ts';
import * as store from './facts.store.ts';
import { EMPTY_PROFILE, type Profile } from './profile.ts';

/** What is known of a member at an instant. */
export interface MemberFacts {
  /** Epoch ms; null for one whom the batch itself enrols. */
  readonly enrolledAt: number | null;
  readonly profile: Profile;
  /** The names of those of the wanted lists that the member was on. */
  readonly lists: ReadonlySet<string>;
}

/** Of a member of whom nothing is known, a newcomer for one. */
export const NO_FACTS: MemberFacts = { enrolledAt: null, profile: EMPTY_PROFILE, lists: new Set() };

/** The place of a question's answer. */
export const factsKey = ({ holderId, at, decision }: Omit<FactsQuestion, 'programId'>): string =>
  decision === undefined ? `${holderId} ${at}` : `${holderId} ${at} ${decision}`;

/**
 * The facts that a batch decides on, by `factsKey`. One statement for all profiles (with the enrolment) and one for all
 * lists; none where nothing is wanted, and then nothing is in the answer.
 */
export async function factsOf(
  tx: Tx,
  questions: readonly FactsQuestion[],
  wanted: { profile: boolean; lists: readonly string[] },
): Promise<Map<string, MemberFacts>> {
  const unique = [...new Map(questions.map(question => [factsKey(question), question])).values()];
  const asked = unique.length > 0 && (wanted.profile || wanted.lists.length > 0);
  if (!asked) return new Map();
  const [profiles, lists] = await Promise.all([
    wanted.profile ? store.profiles(tx, unique) : [],
    wanted.lists.length > 0 ? store.memberships(tx, unique, wanted.lists) : [],
  ]);
  return new Map(
    unique.map((question, index) => [
      factsKey(question),
      { ...NO_FACTS, ...profiles[index], lists: lists[index] ?? NO_FACTS.lists },
    ]),
  );
}

/** When members were enrolled, by their numbers; one statement, none for nobody. */
export const enrolmentsOf = async (
  tx: Tx,
  members: readonly { programId: number; memberId: number }[],
): Promise<Map<number, number>> => (members.length === 0 ? new Map() : store.enrolments(tx, members));
