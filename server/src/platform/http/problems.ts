import type * as z from 'zod';
import { type ErrorEntry, type ErrorTable, Fault, platformErrors, type Refusal } from '../errors.ts';
import { escapePointer } from './json.ts';

/** A refusal or fault as it goes out. */
export interface Problem {
  status: number;
  body: ProblemBody;
  /** Seconds, for `Retry-After`. */
  retryAfter?: number | undefined;
}

interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance?: string;
  errors?: Refusal['errors'];
  reasons?: Refusal['reasons'];
  differences?: Refusal['differences'];
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Where the page of a code is. */
export const problemPage = (code: string): string => `/errors/${code}`;

/** All codes of the system in one table. Throws where two modules describe the same code differently. */
export function mergeErrorTables(tables: readonly ErrorTable[]): ReadonlyMap<string, ErrorEntry> {
  const merged = new Map<string, ErrorEntry>();
  for (const table of [platformErrors, ...tables]) {
    for (const [code, entry] of Object.entries(table)) {
      const earlier = merged.get(code);
      if (earlier && (earlier.status !== entry.status || earlier.title !== entry.title))
        throw new Error(`the error code ${code} is declared twice`);
      merged.set(code, entry);
    }
  }
  return merged;
}

/** Turns refusals and whatever was thrown into problem documents (RFC 9457). */
export class Problems {
  readonly codes: ReadonlyMap<string, ErrorEntry>;

  constructor(tables: readonly ErrorTable[]) {
    this.codes = mergeErrorTables(tables);
  }

  /** Throws for a code that stands in no table: the answer would have no status and no page. */
  ofRefusal(refusal: Refusal, requestId?: string): Problem {
    const entry = this.codes.get(refusal.code);
    if (!entry) throw new Error(`the error code ${refusal.code} stands in no table`);
    const { code, detail, errors, reasons, differences } = refusal;
    const body: ProblemBody = {
      type: problemPage(code),
      title: entry.title,
      status: entry.status,
      code,
      detail,
    };
    if (requestId !== undefined) body.instance = `urn:fealty:request:${requestId}`;
    if (errors) body.errors = errors;
    if (reasons) body.reasons = reasons;
    if (differences) body.differences = differences;
    return { status: entry.status, body, retryAfter: entry.status === 503 ? 1 : undefined };
  }

  /** A `Fault` with its code; anything else is `internal` and says nothing of what happened. */
  ofFault(error: unknown, requestId: string): Problem {
    if (error instanceof Fault && this.codes.has(error.code)) {
      const problem = this.ofRefusal({ code: error.code, detail: error.message }, requestId);
      return { ...problem, retryAfter: error.retryAfter ?? problem.retryAfter };
    }
    return this.ofRefusal(
      {
        code: 'internal',
        detail: 'The engine could not finish the request. The log has the reason under this request id.',
      },
      requestId,
    );
  }
}

/** The issues of zod as JSON pointers below `root`: '' for the body, `/query`, `/path`, `/headers`. */
export function pointersOf(error: z.core.$ZodError, root: string): { pointer: string; message: string }[] {
  const errors: { pointer: string; message: string }[] = [];
  for (const issue of error.issues) {
    let pointer = root;
    for (const step of issue.path) pointer += `/${escapePointer(String(step))}`;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        errors.push({ pointer: `${pointer}/${escapePointer(key)}`, message: 'is not a known property' });
    } else errors.push({ pointer, message: messageOf(issue) });
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors.slice(0, MAX_ERRORS);
}

/** Zod's own words for a wrong type, said as the other messages are: what it must be. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input: expected'))
    return issue.message;
  if (issue.message.endsWith('received undefined')) return 'is required';
  return `must be ${/^[aeio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
}

/** A bulk call of 1,000 rows can be wrong in thousands of places; the first ones tell enough. */
const MAX_ERRORS = 100;
