import * as z from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { effectsShape, time } from '../ledger/index.ts';
import { type Redemption, stateAt } from './model.ts';
import { textOf, type Vouchers } from './vouchers.ts';

/* How redemptions and rewards look to callers. */

const text = z.string();
const sum = text.meta({ pattern: '^[0-9]+$' });

export const givesSchema = z
  .strictObject({
    money_off: text.optional(),
    percent_off: text.optional(),
    product: text.optional(),
    voucher: text.optional(),
    points: z.strictObject({ unit: text, points: sum, expires_after: text.optional() }).optional(),
  })
  .meta({ id: 'RewardGives', description: 'What a reward gives, as the program says it: one of these.' });

export const fulfilmentSchema = z.enum(['pending', 'fulfilled', 'rejected']).nullable().meta({
  description:
    'Of products and vouchers, once their points were taken: `pending` until somebody says that it was handed over (`fulfilled`) or cannot be (`rejected`).',
});

export const redemptionSchema = z
  .strictObject({
    id: text,
    external_id: text,
    source: text,
    member: text,
    by: text
      .optional()
      .meta({ description: 'Who redeemed, where the member is a household and a person was named.' }),
    unit: text,
    points: sum,
    state: z.enum(['held', 'captured', 'voided', 'expired']),
    money_off: z.strictObject({ amount: sum, currency: text }).nullable(),
    hold_expires_at: schemas.instant.nullable(),
    refunded: sum,
    reward: z
      .strictObject({
        id: text,
        rule: text,
        gives: givesSchema,
        fulfilment: fulfilmentSchema,
        code: text.nullable().meta({
          description:
            'The code of a voucher: in the answer that hands it out and in what a retry of the same request gets, else null.',
        }),
      })
      .optional()
      .meta({ description: 'Missing where points were redeemed without a reward.' }),
  })
  .meta({
    id: 'Redemption',
    description: 'Points exchanged for a reward or for money off, or on hold for it.',
  });

export const redemptionAnswer = z
  .strictObject({ known: z.boolean(), redemption: redemptionSchema, ...effectsShape })
  .meta({ id: 'RedemptionAnswer' });

/** A redemption at an instant; its code only where this is the answer that hands it out, to which `vouchers` are given. */
export function redemptionToWire(redemption: Redemption, now: number, vouchers?: Vouchers) {
  const { moneyOff, reward } = redemption;
  return {
    id: wireId('red', redemption.id),
    external_id: redemption.externalId,
    source: redemption.source,
    member: wireId('mem', BigInt(redemption.memberId)),
    ...(redemption.by === null ? {} : { by: wireId('mem', BigInt(redemption.by)) }),
    unit: redemption.unit,
    points: String(redemption.points),
    state: stateAt(redemption, now),
    money_off: moneyOff === null ? null : { amount: String(moneyOff.amount), currency: moneyOff.currency },
    hold_expires_at: time(redemption.holdExpiresAt),
    refunded: String(redemption.refunded),
    ...(reward === null
      ? {}
      : {
          reward: {
            id: reward.id,
            rule: reward.rule,
            gives: reward.gives,
            fulfilment: reward.fulfilment,
            code:
              vouchers === undefined || reward.code === null
                ? null
                : textOf(vouchers, redemption.programId, reward.code),
          },
        }),
  };
}

/** What facts say of a redemption: never its code. */
export const factOf = (redemption: Pick<Redemption, 'id' | 'reward'>) => ({
  redemption: wireId('red', redemption.id),
  ...(redemption.reward === null
    ? {}
    : {
        reward: redemption.reward.id,
        rule: redemption.reward.rule,
        fulfilment: redemption.reward.fulfilment,
      }),
});
