import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from './commands.ts';

/** Points given or taken by hand. */
export interface AdjustmentBody {
  externalId: string;
  source: string;
  /** The name of a unit; null: the program's default unit. */
  unit: string | null;
  /** Positive gives, negative takes. */
  points: bigint;
  reason: string;
  expiresAt: number | null;
}

/** An adjustment, as stored. */
export interface Adjustment extends Omit<AdjustmentBody, 'unit'> {
  id: bigint;
  programId: number;
  wallet: number;
  occurredAt: number;
}

const insert = statement(
  'ledger_insert_adjustments',
  `insert into ledger.adjustments (id, program_id, wallet_id, external_id, source, points, reason, expires_at, occurred_at, posted)
   select u.id, u.program_id, u.wallet_id, u.external_id, u.source, u.points, u.reason, u.expires_at, u.occurred_at, u.posted::jsonb
   from ${unnested(
     1,
     `
     id bigint, program_id integer, wallet_id bigint, external_id text, source text, points bigint,
     reason text, expires_at timestamptz, occurred_at timestamptz, posted text`,
   )} as u`,
);

export async function insertAdjustments(
  tx: Tx,
  rows: readonly { stored: Adjustment; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.wallet)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    numbers(stored.map(row => row.points)),
    texts(stored.map(row => row.reason)),
    instants(stored.map(row => row.expiresAt)),
    instants(stored.map(row => row.occurredAt)),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

const read = statement(
  'ledger_adjustments',
  `select id, program_id, wallet_id, external_id, source, points, reason, expires_at, occurred_at, posted from ledger.adjustments where id = any($1::bigint[])`,
);

export async function findAdjustments(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: Adjustment; posted: Posted }>> {
  const rows = await tx.run<
    [bigint, number, bigint, string, string, bigint, string, number | null, number, Posted]
  >(read, [numbers(ids)]);
  return new Map(
    rows.map(([id, programId, wallet, externalId, source, points, reason, expiresAt, occurredAt, posted]) => [
      id,
      {
        stored: {
          id,
          programId,
          wallet: Number(wallet),
          externalId,
          source,
          points,
          reason,
          expiresAt,
          occurredAt,
        },
        posted,
      },
    ]),
  );
}
