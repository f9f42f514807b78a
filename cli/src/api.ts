import { type Client, connect, type Problem } from '@fealty/sdk';
import { type Engine, findEngine } from './config.ts';
import { Failure } from './failure.ts';

/** The SDK's client of the engine, and a way to ask it that fails in words. */
export interface Api {
  client: Client;
  /** Unwraps what an operation of the SDK answers. Throws a Failure where it was refused or nothing answered. */
  ask<T>(request: Promise<Answered<T>>): Promise<NonNullable<T>>;
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  /** Missing where no answer came. */
  response?: Response;
}

/** The API of an engine, by default the one that config.ts finds; `program` is the one that requests work on. */
export function openApi(program?: string, engine: Engine = findEngine()): Api {
  return {
    client: connect({ ...engine, program }),
    async ask(request) {
      const { data, error, response } = await request;
      if (response === undefined) throw unreachable(engine, error);
      if (data === undefined || data === null) throw refused(response.status, error);
      return data;
    },
  };
}

/** All rows of a list that is answered page by page. */
export async function everyPage<Row>(
  read: (cursor: string | undefined) => Promise<{ data: Row[]; next: string | null }>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await read(cursor);
    rows.push(...page.data);
    if (page.next === null) return rows;
    cursor = page.next;
  }
}

/** Nothing answered: says where it was looked for and how to start it. */
function unreachable(engine: Engine, error: unknown): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason =
    cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : String(cause);
  if (reason === 'UND_ERR_HEADERS_TIMEOUT') return new Failure(`${engine.url} took too long to answer.`);
  return new Failure(
    `No engine answers at ${engine.url} (${reason}). Start it with ./fealty start, or set FEALTY_URL and FEALTY_KEY.`,
  );
}

/** A refusal in the engine's own words, with every pointer, reason and difference that it names. */
export function refused(status: number, error: unknown): Failure {
  const problem: Partial<Problem> = typeof error === 'object' && error !== null ? error : {};
  const code = problem.code === undefined ? '' : ` ${problem.code}`;
  const lines = [`${problem.detail ?? problem.title ?? 'The engine refused this'} (${status}${code})`];
  for (const { pointer, message } of problem.errors ?? []) lines.push(`  ${pointer}: ${message}`);
  for (const { changes, ...reason } of problem.reasons ?? []) {
    lines.push(`  ${JSON.stringify(reason)}`);
    if (Array.isArray(changes)) lines.push(...changes.map(change => `  ${change.sentence}`));
  }
  for (const { pointer, stored, sent } of problem.differences ?? []) {
    lines.push(`  ${pointer}: stored ${JSON.stringify(stored)}, sent ${JSON.stringify(sent)}`);
  }
  if (status === 401)
    lines.push('  The key comes from FEALTY_KEY, or from the file `key` in the data folder.');
  return new Failure(lines.join('\n'), { details: { problem } });
}
