import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../src/compose.ts';
import { type TestEngine, testEngine } from '../support/engine.ts';
import { invariants } from '../support/invariants.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look at what was answered, whatever it should have been
export type Json = any;

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Json;
}

export interface Caller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** The same key on another program, or without the header. */
  on(program: string | null): Caller;
}

export interface Running extends Caller {
  readonly engine: Engine;
  readonly base: TestEngine;
  /** Another engine on the same database, as a second process would be, with a key for everything. */
  beside(program: string): Promise<Caller>;
  /** Another caller, with the secret of a key. */
  as(secret: string | null, program?: string | null): Caller;
  /** Makes a key and gives its secret. */
  key(grant: { scopes?: string[]; sources?: string[]; program?: string }): Promise<string>;
  /** Publishes a program; `document` is laid over one point for each whole dollar, without expiry. */
  program(name: string, document?: object): Promise<Answer>;
  /** Sets the test clock of a program. */
  clock(name: string, now: string): Promise<void>;
}

/** A document that earns one point a dollar, on a test clock that stands at the given instant. */
export const POINTS_PER_DOLLAR = {
  currency: 'USD',
  units: { points: { worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
};
export const NOON = '2026-03-01T12:00:00.000Z';
export const testClock = (now = NOON) => ({ clock: { test: now } });

/** The whole engine in this process on a database of its own, called without a socket. Ends with the tests of the file. */
export async function startEngine(): Promise<Running> {
  const base = await testEngine();
  const ends = [() => base.stop()];
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const made = await base.call<Json>('POST', '/v1/keys', {
    body: { label: 'root of a test', scopes: ['*'], sources: ['*'] },
  });
  const root = caller(base.engine, made.body.secret, null);
  return {
    ...root,
    base,
    engine: base.engine,
    async beside(program) {
      const second = await testEngine({ database: base.database });
      ends.push(() => second.stop());
      return caller(second.engine, made.body.secret, program);
    },
    as: (secret, program = null) => caller(base.engine, secret, program),
    async key({ scopes = ['*'], sources = ['*'], program }) {
      const { status, body } = await root.post('/v1/keys', { label: 'a test', scopes, sources, program });
      if (status !== 201) throw new Error(`no key: ${JSON.stringify(body)}`);
      return body.secret;
    },
    async program(name, document = {}) {
      const published = await root.put(`/v1/programs/${name}`, { ...POINTS_PER_DOLLAR, ...document });
      if (published.status >= 300) throw new Error(`no program: ${JSON.stringify(published.body)}`);
      return published;
    },
    async clock(name, now) {
      const set = await root.post(`/v1/programs/${name}/clock`, { now });
      if (set.status !== 200) throw new Error(`clock not set: ${JSON.stringify(set.body)}`);
    },
  };
}

function caller(engine: Engine, secret: string | null, program: string | null): Caller {
  const own: Record<string, string> = {};
  if (secret !== null) own['authorization'] = `Bearer ${secret}`;
  if (program !== null) own['fealty-program'] = program;
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = await engine.http.inject({
      method,
      url,
      headers: { ...own, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const isJson = String(answer.headers['content-type']).includes('json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson ? JSON.parse(answer.payload) : answer.payload,
    };
  };
  return {
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
    put: (path, body, headers) => call('PUT', path, body, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
    on: other => caller(engine, secret, other),
  };
}

let orders = 0;

/** An order of one line, of `dollars`, laid over with `more`. */
export const order = (dollars: number, more: Record<string, unknown> = {}) => ({
  external_id: `o-${++orders}`,
  member: 'ext:ann',
  occurred_at: NOON,
  currency: 'USD',
  lines: [{ id: '1', amount: String(Math.round(dollars * 100)) }],
  ...more,
});

/** Points of a member: `{ available, pending, held }` of the unit. */
export async function balance(api: Caller, member = 'ext:ann', query = '', unit = 'points') {
  const { status, body } = await api.get(`/v1/members/${member}/balances${query}`);
  if (status !== 200) throw new Error(`no balance: ${JSON.stringify(body)}`);
  const found = body.balances.find((wallet: Json) => wallet.unit === unit);
  return { available: found.available, pending: found.pending, held: found.held };
}

export const available = async (api: Caller, member = 'ext:ann', query = ''): Promise<string> =>
  (await balance(api, member, query)).available;

/** The whole ledger agrees with itself, and with what its tables say without the engine. */
export const verified = (run: Running): Promise<void> => invariants(run.base);

/**
 * A page of the events of a program, once there is enough on it: a transaction that some other test has open on the
 * same server holds readers back for as long as it lasts.
 */
export async function eventsWith(
  api: Caller,
  enough: (data: Json[]) => boolean,
  after = '',
): Promise<{ data: Json[]; next: string }> {
  for (let waited = 0; ; waited += 50) {
    const { body } = await api.get(`/v1/events?limit=1000${after === '' ? '' : `&after=${after}`}`);
    if (enough(body.data) || waited > 20_000) return body;
    await sleep(50);
  }
}
