import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import type { Api } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { carryOutKeyed, effectsShape, type Ledger, type Owners } from '../../ledger/index.ts';
import type { EventBody } from './events.store.ts';
import { type EventAnswer, eventPayload } from './events.ts';
import { findOwner } from './find.ts';

const text = z.string();

const eventAnswer = z
  .strictObject({
    known: z.boolean(),
    event: z.strictObject({
      id: text,
      external_id: text,
      source: text,
      order: text,
      type: text,
      occurred_at: schemas.instant,
    }),
    ...effectsShape,
  })
  .meta({ id: 'OrderEventAnswer' });

export function eventRoutes(api: Api, deps: { ledger: Ledger; pool: Pool; orders: Owners }): void {
  api.route(
    {
      method: 'POST',
      path: '/v1/orders/{order}/events',
      scope: 'orders:write',
      tag: 'Orders',
      operation: 'createOrderEvent',
      summary: 'Tell that something happened to an order, such as the end of a stay',
      description:
        'Points of the order that wait for this event become usable; an event that nothing waits for is noted. Points that the order earns later, by a higher revision, do not wait for it any more.',
      program: true,
      dryRun: true,
      params: z.strictObject({ order: schemas.reference('ord') }),
      body: z
        .strictObject({
          external_id: schemas.externalId,
          source: schemas.sourceName.optional(),
          order_source: schemas.sourceName.optional().meta({
            description: 'Who sent the order, where the path names it by `ext:` and it was another source.',
          }),
          type: text
            .regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, ".", "-" and "_"')
            .meta({
              description: '`until_event` of the rules that wait for it.',
              examples: ['stay.completed'],
            }),
          occurred_at: schemas.instant,
        })
        .meta({ id: 'OrderEvent' }),
      answers: { 200: eventAnswer, 201: eventAnswer },
      refusals: [
        'order_not_found',
        'order_cancelled',
        'occurred_in_future',
        'occurred_too_early',
        'key_reused',
        'source_not_allowed',
        'member_not_found',
      ],
    },
    call =>
      carryOutKeyed<EventAnswer>(deps.ledger, call, async source => {
        const { program, params, body } = call;
        const sender = accept(body.order_source ?? source);
        const owner = await findOwner(deps, program.id, params.order, sender);
        if (!owner.ok) return owner;
        const { orderId, holder } = owner.value;
        const { external_id: externalId, type, occurred_at: occurredAt } = body;
        const sent: EventBody = { orderId, externalId, source, type, occurredAt };
        const member = `ext:${holder.externalId}`;
        return accept({ type: 'order_event', externalId, member, payload: eventPayload(sent), body: sent });
      }),
  );
}
