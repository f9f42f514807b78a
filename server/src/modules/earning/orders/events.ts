import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { changePended, lotKey, type Pended } from '../../fraud/index.ts';
import { type CommandType, Draft, type Effects, effectsOf, time } from '../../ledger/index.ts';
import { catchUp, happen, type LoadOrders, type OrderFacts } from '../facts.ts';
import type { ProgramInForce } from '../model.ts';
import { waitsFor } from '../terms.ts';
import { apart } from '../velocity.ts';
import { type EventBody, findEvents, insertEvents, type StoredEvent } from './events.store.ts';
import { admitTime } from './orders.ts';

export interface EventAnswer extends Effects {
  event: {
    id: string;
    external_id: string;
    source: string;
    order: string;
    type: string;
    occurred_at: string;
  };
}

export const eventPayload = ({ orderId, type, occurredAt }: EventBody): string =>
  hash128(String(orderId), type, String(occurredAt));

const eventToWire = (stored: StoredEvent): EventAnswer['event'] => ({
  id: wireId('oev', stored.id),
  external_id: stored.externalId,
  source: stored.source,
  order: wireId('ord', stored.orderId),
  type: stored.type,
  occurred_at: time(stored.occurredAt) as string,
});

/** An event that is being written. */
interface Arrival extends StoredEvent {
  /** What a case holds back still, and nothing else any more. */
  readonly held?: readonly Pended[];
}

/** `order_event`: something that points of an order wait for has happened; they become usable. */
export const eventType = (load: LoadOrders): CommandType<EventBody, OrderFacts, Arrival, EventAnswer> => ({
  name: 'order_event',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: ({ body }, program) => admitTime(body.occurredAt, program),
  load,

  decide({ body, programId }, facts, context) {
    const { program } = context.program as ProgramInForce;
    catchUp(facts);
    const state = facts.states.get(body.orderId);
    if (state === undefined || state.programId !== programId)
      return refuse('order_not_found', 'There is no such order. Send the order first, then its event.');
    if (state.cancelled)
      return refuse('order_cancelled', 'The order was cancelled; none of its points wait.');
    const drafts = new Map<number, Draft>();
    const held: Pended[] = [];
    for (const [ref, grant] of state.grants) {
      if (waitsFor(program, ref) !== body.type) continue;
      const draft = drafts.get(grant.unit) ?? new Draft(context.wallet(grant.unit), context.program.now);
      drafts.set(grant.unit, draft);
      const { free, held: own } = apart(facts.fraud, draft.walletId, grant.lots);
      draft.open(free, body.occurredAt);
      held.push(...own);
    }
    const record: Arrival = { ...body, id: context.id, programId, held };
    const { occurred_at: _, ...data } = eventToWire(record);
    const { id: event, type, ...rest } = data;
    return accept({
      record,
      drafts: [...drafts.values()],
      fact: {
        type: 'order.event_received',
        occurredAt: body.occurredAt,
        data: { event, event_type: type, ...rest },
      },
    });
  },

  evolve(facts, { orderId, type, held = [] }) {
    happen(facts.states, orderId, type);
    for (const lot of held) facts.fraud.pended.set(lotKey(lot.wallet, lot.seq), lot);
  },
  async store(tx, decisions) {
    const held = decisions.flatMap(({ stored }) => stored.held ?? []);
    await Promise.all([insertEvents(tx, decisions), changePended(tx, held)]);
  },
  find: findEvents,
  differences({ body }, stored) {
    const sent = eventToWire({ ...stored, ...body });
    const before = eventToWire(stored);
    return (['order', 'type', 'occurred_at'] as const).flatMap((field): Difference[] =>
      sent[field] === before[field]
        ? []
        : [{ pointer: `/${field}`, stored: before[field], sent: sent[field] }],
    );
  },
  answer: (stored, entries, _holder, program) => ({
    event: eventToWire(stored),
    ...effectsOf(entries, program),
  }),
});

/** Why points became usable: the event of their order that came. */
export async function explainEvent(tx: Tx, id: bigint): Promise<Record<string, unknown>> {
  const found = (await findEvents(tx, [id])).get(id);
  return found === undefined ? {} : { event: eventToWire(found.stored) };
}
