/** A second signal within this time is the same Ctrl-C, passed on once more by a launcher. */
const SAME_SIGNAL_MS = 500;

/** What a command watches that is to end in order. */
export interface Stopping {
  signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, as shells have it. */
  exitCode(): number;
  /** Gives the signals back to Node. */
  off(): void;
}

/** The first Ctrl-C or SIGTERM aborts `signal` and calls `tell`, the second ends the process at once. */
export function stopOnSignals(tell: () => void): Stopping {
  const stopping = new AbortController();
  let exitCode = 130;
  let signalledAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    exitCode = signal === 'SIGINT' ? 130 : 143;
    if (signalledAt === 0) {
      signalledAt = Date.now();
      tell();
      stopping.abort();
    } else if (Date.now() - signalledAt > SAME_SIGNAL_MS) process.exit(exitCode);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: stopping.signal,
    exitCode: () => exitCode,
    off() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
