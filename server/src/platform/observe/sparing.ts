import type { Log } from './log.ts';

const LINES_A_SECOND = 10;

/** A log for what can happen thousands of times a second: at most ten lines of a kind in each. */
export class SparingLog {
  private readonly log: Log;
  /** Seconds. */
  private readonly now: () => number;
  private readonly noted = new Map<string, { second: number; lines: number; leftOut: number }>();

  constructor(log: Log, now: () => number = () => performance.now() / 1_000) {
    this.log = log;
    this.now = now;
  }

  /** Writes a line, unless there were enough with this message; the next one says how many were left out. */
  note(level: 'warn' | 'error', line: object, message: string): void {
    const second = Math.floor(this.now());
    const before = this.noted.get(message);
    const own = before?.second === second ? before : { second, lines: 0, leftOut: before?.leftOut ?? 0 };
    this.noted.set(message, own);
    own.lines += 1;
    if (own.lines > LINES_A_SECOND) {
      own.leftOut += 1;
      return;
    }
    this.log[level](own.leftOut > 0 ? { ...line, leftOut: own.leftOut } : line, message);
    own.leftOut = 0;
  }
}
