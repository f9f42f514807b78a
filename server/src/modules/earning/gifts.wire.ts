import { z } from 'zod';
import * as schemas from '#platform/http/schemas.ts';
import { time } from '../ledger/index.ts';
import type { ProgramVersion } from '../program/index.ts';
import type { OrderState } from './model.ts';
import { tierOfOrder } from './tier-gifts.ts';

const text = z.string();

/** What campaigns give for an order beside points, as callers see it. */
export const giftsShape = {
  gifts: z
    .array(z.strictObject({ rule: text, tier: text, from: schemas.instant, until: schemas.instant }))
    .optional()
    .describe('What campaigns give for the order beside points: a tier for a while. Left out: nothing.'),
};

export type GiftsTold = { gifts?: { rule: string; tier: string; from: string; until: string }[] };

export function giftsTold(
  order: Pick<OrderState, 'order' | 'applied'>,
  version: ProgramVersion | undefined,
): GiftsTold {
  if (order.applied.campaigns.length === 0 || version === undefined) return {};
  const given = tierOfOrder(order, version);
  if (given === null) return {};
  const { ref: rule, tier, from, until } = given;
  return { gifts: [{ rule, tier, from: time(from) as string, until: time(until) as string }] };
}
