import type { Tx } from '#platform/db/client.ts';
import { type StoredEntry, time, unitOf } from '../../ledger/index.ts';
import type { Registry } from '../../program/index.ts';
import type { Award, Taken } from './challenges.model.ts';
import { readChallengeSteps, type StoredStep } from './challenges.store.ts';

type Explain = (tx: Tx, id: bigint, entry: StoredEntry) => Promise<Record<string, unknown>>;

/**
 * Why an entry is what it is, where a challenge gave it or took it back: the goal, and how far the member was. `causeOf` is
 * the order or activity that the record is about.
 */
export const withChallenge =
  (
    registry: Registry,
    explain: Explain,
    causeOf: (tx: Tx, id: bigint) => Promise<bigint | undefined> = async (_tx, id) => id,
  ): Explain =>
  async (tx, id, entry) => {
    const reasons = await explain(tx, id, entry);
    const cause = entry.rule === null ? undefined : await causeOf(tx, id);
    if (cause === undefined) return reasons;
    const steps = await readChallengeSteps(tx, [cause]);
    const found = steps.map(step => meantBy(step, entry)).findLast(match => match !== undefined);
    if (found === undefined) return reasons;
    const { step, award, taken } = found;
    const at = award.ref.lastIndexOf('@');
    const program = (await registry.load(tx, [step.programId])).get(step.programId);
    const document = program?.versions[Number(award.ref.slice(at + 1)) - 1]?.document;
    const definition = document?.challenges?.find(challenge => challenge.id === award.ref.slice(0, at));
    return {
      ...reasons,
      challenge: {
        rule: award.ref,
        period: step.period,
        target: String(award.need),
        progress: { before: String(step.before), after: String(step.after) },
        reached_by: award.cause,
        reached_at: time(award.at),
        ...(award.badge !== null && { badge: award.badge }),
        ...(taken !== null && { taken_back: { decided: String(taken.decided), ...partsOf(taken) } }),
        definition,
      },
    };
  };

const partsOf = ({ cancelled, taken, excused, shortfall, debt }: Taken) => ({
  cancelled: String(cancelled),
  taken: String(taken),
  expired_before: String(excused),
  shortfall: String(shortfall),
  debt: String(debt),
});

/** Which award of a step an entry gave, or took back. */
function meantBy(
  step: StoredStep,
  { wallet, seq, kind, rule }: StoredEntry,
): { step: StoredStep; award: Award; taken: Taken | null } | undefined {
  const isOf = ({ ref, points }: Award) => ref === rule && points?.unit === unitOf(wallet);
  if (kind === 'bonus') {
    const award = step.given.find(own => isOf(own) && own.points?.lot === seq);
    return award && { step, award, taken: null };
  }
  const taken = step.taken.find(own => isOf(own.award));
  return taken && { step, award: taken.award, taken };
}
