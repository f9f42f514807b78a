import { accept, type Outcome, type Reason, refuse } from '#platform/errors.ts';
import { floorDiv } from '#platform/money.ts';
import type { Audience, Price, ProgramVersion, Reward } from '../program/index.ts';
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
  /** Whether the member is in a segment. */
  isIn(segment: string): boolean;
  /** Points of a unit, by its number. */
  available(unit: number): bigint;
  /** How often the member has redeemed it, or got it by a campaign, in the present period of its limit. */
  readonly used: number;
  /** What is left of its stock; null where it has none. */
  readonly left: number | null;
  /** Minor units; null where no order was named. */
  readonly orderTotal: bigint | null;
}

/** The tier of a member and the segments that it is in. */
export type Belonging = Pick<Situation, 'tier' | 'isIn'>;

const includes = ({ tiers, segments }: Audience, { tier, isIn }: Belonging): boolean =>
  (tiers === null || (tier !== null && tiers.has(tier))) && (segments === null || segments.some(isIn));

/** What a reward costs a member; undefined where no price is for it. */
export const priceFor = ({ prices }: Reward, member: Belonging): Price | undefined =>
  prices.find(price => includes(price, member));

/** The tiers whose members can redeem a reward, as far as the tier decides. */
function tiersOf({ prices, audience }: Reward): string[] {
  const priced = prices.some(({ tiers }) => tiers === null)
    ? null
    : new Set(prices.flatMap(({ tiers }) => [...(tiers ?? [])]));
  return [...(audience?.tiers ?? priced ?? [])].filter(tier => priced === null || priced.has(tier));
}

/** The segments that a reward names. */
export const segmentsOf = ({ prices, audience }: Reward): string[] => [
  ...new Set([...prices, ...(audience === null ? [] : [audience])].flatMap(({ segments }) => segments ?? [])),
];

function notInAudience(reward: Reward, { tier, isIn }: Belonging): Reason {
  const segments = segmentsOf(reward);
  return {
    code: 'not_in_audience',
    ...(reward.reads.tier ? { tiers: tiersOf(reward), tier } : {}),
    ...(segments.length === 0 ? {} : { segments, in_segments: segments.filter(isIn) }),
  };
}

const time = (at: number): string => new Date(at).toISOString();

const isOver = ({ until }: Reward, now: number): Reason[] =>
  until !== null && now >= until ? [{ code: 'no_longer_valid', until: time(until) }] : [];

const isUsedUp = ({ limit }: Reward, used: number): Reason[] =>
  limit !== null && used >= limit.perMember
    ? [{ code: 'limit_reached', limit: limit.perMember, every: limit.every, used }]
    : [];

/** Why a reward cannot be handed out yet; none where it can. */
export const isEarly = ({ from }: Reward, now: number): Reason[] =>
  from !== null && now < from ? [{ code: 'not_yet_valid', from: time(from) }] : [];

/** Why a voucher that a campaign gives is refused; none where it is not. Who gets it and for what is up to the campaign. */
export const refusalOfGift = (reward: Reward, { now, used }: Pick<Situation, 'now' | 'used'>): Reason[] => [
  ...isOver(reward, now),
  ...isUsedUp(reward, used),
];

/** Every reason for which a member cannot have a reward, with what is missing; none where it can be had. */
export function unavailability(reward: Reward, situation: Situation): Reason[] {
  const { now, used, left, orderTotal } = situation;
  const { minimum, audience } = reward;
  const reasons: Reason[] = [];
  const price = priceFor(reward, situation);
  if (price === undefined || (audience !== null && !includes(audience, situation)))
    reasons.push(notInAudience(reward, situation));
  reasons.push(...isEarly(reward, now), ...isOver(reward, now));
  if (left === 0) reasons.push({ code: 'out_of_stock' });
  reasons.push(...isUsedUp(reward, used));
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
  not_in_audience: 'it is not for the tier or the segments of the member',
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
