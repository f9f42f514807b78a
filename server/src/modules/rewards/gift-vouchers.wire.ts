import * as z from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import { time } from '../ledger/index.ts';
import type { GiftVoucher } from './gift-vouchers.store.ts';
import { textOf, type Vouchers } from './vouchers.ts';

const text = z.string();

export const giftVoucherSchema = z
  .strictObject({
    id: text,
    member: text,
    order: text,
    campaign: text,
    rule: text.describe('The campaign, `id@version`.'),
    reward: text,
    pool: text,
    state: z
      .enum(['waiting', 'issued', 'revealed', 'withdrawn', 'refused'])
      .describe(
        '`waiting`: its pool is empty. `issued`: a code of the pool is kept for it. `revealed`: the code was handed out. `withdrawn`: its order came back before that. `refused`: `reason` says why.',
      ),
    reason: z
      .enum(['no_longer_valid', 'limit_reached'])
      .nullable()
      .describe(
        'Why it was refused: its reward had ended, or the member has had it as often as its limit allows.',
      ),
    given_at: schemas.instant.describe('Since when a code is kept for it; before that since when it waits.'),
    changed_at: schemas.instant,
    code: text.nullable().describe('In the answer that reveals it, and in its repeats; else null.'),
  })
  .meta({ id: 'GiftVoucher', description: 'The voucher that a member got for an order by a campaign.' });

export interface GiftAnswer {
  voucher: ReturnType<typeof giftToWire>;
  /** False where the voucher was left as it was. */
  changed: boolean;
}

/** A voucher as callers see it; its code only where `vouchers` are given. */
export const giftToWire = (voucher: GiftVoucher, vouchers?: Vouchers) => ({
  id: wireId('vch', voucher.id),
  member: wireId('mem', BigInt(voucher.memberId)),
  order: wireId('ord', voucher.orderId),
  campaign: voucher.campaign,
  rule: voucher.rule,
  reward: voucher.reward,
  pool: voucher.pool,
  state: voucher.state,
  reason: voucher.reason,
  given_at: time(voucher.givenAt) as string,
  changed_at: time(voucher.changedAt) as string,
  code:
    vouchers === undefined || voucher.code === null
      ? null
      : textOf(vouchers, voucher.programId, voucher.code),
});
