import { accept, type Outcome, type Reason, refuse } from '#platform/errors.ts';
import { floorDiv } from '#platform/money.ts';
import type { Price, ProgramVersion, Reward } from '../program/index.ts';
import type { Fulfilment, Money } from './model.ts';

/** The stock that a reward is taken from: its own, that of a pool of codes, or none. */
export const itemOf = (reward: Reward): string | null =>
  'voucher' in reward.gives
    ? `pool:${reward.gives.voucher}`
    : reward.stock === null
      ? null
      : `reward:${reward.id}`;

/** The pool of a stock, or undefined where it is a reward's own. */
export const poolOf = (item: string): string | undefined =>
  item.startsWith('pool:') ? item.slice('pool:'.length) : undefined;

/** What decides whether a member can have a reward. */
export interface Situation {
  /** The program's clock, epoch ms. */
  readonly now: number;
  /** The member's tier; null where the program has none. */
  readonly tier: string | null;
  /** Points of a unit, by its number. */
  available(unit: number): bigint;
  /** How often the member has redeemed it in the present period of its limit. */
  readonly used: number;
  /** What is left of its stock; null where it has none. */
  readonly left: number | null;
  /** Minor units; null where no order was named. */
  readonly orderTotal: bigint | null;
}

/** Whether the tier of a member has a say in a reward. */
export const dependsOnTier = ({ prices, audience }: Reward): boolean =>
  audience !== null || prices.some(({ tiers }) => tiers !== null);

/** What a reward costs a member of a tier; undefined where no price is for it. */
export const priceFor = ({ prices }: Reward, tier: string | null): Price | undefined =>
  prices.find(({ tiers }) => tiers === null || (tier !== null && tiers.has(tier)));

/** The tiers whose members can redeem a reward. */
function tiersOf({ prices, audience }: Reward): string[] {
  const priced = prices.some(({ tiers }) => tiers === null)
    ? null
    : new Set(prices.flatMap(({ tiers }) => [...(tiers ?? [])]));
  return [...(audience ?? priced ?? [])].filter(tier => priced === null || priced.has(tier));
}

const time = (at: number): string => new Date(at).toISOString();

/** Every reason for which a member cannot have a reward, with what is missing; none where it can be had. */
export function unavailability(reward: Reward, situation: Situation): Reason[] {
  const { now, tier, used, left, orderTotal } = situation;
  const { from, until, limit, minimum, audience } = reward;
  const reasons: Reason[] = [];
  const price = priceFor(reward, tier);
  if (price === undefined || (audience !== null && (tier === null || !audience.has(tier))))
    reasons.push({ code: 'not_in_audience', tiers: tiersOf(reward), tier });
  if (from !== null && now < from) reasons.push({ code: 'not_yet_valid', from: time(from) });
  if (until !== null && now >= until) reasons.push({ code: 'no_longer_valid', until: time(until) });
  if (left === 0) reasons.push({ code: 'out_of_stock' });
  if (limit !== null && used >= limit.perMember)
    reasons.push({ code: 'limit_reached', limit: limit.perMember, every: limit.every, used });
  if (minimum !== null && (orderTotal === null || orderTotal < minimum))
    reasons.push({
      code: 'below_minimum',
      required: String(minimum),
      order_total: orderTotal === null ? null : String(orderTotal),
      missing: String(minimum - (orderTotal ?? 0n)),
    });
  const lacking = price && shortfall(price, situation.available(price.unit.number));
  return lacking === undefined ? reasons : [...reasons, lacking];
}

function shortfall({ unit, points }: Price, available: bigint): Reason | undefined {
  const usable = available > 0n ? available : 0n;
  if (usable >= points) return undefined;
  return {
    code: 'insufficient_balance',
    unit: unit.name,
    required: String(points),
    available: String(available),
    missing: String(points - usable),
  };
}

const SENTENCES: Readonly<Record<string, string>> = {
  not_in_audience: 'it is not for the tier of the member',
  not_yet_valid: 'it cannot be redeemed yet',
  no_longer_valid: 'it cannot be redeemed any more',
  out_of_stock: 'nothing is left of it',
  limit_reached: 'the member has redeemed it as often as the limit allows',
  below_minimum: 'the total of the order is below its minimum or was not named',
  insufficient_balance: 'the balance does not cover it',
};

export const rewardUnavailable = (reward: Reward, reasons: readonly Reason[]) =>
  refuse(
    'reward_unavailable',
    `The reward ${reward.id} is not available: ${reasons.map(({ code }) => SENTENCES[code]).join('; ')}.`,
    { reasons: [...reasons] },
  );

/** The reward of this id in a version of the program. */
export function rewardNamed(version: ProgramVersion, id: string): Outcome<Reward> {
  const reward = version.rewards.get(id);
  return reward === undefined
    ? refuse('reward_unknown', `The program has no reward ${id} in version ${version.version}.`)
    : accept(reward);
}

/** What a reward takes off the bill; null where it is something else, or per cent of an order that was not named. */
export function moneyOffOf(reward: Reward, orderTotal: bigint | null, currency: string): Money | null {
  const { gives } = reward;
  if ('moneyOff' in gives) return { amount: gives.moneyOff, currency };
  if (!('percentOff' in gives) || orderTotal === null) return null;
  const { num, den } = gives.percentOff;
  return { amount: floorDiv(orderTotal * num, den * 100n), currency };
}

/** Where a reward stands right after its points were taken: what somebody has to hand over is pending. */
export const firstFulfilment = (gives: Reward['told']): Fulfilment | null =>
  'product' in gives || 'voucher' in gives ? 'pending' : null;
