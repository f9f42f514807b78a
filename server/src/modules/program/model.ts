import { minorUnitExponent } from '#platform/currency.ts';
import { ONE, parseDecimal, type Rational, type Rounding, rational } from '#platform/money.ts';
import { type ActivityType, compileActivities } from './activities.ts';
import { type Duration, parseDuration } from './calendar.ts';
import { type Campaign, compileCampaigns } from './campaigns.ts';
import { type Challenge, compileChallenges } from './challenges.ts';
import { type Condition, compileOrderCondition, type OrderInput, ofPublished } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import { compileHouseholds, type Households } from './households.section.ts';
import { compileReferrals, type Referrals } from './referrals.ts';
import { compileReminders, type Reminder } from './reminders.section.ts';
import { compileRewards, type Reward } from './rewards.model.ts';
import { compileSegments, type Segment } from './segments.ts';
import { compileTerms, type Terms } from './terms.ts';
import { compileTiers, type Tiers } from './tiers.ts';
import { compileTransfers, type Transfers } from './transfers.section.ts';
import type { Unit } from './units.ts';
import { compileVelocity, type VelocityCheck } from './velocity.ts';

/** The values that a condition of a rule takes; null: any. */
export interface When {
  readonly category: ReadonlySet<string> | null;
  readonly sku: ReadonlySet<string> | null;
  readonly channel: ReadonlySet<string> | null;
  readonly partner: ReadonlySet<string> | null;
  readonly kind: ReadonlySet<string> | null;
}

export interface EarningRule {
  readonly id: string;
  /** `id@version`, as entries cite it. */
  readonly ref: string;
  readonly on: 'order';
  readonly when: When | null;
  /** Null: always. */
  readonly condition: Condition<OrderInput> | null;
  readonly unit: Unit;
  /** Points for each whole unit of the program's currency, or a fixed number for each order. */
  readonly earn: { readonly perCurrencyUnit: Rational } | { readonly fixed: bigint };
  readonly terms: Terms;
}

/** One published document, ready to decide by. */
export interface ProgramVersion {
  readonly version: number;
  /** From when on it is in force, epoch ms; -Infinity for the first. */
  readonly effectiveFrom: number;
  /** By the program's clock, epoch ms. */
  readonly publishedAt: number;
  readonly document: ProgramDocument;
  readonly currency: string;
  readonly timeZone: string;
  readonly rounding: Rounding;
  readonly enrolment: 'automatic' | 'explicit';
  readonly ifSpent: 'clamp_to_zero' | 'allow_negative' | 'refuse';
  /** By name, in the order of their numbers. */
  readonly units: ReadonlyMap<string, Unit>;
  /** The unit that is meant where a request names none: the redeemable one with the lowest number. */
  readonly defaultUnit: Unit;
  /** Those that listen to orders; those on activities are in `activities`. */
  readonly rules: readonly EarningRule[];
  /** What members do besides buying, by name. */
  readonly activities: ReadonlyMap<string, ActivityType>;
  readonly referrals: Referrals | null;
  readonly tiers: Tiers | null;
  readonly reminders: readonly Reminder[];
  readonly velocity: readonly VelocityCheck[];
  readonly campaigns: readonly Campaign[];
  readonly challenges: readonly Challenge[];
  /** How much later than it occurred an order may come without being listed as late; null: any time. */
  readonly lateAfter: Duration | null;
  /** By name. */
  readonly segments: ReadonlyMap<string, Segment>;
  readonly holdout: { readonly share: number; readonly salt: string } | null;
  readonly combination: 'highest_multiplier' | 'stack';
  /** The catalogue, by id. */
  readonly rewards: ReadonlyMap<string, Reward>;
  /** Null where members cannot give each other points. */
  readonly transfers: Transfers | null;
  /** Null where there are none. */
  readonly households: Households | null;
  /** Decimals of a currency's minor unit. Throws a RangeError for one that ISO 4217 does not know. */
  exponent(currency: string): number;
  /** What one minor unit of the program's currency is in whole ones. */
  readonly minorUnit: Rational;
  /**
   * How many minor units of the program's currency one minor unit of `currency` is at `at` (epoch ms), exactly:
   * 1.08 for EUR at 1.08 USD, and for KWD at 10.8 USD as well, because a dinar has 1,000 fils. Undefined where
   * the program has no rate for it then.
   */
  rate(currency: string, at: number): Rational | undefined;
}

export type ProgramClock = { readonly kind: 'wall' } | { readonly kind: 'test'; readonly now: number };

export interface Program {
  readonly id: number;
  readonly name: string;
  /** Grows with every change of the program: a publication, a step of its clock. */
  readonly revision: number;
  readonly clock: ProgramClock;
  /** All versions; `versions[n - 1]` is version n. There is at least one. */
  readonly versions: readonly ProgramVersion[];
}

/**
 * The version in force at `occurredAt`: of those that have begun by then the last published one. A version
 * that is published for now therefore also replaces one that was to begin later.
 */
export function versionAt(program: Program, occurredAt: number): ProgramVersion {
  const { versions } = program;
  for (let index = versions.length - 1; index > 0; index -= 1) {
    const version = versions[index] as ProgramVersion;
    if (version.effectiveFrom <= occurredAt) return version;
  }
  return versions[0] as ProgramVersion;
}

/** Whether any version of a program has tiers. */
export const hasTiers = ({ versions }: Program): boolean => versions.some(({ tiers }) => tiers !== null);

/** Whether any version of a program has challenges. */
export const hasChallenges = ({ versions }: Program): boolean =>
  versions.some(({ challenges }) => challenges.length > 0);

