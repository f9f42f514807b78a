import { statement, type Tx } from '#platform/db/client.ts';

const readWriter = statement('ledger_sole_writer', 'select process from ledger.sole_writer');

/** The process that writes alone; null: none does. */
export async function soleWriter(tx: Tx): Promise<string | null> {
  const rows = await tx.run<[string | null]>(readWriter);
  return rows[0]?.[0] ?? null;
}

const claimWriter = statement(
  'ledger_claim_sole_writer',
  `update ledger.sole_writer set process = case when process is null then $1::text end
   where process is distinct from $1::text returning process`,
);

/** Makes `process` the sole writer where none is, and ends what another one is. Whether it is now, if this is committed. */
export async function claim(tx: Tx, process: string): Promise<boolean> {
  const rows = await tx.run<[string | null]>(claimWriter, [process]);
  return rows.length === 0 || rows[0]?.[0] === process;
}

const endOthers = statement(
  'ledger_end_other_writer',
  'update ledger.sole_writer set process = null where process <> $1::text',
);

/** Ends that another process is the sole writer. */
export async function endOther(tx: Tx, process: string): Promise<void> {
  await tx.run(endOthers, [process]);
}
