import type { Channel } from './channel.ts';
import type { Exchange } from './exchanges.ts';
import type { Stream } from './job.ts';
import type { Recorder } from './recorder.ts';

/** How long answers are waited for after the end. */
const PATIENCE_MS = 30_000;
const LATE_MS = 10;
/** Open loop: so many operations may wait for a free connection; the oldest beyond that are dropped. */
const BACKLOG = 10_000;

/** Told after each operation, with its number and the time of its last answer. */
export type OnAnswered = (number: number, at: number) => void;

/** Carries out operations on one connection, one at a time. */
class Caller {
  readonly #channel: Channel;
  readonly #exchange: Exchange;
  #number = 0;
  #began = 0;

  constructor(
    channel: Channel,
    exchange: Exchange,
    recorder: Recorder,
    onDone: (caller: Caller, number: number, at: number) => void,
  ) {
    this.#channel = channel;
    this.#exchange = exchange;
    let step = 0;
    let stepBegan = 0;
    channel.onResponse = (status, body) => {
      const now = performance.now();
      const error = exchange.judge(step, status, body);
      recorder.step(step, step === 0 ? this.#began : stepBegan, now);
      if (error === undefined && step === 0 && exchange.proceed !== undefined) {
        step = 1;
        stepBegan = now;
        channel.send(exchange.proceed(body));
        return;
      }
      step = 0;
      recorder.done(this.#began, now, error);
      onDone(this, this.#number, now);
    };
  }

  /** Sends the first request; `began` is when that was to happen. */
  begin(number: number, began: number): void {
    this.#number = number;
    this.#began = began;
    this.#channel.send(this.#exchange.begin(number));
  }
}

interface Loop {
  readonly stream: Stream;
  readonly channels: readonly Channel[];
  readonly recorder: Recorder;
  readonly exchange: () => Exchange;
  /** When the first operation begins, and when no further one does, in milliseconds of `performance.now()`. */
  readonly from: number;
  readonly until: number;
  readonly onAnswered: OnAnswered | undefined;
}

/** Runs a stream to its end; rejects when a connection breaks. */
export function runLoop(loop: Loop): Promise<void> {
  return loop.stream.perSecond === undefined ? runClosed(loop) : runOpen(loop, loop.stream.perSecond);
}

/** Every connection asks again as soon as it is answered. */
function runClosed({ stream, channels, recorder, exchange, until, onAnswered }: Loop): Promise<void> {
  const most = stream.operations ?? Number.POSITIVE_INFINITY;
  let next = 0;
  let busy = channels.length;
  return new Promise((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`${busy} requests of ${stream.name} were not answered within 30 seconds`)),
      until - performance.now() + PATIENCE_MS,
    );
    const goOn = (caller: Caller, at: number) => {
      if (next < most && at < until) return caller.begin(next++, at);
      busy -= 1;
      if (busy > 0) return;
      clearTimeout(patience);
      resolve();
    };
    for (const channel of channels) {
      channel.onBroken = reject;
      const caller = new Caller(channel, exchange(), recorder, (self, number, at) => {
        onAnswered?.(number, at);
        goOn(self, at);
      });
      goOn(caller, performance.now());
    }
  });
}

/** Operations begin at their times, whatever became of those before; latencies count from those times. */
function runOpen(
  { channels, recorder, exchange, from, until, onAnswered }: Loop,
  perSecond: number,
): Promise<void> {
  const timeOf = (number: number) => from + (number * 1000) / perSecond;
  const all = Math.round(((until - from) / 1000) * perSecond);
  return new Promise((resolve, reject) => {
    const idle: Caller[] = [];
    let next = 0;
    const begin = (now: number) => {
      const due = Math.min(all, Math.floor(((now - from) / 1000) * perSecond) + 1);
      for (; due - next > BACKLOG; next++) drop(timeOf(next));
      while (next < due && idle.length > 0) {
        if (now - timeOf(next) > LATE_MS && recorder.covers(timeOf(next), now)) recorder.late += 1;
        idle.pop()!.begin(next, timeOf(next));
        next += 1;
      }
    };
    const drop = (time: number) => {
      if (recorder.covers(time, time)) recorder.dropped += 1;
    };
    const tick = () => {
      const now = performance.now();
      begin(now);
      if (next < all ? now < until + PATIENCE_MS : idle.length < channels.length && now < until + PATIENCE_MS)
        return void setTimeout(tick, 1);
      for (; next < all; next++) drop(timeOf(next));
      recorder.dropped += channels.length - idle.length;
      resolve();
    };
    for (const channel of channels) {
      channel.onBroken = reject;
      idle.push(
        new Caller(channel, exchange(), recorder, (self, number, at) => {
          onAnswered?.(number, at);
          idle.push(self);
          begin(at);
        }),
      );
    }
    tick();
  });
}
