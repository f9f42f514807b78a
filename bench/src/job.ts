import type { StoredHistogram } from './histogram.ts';

/** What one group of connections does during a job. */
export interface Stream {
  readonly name: string;
  readonly asks: 'order' | 'bulk' | 'balance' | 'redemption';
  /** Orders in one request; 1 except for `bulk`. */
  readonly rows: number;
  readonly members: { readonly first: number; readonly count: number; readonly choice: 'random' | 'in_turn' };
  readonly connections: number;
  /** Closed loop: each connection asks again when it is answered. Open loop: so many operations start each second. */
  readonly perSecond?: number;
  /** Ends the stream after so many operations, whatever the time. */
  readonly operations?: number;
}

/** Work for the load generator, on one server of this machine. Times are in seconds. */
export interface Job {
  readonly kind: 'load';
  readonly port: number;
  readonly key: string;
  readonly program: string;
  /** Begins every business key of the job, so it must be unique within the program. */
  readonly run: string;
  readonly occurredAt: string;
  readonly seed: number;
  /** Load before the measured time, not counted. */
  readonly warmup: number;
  readonly seconds: number;
  readonly streams: readonly Stream[];
  /** Also reads the event log of the program, which must be new, and measures when the orders appear in it. */
  readonly follow?: boolean;
}

/** Many requests for one member's points at the same moment. */
export interface RaceJob {
  readonly kind: 'race';
  readonly port: number;
  readonly key: string;
  readonly program: string;
  readonly run: string;
  readonly member: string;
  readonly points: number;
  readonly requests: number;
}

export interface StreamResult {
  readonly name: string;
  /** Operations without an error in the measured time, and the rows in them. */
  readonly operations: number;
  readonly rows: number;
  /** Latencies of the first request, of the second where there is one, and of the whole operation. */
  readonly steps: readonly StoredHistogram[];
  readonly whole: StoredHistogram;
  /** Unexpected answers, by status and code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Open loop: operations that could not start within 10 ms of their time, and those never started or answered. */
  readonly late: number;
  readonly dropped: number;
  /** Rows in each second of the measured time. */
  readonly perSecond: readonly number[];
}

export interface JobResult {
  readonly seconds: number;
  readonly streams: readonly StreamResult[];
}

export interface RaceResult {
  /** From the first request sent to the last answer. */
  readonly seconds: number;
  readonly latencies: StoredHistogram;
  /** Answers by status, or by status and code. */
  readonly answers: Readonly<Record<string, number>>;
}

export type Request = Job | RaceJob;

/** What the load generator tells: the measured time begins, it ends, and what came of it. */
export type Message =
  | { readonly tells: 'ready' | 'begins' | 'ends' }
  | { readonly tells: 'result'; readonly result: JobResult | RaceResult }
  | { readonly tells: 'failure'; readonly reason: string };
