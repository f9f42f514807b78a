import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../ledger/index.ts';

export type Verdict = 'release' | 'confirm';

/** How somebody ends a case. */
export interface DecisionBody {
  readonly caseId: bigint;
  readonly verdict: Verdict;
  readonly note: string;
  readonly externalId: string;
  readonly source: string;
  /** The key that was used: `key_…`. */
  readonly decidedBy: string;
}

/** The end of a case, as stored. */
export interface StoredDecision extends DecisionBody {
  readonly id: bigint;
  readonly programId: number;
  /** By the program's clock, epoch ms. */
  readonly decidedAt: number;
}

const insert = statement(
  'fraud_insert_decisions',
  `insert into fraud.decisions (id, program_id, case_id, verdict, note, external_id, source, decided_by, decided_at, posted)
   select u.id, u.program_id, u.case_id, u.verdict, u.note, u.external_id, u.source, u.decided_by, u.decided_at, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, case_id bigint, verdict text, note text, external_id text, source text,
     decided_by text, decided_at timestamptz, posted text`,
   )} as u`,
);

export async function insertDecisions(
  tx: Tx,
  rows: readonly { stored: StoredDecision; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.caseId)),
    texts(stored.map(row => row.verdict)),
    texts(stored.map(row => row.note)),
    texts(stored.map(row => row.externalId)),
    texts(stored.map(row => row.source)),
    texts(stored.map(row => row.decidedBy)),
    instants(stored.map(row => row.decidedAt)),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

const COLUMNS =
  'd.id, d.program_id, d.case_id, d.verdict, d.note, d.external_id, d.source, d.decided_by, d.decided_at, d.posted';
type Row = [bigint, number, bigint, Verdict, string, string, string, string, number, Posted];

const asDecision = ([
  id,
  programId,
  caseId,
  verdict,
  note,
  externalId,
  source,
  decidedBy,
  decidedAt,
  posted,
]: Row): { stored: StoredDecision; posted: Posted } => ({
  stored: { id, programId, caseId, verdict, note, externalId, source, decidedBy, decidedAt },
  posted,
});

const read = statement(
  'fraud_decisions',
  `select ${COLUMNS} from fraud.decisions d where d.id = any($1::bigint[])`,
);

/** The decisions of these ids, with what they posted. */
export const findDecisions = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredDecision; posted: Posted }>> =>
  new Map((await tx.run<Row>(read, [numbers(ids)])).map(row => [row[0], asDecision(row)]));

const readOf = statement(
  'fraud_decisions_of',
  `select ${COLUMNS} from fraud.decisions d where d.case_id = any($1::bigint[])`,
);

/** How these cases ended, by case. */
export const decisionsOf = async (tx: Tx, cases: readonly bigint[]): Promise<Map<bigint, StoredDecision>> =>
  new Map((await tx.run<Row>(readOf, [numbers(cases)])).map(row => [row[2], asDecision(row).stored]));
