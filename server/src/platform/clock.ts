/** Wall time as epoch milliseconds. Passed in everywhere, so that tests and replays can choose the time. */
export interface Clock {
  now(): number;
}

/** The machine's clock; the only place of the server that reads it. */
export const wallClock: Clock = { now: () => Date.now() };
