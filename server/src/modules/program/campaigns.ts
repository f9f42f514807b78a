import { minorUnitExponent } from '#platform/currency.ts';
import { compare, floorDiv, parseDecimal, type Rational, times, ZERO } from '#platform/money.ts';
import { type Duration, parseDuration } from './calendar.ts';
import { type Condition, compileCondition, ofPublished } from './conditions/compile.ts';
import type { ProgramDocument } from './document.ts';
import { compileSchedule } from './schedule.ts';
import { compileSegments, type MemberReads, readsOf, type Segment } from './segments.ts';
import { compileTerms, type Terms } from './terms.ts';

/** A calendar period of a campaign's time zone, or all time. */
export type Period = 'day' | 'week' | 'month' | 'year' | 'ever';

/** What a campaign does: it multiplies the points of units, adds a part of them, or gives points of its own. */
export type CampaignEffect =
  | { readonly multiply: Rational /** Null: every redeemable unit. */; readonly unit: string | null }
  /** `add` is a part of what the rules give by themselves: 1/8 of "12.5" per cent. */
  | { readonly add: Rational; readonly unit: string | null }
  | { readonly tier: string; readonly lasts: Duration }
  /** The id of a reward that gives a voucher. */
  | { readonly voucher: string }
  /** In what the challenge measures: a number, or minor units of the program's currency. */
  | { readonly challenge: string; readonly progress: bigint }
  | {
      readonly earn: { readonly perCurrencyUnit: Rational } | { readonly fixed: bigint };
      readonly unit: string;
      readonly terms: Terms;
    };

export interface Campaign {
  readonly id: string;
  /** `id@version`, as entries cite it. */
  readonly ref: string;
  readonly timeZone: string;
  /** Whether `at` (epoch ms) is within its schedule. */
  open(at: number): boolean;
  readonly tiers: ReadonlySet<string> | null;
  readonly channels: ReadonlySet<string> | null;
  readonly countries: ReadonlySet<string> | null;
  readonly segments: readonly string[] | null;
  readonly lists: readonly string[] | null;
  /** What has to be known of the member. */
  readonly reads: MemberReads;
  /** Null: always. */
  readonly condition: Condition | null;
  readonly effect: CampaignEffect;
  readonly group: string | null;
  readonly limit: { readonly perMember: number; readonly every: Period } | null;
  readonly cooldown: Duration | null;
  readonly cap: { readonly points: bigint; readonly per: 'order' | 'day' | 'month' } | null;
  /** `points` is the most that it may give in all; what is bounded in money is counted in points of that worth. */
  readonly budget: { readonly points: bigint; readonly whenShort: 'trim' | 'refuse' } | null;
  /** Whether a return gives its points back to the budget, and its use to the limit. */
  readonly giveBack: boolean;
}

type CampaignDocument = NonNullable<ProgramDocument['campaigns']>[number];

/** Compiles the campaigns of a stored, valid document. */
export function compileCampaigns(
  document: ProgramDocument,
  version: number,
  segments: ReadonlyMap<string, Segment> = compileSegments(document, version),
): Campaign[] {
  return (document.campaigns ?? []).map(campaign => {
    const condition = campaign.if === undefined ? null : conditionOf(campaign.if);
    const reads = readsOf(condition, campaign.audience, segments);
    return { ...compileCampaign(campaign, document, version), condition, reads };
  });
}

function compileCampaign(
  campaign: CampaignDocument,
  document: ProgramDocument,
  version: number,
): Omit<Campaign, 'condition' | 'reads'> {
  const zone = document.time_zone ?? 'UTC';
  return {
    id: campaign.id,
    ref: `${campaign.id}@${version}`,
    timeZone: campaign.time_zone ?? zone,
    open: compileSchedule(campaign, zone).open,
    ...compileAudience(campaign.audience),
    effect: compileEffect(campaign, document),
    group: campaign.group ?? null,
    limit: campaign.limit
      ? { perMember: campaign.limit.per_member, every: campaign.limit.every ?? 'ever' }
      : null,
    cooldown: campaign.cooldown === undefined ? null : (parseDuration(campaign.cooldown) as Duration),
    cap: campaign.cap ? { points: BigInt(campaign.cap.points), per: campaign.cap.per } : null,
    budget: compileBudget(campaign, document),
    giveBack: campaign.returns !== 'keep',
  };
}

