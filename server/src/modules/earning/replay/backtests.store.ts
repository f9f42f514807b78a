import { statement, type Tx } from '#platform/db/client.ts';
import type { BacktestReport } from './backtest.report.ts';

export interface StoredBacktest {
  readonly id: bigint;
  readonly programId: number;
  /** Epoch ms of the wall clock. */
  readonly startedAt: number;
  readonly seenAt: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly replayed: number;
  readonly expected: number;
  readonly report: BacktestReport | null;
}

const insert = statement(
  'earning_insert_backtest',
  `insert into earning.backtests (id, program_id, started_at, seen_at, state, replayed, expected, input)
   values ($1, $2, $3, $3, 'running', 0, $4, $5)`,
);
const progress = statement(
  'earning_see_backtest',
  `update earning.backtests set seen_at = $2, replayed = $3 where id = $1`,
);
const finish = statement(
  'earning_finish_backtest',
  `update earning.backtests set seen_at = $2, state = $3, report = $4 where id = $1`,
);
const read = statement(
  'earning_backtest',
  `select id, program_id, started_at, seen_at, state, replayed, expected, report from earning.backtests
   where program_id = $1 and id = $2`,
);

const instant = (at: number): string => new Date(at).toISOString();

export async function insertBacktest(
  tx: Tx,
  {
    id,
    programId,
    at,
    expected,
    input,
  }: { id: bigint; programId: number; at: number; expected: number; input: unknown },
): Promise<void> {
  await tx.run(insert, [id, programId, instant(at), expected, JSON.stringify(input)]);
}

export async function seeBacktest(tx: Tx, id: bigint, at: number, replayed: number): Promise<void> {
  await tx.run(progress, [id, instant(at), replayed]);
}

export async function finishBacktest(
  tx: Tx,
  id: bigint,
  at: number,
  report: BacktestReport | null,
): Promise<void> {
  await tx.run(finish, [
    id,
    instant(at),
    report === null ? 'failed' : 'done',
    report === null ? null : JSON.stringify(report),
  ]);
}

type Row = [bigint, number, number, number, StoredBacktest['state'], bigint, bigint, BacktestReport | null];

export async function findBacktest(
  tx: Tx,
  programId: number,
  id: bigint,
): Promise<StoredBacktest | undefined> {
  const [row] = await tx.run<Row>(read, [programId, id]);
  if (row === undefined) return undefined;
  const [own, program, startedAt, seenAt, state, replayed, expected, report] = row;
  return {
    id: own,
    programId: program,
    startedAt,
    seenAt,
    state,
    replayed: Number(replayed),
    expected: Number(expected),
    report,
  };
}
