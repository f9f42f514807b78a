import * as z from 'zod';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import * as schemas from '#platform/http/schemas.ts';
import { effectsShape } from '../ledger/index.ts';
import { giftsShape } from './campaigns/gifts.wire.ts';
import type { Order } from './model.ts';
import { notJudgedShape } from './not-judged.wire.ts';
import { bulkAnswerOf, rowOf } from './orders/bulk.ts';

const text = z.string();
const sum = text.meta({ pattern: '^-?[0-9]+$' });
const name = schemas.line(100, 'hotel');
const quantity = z.int().min(1).max(1_000_000_000);

const lineSchema = z.strictObject({
  id: schemas.line(64, '1'),
  sku: name.optional(),
  category: name.optional(),
  quantity: quantity.default(1),
  amount: schemas.amount.meta({
    description: "The line's total after discounts, in minor units of the order's currency.",
  }),
});

const attribute = z.union([schemas.line(200, 'a value'), z.number(), z.boolean()]);

/** An order as callers send it, singly and in bulk. */
export const orderSchema = z
  .strictObject({
    external_id: schemas.externalId,
    source: schemas.sourceName.optional(),
    member: schemas.reference('mem'),
    occurred_at: schemas.instant,
    currency: schemas.currency,
    kind: name.optional(),
    channel: name.optional(),
    partner: name.optional(),
    revision: z.int().min(1).max(1_000_000).default(1).meta({
      description:
        'A higher revision under the same external id changes the order; the difference is posted.',
    }),
    lines: z.array(lineSchema).min(1).max(500),
    attributes: z
      .record(schemas.line(64, 'nights'), attribute)
      .refine(attributes => Object.keys(attributes).length <= 32, 'must have at most 32 attributes')
      .optional(),
  })
  .meta({ id: 'Order', description: 'A purchase or a travel booking.' });

export type OrderInput = z.output<typeof orderSchema>;

/** The order of a request, or what is wrong with its lines. */
export function orderOf(input: OrderInput, source: string): Outcome<Order> {
  const ids = new Set(input.lines.map(line => line.id));
  if (ids.size !== input.lines.length) {
    return refuse('invalid_request', 'Two lines of the order have the same id.', {
      errors: [{ pointer: '/lines', message: 'must have a different id in each line' }],
    });
  }
  return accept({
    externalId: input.external_id,
    source,
    revision: input.revision,
    occurredAt: input.occurred_at,
    currency: input.currency,
    kind: input.kind ?? null,
    channel: input.channel ?? null,
    partner: input.partner ?? null,
    lines: input.lines.map(line => ({
      id: line.id,
      sku: line.sku ?? null,
      category: line.category ?? null,
      quantity: line.quantity,
      amount: line.amount,
    })),
    attributes: input.attributes ?? null,
  });
}

export const orderAnswer = z
  .strictObject({
    known: z.boolean(),
    order: z.strictObject({
      id: text,
      external_id: text,
      source: text,
      member: text,
      revision: z.int(),
      occurred_at: schemas.instant,
      late: z
        .boolean()
        .describe(
          'Came after a later order of the member was decided, or after `late_after`; see /v1/late-orders.',
        ),
    }),
    ...giftsShape,
    ...notJudgedShape,
    ...effectsShape,
  })
  .meta({
    id: 'OrderAnswer',
    description:
      'What the order earned: by which rule and version, into which lot, usable and expiring when, and the balances after it.',
  });

export const bulkSchema = z
  .strictObject({
    orders: z.array(rowOf(orderSchema)).min(1).max(1000),
    historical: z.boolean().default(false).meta({
      description:
        'Old orders that are taken over: velocity checks neither count them nor hold their points back. The event log says so.',
    }),
  })
  .meta({ id: 'OrderBulk' });

export const bulkAnswer = bulkAnswerOf(orderAnswer, 'OrderBulkAnswer');

export const returnSchema = z
  .strictObject({
    external_id: schemas.externalId,
    source: schemas.sourceName.optional(),
    order_source: schemas.sourceName.optional().meta({
      description: 'Who sent the order, where the path names it by `ext:` and it was another source.',
    }),
    occurred_at: schemas.instant,
    lines: z
      .array(
        z.strictObject({
          id: schemas.line(64, '1'),
          quantity: quantity.optional(),
          amount: schemas.positiveAmount.optional(),
        }),
      )
      .min(1)
      .max(500)
      .optional()
      .meta({
        description:
          'Which lines, by quantity or by amount; neither: all that is left of the line. No lines: all that is left of the order.',
      }),
  })
  .meta({ id: 'OrderReturn' });

export const cancelSchema = returnSchema.omit({ lines: true }).meta({ id: 'OrderCancellation' });

export const returnAnswer = z
  .strictObject({
    known: z.boolean(),
    return: z.strictObject({
      id: text,
      external_id: text,
      source: text,
      order: text,
      occurred_at: schemas.instant,
      cancels: z.boolean(),
      clawed_back: z.array(
        z.strictObject({
          rule: text.describe('A rule of the order, or a challenge whose goal is not reached any more.'),
          decided: sum,
          cancelled: sum,
          taken: sum,
          expired_before: sum,
          shortfall: sum,
          debt: sum,
        }),
      ),
    }),
    ...effectsShape,
  })
  .meta({ id: 'OrderReturnAnswer' });

export const storedOrder = z
  .strictObject({
    id: text,
    external_id: text,
    source: text,
    member: text,
    revision: z.int(),
    occurred_at: schemas.instant,
    program_version: z.int(),
    currency: text,
    kind: text.nullable(),
    channel: text.nullable(),
    partner: text.nullable(),
    lines: z.array(
      z.strictObject({
        id: text,
        sku: text.nullable(),
        category: text.nullable(),
        quantity: z.int(),
        amount: sum,
        returned: text.meta({ description: 'The part that came back: 0 to 1, as a fraction.' }),
      }),
    ),
    attributes: z.record(text, attribute).nullable(),
    cancelled: z.boolean(),
    earned: z.array(z.strictObject({ rule: text, unit: text, earned: sum, clawed_back: sum })),
    ...notJudgedShape,
  })
  .meta({ id: 'StoredOrder' });
