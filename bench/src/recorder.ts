import { Histogram } from './histogram.ts';
import type { Stream, StreamResult } from './job.ts';

/** The measured time, in milliseconds of `performance.now()`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Which errors are told apart; a broken server could otherwise fill the memory with their texts. */
const DISTINCT_ERRORS = 20;

/** Counts the operations of one stream that belong to the measured time. */
export class Recorder {
  late = 0;
  dropped = 0;
  readonly #window: Window;
  readonly #stream: Stream;
  readonly #whole = new Histogram();
  readonly #steps: Histogram[];
  readonly #errors = new Map<string, number>();
  readonly #perSecond: number[];
  #operations = 0;

  constructor(stream: Stream, window: Window) {
    this.#stream = stream;
    this.#window = window;
    this.#steps = stream.asks === 'redemption' ? [new Histogram(), new Histogram()] : [];
    this.#perSecond = new Array<number>(Math.ceil((window.to - window.from) / 1000)).fill(0);
  }

  /** Closed loop counts by the end of an operation, open loop by the time at which it was to begin. */
  covers(began: number, ended: number): boolean {
    const time = this.#stream.perSecond === undefined ? ended : began;
    return time >= this.#window.from && time < this.#window.to;
  }

  step(step: number, began: number, ended: number): void {
    if (this.covers(began, ended)) this.#steps[step]?.record(ended - began);
  }

  done(began: number, ended: number, error: string | undefined): void {
    if (error !== undefined) return this.#fail(error);
    if (!this.covers(began, ended)) return;
    this.#operations += 1;
    this.#whole.record(ended - began);
    const time = this.#stream.perSecond === undefined ? ended : began;
    const second = Math.floor((time - this.#window.from) / 1000);
    this.#perSecond[second] = (this.#perSecond[second] ?? 0) + this.#stream.rows;
  }

  /** Errors count whenever they happen, also while warming up. */
  #fail(error: string): void {
    const known = this.#errors.has(error) || this.#errors.size < DISTINCT_ERRORS;
    const name = known ? error : 'other';
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
  }

  result(): StreamResult {
    return {
      name: this.#stream.name,
      operations: this.#operations,
      rows: this.#operations * this.#stream.rows,
      steps: this.#steps.map(step => step.stored()),
      whole: this.#whole.stored(),
      errors: Object.fromEntries(this.#errors),
      late: this.late,
      dropped: this.dropped,
      perSecond: this.#perSecond,
    };
  }
}
