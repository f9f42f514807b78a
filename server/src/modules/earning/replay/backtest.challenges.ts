import type { MemberFacts } from '../../members/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { Deciding } from '../campaigns/campaigns.ts';
import { type Planned, planActivity, planOrder, planReturn } from '../challenges/challenges.decide.ts';
import { type ChallengeFacts, keepSteps, noChallenges } from '../challenges/challenges.facts.ts';
import {
  type Award,
  type ChallengeStep,
  challengeKey,
  NO_CHALLENGE,
} from '../challenges/challenges.model.ts';
import { carryOut, type Happening, type Purse } from '../challenges/challenges.posting.ts';
import type { StoredStep } from '../challenges/challenges.store.ts';
import { replaced } from '../challenges/challenges.ts';
import type { Applied, Fault, OrderState } from '../model.ts';
import type { Decided } from '../posting.ts';

/** Points without a wallet: everything can be given, and everything is there to be taken. */
const IN_MIND: Purse = {
  give: () => ({ ok: true, value: 0 }),
  take: ({ points }) => ({
    cancelled: 0n,
    taken: points?.points ?? 0n,
    excused: 0n,
    shortfall: 0n,
    debt: 0n,
  }),
};

/** Decides challenges again, or follows what had been decided, as a replay goes through history. */
export class ChallengeReplay {
  private readonly facts = noChallenges();
  /** What decisions of the page that is replayed had done to challenges, by the id of the decision. */
  private actual: ReadonlyMap<bigint, readonly StoredStep[]> = new Map();
  private readonly versionOf: (version: number) => ProgramVersion;
  private readonly changed: ReadonlySet<bigint>;

  constructor(
    { versions, draft }: { versions: readonly ProgramVersion[]; draft: ProgramVersion | null },
    changed: ReadonlySet<bigint>,
  ) {
    this.versionOf = version =>
      draft?.version === version ? draft : (versions[version - 1] as ProgramVersion);
    this.changed = changed;
  }

  /** Tells what was decided about the orders and activities of a page, before any of it is replayed. */
  know(steps: readonly StoredStep[]): void {
    this.actual = Map.groupBy(steps, ({ id }) => id);
  }

  /** What a decision really did to challenges. */
  of(decision: bigint): readonly StoredStep[] {
    return this.actual.get(decision) ?? [];
  }

  order(
    happening: Happening,
    { deciding, applied, faults }: { deciding: Deciding; applied: Applied; faults: Fault[] },
    members: ReadonlyMap<string, MemberFacts>,
  ): readonly ChallengeStep[] {
    return this.carry(planOrder({ ...this.facts, members }, deciding, applied, faults), happening);
  }

  back(happening: Happening, state: OrderState): readonly ChallengeStep[] {
    return this.carry(planReturn(this.facts, state, this.versionOf), happening);
  }

  activity(
    happening: Happening,
    activity: Parameters<typeof planActivity>[1],
    version: ProgramVersion,
  ): readonly ChallengeStep[] {
    return this.carry(planActivity(this.facts, activity, version), happening);
  }

  private carry(planned: readonly Planned[], happening: Happening): readonly ChallengeStep[] {
    const carried = carryOut(planned, happening, IN_MIND);
    if (!carried.ok) throw new Error('a challenge was refused that nothing refuses');
    this.keep(carried.value);
    return carried.value;
  }

  /** What a decision had done stays; it counts for what comes after it. */
  follow(decision: bigint): readonly ChallengeStep[] {
    const steps = this.of(decision).map(step => ({ ...step, state: followed(this.facts, step) }));
    this.keep(steps);
    return steps;
  }

  private keep(steps: readonly ChallengeStep[]): void {
    keepSteps(this.facts, steps);
    // Only what changes later is asked for again; the periods of all members are in memory as it is.
    for (const { cause } of steps) if (!this.changed.has(cause)) this.facts.parts.delete(cause);
    this.facts.moved.clear();
  }
}

/** A period after a step that was stored. */
function followed({ periods, parts }: ChallengeFacts, step: ChallengeStep) {
  const { progress, awards } = periods.get(challengeKey(step))?.state ?? NO_CHALLENGE;
  const before = parts.get(step.cause)?.get(`${step.challenge} ${step.period}`) ?? null;
  const isTaken = (award: Award) =>
    step.taken.some(
      ({ award: { id, round, goal } }) => id === award.id && round === award.round && goal === award.goal,
    );
  const kept = awards.filter(award => !isTaken(award));
  return { progress: replaced(progress, before, step), awards: [...kept, ...step.given] };
}

/** What steps gave and took back, by rule. */
export const decidedBy = (steps: readonly ChallengeStep[]): Decided => ({
  earned: steps.flatMap(({ given }) =>
    given.flatMap(({ ref, points }) => (points === null ? [] : { rule: ref, ...points })),
  ),
  clawed: steps.flatMap(({ taken }) =>
    taken.flatMap(({ award, ...how }) =>
      award.points === null ? [] : { rule: award.ref, unit: award.points.unit, ...how },
    ),
  ),
});

/** Two decisions as one. */
export const both = (one: Decided, other: Decided): Decided => ({
  earned: [...one.earned, ...other.earned],
  clawed: [...one.clawed, ...other.clawed],
});
