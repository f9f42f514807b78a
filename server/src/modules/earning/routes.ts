import * as z from 'zod';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { type Api, BULK_BODY_LIMIT, type Credentials } from '#platform/http/api.ts';
import type { Problems } from '#platform/http/problems.ts';
import * as schemas from '#platform/http/schemas.ts';
import { wireId } from '#platform/ids.ts';
import {
  businessKey,
  type Command,
  carryOut,
  carryOutKeyed,
  type Ledger,
  memberText,
  type Owners,
  sameForm,
  sourceOf,
} from '../ledger/index.ts';
import type { OrderState } from './model.ts';
import { notJudgedTold } from './not-judged.wire.ts';
import { bulkOf, preferHeader, prefersMinimal, runRows } from './orders/bulk.ts';
import { findOrder, findOwner } from './orders/find.ts';
import { type OrderAnswer, payloadOf, wireLine } from './orders/orders.ts';
import { type ReturnAnswer, returnPayload } from './orders/returns.ts';
import type { ReturnBody } from './records.ts';
import {
  bulkAnswer,
  bulkSchema,
  cancelSchema,
  type OrderInput,
  orderAnswer,
  orderOf,
  orderSchema,
  returnAnswer,
  returnSchema,
  storedOrder,
} from './wire.ts';

const orderParams = z.strictObject({ order: schemas.reference('ord') });
const REFUSALS = [
  'currency_unknown',
  'occurred_in_future',
  'occurred_too_early',
  'key_reused',
  'source_not_allowed',
  'member_not_found',
  'member_reference_invalid',
  'revision_outdated',
  'returned_line_changed',
  'order_cancelled',
  'points_already_spent',
  'points_out_of_range',
];

