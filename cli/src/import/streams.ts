import type { OrderBulkAnswer, Problem } from '@fealty/sdk';
import { Failure } from '../failure.ts';
import { type Batch, createBatch } from './batch.ts';
import { type Answer, type Caller, GiveUp } from './calls.ts';

/** What the engine made of the orders that it was sent. */
export interface Tally {
  /** Orders put into the streams so far; the rest of these figures follows behind. */
  added: number;
  created: number;
  known: number;
  refused: number;
}

/** Sends orders to the engine over several streams at once, each of them one call after another. */
export interface Streams {
  /** Puts an order into its member's stream. Orders of one member arrive in the order in which they are added. */
  add(member: string, json: string, row: number, text: string | readonly string[]): void;
  /** Resolves when there is room for more: the backpressure on reading. Throws what made the streams fail. */
  room(): Promise<void>;
  /** Sends what is left and waits for all answers. Throws what made the streams fail. */
  finish(): Promise<void>;
  /** Lets the calls that are on their way end and sends no more. */
  stop(): Promise<void>;
  readonly tally: Readonly<Tally>;
}

export interface StreamSettings {
  caller: Caller;
  streams: number;
  /** Orders in one call, 1,000 at most. */
  batch: number;
  /** The orders are old ones that are taken over. */
  historical?: boolean;
  /** Takes the rows that the engine refused. */
  reject: (row: number, code: string, detail: string, text: string) => void;
}

/** Keeps a call under the engine's limit of 8 MiB for a body, whatever the rows are like. */
const FULL_CALL_BYTES = 1024 * 1024;
/** Calls that may wait for each stream; the rest of the file is not read until one is sent. */
const WAITING_CALLS_OF_STREAM = 2;

interface Stream {
  filling: Batch;
  waiting: Batch[];
  working: Promise<void> | undefined;
}

export function createStreams(settings: StreamSettings): Streams {
  const streams = Array.from(
    { length: settings.streams },
    (): Stream => ({ filling: createBatch(settings.historical), waiting: [], working: undefined }),
  );
  const tally: Tally = { added: 0, created: 0, known: 0, refused: 0 };
  const most = settings.streams * WAITING_CALLS_OF_STREAM;
  let waiting = 0;
  let failure: unknown;
  let stopped = false;
  let roomFor: (() => void) | undefined;

  const wake = () => {
    if (roomFor && (waiting <= most || failure !== undefined || stopped)) {
      roomFor();
      roomFor = undefined;
    }
  };

  const close = (stream: Stream) => {
    if (stream.filling.count === 0) return;
    stream.waiting.push(stream.filling);
    stream.filling = createBatch(settings.historical);
    waiting++;
    stream.working ??= work(stream);
  };

  async function work(stream: Stream): Promise<void> {
    try {
      for (let batch = stream.waiting.shift(); batch; batch = stream.waiting.shift()) {
        waiting--;
        wake();
        await deliver(batch, settings, tally);
      }
    } catch (error) {
      if (!(error instanceof GiveUp)) failure ??= error;
    } finally {
      stream.working = undefined;
      wake();
    }
  }

  const settled = async () => {
    for (const stream of streams) while (stream.working) await stream.working;
  };

  return {
    tally,
    add(member, json, row, text) {
      const stream = streams[hash(member) % streams.length];
      if (!stream) throw new RangeError('there is no stream');
      const batch = stream.filling;
      tally.added++;
      batch.add(json, row, text);
      if (batch.count >= settings.batch || batch.size >= FULL_CALL_BYTES) close(stream);
    },
    async room() {
      if (waiting > most && failure === undefined && !stopped) {
        await new Promise<void>(resolve => {
          roomFor = resolve;
        });
      }
      if (failure !== undefined) throw failure;
    },
    async finish() {
      if (!stopped) for (const stream of streams) close(stream);
      await settled();
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stopped = true;
      for (const stream of streams) stream.waiting.length = 0;
      settings.caller.stop();
      wake();
      await settled();
    },
  };
}

/** FNV-1a over the characters: cheap, and even enough to spread members over a handful of streams. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Statuses that say something about the rows of a call, rather than about the key or the program. */
const ABOUT_ROWS = new Set([400, 409, 413, 422]);

/**
 * Sends one batch until each of its orders is taken or refused. Where the engine refuses the call as a whole because
 * of some rows, those that it points at are put aside and the rest is sent again; where it points at none, the call
 * is halved until the bad row stands alone.
 */
async function deliver(batch: Batch, settings: StreamSettings, tally: Tally): Promise<void> {
  const refused = new Set<number>();
  const refuse = (index: number, { code, detail }: Refusal) => {
    refused.add(index);
    tally.refused++;
    const { row, texts } = batch.origin(index);
    for (const [offset, text] of texts.entries()) settings.reject(row + offset, code, detail, text);
  };
  const parts: [from: number, to: number][] = [[0, batch.count]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    const sent: number[] = [];
    for (let index = from; index < to; index++) if (!refused.has(index)) sent.push(index);
    if (sent.length === 0) continue;
    const answer = await settings.caller.post(batch.body(from, to, refused));
    if (answer.status === 200) {
      const { created, known, results } = answer.body as OrderBulkAnswer;
      tally.created += created;
      tally.known += known;
      for (const { row, problem } of results) if (problem) refuse(sent[row] ?? from, refusalOf(problem));
      continue;
    }
    if (!ABOUT_ROWS.has(answer.status)) throw callFailure(answer);
    const pointedAt = rowsPointedAt(answer, sent.length);
    for (const [position, why] of pointedAt) refuse(sent[position] ?? from, why);
    if (pointedAt.size > 0) parts.push(part);
    else if (sent.length === 1) refuse(sent[0] ?? from, refusalOf(answer.body, answer.status));
    else {
      const half = sent[sent.length >> 1] ?? to;
      // The last in is the next out: the first half first, so that a member's rows keep their order.
      parts.push([half, to], [from, half]);
    }
  }
}

/** Why an order was not taken. */
interface Refusal {
  code: string;
  detail: string;
}

/** A problem document as a reason for one row, with every place that it names. */
function refusalOf(problem: unknown, status = 422): Refusal {
  const { code, title, detail, errors = [] } = (problem ?? {}) as Partial<Problem>;
  const places = errors.map(({ pointer, message }) => `${pointer} ${message}`.trim());
  const said = detail ?? title ?? `the engine answered ${status}`;
  return { code: code ?? `http_${status}`, detail: [said, ...places].join('; ') };
}

/** The rows of a call that a problem document points at, such as `/orders/17/lines/0/amount`. */
function rowsPointedAt({ body, status }: Answer, count: number): Map<number, Refusal> {
  const rows = new Map<number, Refusal>();
  const problem = (body ?? {}) as Partial<Problem>;
  for (const { pointer, message } of problem.errors ?? []) {
    const match = /^\/orders\/(\d+)(\/.*)?$/.exec(pointer);
    const index = Number(match?.[1] ?? -1);
    if (!match || index >= count || rows.has(index)) continue;
    rows.set(index, refusalOf({ ...problem, errors: [{ pointer: match[2] ?? '', message }] }, status));
  }
  return rows;
}

function callFailure({ body, status }: Answer): Failure {
  const { code, detail } = refusalOf(body, status);
  return new Failure(`The engine refused a call (${status} ${code}): ${detail}`, {
    details: { problem: body },
  });
}
