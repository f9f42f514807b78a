import { accept, type Difference, type Outcome, refuse } from '#platform/errors.ts';
import { wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import {
  type CommandType,
  Draft,
  type Effects,
  effectsOf,
  insufficientBalance,
  time,
  walletId,
} from '../ledger/index.ts';
import { versionAt } from '../program/index.ts';
import { moneyOff, type ProgramInForce, type Redemption, stateAt } from './model.ts';
import * as store from './store.ts';

/** A wish to redeem points. */
export interface RedemptionBody {
  externalId: string;
  source: string;
  /** Null: the program's default unit. */
  unit: string | null;
  points: bigint;
  /** In one step, without a hold. */
  capture: boolean;
  /** How long the hold lasts, ms. */
  holdFor: number;
}

export interface RedemptionAnswer extends Effects {
  redemption: ReturnType<typeof redemptionToWire>;
}

export const redemptionToWire = (redemption: Redemption, now: number) => ({
  id: wireId('red', redemption.id),
  external_id: redemption.externalId,
  source: redemption.source,
  member: wireId('mem', BigInt(redemption.memberId)),
  unit: redemption.unit,
  points: String(redemption.points),
  state: stateAt(redemption, now),
  money_off:
    redemption.moneyOff === null
      ? null
      : { amount: String(redemption.moneyOff.amount), currency: redemption.moneyOff.currency },
  hold_expires_at: time(redemption.holdExpiresAt),
  refunded: String(redemption.refunded),
});

/** `redemption`: takes points, at once or on hold. Never more than there are (ledger rule 4). */
export const redemptionType: CommandType<RedemptionBody, null, Redemption, RedemptionAnswer> = {
  name: 'redemption',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit({ body }, program) {
    const version = versionAt((program as ProgramInForce).program, program.now);
    const unit = body.unit === null ? version.defaultUnit : version.units.get(body.unit);
    if (unit === undefined)
      return refuse('unit_unknown', `The program counts ${program.units.join(', ')}, not ${body.unit}.`)
        .refusal;
    if (!unit.redeemable)
      return refuse('unit_not_redeemable', `${unit.name} only count towards a tier; they cannot be redeemed.`)
        .refusal;
    return undefined;
  },
  load: () => Promise.resolve(null),
  decide({ body, programId }, _facts, { program, holder, wallet, id }) {
    const version = versionAt((program as ProgramInForce).program, program.now);
    const unit = body.unit === null ? version.defaultUnit : version.units.get(body.unit);
    if (unit === undefined) return refuse('unit_unknown', 'The program has no such unit.');
    const draft = new Draft(wallet(unit.number), program.now);
    if (draft.balance.available < body.points)
      return insufficientBalance(body.points, draft.balance.available);
    const money = moneyOff(body.points, unit, version);
    if (money !== null && money.amount > MAX_AMOUNT)
      return refuse('points_out_of_range', 'The points are worth more money than can be counted.');
    const holdExpiresAt = body.capture ? null : draft.now + body.holdFor;
    const entry =
      holdExpiresAt === null
        ? draft.debit('redeem', body.points, draft.now)
        : draft.reserve(body.points, draft.now, holdExpiresAt);
    const record: Redemption = {
      id,
      programId,
      memberId: holder.id,
      wallet: walletId(holder.id, unit.number),
      externalId: body.externalId,
      source: body.source,
      unit: unit.name,
      points: body.points,
      moneyOff: money,
      occurredAt: draft.now,
      holdSeq: entry.seq,
      holdExpiresAt,
      state: body.capture ? 'captured' : 'held',
      refunded: 0n,
    };
    const data = { redemption: wireId('red', id), external_id: body.externalId, source: body.source };
    return accept({
      record,
      drafts: [draft],
      fact: { type: body.capture ? 'redemption.captured' : 'redemption.held', occurredAt: draft.now, data },
    });
  },
  evolve: () => undefined,
  store: store.insertRedemptions,
  find: store.firstAnswers,
  differences({ body, member }, stored, { holder }) {
    const differences: Difference[] = [];
    if (stored.memberId !== holder?.id)
      differences.push({ pointer: '/member', stored: wireId('mem', BigInt(stored.memberId)), sent: member });
    if (body.points !== stored.points)
      differences.push({ pointer: '/points', stored: String(stored.points), sent: String(body.points) });
    if (body.unit !== null && body.unit !== stored.unit)
      differences.push({ pointer: '/unit', stored: stored.unit, sent: body.unit });
    const captured = stored.holdExpiresAt === null;
    if (body.capture !== captured)
      differences.push({ pointer: '/capture', stored: captured, sent: body.capture });
    const heldFor = (stored.holdExpiresAt ?? stored.occurredAt) - stored.occurredAt;
    if (!captured && !body.capture && heldFor !== body.holdFor)
      differences.push({ pointer: '/hold_for', stored: seconds(heldFor), sent: seconds(body.holdFor) });
    // The same unit, named once and once left out.
    if (differences.length === 0)
      differences.push({
        pointer: '/unit',
        stored: body.unit === null ? stored.unit : null,
        sent: body.unit,
      });
    return differences;
  },
  answer: (stored, entries, _holder, program) => ({
    redemption: redemptionToWire(stored, stored.occurredAt),
    ...effectsOf(entries, program),
  }),
};

const seconds = (milliseconds: number): string => `PT${milliseconds / 1000}S`;

/** Why a capture, void or refund cannot be, or the redemption that it is about. */
export function changeable(
  redemption: Redemption | undefined,
  programId: number,
  kind: 'capture' | 'void' | 'refund',
  now: number,
): Outcome<Redemption> {
  if (redemption === undefined || redemption.programId !== programId)
    return refuse('redemption_not_found', 'There is no such redemption in this program.');
  const state = stateAt(redemption, now);
  if (kind === 'refund') {
    return state === 'captured'
      ? accept(redemption)
      : refuse(
          'redemption_not_captured',
          `The redemption is ${state}: only what was captured can be refunded.`,
        );
  }
  if (state === 'held') return accept(redemption);
  return refuse(
    `redemption_${state}`,
    `The redemption is ${state} and cannot be ${kind === 'capture' ? 'captured' : 'voided'} any more.`,
  );
}
