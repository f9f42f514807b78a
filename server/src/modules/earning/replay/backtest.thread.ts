import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Pool } from '#platform/db/client.ts';
import type { Said } from '#platform/jobs/thread.ts';
import { createMembers } from '../../members/index.ts';
import { compileDraft, createRegistry, type Program } from '../../program/index.ts';
import { HeapFull, heapWatch, tooMuch } from './backtest.heap.ts';
import type { BacktestReport } from './backtest.report.ts';
import { runBacktest } from './backtest.run.ts';

/*
 * What the thread of a backtest does: it is started by backtests.ts, has connections of its own, and says how far it is
 * and what came of it. All that goes in and out is plain data; so it compiles the program and the draft for itself.
 */

/** What is replayed: a document as the next version, or null: the versions that decided. */
export interface BacktestAsked {
  readonly document: Record<string, unknown> | null;
  /** Epoch ms; null: from the beginning. */
  readonly from: number | null;
  readonly to: number;
}

export interface BacktestTask extends BacktestAsked {
  readonly appUrl: string;
  readonly programId: number;
  /** How much of its heap it may fill. */
  readonly megabytes: number;
}

/** What came of a backtest: a report, or a sentence that says why there is none. */
export type BacktestResult = { readonly report: BacktestReport } | { readonly failure: string };

/** The second is for the facts of a page, which are read side by side. */
const CONNECTIONS = 2;
const BEHIND = 10;

async function carryOut(task: BacktestTask, pool: Pool): Promise<BacktestResult> {
  const { programId, document, from, to, megabytes } = task;
  const program = (await createRegistry().load(pool, [programId])).get(programId) as Program;
  const draft = document === null ? null : compileDraft(program, document);
  if (draft !== null && !draft.ok)
    return { failure: `The program has changed since: ${draft.refusal.detail}` };
  const watch = heapWatch(megabytes);
  try {
    const span = { from: from ?? Number.NEGATIVE_INFINITY, to };
    const input = { program, draft: draft?.value ?? null, span };
    // Each member is asked for once, so that remembering any would only take of the heap.
    const members = createMembers({ remembered: 1 });
    const report = await runBacktest({ pool, members }, input, replayed => {
      watch();
      say({ progress: replayed });
    });
    return { report };
  } catch (error) {
    if (error instanceof HeapFull) return { failure: tooMuch(megabytes) };
    throw error;
  }
}

const say = (said: Said<number, BacktestResult>): void => (parentPort as MessagePort).postMessage(said);

// Where the processors are busy, the engine's own thread goes first. Elsewhere the priority is that of the whole process.
if (process.platform === 'linux') setPriority(BEHIND);
const task = workerData as BacktestTask;
const pool = new Pool(task.appUrl, 'backtest', CONNECTIONS);
try {
  say({ result: await carryOut(task, pool) });
} finally {
  await pool.close();
}
