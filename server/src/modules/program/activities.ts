import type { AttributeType } from './activities.section.ts';
import { type Duration, parseDuration } from './calendar.ts';
import type { Campaign } from './campaigns.ts';
import {
  type ActivityInput,
  type Condition,
  compileActivityCondition,
  ofPublished,
} from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import { compileTerms, type Terms } from './terms.ts';
import type { Unit } from './units.ts';

/** Fixed points with their terms. */
export interface Bonus {
  /** `id@version`, as entries cite it. */
  readonly ref: string;
  readonly unit: Unit;
  readonly points: bigint;
  readonly terms: Terms;
}

/** A rule that listens to an activity. */
export interface ActivityRule extends Bonus, Pick<Campaign, 'id' | 'timeZone' | 'limit' | 'cooldown'> {
  readonly cap: null;
  /** Null: always. */
  readonly condition: Condition<ActivityInput> | null;
}

/** One kind of activity, and what listens to it. */
export interface ActivityType {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, AttributeType>;
  readonly rules: readonly ActivityRule[];
  readonly streaks: readonly Streak[];
}

/** Days in a row with an activity. */
export interface Streak {
  readonly id: string;
  /** How many missed days of a calendar month do not end it. */
  readonly freezes: number;
  /** The shortest length first. */
  readonly rewards: readonly (Bonus & { readonly length: number })[];
}

/** Compiles the activities of a stored, valid document, by name. */
export function compileActivities(
  document: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
): Map<string, ActivityType> {
  return new Map(
    Object.entries(document.activities ?? {}).map(([name, { attributes }]) => [
      name,
      {
        name,
        attributes: new Map(Object.entries(attributes ?? {})),
        rules: (document.earning ?? [])
          .filter(({ on }) => on === `activity:${name}`)
          .map(rule => ({
            ...compileRule(rule, document, version, units),
            condition: conditionOf(rule, name, attributes),
          })),
        streaks: (document.streaks ?? [])
          .filter(({ on }) => on === `activity:${name}`)
          .map(({ id, freeze, rewards }) => ({
            id,
            freezes: freeze?.per_month ?? 0,
            rewards: rewards
              .map(reward => ({ ...compileBonus(id, reward, version, units), length: reward.length }))
              .sort((a, b) => a.length - b.length),
          })),
      },
    ]),
  );
}

type Rule = NonNullable<ProgramDocument['earning']>[number];

const conditionOf = (
  { if: text }: Rule,
  activity: string,
  attributes: Record<string, AttributeType> = {},
): ActivityRule['condition'] =>
  text === undefined
    ? null
    : ofPublished(compileActivityCondition(text, activity, new Map(Object.entries(attributes))));

function compileRule(
  rule: Rule,
  document: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
): Omit<ActivityRule, 'condition'> {
  return {
    ...compileBonus(rule.id, rule, version, units),
    id: rule.id,
    timeZone: document.time_zone ?? 'UTC',
    limit: rule.limit ? { perMember: rule.limit.per_member, every: rule.limit.every ?? 'ever' } : null,
    cooldown: rule.cooldown === undefined ? null : (parseDuration(rule.cooldown) as Duration),
    cap: null,
  };
}

/** Fixed points of a checked document. */
export function compileBonus(
  id: string,
  { earn, pending, expires }: Pick<Rule, 'earn' | 'pending' | 'expires'>,
  version: number,
  units: ReadonlyMap<string, Unit>,
): Bonus {
  if (!('fixed' in earn)) throw new Error(`${id} gives no fixed points`);
  return {
    ref: `${id}@${version}`,
    unit: units.get(earn.unit) as Unit,
    points: BigInt(earn.fixed),
    terms: compileTerms(pending, expires),
  };
}
