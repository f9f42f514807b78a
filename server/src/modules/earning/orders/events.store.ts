import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';

/** Something that happened to an order after it was placed. */
export interface EventBody {
  orderId: bigint;
  externalId: string;
  source: string;
  /** Such as `stay.completed`. */
  type: string;
  occurredAt: number;
}

/** An event of an order, as stored. */
export interface StoredEvent extends EventBody {
  id: bigint;
  programId: number;
}

const insert = statement(
  'earning_insert_events',
  `insert into earning.order_events (id, order_id, program_id, external_id, source, type, occurred_at, posted)
   select u.id, u.order_id, u.program_id, u.external_id, u.source, u.type, u.occurred_at, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, order_id bigint, program_id integer, external_id text, source text, type text,
     occurred_at timestamptz, posted text`,
   )} as u`,
);

export async function insertEvents(
  tx: Tx,
  rows: readonly { stored: StoredEvent; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.orderId)),
    numbers(stored.map(row => row.programId)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.type)),
    instants(stored.map(row => row.occurredAt)),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

const read = statement(
  'earning_events',
  `select id, order_id, program_id, external_id, source, type, occurred_at, posted
   from earning.order_events where id = any($1::bigint[])`,
);

export async function findEvents(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredEvent; posted: Posted }>> {
  const rows = await tx.run<[bigint, bigint, number, string, string, string, number, Posted]>(read, [
    numbers(ids),
  ]);
  return new Map(
    rows.map(([id, orderId, programId, externalId, source, type, occurredAt, posted]) => [
      id,
      { stored: { id, orderId, programId, externalId, source, type, occurredAt }, posted },
    ]),
  );
}

const readTypes = statement(
  'earning_event_types',
  `select distinct e.order_id, e.type from ${unnested(1, 'id bigint')} as u join earning.order_events e on e.order_id = u.id`,
);

/** Which events of these orders came. */
export const eventTypes = (tx: Tx, orders: readonly bigint[]): Promise<[order: bigint, type: string][]> =>
  tx.run(readTypes, [numbers(orders)]);
