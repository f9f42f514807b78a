import { booleans, instants, numbers } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Addition } from '../records.ts';
import type { LateOrder } from './late.ts';

const insertLate = statement(
  'earning_insert_late',
  `insert into earning.late_orders (program_id, order_id, member_id, occurred_at, booked_at, out_of_order)
   select * from ${unnested(
     1,
     `
     program_id integer, order_id bigint, member_id bigint, occurred_at timestamptz, booked_at timestamptz,
     out_of_order boolean`,
   )} as u`,
);

/** Lists the orders that came late. */
export async function insertLateOrders(
  tx: Tx,
  decisions: readonly { stored: { added?: Addition } }[],
): Promise<void> {
  const rows = decisions.flatMap(({ stored: { added } }) => added?.late ?? []);
  if (rows.length === 0) return;
  await tx.run(insertLate, [
    numbers(rows.map(row => row.programId)),
    numbers(rows.map(row => row.orderId)),
    numbers(rows.map(row => row.memberId)),
    instants(rows.map(row => row.occurredAt)),
    instants(rows.map(row => row.bookedAt)),
    booleans(rows.map(row => row.outOfOrder)),
  ]);
}

const listLate = statement(
  'earning_late_orders',
  `select program_id, order_id, member_id, occurred_at, booked_at, out_of_order from earning.late_orders
   where program_id = $1 and order_id > $2 order by order_id limit $3`,
);

/** Late orders of a program in the order in which they came, after the order `after`. */
export async function listLateOrders(
  tx: Tx,
  programId: number,
  after: bigint,
  limit: number,
): Promise<LateOrder[]> {
  const rows = await tx.run<[number, bigint, bigint, number, number, boolean]>(listLate, [
    programId,
    after,
    limit,
  ]);
  return rows.map(([program, orderId, member, occurredAt, bookedAt, outOfOrder]) => ({
    programId: program,
    orderId,
    memberId: Number(member),
    occurredAt,
    bookedAt,
    outOfOrder,
  }));
}
