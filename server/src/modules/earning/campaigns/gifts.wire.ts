import { z } from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import { time } from '../../ledger/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import { openFor } from '../challenges/challenges.facts.ts';
import type { OrderState } from '../model.ts';
import { tierOfOrder } from '../tiers/tier-gifts.ts';
import { campaignsOf } from './effects.ts';
import { vouchersOfOrder } from './voucher-gifts.ts';

const text = z.string();

const gift = z.strictObject({
  rule: text.describe('The campaign, `id@version`.'),
  tier: text.optional().describe('The tier that the member has from `from` until `until`.'),
  from: schemas.instant.optional(),
  until: schemas.instant.optional(),
  voucher: text.optional().describe('The reward of which the member gets a voucher.'),
  challenge: text.optional().describe('The challenge in which the order counts for `progress` more.'),
  progress: text
    .optional()
    .describe('A whole number; of a challenge that measures spend in minor units of its currency.'),
});

/** What campaigns give for an order beside points, as callers see it. */
export const giftsShape = {
  gifts: z
    .array(gift)
    .optional()
    .describe(
      'What campaigns give for the order beside points: a tier for a while, vouchers, progress in challenges. Left out: nothing.',
    ),
};

export interface GiftsTold {
  gifts?: {
    rule: string;
    tier?: string;
    from?: string;
    until?: string;
    voucher?: string;
    challenge?: string;
    progress?: string;
  }[];
}

/** What campaigns add in the challenges that are open for the order. */
function progressTold(
  { order, applied }: Pick<OrderState, 'order' | 'applied'>,
  version: ProgramVersion,
): NonNullable<GiftsTold['gifts']> {
  const open = openFor(version.challenges, order).map(({ id }) => id);
  return campaignsOf(version, applied.campaigns).flatMap(({ ref: rule, effect }) =>
    'challenge' in effect && open.includes(effect.challenge)
      ? { rule, challenge: effect.challenge, progress: String(effect.progress) }
      : [],
  );
}

export function giftsTold(
  order: Pick<OrderState, 'order' | 'applied'>,
  version: ProgramVersion | undefined,
): GiftsTold {
  if (order.applied.campaigns.length === 0 || version === undefined) return {};
  const given = tierOfOrder(order, version);
  const gifts: GiftsTold['gifts'] = vouchersOfOrder(order, version).map(({ rule, reward }) => ({
    rule,
    voucher: reward,
  }));
  if (given !== null) {
    const { ref: rule, tier, from, until } = given;
    gifts.push({ rule, tier, from: time(from) as string, until: time(until) as string });
  }
  gifts.push(...progressTold(order, version));
  return gifts.length === 0 ? {} : { gifts };
}
