import { type Logger, pino } from 'pino';
import { Fault } from '../errors.ts';

/** The engine's log. Never give it a body, a key, an external id or anything else about a person. */
export type Log = Logger;

/**
 * What a log may say about an error. PostgreSQL and JSON.parse quote the offending value in their message, and that value
 * may be a person's: of their errors only the kind, the place and the stack's frames are kept.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, code, table, constraint, routine } = error as Error & Record<string, unknown>;
  const quotesValues = error instanceof SyntaxError || 'severity' in error;
  const frames = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
  return {
    type: name,
    code,
    table,
    constraint,
    routine,
    message: quotesValues ? undefined : error.message,
    stack: frames.slice(0, 12).map(line => line.trim()),
    cause: error instanceof Fault && error.cause !== undefined ? describeError(error.cause) : undefined,
  };
}

/**
 * JSON lines on stderr: stdout belongs to what a command tells its user. `level` is one of pino's; at `debug` every
 * request has a line.
 */
export function createLog({ level = 'info', name = 'fealty' }: { level?: string; name?: string } = {}): Log {
  return pino(
    {
      name,
      level,
      // Without the host's name and the pid: whoever collects logs adds where they came from.
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: describeError },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A log that says nothing, for tests and for building the OpenAPI document. */
export const silentLog: Log = pino({ enabled: false });
