import { accept, type Difference, type Outcome, refuse } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import {
  type CommandType,
  type Context,
  Draft,
  type Effects,
  effectsOf,
  insufficientBalance,
  walletId,
} from '../ledger/index.ts';
import { addDuration, type Price, type ProgramVersion, type Reward, type Unit } from '../program/index.ts';
import {
  firstFulfilment,
  itemOf,
  moneyOffOf,
  poolOf,
  priceFor,
  rewardNamed,
  rewardUnavailable,
  unavailability,
} from './catalogue.ts';
import { belongingOf, evolve, type LoadRewards, nextCode, type RewardFacts, usedBy } from './facts.ts';
import { isMember } from './households.facts.ts';
import { inForce, unitOfPoints } from './in-force.ts';
import {
  type Aside,
  type Granted,
  type Money,
  moneyOff,
  type NewRedemption,
  NOTHING_ASIDE,
  type RedemptionBody,
} from './model.ts';
import { stockKey } from './stock.facts.ts';
import type { Unit as StockUnit } from './stock.ts';
import * as store from './store.ts';
import type { Vouchers } from './vouchers.ts';
import { factOf, redemptionToWire } from './wire.ts';

/** The commands after which a member may be in other segments. */
const PROFILE_CHANGES = ['enrol', 'profile'];
const NO_READS = { tier: false, history: false, profile: false };
/** The commands after which a member may have another tier, or have bought more. */
const TIER_CHANGES = ['order', 'return', 'rerate', 'rerate_activity', 'tier_grant', 'tier_grant_end'];

export interface RedemptionAnswer extends Effects {
  redemption: ReturnType<typeof redemptionToWire>;
}

/** What is taken and what is given for it. */
interface Terms {
  readonly unit: Pick<Unit, 'name' | 'number' | 'worth'>;
  readonly points: bigint;
  readonly reward: Reward | null;
  /** The unit of stock that a redemption of a reward gets. */
  readonly stock: StockUnit | null;
}

/** Refuses what no balance, stock or tier could make acceptable. */
const admitted = (body: RedemptionBody, version: ProgramVersion): Outcome<unknown> =>
  body.reward === null ? unitOfPoints(body.unit, version) : rewardNamed(version, body.reward);

function termsOf(
  body: RedemptionBody,
  facts: RewardFacts,
  programId: number,
  { program, holder, wallet }: Context,
): Outcome<Terms> {
  const version = inForce(program);
  const { now } = program;
  const available = (unit: number) => new Draft(wallet(unit), now).balance.available;
  if (body.reward === null) {
    const unit = unitOfPoints(body.unit, version);
    if (!unit.ok) return unit;
    const points = body.points as bigint;
    const balance = available(unit.value.number);
    return balance < points
      ? insufficientBalance(points, balance)
      : accept({ unit: unit.value, points, reward: null, stock: null });
  }
  const named = rewardNamed(version, body.reward);
  if (!named.ok) return named;
  const reward = named.value;
  const item = itemOf(reward);
  const stock = item === null ? undefined : facts.stocks.get(stockKey({ programId, item }));
  const question = { programId, memberId: holder.id, externalId: holder.externalId, at: now, version };
  const belonging = belongingOf(facts, reward, question);
  const reasons = unavailability(reward, {
    now,
    ...belonging,
    available,
    used: usedBy(facts, holder.id, reward.id),
    left: item === null ? null : (stock?.left(now) ?? 0),
    orderTotal: body.orderTotal,
  });
  if (reasons.length > 0) return rewardUnavailable(reward, reasons);
  const { unit, points } = priceFor(reward, belonging) as Price;
  return accept({ unit, points, reward, stock: stock?.next(now) ?? null });
}

/** What the redemption is of the catalogue, and what granting it changes beside the redemption. */
function granted(
  reward: Reward,
  unit: StockUnit | null,
  body: RedemptionBody,
  { facts, vouchers }: { facts: RewardFacts; vouchers: Vouchers },
  { id, programId }: { id: bigint; programId: number },
): Outcome<{ granted: Granted; aside: Aside }> {
  const item = itemOf(reward);
  const stock = item === null || unit === null ? null : { item, shard: unit.shard };
  const next =
    body.capture && stock !== null && poolOf(stock.item) !== undefined
      ? nextCode(facts, vouchers, { programId, item: stock.item })
      : accept(null);
  if (!next.ok) return next;
  const code = next.value;
  return accept({
    granted: {
      id: reward.id,
      rule: reward.ref,
      gives: reward.told,
      orderTotal: body.orderTotal,
      stock,
      released: false,
      fulfilment: body.capture ? firstFulfilment(reward.told) : null,
      code,
      creditSeq: null,
    },
    aside: {
      ...NOTHING_ASIDE,
      moves: stock === null || unit?.lapsed != null ? [] : [{ programId, ...stock, change: -1 }],
      lapsed: unit?.lapsed ?? null,
      code: code === null ? null : { id: code.id, redemptionId: id },
    },
  });
}

/** Credits what a reward gives in points of another unit; undefined where it gives something else. */
export function creditReward(
  gives: Reward['gives'],
  ref: string,
  timeZone: string,
  { program, wallet }: Pick<Context, 'program' | 'wallet'>,
): { draft: Draft; seq: number } | undefined {
  if (!('points' in gives)) return undefined;
  const draft = new Draft(wallet(gives.unit.number), program.now);
  const expiresAt = gives.expiresAfter === null ? null : addDuration(draft.now, gives.expiresAfter, timeZone);
  const { seq } = draft.credit('bonus', gives.points, { availableFrom: null, expiresAt }, draft.now, {
    rule: ref,
  });
  return { draft, seq };
}