/** For whom something is. */
export const compileAudience = (
  audience: CampaignDocument['audience'],
): Pick<Campaign, 'tiers' | 'channels' | 'countries' | 'segments' | 'lists'> => ({
  tiers: setOf(audience?.tiers),
  channels: setOf(audience?.channels),
  countries: setOf(audience?.countries),
  segments: audience?.segments ?? null,
  lists: audience?.lists ?? null,
});

const setOf = (values: string[] | undefined): Set<string> | null =>
  values === undefined ? null : new Set(values);

/** The condition of a published document. */
export const conditionOf = (text: string): Condition => ofPublished(compileCondition(text));

const PER_CENT: Rational = { num: 1n, den: 100n };

function compileEffect({ effect }: CampaignDocument, document: ProgramDocument): CampaignEffect {
  if ('multiply' in effect)
    return { multiply: parseDecimal(effect.multiply) as Rational, unit: effect.unit ?? null };
  if ('percent' in effect)
    return { add: times(parseDecimal(effect.percent) as Rational, PER_CENT), unit: effect.unit ?? null };
  if ('tier' in effect) return { tier: effect.tier, lasts: parseDuration(effect.for) as Duration };
  if ('voucher' in effect) return { voucher: effect.voucher };
  if ('challenge' in effect) return compileProgress(effect, document);
  const { earn } = effect;
  return {
    earn:
      'fixed' in earn
        ? { fixed: BigInt(earn.fixed) }
        : { perCurrencyUnit: parseDecimal(earn.per_currency_unit) as Rational },
    unit: earn.unit,
    terms: compileTerms(effect.pending, effect.expires),
  };
}

function compileProgress(
  { challenge, progress }: { challenge: string; progress: string },
  { challenges, currency }: ProgramDocument,
): CampaignEffect {
  const isMoney = challenges?.find(({ id }) => id === challenge)?.measure === 'spend';
  const { num, den } = parseDecimal(progress) as Rational;
  const minor = 10n ** BigInt(isMoney ? (minorUnitExponent(currency) ?? 0) : 0);
  return { challenge, progress: floorDiv(num * minor, den) };
}

/** The unit that an effect names; undefined where it names none, or gives no points. */
export const unitOf = (effect: CampaignDocument['effect']): string | undefined =>
  'earn' in effect ? effect.earn.unit : 'unit' in effect ? effect.unit : undefined;

/** As many as a document can write. */
const MOST_POINTS = 10n ** 15n - 1n;

/** What the dearest of the points is worth that a campaign gives: so its budget in money holds whatever it gives. */
function dearest({ effect }: CampaignDocument, { units }: ProgramDocument): Rational {
  const named = unitOf(effect);
  return Object.entries(units)
    .filter(([name, { redeemable }]) => (named === undefined ? redeemable !== false : name === named))
    .map(([, { worth }]) => parseDecimal(worth ?? '0') as Rational)
    .reduce((most, worth) => (compare(worth, most) > 0 ? worth : most), ZERO);
}

function compileBudget(campaign: CampaignDocument, document: ProgramDocument): Campaign['budget'] {
  const { budget } = campaign;
  if (budget === undefined) return null;
  const whenShort = budget.when_short ?? 'trim';
  if (budget.points !== undefined) return { points: BigInt(budget.points), whenShort };
  const money = parseDecimal(budget.money as string) as Rational;
  const worth = dearest(campaign, document);
  const points = worth.num === 0n ? MOST_POINTS : floorDiv(money.num * worth.den, money.den * worth.num);
  return { points: points > MOST_POINTS ? MOST_POINTS : points, whenShort };
}
