import { floorDiv, parseDecimal, type Rational } from '#platform/money.ts';
import type { Bonus } from './activities.ts';
import { type Campaign, compileAudience, conditionOf, type Period } from './campaigns.ts';
import type { ProgramDocument } from './document.ts';
import { compileSchedule } from './schedule.ts';
import { readsOf, type Segment } from './segments.ts';
import { compileTerms } from './terms.ts';
import type { Unit } from './units.ts';

export type ChallengeMeasure = 'count' | 'days' | 'spend' | 'quantity' | 'nights';

/** What is reached, and what it gives. */
export interface Goal {
  /** How many, or minor units of the program's currency. */
  readonly target: bigint;
  /** Null: no points. */
  readonly bonus: Omit<Bonus, 'ref'> | null;
  /** Null: no badge. */
  readonly badge: string | null;
}

/** A goal that members reach in a time. */
export interface Challenge
  extends Pick<
    Campaign,
    | 'id'
    | 'ref'
    | 'timeZone'
    | 'open'
    | 'tiers'
    | 'channels'
    | 'countries'
    | 'segments'
    | 'lists'
    | 'reads'
    | 'condition'
  > {
  readonly name: string;
  /** `order`, or the name of an activity. */
  readonly on: 'order' | { readonly activity: string };
  readonly measure: ChallengeMeasure;
  readonly every: Period;
  /** The smallest target first. */
  readonly goals: readonly Goal[];
  readonly times: number;
  /** The first instant and the end, epoch ms or infinite. */
  readonly start: number;
  readonly end: number;
  /** The lines that count; null: any. */
  readonly when: {
    readonly category: ReadonlySet<string> | null;
    readonly sku: ReadonlySet<string> | null;
  } | null;
}

type ChallengeDocument = NonNullable<ProgramDocument['challenges']>[number];

/** Compiles the challenges of a stored, valid document. */
export const compileChallenges = (
  document: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
  segments: ReadonlyMap<string, Segment>,
  exponent: number,
): Challenge[] =>
  (document.challenges ?? []).map(challenge => {
    const zone = document.time_zone ?? 'UTC';
    const condition = challenge.if === undefined ? null : conditionOf(challenge.if);
    const measure = challenge.measure ?? 'count';
    const { start, end, open } = compileSchedule(challenge, zone);
    return {
      id: challenge.id,
      ref: `${challenge.id}@${version}`,
      name: challenge.name ?? challenge.id,
      on: challenge.on === 'order' ? 'order' : { activity: challenge.on.slice('activity:'.length) },
      measure,
      every: challenge.every ?? 'ever',
      goals: challenge.goals.map(goal => compileGoal(goal, units, measure === 'spend' ? exponent : 0)),
      times: challenge.times ?? 1,
      timeZone: challenge.time_zone ?? zone,
      start,
      end,
      open,
      ...compileAudience(challenge.audience),
      condition,
      reads: readsOf(condition, challenge.audience, segments),
      when: challenge.when
        ? { category: setOf(challenge.when.category), sku: setOf(challenge.when.sku) }
        : null,
    };
  });

const setOf = (values: string[] | undefined): Set<string> | null =>
  values === undefined ? null : new Set(values);

function compileGoal(
  { target, earn, pending, expires, badge }: ChallengeDocument['goals'][number],
  units: ReadonlyMap<string, Unit>,
  exponent: number,
): Goal {
  const { num, den } = parseDecimal(target) as Rational;
  const points = earn !== undefined && 'fixed' in earn ? BigInt(earn.fixed) : 0n;
  return {
    target: floorDiv(num * 10n ** BigInt(exponent), den),
    bonus:
      earn === undefined
        ? null
        : { unit: units.get(earn.unit) as Unit, points, terms: compileTerms(pending, expires) },
    badge: badge ?? null,
  };
}