/** `redemption`: takes points, at once or on hold. Never more than there are (ledger rule 4), nor more rewards. */
export const redemptionType = (
  load: LoadRewards,
  vouchers: Vouchers,
): CommandType<RedemptionBody, RewardFacts, NewRedemption, RedemptionAnswer> => ({
  name: 'redemption',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit({ body }, program) {
    const outcome = admitted(body, inForce(program));
    return outcome.ok ? undefined : outcome.refusal;
  },
  load,
  looksBack({ body }, program) {
    if (body.by !== null) return ['household_change'];
    const reward = body.reward === null ? undefined : inForce(program).rewards.get(body.reward);
    const { tier, history, profile } = reward?.reads ?? NO_READS;
    return [...(tier || history ? TIER_CHANGES : []), ...(profile ? PROFILE_CHANGES : [])];
  },
  decide({ body, programId }, facts, context) {
    const { program, holder, wallet, id } = context;
    const version = inForce(program);
    if (body.by !== null && !isMember(facts.last, body.by, holder.id))
      return refuse('household_member_not_found', 'Who redeems is not in this household.');
    const terms = termsOf(body, facts, programId, context);
    if (!terms.ok) return terms;
    const { unit, points, reward, stock } = terms.value;
    const draft = new Draft(wallet(unit.number), program.now);
    const money: Money | null =
      reward === null
        ? moneyOff(points, unit, version)
        : moneyOffOf(reward, body.orderTotal, version.currency);
    if (money !== null && money.amount > MAX_AMOUNT)
      return refuse('points_out_of_range', 'The points are worth more money than can be counted.');
    const holdExpiresAt = body.capture ? null : draft.now + body.holdFor;
    const entry =
      holdExpiresAt === null
        ? draft.debit('redeem', points, draft.now)
        : draft.reserve(points, draft.now, holdExpiresAt);
    const of =
      reward === null ? accept(null) : granted(reward, stock, body, { facts, vouchers }, { id, programId });
    if (!of.ok) return of;
    const credit =
      reward !== null && body.capture
        ? creditReward(reward.gives, reward.ref, version.timeZone, context)
        : undefined;
    const record: NewRedemption = {
      id,
      programId,
      memberId: holder.id,
      by: body.by,
      wallet: walletId(holder.id, unit.number),
      externalId: body.externalId,
      source: body.source,
      unit: unit.name,
      points,
      moneyOff: money,
      occurredAt: draft.now,
      holdSeq: entry.seq,
      holdExpiresAt,
      state: body.capture ? 'captured' : 'held',
      refunded: 0n,
      reward: of.value === null ? null : { ...of.value.granted, creditSeq: credit?.seq ?? null },
      ...(of.value === null ? {} : { aside: of.value.aside }),
    };
    const data = { ...factOf(record), external_id: body.externalId, source: body.source };
    const type = body.capture ? 'redemption.captured' : 'redemption.held';
    const drafts = credit === undefined ? [draft] : [draft, credit.draft];
    return accept({ record, drafts, fact: { type, occurredAt: draft.now, data } });
  },
  evolve: (facts, stored) => evolve(facts, undefined, stored),
  store: store.insertRedemptions,
  find: store.firstAnswers,
  differences: ({ body, member }, stored, { holder }) => differences(body, member, stored, holder?.id),
  answer: (stored, entries, _holder, program) => ({
    redemption: redemptionToWire(stored, stored.occurredAt, vouchers),
    ...effectsOf(entries, program),
  }),
});

function differences(
  body: RedemptionBody,
  member: string,
  stored: NewRedemption,
  holder: number | undefined,
): Difference[] {
  const found: Difference[] = [];
  const compare = (pointer: string, before: unknown, sent: unknown) => {
    if (before !== sent) found.push({ pointer, stored: before, sent });
  };
  if (stored.memberId !== holder)
    found.push({ pointer: '/member', stored: wireId('mem', BigInt(stored.memberId)), sent: member });
  compare('/by', idOf(stored.by), idOf(body.by));
  compare('/reward', stored.reward?.id ?? null, body.reward);
  if (body.points !== null) compare('/points', String(stored.points), String(body.points));
  if (body.unit !== null) compare('/unit', stored.unit, body.unit);
  if (body.reward !== null)
    compare('/order_total', text(stored.reward?.orderTotal ?? null), text(body.orderTotal));
  const captured = stored.holdExpiresAt === null;
  compare('/capture', captured, body.capture);
  const heldFor = (stored.holdExpiresAt ?? stored.occurredAt) - stored.occurredAt;
  if (!captured && !body.capture) compare('/hold_for', seconds(heldFor), seconds(body.holdFor));
  // The same unit, named once and once left out.
  if (found.length === 0)
    found.push({ pointer: '/unit', stored: body.unit === null ? stored.unit : null, sent: body.unit });
  return found;
}

const idOf = (member: number | null): string | null =>
  member === null ? null : wireId('mem', BigInt(member));
const text = (amount: bigint | null): string | null => (amount === null ? null : String(amount));
const seconds = (milliseconds: number): string => `PT${milliseconds / 1000}S`;
