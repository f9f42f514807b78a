import { stat } from 'node:fs/promises';
import type { Engine } from '../config.ts';
import { Failure } from '../failure.ts';
import type { Output } from '../output.ts';
import { createCaller } from './calls.ts';
import { createDateReader } from './dates.ts';
import { readLines } from './lines.ts';
import type { ImportPlan } from './plan.ts';
import { showProgress } from './progress.ts';
import { createReader, type Reader } from './reader.ts';
import { createRejects } from './rejects.ts';
import { createStreams, type Streams } from './streams.ts';

export interface ImportReport {
  file: string;
  program: string;
  source: string;
  rows: number;
  created: number;
  known: number;
  /** Rows, not orders: an order of three rows that is refused counts three. */
  rejected: number;
  reasons: Record<string, number>;
  rejects_file: string | null;
  seconds: number;
  orders_per_second: number;
  interrupted: boolean;
}

/**
 * Imports a file of orders. Reading, splitting and sending overlap, with memory bounded by the calls that wait; an
 * order's key is in the file or made of its name and row, so that a run that was cut off is simply repeated.
 * `signal` ends it early: the calls on their way finish, and the report says `interrupted`.
 * Throws a Failure where the file or its columns cannot be read, or the engine cannot be reached for too long.
 */
export async function importOrders(
  plan: ImportPlan,
  engine: () => Engine,
  output: Output,
  signal: AbortSignal,
): Promise<ImportReport> {
  const bytes = await sizeOf(plan.file);
  const readDate = await createDateReader(plan.dateFormat, plan.timeZone);
  if (typeof readDate === 'string') throw new Failure(readDate, { exitCode: 2 });
  const rejects = createRejects(plan.rejectsFile);
  const startedAt = performance.now();
  const standing = { bytesRead: 0, trouble: undefined as string | undefined };
  const caller = createCaller({
    engine,
    path: '/v1/orders/bulk',
    headers: { 'fealty-program': plan.program, prefer: 'return=minimal' },
    streams: plan.streams,
    patienceMs: plan.patienceMs,
    onTrouble: reason => {
      standing.trouble = reason;
    },
  });
  const { batch, historical } = plan;
  const streams = createStreams({ caller, streams: plan.streams, batch, historical, reject: rejects.add });
  const seconds = () => (performance.now() - startedAt) / 1000;
  const answered = () => streams.tally.created + streams.tally.known + streams.tally.refused;
  const endProgress = showProgress(output, plan.fileName, () => ({
    ...standing,
    bytes,
    orders: streams.tally.added,
    answered: answered(),
    seconds: seconds(),
  }));
  const reader = createReader(plan, readDate, { order: streams.add, reject: rejects.add }, output.note);
  const stop = () => void streams.stop();
  signal.addEventListener('abort', stop);
  try {
    await feed(plan.file, reader, streams, signal, standing);
  } catch (error) {
    await streams.stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    endProgress();
    caller.close();
    rejects.close();
  }
  const { created, known } = streams.tally;
  const elapsed = seconds();
  const rejected = [...rejects.counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    file: plan.file,
    program: plan.program,
    source: plan.source,
    rows: reader.rows(),
    created,
    known,
    rejected,
    reasons: Object.fromEntries(rejects.counts),
    rejects_file: rejected > 0 ? plan.rejectsFile : null,
    seconds: Math.round(elapsed * 1000) / 1000,
    orders_per_second: Math.round(answered() / elapsed),
    interrupted: signal.aborted,
  };
}

async function feed(
  file: string,
  reader: Reader,
  streams: Streams,
  signal: AbortSignal,
  standing: { bytesRead: number },
): Promise<void> {
  for await (const piece of readLines(file)) {
    if (signal.aborted) break;
    if (piece.tooLong) reader.tooLong(piece.text);
    else reader.take(piece.text, piece.last, piece.hasBadBytes);
    standing.bytesRead = piece.bytesRead;
    await streams.room();
  }
  if (!signal.aborted) reader.end();
  await streams.finish();
}

async function sizeOf(file: string): Promise<number> {
  try {
    const { size } = await stat(file);
    return size;
  } catch {
    // Opening it says why, in the words of that failure.
    return 0;
  }
}
