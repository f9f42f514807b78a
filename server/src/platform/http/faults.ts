import { Fault } from '../errors.ts';

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Connection lost; out of memory, disk or connections; being stopped or starting; the machine's own faults. */
const AWAY_STATES = /^(?:08|53|57P|58)[0-9A-Z]{2,3}$/;
/** node-postgres, its pool and `db/client.ts` throw these as plain errors. */
const AWAY_MESSAGES =
  /^(?:Connection terminated|Query read timeout|Client (?:was closed|has encountered a connection error)|timeout exceeded when trying to connect|the database closed the connection|the connection was closed)/;

/**
 * What was thrown, as a fault with a code where it says that the database is away: a read that fails in the middle of a restart is
 * not the engine's mistake and is worth another try. Anything else is given back as it is.
 */
export function asFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  // Whatever keeps a connection from being made; a socket's file is gone while the database is down (ENOENT).
  const unreached = (error as { syscall?: unknown }).syscall === 'connect';
  const away =
    unreached ||
    NETWORK.has(code) ||
    ('severity' in error && AWAY_STATES.test(code)) ||
    AWAY_MESSAGES.test(error.message);
  if (!away) return error;
  return new Fault(
    'database_unavailable',
    'The database cannot be reached at the moment. Send the same request again.',
    {
      cause: error,
      retryAfter: 1,
    },
  );
}
