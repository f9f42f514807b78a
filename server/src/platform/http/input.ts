import querystring from 'node:querystring';
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { type Outcome, refuse } from '../errors.ts';
import type { RouteSpec } from './api.ts';
import type { JsonFault } from './json.ts';
import { pointersOf } from './problems.ts';
import { flag } from './schemas.ts';

/** A body that could not be read. It goes on as a value, so that the connection stays usable and the answer has a pointer. */
export class MalformedBody {
  readonly code: 'invalid_request' | 'unsupported_media_type';
  readonly fault: JsonFault;
  constructor(fault: JsonFault, code: MalformedBody['code'] = 'invalid_request') {
    this.fault = fault;
    this.code = code;
  }
}

/** A query that is not percent-encoded UTF-8. */
const MALFORMED_QUERY = Object.freeze({ malformed: 'query' });
const NO_QUERY = Object.freeze({});

/** Reads a query string; parameters given more than once become arrays, which every schema refuses. */
export function parseQuery(text: string): Record<string, unknown> {
  if (text === '') return NO_QUERY;
  if (text.includes('%')) {
    try {
      // querystring reads what is malformed as it can; this throws.
      decodeURIComponent(text);
    } catch {
      return MALFORMED_QUERY;
    }
  }
  return querystring.parse(text);
}

/** What a route's handler gets from a request. */
export interface Input {
  body: unknown;
  query: unknown;
  params: unknown;
  headers: unknown;
  dryRun: boolean;
}

type Errors = { pointer: string; message: string }[];
type Part = (value: unknown, errors: Errors) => unknown;

/** Builds the reader of a route. It refuses with every mistake of the request at once. */
export function createReader(spec: RouteSpec): (request: FastifyRequest) => Outcome<Input> {
  const body = bodyPart(spec.body);
  const query = queryPart(spec.query);
  const params = spec.params ? part(spec.params, '/path') : () => NO_QUERY;
  const headers = spec.headers ? part(spec.headers, '/headers') : (value: unknown) => value;
  return request => {
    if (request.body instanceof MalformedBody) {
      const { code, fault } = request.body;
      return refuse(code, fault.detail, fault.errors ? { errors: fault.errors } : {});
    }
    const errors: Errors = [];
    let sent = request.query as Record<string, unknown>;
    if (sent === MALFORMED_QUERY) return refuse('invalid_request', 'The query is not percent-encoded UTF-8.');
    let dryRun = false;
    if (spec.dryRun && sent['dry_run'] !== undefined) {
      const { dry_run, ...others } = sent;
      dryRun = readFlag(dry_run, errors);
      sent = others;
    }
    const input: Input = {
      params: params(request.params, errors),
      query: query(sent, errors),
      headers: headers(request.headers, errors),
      body: body(request.body, errors),
      dryRun,
    };
    if (errors.length === 0) return { ok: true, value: input };
    return refuse('invalid_request', describe(errors), { errors });
  };
}

function describe(errors: Errors): string {
  const [first] = errors;
  const place = first?.pointer === '' ? 'The body' : `${first?.pointer}`;
  const more = errors.length > 1 ? ` There are ${errors.length} mistakes.` : '';
  return `${place} ${first?.message}.${more}`;
}

function part(schema: z.ZodType, root: string): Part {
  return (value, errors) => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    errors.push(...pointersOf(result.error, root));
    return undefined;
  };
}

/** A route without a body takes none, or an empty object, which many clients send with every POST. */
function bodyPart(schema: z.ZodType | undefined): Part {
  if (!schema)
    return part(
      z
        .strictObject({})
        .optional()
        .transform(() => undefined),
      '',
    );
  const parse = part(schema, '');
  return (value, errors) => {
    if (value !== undefined) return parse(value, errors);
    errors.push({
      pointer: '',
      message: 'must be sent as JSON, with the header content-type: application/json',
    });
    return undefined;
  };
}

/** Most calls have no query: what the schema makes of that (its defaults) is found once. */
function queryPart(schema: z.ZodType | undefined): Part {
  const known = schema ?? z.strictObject({});
  const empty = known.safeParse({});
  const ready = empty.success ? Object.freeze(empty.data) : undefined;
  const parse = part(known, '/query');
  return (value, errors) => {
    if (value === NO_QUERY && ready !== undefined) return ready;
    const before = errors.length;
    const data = parse(value, errors);
    for (const error of errors.slice(before)) {
      const name = error.pointer.slice('/query/'.length);
      if (Array.isArray((value as Record<string, unknown>)[name])) error.message = 'is given more than once';
    }
    return data;
  };
}

function readFlag(value: unknown, errors: Errors): boolean {
  const result = flag.safeParse(value);
  if (result.success) return result.data;
  const message = Array.isArray(value) ? 'is given more than once' : 'must be true or false';
  errors.push({ pointer: '/query/dry_run', message });
  return false;
}
