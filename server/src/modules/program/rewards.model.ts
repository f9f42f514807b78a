import { parseDecimal, type Rational } from '#platform/money.ts';
import { type Duration, parseDuration } from './calendar.ts';
import type { Period } from './campaigns.ts';
import type { ProgramDocument } from './document.ts';
import { type MemberReads, readsOf, type Segment } from './segments.ts';

/** A unit that a reward costs or gives. */
interface Unit {
  readonly name: string;
  readonly number: number;
  /** What one is worth in whole units of the program's currency; null: not redeemable as money. */
  readonly worth: Rational | null;
}

/** What a reward gives; money in minor units of the program's currency. */
type Gives =
  | { readonly moneyOff: bigint }
  | { readonly percentOff: Rational }
  | { readonly product: string }
  | { readonly voucher: string }
  | { readonly unit: Unit; readonly points: bigint; readonly expiresAfter: Duration | null };

/** Members by tier and by segment; both have to hold, null: whatever it is. */
export interface Audience {
  readonly tiers: ReadonlySet<string> | null;
  readonly segments: readonly string[] | null;
}

/** What a reward costs an audience. */
export interface Price extends Audience {
  readonly unit: Unit;
  readonly points: bigint;
}

/** A reward of the catalogue. */
export interface Reward {
  readonly id: string;
  /** `id@version`, as redemptions cite it. */
  readonly ref: string;
  readonly name: string | null;
  /** The first one that is for a member counts. */
  readonly prices: readonly Price[];
  /** Who can redeem it; null: everybody. */
  readonly audience: Audience | null;
  /** What has to be known of a member before it is decided; `tier`: its tier, for a segment as well. */
  readonly reads: MemberReads & { readonly tier: boolean };
  readonly gives: Gives;
  /** As the document says it. */
  readonly told: RewardDocument['gives'];
  /** Epoch ms; null: no bound. */
  readonly from: number | null;
  readonly until: number | null;
  readonly stock: number | null;
  readonly limit: { readonly perMember: number; readonly every: Period } | null;
  /** The least total of the order, in minor units. */
  readonly minimum: bigint | null;
  /** Whether what is refunded as a whole can be redeemed again. */
  readonly givesBack: boolean;
}

type RewardDocument = NonNullable<ProgramDocument['rewards']>[number];

/** The catalogue of a stored, valid document, by id; `exponent` is that of the program's currency. */
export const compileRewards = (
  document: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
  exponent: number,
  segments: ReadonlyMap<string, Segment>,
): ReadonlyMap<string, Reward> =>
  new Map(
    (document.rewards ?? []).map(reward => [
      reward.id,
      {
        id: reward.id,
        ref: `${reward.id}@${version}`,
        name: reward.name ?? null,
        prices: compilePrices(reward.cost, units),
        audience: reward.audience === undefined ? null : audienceOf(reward.audience),
        reads: readsOfReward(reward, segments),
        gives: compileGives(reward.gives, units, exponent),
        told: reward.gives,
        from: reward.from === undefined ? null : Date.parse(reward.from),
        until: reward.until === undefined ? null : Date.parse(reward.until),
        stock: reward.stock ?? null,
        limit:
          reward.limit === undefined
            ? null
            : { perMember: reward.limit.per_member, every: reward.limit.every ?? 'ever' },
        minimum: reward.minimum === undefined ? null : minor(reward.minimum.order_total, exponent),
        givesBack: reward.refund !== 'keep',
      },
    ]),
  );

/** An audience as a document says it. */
interface Told {
  readonly tiers?: string[] | undefined;
  readonly segments?: string[] | undefined;
}

const audienceOf = ({ tiers, segments }: Told): Audience => ({
  tiers: tiers === undefined ? null : new Set(tiers),
  segments: segments ?? null,
});

function readsOfReward(
  { cost, audience }: RewardDocument,
  segments: ReadonlyMap<string, Segment>,
): Reward['reads'] {
  const told: Told[] = [...pricesOf(cost), ...(audience === undefined ? [] : [audience])];
  const named = told.flatMap(each => each.segments ?? []);
  const byTier = told.some(each => each.tiers !== undefined);
  return {
    ...readsOf(null, { segments: named }, segments),
    tier: byTier || named.some(name => segments.get(name)?.condition.reads.has('tier')),
  };
}

const compilePrices = (cost: RewardDocument['cost'], units: ReadonlyMap<string, Unit>): Price[] =>
  pricesOf(cost).map(({ unit, points, ...audience }) => ({
    ...audienceOf(audience),
    unit: units.get(unit) as Unit,
    points: BigInt(points),
  }));

/** The prices of a reward, one for everybody as a list of one. */
export const pricesOf = (
  cost: RewardDocument['cost'],
): readonly (Told & { unit: string; points: string })[] => (Array.isArray(cost) ? cost : [cost]);

function compileGives(
  gives: RewardDocument['gives'],
  units: ReadonlyMap<string, Unit>,
  exponent: number,
): Gives {
  if ('money_off' in gives) return { moneyOff: minor(gives.money_off, exponent) };
  if ('percent_off' in gives) return { percentOff: parseDecimal(gives.percent_off) as Rational };
  if ('product' in gives) return { product: gives.product };
  if ('voucher' in gives) return { voucher: gives.voucher };
  const { unit, points, expires_after: after } = gives.points;
  return {
    unit: units.get(unit) as Unit,
    points: BigInt(points),
    expiresAfter: after === undefined ? null : (parseDuration(after) as Duration),
  };
}

/** Whole units of a currency, checked to be whole in its minor unit, in minor units. */
function minor(text: string, exponent: number): bigint {
  const { num, den } = parseDecimal(text) as Rational;
  return (num * 10n ** BigInt(exponent)) / den;
}
