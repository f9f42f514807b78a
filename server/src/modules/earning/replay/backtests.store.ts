import { statement, type Tx } from '#platform/db/client.ts';
import type { BacktestReport } from './backtest.report.ts';
import type { BacktestAsked, BacktestResult } from './backtest.thread.ts';

export interface StoredBacktest {
  readonly id: bigint;
  readonly programId: number;
  /** Epoch ms of the wall clock. */
  readonly startedAt: number;
  readonly seenAt: number;
  /** `stopped`: its engine was stopped; the next one goes on with it. */
  readonly state: 'running' | 'stopped' | 'done' | 'failed';
  readonly replayed: number;
  readonly expected: number;
  readonly report: BacktestReport | null;
  /** A sentence that says why there is no report; null where there is or will be one. */
  readonly failure: string | null;
}

export interface NewBacktest {
  readonly programId: number;
  /** How many decisions there are. */
  readonly expected: number;
  readonly asked: BacktestAsked;
}

/** What a thread needs to know of a backtest. */
export interface Begun {
  readonly id: bigint;
  readonly programId: number;
  readonly asked: BacktestAsked;
}

const insert = statement(
  'earning_insert_backtest',
  `insert into earning.backtests (id, program_id, started_at, seen_at, state, replayed, expected, input)
   values ($1, $2, $3, $3, 'running', 0, $4, $5)`,
);
const progress = statement(
  'earning_see_backtest',
  `update earning.backtests set seen_at = $2, replayed = $3 where id = $1 and state = 'running'`,
);
const finish = statement(
  'earning_finish_backtest',
  `update earning.backtests
   set seen_at = $2, state = $3, report = $4, failure = $5, replayed = coalesce($6, replayed) where id = $1`,
);
const leave = statement(
  'earning_leave_backtest',
  `update earning.backtests set state = 'stopped' where id = $1 and state = 'running'`,
);
const take = statement(
  'earning_take_backtest',
  `update earning.backtests set state = 'running', seen_at = $1, replayed = 0
   where id = (select id from earning.backtests where state = 'stopped' order by id limit 1 for update skip locked)
   returning id, program_id, input`,
);
const read = statement(
  'earning_backtest',
  `select id, program_id, started_at, seen_at, state, replayed, expected, report, failure from earning.backtests
   where program_id = $1 and id = $2`,
);

const instant = (at: number): string => new Date(at).toISOString();

export async function insertBacktest(tx: Tx, id: bigint, at: number, own: NewBacktest): Promise<Begun> {
  const { programId, expected, asked } = own;
  await tx.run(insert, [id, programId, instant(at), expected, JSON.stringify(asked)]);
  return { id, programId, asked };
}

export async function seeBacktest(tx: Tx, id: bigint, at: number, replayed: number): Promise<void> {
  await tx.run(progress, [id, instant(at), replayed]);
}

export async function finishBacktest(tx: Tx, id: bigint, at: number, result: BacktestResult): Promise<void> {
  const ended =
    'report' in result
      ? ['done', JSON.stringify(result.report), null, result.report.decisions]
      : ['failed', null, result.failure, null];
  await tx.run(finish, [id, instant(at), ...ended]);
}

/** Leaves one that is running to the next engine. */
export async function leaveBacktest(tx: Tx, id: bigint): Promise<void> {
  await tx.run(leave, [id]);
}

/** Takes the first one that was left, if there is any. */
export async function takeBacktest(tx: Tx, at: number): Promise<Begun | undefined> {
  const [row] = await tx.run<[bigint, number, BacktestAsked]>(take, [instant(at)]);
  return row && { id: row[0], programId: row[1], asked: row[2] };
}

type Row = [
  ...[bigint, number, number, number, StoredBacktest['state'], bigint, bigint],
  ...[BacktestReport | null, string | null],
];

export async function findBacktest(
  tx: Tx,
  programId: number,
  id: bigint,
): Promise<StoredBacktest | undefined> {
  const [row] = await tx.run<Row>(read, [programId, id]);
  if (row === undefined) return undefined;
  const [own, program, startedAt, seenAt, state, replayed, expected, report, failure] = row;
  return {
    id: own,
    programId: program,
    startedAt,
    seenAt,
    state,
    replayed: Number(replayed),
    expected: Number(expected),
    report,
    failure,
  };
}
