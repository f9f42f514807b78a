import type { Pool, Tx } from '#platform/db/client.ts';
import { sha256 } from '#platform/ids.ts';
import * as store from './store.ts';

/** What the chain says about the batches: how far it reaches and where it breaks. */
export interface ChainReport {
  seals: number;
  batches: number;
  unsealed: number;
  head: string;
  differences: string[];
}

export interface Audit {
  /** Throws where the data was restored from a dump of another cluster: its transaction ids mean nothing here. */
  checkOrigin(): Promise<void>;
  /** Notes a batch in the transaction that wrote it; `digest` is SHA-256 in hex over its entries. */
  record(tx: Tx, batch: bigint, entries: number, digest: string): Promise<void>;
  /** Chains what was committed since the last seal; gives how many batches it covered. Safe to run anywhere, any time. */
  seal(): Promise<number>;
  /**
   * Walks the chain on one snapshot and compares each batch with the digest and count that the ledger
   * computes again from its entries. At most `limit` differences are reported.
   */
  verify(
    tx: Tx,
    recomputed: ReadonlyMap<bigint, { entries: number; digest: string }>,
    limit: number,
  ): Promise<ChainReport>;
}

const GENESIS = sha256('fealty audit chain');
const BATCHES_A_SEAL = 1_000;

const link = (hash: string, batch: store.BatchRow): string =>
  sha256(`${hash}|${batch.batch}|${batch.entries}|${batch.digest}`);

/** The journal of batches and the chain over it. Owns the schema `audit`. */
export function createAudit(deps: { pool: Pool }): Audit {
  return {
    record: store.insert,

    async checkOrigin() {
      if (!(await store.isAhead(deps.pool))) return;
      throw new Error(
        'This database was restored from a dump of another PostgreSQL cluster, so that the order of its event log and ' +
          'of its proofs is lost. Move a Fealty database with pg_upgrade, a base backup or replication.',
      );
    },

    seal: () =>
      deps.pool.transaction(async tx => {
        if (!(await store.mayAppend(tx))) return 0;
        const last = await store.lastSeal(tx);
        const batches = await store.batchesAfter(
          tx,
          last?.lastXid ?? 0n,
          last?.lastBatch ?? 0n,
          BATCHES_A_SEAL,
        );
        const end = batches.at(-1);
        if (end === undefined) return 0;
        const hash = batches.reduce(link, last?.hash ?? GENESIS);
        await store.append(tx, {
          position: (last?.position ?? 0n) + 1n,
          lastXid: end.xid,
          lastBatch: end.batch,
          batches: batches.length,
          hash,
        });
        return batches.length;
      }),

    async verify(tx, recomputed, limit) {
      const report: ChainReport = { seals: 0, batches: 0, unsealed: 0, head: GENESIS, differences: [] };
      const differ = (text: string) => {
        if (report.differences.length < limit) report.differences.push(text);
      };
      const seen = new Set<bigint>();
      let at = { xid: 0n, batch: 0n };
      let position = 0n;
      const check = (batch: store.BatchRow) => {
        const own = recomputed.get(batch.batch) ?? { entries: 0, digest: sha256('') };
        seen.add(batch.batch);
        if (own.entries !== batch.entries)
          differ(`batch ${batch.batch} wrote ${batch.entries} entries, ${own.entries} are there`);
        else if (own.digest !== batch.digest)
          differ(`the entries of batch ${batch.batch} are not those that it wrote`);
      };
      for (;;) {
        const [seal] = await store.sealsAfter(tx, position, 1);
        if (seal === undefined) break;
        const batches = await store.batchesAfter(tx, at.xid, at.batch, seal.batches);
        const end = batches.at(-1);
        report.head = batches.reduce(link, report.head);
        batches.forEach(check);
        if (seal.position !== position + 1n) differ(`seal ${position + 1n} is missing`);
        if (seal.hash !== report.head || end?.xid !== seal.lastXid || end.batch !== seal.lastBatch)
          differ(`seal ${seal.position} does not fit the batches that it covers`);
        report.head = seal.hash;
        at = { xid: seal.lastXid, batch: seal.lastBatch };
        position = seal.position;
        report.seals += 1;
        report.batches += batches.length;
      }
      for (;;) {
        const batches = await store.allBatchesAfter(tx, at.xid, at.batch, BATCHES_A_SEAL);
        const end = batches.at(-1);
        if (end === undefined) break;
        batches.forEach(check);
        report.unsealed += batches.length;
        at = end;
      }
      for (const [batch, own] of recomputed)
        if (!seen.has(batch)) differ(`${own.entries} entries name batch ${batch}, which no journal knows`);
      return report;
    },
  };
}
