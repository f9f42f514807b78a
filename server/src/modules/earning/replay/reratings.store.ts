import { booleans, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';
import type { StoredRerating } from '../records.ts';
import {
  type AppliedJson,
  appliedFromJson,
  appliedToJson,
  type DecidedJson,
  decidedFromJson,
  decidedToJson,
} from '../store.ts';

const insert = statement(
  'earning_insert_reratings',
  `insert into earning.reratings (id, program_id, order_id, rerate_id, reverses, program_version, applied, decided, posted)
   select u.id, u.program_id, u.order_id, u.rerate_id, u.reverses, u.program_version, u.applied::json, u.decided::json, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, order_id bigint, rerate_id bigint, reverses boolean,
     program_version integer, applied text, decided text, posted text`,
   )} as u`,
);

export async function insertReratings(
  tx: Tx,
  rows: readonly { stored: StoredRerating; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.orderId)),
    numbers(stored.map(row => row.rerateId)),
    booleans(stored.map(row => row.reverses)),
    numbers(stored.map(row => row.programVersion)),
    texts(stored.map(row => appliedToJson(row.applied))),
    texts(stored.map(row => JSON.stringify(decidedToJson(row.decided)))),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

export const RERATING =
  'r.id, r.program_id, r.order_id, r.rerate_id, r.reverses, r.program_version, r.applied, r.decided, r.posted';
export type ReratingRow = [
  bigint,
  number,
  bigint,
  bigint,
  boolean,
  number,
  AppliedJson | null,
  DecidedJson,
  Posted,
];

export const asRerating = ([
  id,
  programId,
  orderId,
  rerateId,
  reverses,
  programVersion,
  applied,
  decided,
  posted,
]: ReratingRow): { stored: StoredRerating; posted: Posted } => ({
  stored: {
    id,
    programId,
    orderId,
    rerateId,
    reverses,
    programVersion,
    applied: appliedFromJson(applied),
    decided: decidedFromJson(decided),
  },
  posted,
});

const ofOrders = statement(
  'earning_reratings_of',
  `select ${RERATING} from ${unnested(1, 'id bigint')} as u join earning.reratings r on r.order_id = u.id order by r.id`,
);
const byId = statement(
  'earning_reratings',
  `select ${RERATING} from earning.reratings r where r.id = any($1::bigint[])`,
);

/** What was decided again about these orders, in the order in which it was. */
export const reratingsOf = async (tx: Tx, orders: readonly bigint[]): Promise<StoredRerating[]> =>
  (await tx.run<ReratingRow>(ofOrders, [numbers([...new Set(orders)])])).map(row => asRerating(row).stored);

export const findReratings = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredRerating; posted: Posted }>> =>
  new Map((await tx.run<ReratingRow>(byId, [numbers(ids)])).map(row => [row[0], asRerating(row)]));
