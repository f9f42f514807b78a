import * as z from 'zod';
import type { Credentials } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import { createHttp, type Http, type HttpOptions } from '#platform/http/server.ts';
import { silentLog } from '#platform/observe/log.ts';
import { createMetrics } from '#platform/observe/metrics.ts';

/** Keys of the sample: their text, and what they may do. */
export const SAMPLE_KEYS: Record<string, Partial<Credentials>> = {
  all: { scopes: new Set(['*']) },
  writer: { scopes: new Set(['orders:write']) },
  travel: { scopes: new Set(['*']), program: 'travel' },
};

export const credentials = (key: string, grant: Partial<Credentials>): Credentials => ({
  id: `key_${key}`,
  label: key,
  program: null,
  scopes: new Set(),
  sources: ['*'],
  ...grant,
});

/** A small order, as a client sends it. */
export const SAMPLE_ORDER = {
  external_id: 'o-1',
  member: 'ext:42',
  occurred_at: '2026-11-21T10:00:00Z',
  lines: [{ id: '1', amount: '1299' }],
};

const order = z
  .strictObject({
    external_id: schemas.externalId,
    member: schemas.reference('mem'),
    occurred_at: schemas.instant,
    lines: z.array(z.strictObject({ id: schemas.externalId, amount: schemas.amount })).min(1),
    attributes: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'SampleOrder' });
const taken = z.strictObject({ total: schemas.amount, program: schemas.programName, dry_run: z.boolean() });

/** Errors that the sample's routes refuse with. */
const sampleErrors = { sold_out: { status: 422, title: 'Nothing is left' } };

/**
 * An HTTP side with routes of every kind and no module behind them, for tests of the platform: programs `travel` and
 * `fashion`, keys as in SAMPLE_KEYS. Answers are checked against their schemas.
 */
export function sampleHttp(options: Partial<HttpOptions> = {}): Http {
  const http = createHttp({
    authenticate: key => (SAMPLE_KEYS[key] ? credentials(key, SAMPLE_KEYS[key]) : undefined),
    resolveProgram: async name =>
      name === 'travel' || name === 'fashion' ? { id: name.length, name } : undefined,
    errors: [sampleErrors],
    log: silentLog,
    metrics: createMetrics({ defaults: false }),
    version: '1.2.3',
    checkAnswers: true,
    ...options,
  });
  http.api.route(
    {
      method: 'POST',
      path: '/v1/orders',
      scope: 'orders:write',
      summary: 'Take an order',
      tag: 'Orders',
      program: true,
      dryRun: true,
      body: order,
      answers: { 200: taken, 201: taken },
      refusals: ['sold_out'],
    },
    async ({ body, program, dryRun }) => {
      if (body.external_id === 'sold-out')
        return { ok: false, refusal: { code: 'sold_out', detail: 'Nothing left.' } };
      const total = body.lines.reduce((sum, line) => sum + line.amount, 0n);
      return {
        ok: true,
        value: { total: String(total), program: program.name, dry_run: dryRun },
        status: 201,
      };
    },
  );
  http.api.route(
    {
      method: 'GET',
      path: '/v1/members/{member}',
      scope: 'members:read',
      summary: 'Show a member',
      tag: 'Members',
      program: true,
      params: z.strictObject({ member: schemas.reference('mem') }),
      query: z.strictObject({ limit: schemas.limit, as_of: schemas.instant.optional() }),
      answers: {
        200: z.strictObject({ member: z.string(), limit: z.int(), as_of: schemas.instant.nullable() }),
      },
    },
    async ({ params, query }) => ({
      ok: true,
      value: {
        member: params.member.externalId ?? String(params.member.id),
        limit: query.limit,
        as_of: query.as_of === undefined ? null : schemas.formatInstant(query.as_of),
      },
    }),
  );
  http.api.route(
    {
      method: 'POST',
      path: '/v1/programs/{program}/clock',
      scope: 'program:write',
      summary: 'Move a clock',
      tag: 'Programs',
      params: z.strictObject({ program: schemas.programName }),
      headers: schemas.idempotencyHeaders,
      answers: { 200: z.strictObject({ key: z.string() }) },
    },
    async ({ headers }) => ({ ok: true, value: { key: headers['idempotency-key'] } }),
  );
  return http;
}

export type Sent = {
  method?: string;
  url: string;
  key?: string;
  program?: string;
  headers?: object;
  body?: unknown;
};

/**
 * Sends a request without a socket, by default with the key `all` to the program `travel` of one sample. A body that is no
 * string goes out as JSON; an empty key or program is left out.
 */
export async function send(sent: Sent, to?: Http) {
  const { method = 'POST', url, key = 'all', program = 'travel', headers = {}, body } = sent;
  sample ??= sampleHttp();
  const response = await (to ?? sample).inject({
    method: method as 'GET',
    url,
    headers: {
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(program === '' ? {} : { 'fealty-program': program }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
  });
  const { statusCode: status, payload: text } = response;
  return { status, headers: response.headers, text, json: () => response.json() };
}

let sample: Http | undefined;
