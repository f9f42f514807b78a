import { parseDecimal, type Rational } from '#platform/money.ts';
import { type Duration, parseDuration } from './calendar.ts';
import type { Period } from './campaigns.ts';
import type { ProgramDocument } from './document.ts';

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

/** What a reward costs members of some tiers; null: everybody. */
export interface Price {
  readonly tiers: ReadonlySet<string> | null;
  readonly unit: Unit;
  readonly points: bigint;
}

/** A reward of the catalogue. */
export interface Reward {
  readonly id: string;
  /** `id@version`, as redemptions cite it. */
  readonly ref: string;
  readonly name: string | null;
  /** The first one that is for a member's tier counts. */
  readonly prices: readonly Price[];
  /** The tiers whose members can redeem it; null: all, and those of a program without tiers. */
  readonly audience: ReadonlySet<string> | null;
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
): ReadonlyMap<string, Reward> =>
  new Map(
    (document.rewards ?? []).map(reward => [
      reward.id,
      {
        id: reward.id,
        ref: `${reward.id}@${version}`,
        name: reward.name ?? null,
        prices: compilePrices(reward.cost, units),
        audience: setOf(reward.audience?.tiers),
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

const setOf = (values: string[] | undefined): ReadonlySet<string> | null =>
  values === undefined ? null : new Set(values);

const compilePrices = (cost: RewardDocument['cost'], units: ReadonlyMap<string, Unit>): Price[] =>
  pricesOf(cost).map(({ tiers, unit, points }) => ({
    tiers: setOf(tiers),
    unit: units.get(unit) as Unit,
    points: BigInt(points),
  }));

/** The prices of a reward, one for everybody as a list of one. */
export const pricesOf = (
  cost: RewardDocument['cost'],
): readonly { tiers?: string[] | undefined; unit: string; points: string }[] =>
  Array.isArray(cost) ? cost : [cost];

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
