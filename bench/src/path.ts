import type { StoredHistogram } from './histogram.ts';
import type { Job, Stream, StreamResult } from './job.ts';
import { jobOn, measure, type Rig, type Surroundings } from './rig.ts';

/** One line of the table: what was asked, and how it was answered. */
export interface Row {
  /** Name of the path, and of the stream where a path has several. */
  readonly name: string;
  /** What is counted: orders, reads, redemptions ... */
  readonly counts: string;
  readonly rate: number;
  readonly latencies: StoredHistogram;
  readonly errors: Readonly<Record<string, number>>;
  readonly late: number;
  readonly dropped: number;
  /** Duration of a race. */
  readonly seconds?: number;
}

/** What one path gave in one round. */
export interface Measurement extends Surroundings {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** How long to measure, and what makes keys unique. */
export interface Turn {
  readonly round: number;
  readonly warmup: number;
  readonly seconds: number;
}

/** What a figure is held against: at least so many a second, at most so many milliseconds or seconds. */
export interface Mark {
  readonly rate?: number;
  readonly p99?: number;
  readonly seconds?: number;
}

export interface Path {
  readonly name: string;
  readonly title: string;
  /** For the row of the same name. */
  readonly floor?: Mark;
  readonly aim?: Mark;
  measure(rig: Rig, turn: Turn): Promise<Measurement>;
}

export const rowOf = (stream: StreamResult, seconds: number, row: Partial<Row> = {}): Row => ({
  name: stream.name,
  counts: 'orders',
  rate: stream.rows / seconds,
  latencies: stream.whole,
  errors: stream.errors,
  late: stream.late,
  dropped: stream.dropped,
  ...row,
});

/** A path that is one job, with one row for each stream. */
export async function measureJob(
  rig: Rig,
  turn: Turn,
  name: string,
  streams: readonly Stream[],
  more: Partial<Job> = {},
): Promise<Measurement> {
  const { warmup, seconds } = turn;
  const job = jobOn(rig, { run: `${name}-${turn.round}`, warmup, seconds, streams, ...more });
  const { result, ...surroundings } = await measure(rig, job);
  return { ...surroundings, rows: result.streams.map(stream => rowOf(stream, result.seconds)), notes: [] };
}
