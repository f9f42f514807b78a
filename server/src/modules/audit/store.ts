import { type Statement, statement, type Tx } from '#platform/db/client.ts';

const insertBatch = statement(
  'audit_insert_batch',
  `insert into audit.batches (batch, entries, digest) values ($1, $2, decode($3, 'hex'))`,
);

/** Notes what a ledger batch wrote, in its own transaction; chaining comes later and holds nobody up. */
export async function insert(tx: Tx, batch: bigint, entries: number, digest: string): Promise<void> {
  await tx.run(insertBatch, [batch, entries, digest]);
}

export interface SealRow {
  position: bigint;
  lastXid: bigint;
  lastBatch: bigint;
  batches: number;
  hash: string;
}

const readLast = statement(
  'audit_last_seal',
  `select position, last_xid::text, last_batch, batches, encode(hash, 'hex') from audit.seals order by position desc limit 1`,
);
const readSeals = statement(
  'audit_seals',
  `select position, last_xid::text, last_batch, batches, encode(hash, 'hex') from audit.seals
   where position > $1 order by position limit $2`,
);
type Row = [bigint, string, bigint, number, string];
const asSeal = ([position, xid, lastBatch, batches, hash]: Row): SealRow => ({
  position,
  lastXid: BigInt(xid),
  lastBatch,
  batches,
  hash,
});

export const lastSeal = async (tx: Tx): Promise<SealRow | undefined> =>
  (await tx.run<Row>(readLast)).map(asSeal)[0];

export const sealsAfter = async (tx: Tx, position: bigint, limit: number): Promise<SealRow[]> =>
  (await tx.run<Row>(readSeals, [position, limit])).map(asSeal);

const BATCHES = `select b.xid::text, b.batch, b.entries, encode(b.digest, 'hex') from audit.batches b
   where (b.xid, b.batch) > ($1::text::xid8, $2::bigint)`;
const readBatches = statement(
  'audit_batches',
  `${BATCHES} and b.xid < pg_snapshot_xmin(pg_current_snapshot()) order by b.xid, b.batch limit $3`,
);
const readAllBatches = statement('audit_batches_all', `${BATCHES} order by b.xid, b.batch limit $3`);

export interface BatchRow {
  xid: bigint;
  batch: bigint;
  entries: number;
  digest: string;
}

/** Committed batches behind a place, in commit order, below the oldest transaction that is still open. */
export const batchesAfter = (tx: Tx, xid: bigint, batch: bigint, limit: number): Promise<BatchRow[]> =>
  batchesBy(readBatches, tx, [xid, batch, limit]);

/** As `batchesAfter`, with those that committed while an older transaction is still open: they are not sealed yet. */
export const allBatchesAfter = (tx: Tx, xid: bigint, batch: bigint, limit: number): Promise<BatchRow[]> =>
  batchesBy(readAllBatches, tx, [xid, batch, limit]);

const batchesBy = async (query: Statement, tx: Tx, values: [bigint, bigint, number]): Promise<BatchRow[]> =>
  (await tx.run<[string, bigint, number, string]>(query, values)).map(([own, id, entries, digest]) => ({
    xid: BigInt(own),
    batch: id,
    entries,
    digest,
  }));

const insertSeal = statement(
  'audit_insert_seal',
  `insert into audit.seals (position, last_xid, last_batch, batches, hash) values ($1, $2::text::xid8, $3, $4, decode($5, 'hex'))`,
);

export async function append(tx: Tx, seal: SealRow): Promise<void> {
  await tx.run(insertSeal, [seal.position, seal.lastXid, seal.lastBatch, seal.batches, seal.hash]);
}

const ahead = statement(
  'audit_ahead',
  `select b.xid >= pg_snapshot_xmax(pg_current_snapshot()) from audit.batches b order by b.xid desc limit 1`,
);

/** Whether a batch has a transaction id that this cluster has not reached: the data came from another one by a dump. */
export const isAhead = async (tx: Tx): Promise<boolean> => (await tx.run<[boolean]>(ahead))[0]?.[0] === true;

const lockSealing = statement(
  'audit_lock',
  `select pg_try_advisory_xact_lock(hashtextextended('fealty audit seal', 0))`,
);

/** Whether this transaction may seal; one sealer works at a time. */
export const mayAppend = async (tx: Tx): Promise<boolean> =>
  (await tx.run<[boolean]>(lockSealing))[0]?.[0] === true;