/** The program's time, epoch ms; `wall` is the engine's. */
export const programNow = (program: Program, wall: number): number =>
  program.clock.kind === 'test' ? program.clock.now : wall;

/** A version as it is stored. */
export interface Published {
  version: number;
  effectiveFrom: number | null;
  publishedAt: number;
  document: ProgramDocument;
}

/** Compiles a stored, valid document. `numbers` are those of all units that the program ever had. */
export function compile(published: Published, numbers: ReadonlyMap<string, number>): ProgramVersion {
  const { document, version } = published;
  const units = compileUnits(document, numbers);
  const all = [...units.values()];
  const rates = compileRates(document);
  const segments = compileSegments(document, version);
  return {
    version,
    effectiveFrom: published.effectiveFrom ?? Number.NEGATIVE_INFINITY,
    publishedAt: published.publishedAt,
    document,
    currency: document.currency,
    timeZone: document.time_zone ?? 'UTC',
    rounding: document.rounding ?? 'floor',
    enrolment: document.enrolment ?? 'automatic',
    ifSpent: document.returns?.if_spent ?? 'clamp_to_zero',
    units,
    defaultUnit: all.find(unit => unit.redeemable) ?? (all[0] as Unit),
    rules: (document.earning ?? [])
      .filter(({ on }) => on === 'order')
      .map(rule => compileRule(rule, version, units)),
    activities: compileActivities(document, version, units),
    referrals: compileReferrals(document, version, units),
    combination: document.combination ?? 'highest_multiplier',
    segments,
    lateAfter: document.late_after === undefined ? null : (parseDuration(document.late_after) as Duration),
    campaigns: compileCampaigns(document, version, segments),
    challenges: compileChallenges(document, version, units, segments, exponent(document.currency)),
    holdout: document.holdout
      ? { share: Number(document.holdout.share), salt: document.holdout.salt ?? '' }
      : null,
    reminders: compileReminders(document.reminders),
    velocity: compileVelocity(document, version, units),
    tiers: compileTiers(document, version, exponent(document.currency)),
    rewards: compileRewards(document, version, units, exponent(document.currency), segments),
    transfers: compileTransfers(document.transfers, version),
    households: compileHouseholds(document.households, version),
    exponent,
    minorUnit: rational(1n, 10n ** BigInt(exponent(document.currency))),
    rate(currency, at) {
      if (currency === document.currency) return ONE;
      const dated = rates.get(currency);
      return dated === undefined ? undefined : rateAt(dated, at);
    },
  };
}

function compileUnits(document: ProgramDocument, numbers: ReadonlyMap<string, number>): Map<string, Unit> {
  const units = Object.entries(document.units).map(([name, unit]): Unit => {
    const number = numbers.get(name);
    if (number === undefined) throw new Error(`the unit ${name} has no number`);
    const worth = unit.worth === undefined ? null : decimal(unit.worth);
    return { name, number, redeemable: unit.redeemable ?? true, qualifying: unit.qualifying ?? false, worth };
  });
  return new Map(units.sort((a, b) => a.number - b.number).map(unit => [unit.name, unit]));
}

type Rule = NonNullable<ProgramDocument['earning']>[number];

function compileRule(rule: Rule, version: number, units: ReadonlyMap<string, Unit>): EarningRule {
  const set = (values: string[] | undefined) => (values === undefined ? null : new Set(values));
  const { when, earn, pending, expires } = rule;
  return {
    id: rule.id,
    ref: `${rule.id}@${version}`,
    on: 'order',
    when: when
      ? {
          category: set(when.category),
          sku: set(when.sku),
          channel: set(when.channel),
          partner: set(when.partner),
          kind: set(when.kind),
        }
      : null,
    condition: rule.if === undefined ? null : ofPublished(compileOrderCondition(rule.if)),
    unit: units.get(earn.unit) as Unit,
    earn:
      'fixed' in earn ? { fixed: BigInt(earn.fixed) } : { perCurrencyUnit: decimal(earn.per_currency_unit) },
    terms: compileTerms(pending, expires),
  };
}

interface DatedRate {
  from: number;
  rate: Rational;
}

/** For each other currency its rates between minor units, earliest first. */
function compileRates(document: ProgramDocument): Map<string, DatedRate[]> {
  const to = exponent(document.currency);
  const result = new Map<string, DatedRate[]>();
  for (const [code, currency] of Object.entries(document.currencies ?? {})) {
    const step = to - exponent(code);
    const scaled = (text: string): Rational => {
      const { num, den } = decimal(text);
      return step < 0 ? rational(num, den * 10n ** BigInt(-step)) : rational(num * 10n ** BigInt(step), den);
    };
    const dated = Array.isArray(currency)
      ? currency.map(({ from, rate }) => ({ from: Date.parse(from), rate: scaled(rate) }))
      : [{ from: Number.NEGATIVE_INFINITY, rate: scaled(currency.rate) }];
    result.set(
      code,
      dated.sort((a, b) => a.from - b.from),
    );
  }
  return result;
}

/** The last rate that begins at or before `at`. */
function rateAt(dated: readonly DatedRate[], at: number): Rational | undefined {
  let low = 0;
  let high = dated.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((dated[middle] as DatedRate).from <= at) low = middle + 1;
    else high = middle;
  }
  return dated[low - 1]?.rate;
}

function exponent(currency: string): number {
  const exponent = minorUnitExponent(currency);
  if (exponent === undefined) throw new RangeError(`${currency} is not a currency of ISO 4217`);
  return exponent;
}

/** A decimal of a checked document. */
const decimal = (text: string): Rational => parseDecimal(text) as Rational;

/** The document with the properties of its objects in order, so that equal documents are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
