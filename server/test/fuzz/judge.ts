import { existsSync } from 'node:fs';
import type { Answer } from './client.ts';
import type { ApiDocument, Operation } from './document.ts';
import { parse, type Wire } from './wire.ts';

const PAGES = new URL('../../../docs/reference/errors/', import.meta.url);
/** What the connection answers before any operation is reached, whatever is called. */
const OF_THE_CONNECTION = new Map([
  [408, 'request_timeout'],
  [431, 'headers_too_large'],
]);
/** Where no operation has the address or the method. */
const OF_NOTHING = new Map([
  [400, 'invalid_request'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  ...OF_THE_CONNECTION,
]);

/** The operation that a request reaches, whatever it was meant for; undefined where none has its address. */
export function operationAt(document: ApiDocument, { method, path }: Wire): Operation | undefined {
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
  const matches = document.operations.filter(
    operation =>
      operation.method === wanted &&
      new RegExp(`^${operation.path.replaceAll(/\{[a-z_]+\}/g, '[^/]*')}$`).test(path),
  );
  // `/v1/orders/bulk` is its own address and not an order named bulk.
  return matches.find(operation => operation.path === path) ?? matches[0];
}

/** What is wrong with an answer, by the document: nothing, or what it is. */
export function mistakeIn(document: ApiDocument, wire: Wire, answer: Answer): string | undefined {
  const operation = operationAt(document, wire);
  if (wire.method === 'HEAD') return answer.status >= 500 ? `a ${answer.status}` : undefined;
  if (answer.status < 400) {
    if (operation === undefined) return 'an address that the document does not have was answered';
    return mistakeInGood(document, operation, wire, answer);
  }
  return mistakeInProblem(document, operation, answer);
}

function mistakeInGood(
  document: ApiDocument,
  operation: Operation,
  wire: Wire,
  { status, headers, json }: Answer,
): string | undefined {
  if (!String(headers['content-type']).startsWith('application/json'))
    return `content-type ${headers['content-type']}`;
  const mistake = document.mistakeInAnswer(operation, status, json);
  if (mistake !== undefined) return `an answer against its schema: ${mistake}`;
  if (operation.body === undefined) return undefined;
  const taken = wire.raw === undefined ? wire.json : parse(String(wire.raw));
  const wrong =
    operation.name in BULK
      ? mistakeInRows(document, BULK[operation.name] as Bulk, taken, json)
      : document.mistakeInBody(operation, taken);
  return wrong === undefined ? undefined : `a body was taken that the document refuses: ${wrong}`;
}

/** What the rows of a bulk operation are: where they stand, their schema, and who takes one alone. */
interface Bulk {
  readonly rows: string;
  readonly schema: string;
  readonly single: string;
}
const BULK: Readonly<Record<string, Bulk>> = {
  createOrders: { rows: 'orders', schema: 'Order', single: 'createOrder' },
  createActivities: { rows: 'activities', schema: 'Activity', single: 'createActivity' },
};

interface BulkAnswer {
  results: { row: number; status: string; problem?: { code: string; status: number } }[];
}

/** Rows that were taken are what they should be by the document; those that were not say so as a single one would. */
function mistakeInRows(document: ApiDocument, bulk: Bulk, taken: unknown, json: unknown): string | undefined {
  const rows = (taken as Record<string, unknown[]>)[bulk.rows] as unknown[];
  const single = document.operations.find(({ name }) => name === bulk.single) as Operation;
  for (const { row, problem } of (json as BulkAnswer).results) {
    const mistake =
      problem === undefined
        ? document.mistakeInRow(bulk.schema, rows[row])
        : document.mistakeInProblem(problem);
    if (mistake !== undefined) return `row ${row}: ${mistake}`;
    if (problem !== undefined && !document.codes(single, problem.status)?.includes(problem.code))
      return `row ${row}: a problem that ${bulk.single} does not declare: ${problem.code}`;
  }
  return undefined;
}

function mistakeInProblem(
  document: ApiDocument,
  operation: Operation | undefined,
  { status, headers, json, text }: Answer,
): string | undefined {
  const { code, type, status: said } = (json ?? {}) as { code?: string; type?: string; status?: number };
  const known =
    OF_THE_CONNECTION.get(status) ?? (operation === undefined ? OF_NOTHING.get(status) : undefined);
  const codes = known === undefined ? operation && document.codes(operation, status) : [known];
  if (codes === undefined) return `a ${status} that is not documented: ${text.slice(0, 300)}`;
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    return `a ${status} that is no problem document: ${headers['content-type']}`;
  const mistake = document.mistakeInProblem(json);
  if (mistake !== undefined) return `a problem against its schema: ${mistake}`;
  if (code === undefined || !codes.includes(code))
    return `a ${status} with the code ${code}, which is not documented`;
  if (type !== `/errors/${code}` || said !== status)
    return `a problem that contradicts itself: ${text.slice(0, 300)}`;
  if (!existsSync(new URL(`${code}.md`, PAGES))) return `the code ${code} has no page`;
  if (status === 500) return `a 500: ${text.slice(0, 300)}`;
  if (status === 401 && headers['www-authenticate'] === undefined) return 'a 401 without www-authenticate';
  if (status === 405 && headers['allow'] === undefined) return 'a 405 without allow';
  if (status === 503 && headers['retry-after'] === undefined) return 'a 503 without retry-after';
  return undefined;
}
