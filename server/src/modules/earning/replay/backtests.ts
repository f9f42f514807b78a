import type { Clock } from '#platform/clock.ts';
import type { Pool } from '#platform/db/client.ts';
import type { Ids } from '#platform/ids.ts';
import { startThread, type Thread } from '#platform/jobs/thread.ts';
import { describeError, type Log } from '#platform/observe/log.ts';
import { heapOf, tooMuch } from './backtest.heap.ts';
import type { BacktestAsked, BacktestResult, BacktestTask } from './backtest.thread.ts';
import * as store from './backtests.store.ts';

export interface BacktestsDeps {
  pool: Pool;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** What the threads get: where the database is, and how much of their heap they may fill. */
  backtest: { appUrl: string; megabytes: number };
}

/** Backtests of this process, each in a thread of its own: this one only keeps how far they are. */
export interface Backtests {
  /** Notes a backtest and starts it; null: enough of them are running. */
  start(asked: store.NewBacktest): Promise<bigint | null>;
  /** Goes on with those whose engine was stopped, from their beginning. */
  resume(): Promise<void>;
  /** Ends those that run and leaves them to the next engine. */
  stop(): Promise<void>;
}

export const MAX_RUNNING = 2;
/** How often progress is written. */
const EVERY = 1_000;
const THREAD = new URL('./backtest.thread.ts', import.meta.url);
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';
const FAULT: BacktestResult = { failure: 'It came upon a fault. The log of the engine says which.' };

export function createBacktests({ pool, clock, ids, log, backtest }: BacktestsDeps): Backtests {
  const running = new Map<bigint, { thread: Thread<BacktestResult>; over: Promise<void> }>();
  /** Those that run, and those that are about to. */
  let taken = 0;

  const begin = (id: bigint, programId: number, asked: BacktestAsked): void => {
    let replayed = 0;
    const task: BacktestTask = { ...asked, programId, ...backtest };
    const thread = startThread<number, BacktestResult>({
      file: THREAD,
      data: task,
      megabytes: heapOf(backtest.megabytes),
      onProgress: done => {
        replayed = done;
      },
    });
    const beat = setInterval(
      () => void store.seeBacktest(pool, id, clock.now(), replayed).catch(() => undefined),
      EVERY,
    );
    const over = keep(id, thread.result).finally(() => {
      clearInterval(beat);
      running.delete(id);
      taken -= 1;
    });
    running.set(id, { thread, over });
  };

  /** Keeps what comes of one. What cannot be kept is silent from now on, and so interrupted. */
  const keep = async (id: bigint, outcome: Promise<BacktestResult | undefined>): Promise<void> => {
    try {
      const result = await outcome.catch(error => {
        log.error({ error: describeError(error) }, 'a backtest failed');
        return error.code === OUT_OF_MEMORY ? { failure: tooMuch(backtest.megabytes) } : FAULT;
      });
      if (result === undefined) await store.leaveBacktest(pool, id);
      else await store.finishBacktest(pool, id, clock.now(), result);
    } catch (error) {
      log.error({ error: describeError(error) }, 'what came of a backtest could not be kept');
    }
  };

  /** Begins what `find` notes or finds, while there is room for it. */
  const fill = async (find: () => Promise<store.Begun | undefined>): Promise<bigint | null> => {
    if (taken >= MAX_RUNNING) return null;
    taken += 1;
    const found = await find().catch(error => {
      taken -= 1;
      throw error;
    });
    if (found === undefined) {
      taken -= 1;
      return null;
    }
    begin(found.id, found.programId, found.asked);
    return found.id;
  };

  return {
    start: asked => fill(() => store.insertBacktest(pool, ids.next(), clock.now(), asked)),
    async resume() {
      while ((await fill(() => store.takeBacktest(pool, clock.now()))) !== null);
    },
    async stop() {
      for (const { thread, over } of running.values()) {
        await thread.stop();
        await over;
      }
    },
  };
}
