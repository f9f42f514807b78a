/** How a code answers over HTTP: its status and the one-line title of its problem document. */
export interface ErrorEntry {
  status: number;
  title: string;
}
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** One difference between what is stored under a key and what was sent. */
export interface Difference {
  pointer: string;
  stored: unknown;
  sent: unknown;
}

/** A machine-readable reason, for example `{ code: 'insufficient_balance', required, available, missing }`. */
export interface Reason {
  code: string;
  [detail: string]: unknown;
}

/** An expected "no": what was wrong and what to do. Returned, never thrown. */
export interface Refusal {
  code: string;
  detail: string;
  errors?: { pointer: string; message: string }[];
  reasons?: Reason[];
  differences?: Difference[];
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const accept = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** Builds the refused branch of an outcome. `code` must stand in one of the modules' error tables. */
export const refuse = (
  code: string,
  detail: string,
  more: Omit<Refusal, 'code' | 'detail'> = {},
): { ok: false; refusal: Refusal } => ({ ok: false, refusal: { code, detail, ...more } });

/**
 * Something that should not happen or is not the caller's doing (database away, overload). Thrown.
 * `retryAfter` in seconds is sent as a header when the caller may try again.
 */
export class Fault extends Error {
  readonly code: string;
  readonly retryAfter: number | undefined;
  constructor(code: string, detail: string, options: { cause?: unknown; retryAfter?: number } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

/** Codes that any route can answer. Every code has a page under docs/reference/errors. */
export const platformErrors = {
  invalid_request: { status: 400, title: 'The request is not well formed' },
  unauthenticated: { status: 401, title: 'No valid key was sent' },
  forbidden: { status: 403, title: 'The key may not do this' },
  not_found: { status: 404, title: 'Nothing exists at this address' },
  program_not_found: { status: 404, title: 'There is no program of this name' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  body_too_large: { status: 413, title: 'The body is larger than the limit' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  headers_too_large: { status: 431, title: 'The head of the request is larger than the limit' },
  key_reused: { status: 409, title: 'The same key was used before with another payload' },
  command_failed: { status: 422, title: 'The command cannot be carried out' },
  internal: { status: 500, title: 'The engine met an unexpected fault' },
  database_unavailable: { status: 503, title: 'The database cannot be reached' },
  not_ready: { status: 503, title: 'Something that requests need is not there' },
  overloaded: { status: 503, title: 'The engine has more work than it may queue' },
  stopping: { status: 503, title: 'The engine is stopping' },
} as const satisfies ErrorTable;
