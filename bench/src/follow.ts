import { openChannels } from './channel.ts';
import { ID_DIGITS, requestText } from './exchanges.ts';
import { Histogram } from './histogram.ts';
import type { Job, StreamResult } from './job.ts';
import type { OnAnswered } from './loops.ts';
import type { Window } from './recorder.ts';

/** Between two looks at the log, as a consumer that polls would wait. */
const PAUSE_MS = 10;
const PATIENCE_MS = 10_000;

interface Page {
  readonly data: readonly { readonly type: string; readonly data: { readonly external_id?: string } }[];
  readonly next: string;
}

/** Reads the event log of a program from its beginning while orders go into it. */
export interface Follower {
  readonly onAnswered: OnAnswered;
  /** Waits until every answered order was seen, at most 10 seconds, and says what was measured. */
  finish(): Promise<StreamResult>;
}

/**
 * Measures the time from an order's answer to the end of the first page that shows it; an order that was seen before its
 * answer came counts as 0. An order that never shows is an error, and so is one that shows twice.
 */
export async function follow(job: Job, window: Window): Promise<Follower> {
  const [channel] = await openChannels(job.port, 1);
  if (channel === undefined) throw new Error('no connection');
  const answered = new Map<number, number>();
  const seen = new Map<number, number>();
  const errors = { doubled: 0, missing: 0 };
  let after = '';
  let failure: Error | undefined;
  let stopped = false;
  channel.onBroken = error => {
    failure = error;
  };
  const poll = () => {
    if (stopped) return;
    const path = `/v1/events?limit=1000${after === '' ? '' : `&after=${after}`}`;
    channel.send(Buffer.from(requestText(job, { method: 'GET', path }), 'latin1'));
  };
  channel.onResponse = (status, body) => {
    const now = performance.now();
    if (status !== 200) {
      failure = new Error(`the event log answered ${status}: ${body.toString().slice(0, 200)}`);
      return;
    }
    const page = JSON.parse(body.toString()) as Page;
    after = page.next;
    for (const event of page.data) {
      if (event.type !== 'order.accepted') continue;
      const number = Number(event.data.external_id?.slice(-ID_DIGITS));
      if (seen.has(number)) errors.doubled += 1;
      else seen.set(number, now);
    }
    setTimeout(poll, PAUSE_MS);
  };
  poll();
  return {
    onAnswered: (number, at) => void answered.set(number, at),
    async finish() {
      const deadline = performance.now() + PATIENCE_MS;
      while (seen.size < answered.size && failure === undefined && performance.now() < deadline)
        await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
      stopped = true;
      channel.close();
      if (failure !== undefined) throw failure;
      for (const number of answered.keys()) if (!seen.has(number)) errors.missing += 1;
      return resultOf(answered, seen, window, errors);
    },
  };
}

function resultOf(
  answered: ReadonlyMap<number, number>,
  seen: ReadonlyMap<number, number>,
  window: Window,
  errors: Record<string, number>,
): StreamResult {
  const delays = new Histogram();
  for (const [number, at] of seen) {
    const answeredAt = answered.get(number);
    if (answeredAt === undefined || answeredAt < window.from || answeredAt >= window.to) continue;
    delays.record(Math.max(0, at - answeredAt));
  }
  return {
    name: 'visible',
    operations: delays.count,
    rows: delays.count,
    steps: [],
    whole: delays.stored(),
    errors: Object.fromEntries(Object.entries(errors).filter(([, count]) => count > 0)),
    late: 0,
    dropped: 0,
    perSecond: [],
  };
}