export const earningRoutes =
  ({ ledger, pool, orders, problems }: { ledger: Ledger; pool: Pool; orders: Owners; problems: Problems }) =>
  (api: Api): void => {
    const commandFor = (
      programId: number,
      member: string,
      source: string,
      input: OrderInput,
      historical: boolean,
    ): Outcome<Command> => {
      const order = orderOf(input, source);
      if (!order.ok) return order;
      const payload = payloadOf(member, order.value);
      const key = businessKey(programId, source, 'order', input.external_id);
      return accept({
        type: 'order',
        programId,
        member,
        key,
        payload,
        body: { order: order.value, payload, historical },
      });
    };

    /** At once where the member is named by the company's own id: a bulk call has a thousand rows. */
    const commandOf = (
      programId: number,
      credentials: Credentials,
      input: OrderInput,
      historical: boolean,
    ): Outcome<Command> | Promise<Outcome<Command>> => {
      const source = sourceOf(credentials, input.source);
      if (!source.ok) return source;
      if (input.member.id === undefined)
        return commandFor(programId, memberText(input.member), source.value, input, historical);
      return sameForm(ledger, programId, input.member).then(member =>
        member.ok ? commandFor(programId, member.value, source.value, input, historical) : member,
      );
    };

    api.route(
      {
        method: 'POST',
        path: '/v1/orders',
        scope: 'orders:write',
        tag: 'Orders',
        operation: 'createOrder',
        summary: 'Take an order',
        description:
          'Answers with what it earned. The same order again is answered with the first answer and status 200.',
        program: true,
        dryRun: true,
        body: orderSchema,
        answers: { 200: orderAnswer, 201: orderAnswer },
        refusals: REFUSALS,
      },
      async ({ program, credentials, body, dryRun }) => {
        const command = await commandOf(program.id, credentials, body, false);
        if (!command.ok) return command;
        return carryOut<OrderAnswer>(ledger, command.value, dryRun);
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/orders/bulk',
        scope: 'orders:write',
        tag: 'Orders',
        operation: 'createOrders',
        summary: 'Take up to 1,000 orders',
        description: "Each row is taken or refused by itself; a member's rows keep their order.",
        program: true,
        dryRun: true,
        body: bulkSchema,
        bodyLimit: BULK_BODY_LIMIT,
        headers: preferHeader,
        answers: { 200: bulkAnswer },
        refusals: [],
      },
      async ({ program, credentials, body, dryRun, headers }) => {
        const minimal = prefersMinimal(headers);
        const outcomes = await runRows<OrderAnswer, OrderInput>(
          ledger,
          { rows: body.orders, schema: orderSchema, what: 'order' },
          order => commandOf(program.id, credentials, order, body.historical),
          { dryRun, minimal },
        );
        return accept(bulkOf(outcomes, problems, minimal));
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/orders/{order}',
        scope: 'orders:read',
        tag: 'Orders',
        operation: 'getOrder',
        summary: 'An order as it stands, with what came back',
        program: true,
        params: orderParams,
        query: z.strictObject({ source: schemas.sourceName.optional() }),
        answers: { 200: storedOrder },
        refusals: ['order_not_found', 'source_not_allowed'],
      },
      async ({ program, credentials, params, query }) => {
        const source = sourceOf(credentials, query.source);
        const state = await findOrder({ ledger, pool }, program.id, params.order, source);
        if (!state.ok) return state;
        const units = (await ledger.directory.programs(pool, [program.id])).get(program.id)?.units ?? [];
        return accept(orderToWire(state.value, units));
      },
    );

    /** Takes the lines of an order back, or all of it. */
    const takeBack = (
      call: {
        program: { id: number };
        credentials: Credentials;
        params: { order: schemas.Reference };
        body: z.output<typeof cancelSchema>;
        dryRun: boolean;
      },
      what: Pick<ReturnBody, 'lines' | 'cancels'>,
    ) =>
      carryOutKeyed<ReturnAnswer>(ledger, call, async source => {
        const { program, params, body } = call;
        const sender = accept(body.order_source ?? source);
        const owner = await findOwner({ ledger, pool, orders }, program.id, params.order, sender);
        if (!owner.ok) return owner;
        const { orderId, holder } = owner.value;
        const { external_id: externalId, occurred_at: occurredAt } = body;
        const sent: ReturnBody = { ...what, orderId, externalId, source, occurredAt };
        const member = `ext:${holder.externalId}`;
        return accept({ type: 'return', externalId, member, payload: returnPayload(sent), body: sent });
      });
    const RETURN_REFUSALS = [
      'order_not_found',
      'order_cancelled',
      'line_unknown',
      'return_exceeds_order',
      'points_already_spent',
      'occurred_in_future',
      'occurred_too_early',
      'key_reused',
      'source_not_allowed',
      'member_not_found',
    ];

    api.route(
      {
        method: 'POST',
        path: '/v1/orders/{order}/returns',
        scope: 'orders:write',
        tag: 'Orders',
        operation: 'createReturn',
        summary: 'Take back a line, a part of a line, or all that is left',
        program: true,
        dryRun: true,
        params: orderParams,
        body: returnSchema,
        answers: { 200: returnAnswer, 201: returnAnswer },
        refusals: RETURN_REFUSALS,
      },
      async call => {
        const { lines } = call.body;
        const twofold =
          lines?.findIndex(line => line.quantity !== undefined && line.amount !== undefined) ?? -1;
        if (twofold >= 0) {
          return refuse('invalid_request', 'A line comes back by quantity or by amount, not by both.', {
            errors: [{ pointer: `/lines/${twofold}`, message: 'must have quantity or amount, not both' }],
          });
        }
        const parts = lines?.map(line => ({
          id: line.id,
          quantity: line.quantity ?? null,
          amount: line.amount ?? null,
        }));
        return takeBack(call, { lines: parts ?? null, cancels: false });
      },
    );

    api.route(
      {
        method: 'POST',
        path: '/v1/orders/{order}/cancel',
        scope: 'orders:write',
        tag: 'Orders',
        operation: 'cancelOrder',
        summary: 'Cancel an order: all of it comes back',
        program: true,
        dryRun: true,
        params: orderParams,
        body: cancelSchema,
        answers: { 200: returnAnswer, 201: returnAnswer },
        refusals: RETURN_REFUSALS,
      },
      call => takeBack(call, { lines: null, cancels: true }),
    );
  };

const orderToWire = (state: OrderState, units: readonly string[]) => ({
  id: wireId('ord', state.id),
  external_id: state.order.externalId,
  source: state.order.source,
  member: wireId('mem', BigInt(state.memberId)),
  revision: state.order.revision,
  occurred_at: new Date(state.order.occurredAt).toISOString(),
  program_version: state.programVersion,
  currency: state.order.currency,
  kind: state.order.kind,
  channel: state.order.channel,
  partner: state.order.partner,
  lines: state.order.lines.map(line => {
    const part = state.returned.get(line.id);
    return {
      ...wireLine(line),
      returned: part === undefined ? '0' : part.den === 1n ? String(part.num) : `${part.num}/${part.den}`,
    };
  }),
  attributes: state.order.attributes,
  cancelled: state.cancelled,
  earned: [...state.grants.values()].map(grant => ({
    rule: grant.rule,
    unit: units[grant.unit] as string,
    earned: String(grant.earned),
    clawed_back: String(grant.clawed),
  })),
  ...notJudgedTold(state.applied.faults),
});
