// Sends generated requests to every operation of the engine's own OpenAPI document, good ones and mutated ones, over a
// real socket, and holds every answer against the document.
//   node tools/run.mjs server/test/fuzz/fuzz.ts --requests 10000 --seed 1
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { testEngine } from '../support/engine.ts';
import { invariants } from '../support/invariants.ts';
import { type Answer, Client } from './client.ts';
import { refillDesk } from './desk.ts';
import { ApiDocument, type Operation } from './document.ts';
import { makeDrafts } from './drafts.ts';
import { mistakeIn, operationAt } from './judge.ts';
import { makeLists } from './lists.ts';
import { type Mutation, mutationsOf } from './mutations.ts';
import { type Draft, goodDrafts, PROGRAMS } from './requests.ts';
import { resolve } from './values.ts';
import { parse, type Wire } from './wire.ts';
import { World } from './world.ts';

export interface FuzzOptions {
  url: string;
  /** A key for everything. */
  key: string;
  requests: number;
  seed: number;
  /** Does now what the engine's jobs do behind an order; left out where they run by themselves. */
  work?: () => Promise<void>;
}

/** What became of the requests that were meant for one operation. */
export interface Tally {
  operation: string;
  sent: number;
  /** Answered with 2xx. */
  accepted: number;
  statuses: Map<number, number>;
}

export interface FuzzReport {
  tallies: Tally[];
  /** Answers that the document does not allow, each with its request. */
  findings: string[];
  /** What `POST /v1/verify` said in the end. */
  verified: boolean;
}

const MOST_FINDINGS = 25;
/** Of Node's HTTP server, bytes. */
const LARGEST_HEAD = 16_384;
const START = Date.UTC(2026, 2, 1, 12);
/** Of ten requests so many are left as they were made. */
const GOOD_OF_TEN = 6;

const document = (more: object) => ({
  currency: 'USD',
  currencies: { EUR: { rate: '1.10' } },
  units: { points: { worth: '0.01' }, miles: {} },
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' }, expires: { after: 'P12M' } },
    { id: 'mile', on: 'order', earn: { unit: 'miles', fixed: '1' }, pending: { for: 'P1D' } },
  ],
  activities: { review: { attributes: { stars: 'integer' } }, login: {} },
  streaks: [
    {
      id: 'daily',
      on: 'activity:login',
      every: 'day',
      rewards: [{ length: 2, earn: { unit: 'points', fixed: '2' } }],
    },
  ],
  badges: { regular: { name: 'Regular' }, helper: { name: 'Helper' } },
  challenges: [
    {
      id: 'often',
      on: 'order',
      measure: 'quantity',
      every: 'day',
      times: 3,
      goals: [{ target: '2', earn: { unit: 'points', fixed: '3' }, badge: 'regular' }],
    },
    { id: 'reviews', on: 'activity:review', goals: [{ target: '2', badge: 'regular' }] },
  ],
  referrals: { id: 'invite', referrer: { earn: { unit: 'points', fixed: '5' } } },
  transfers: { allowed: true },
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'basic', from: '0' },
      { id: 'gold', from: '100.00', multiplier: '1.5' },
    ],
  },
  campaigns: [
    { id: 'double', budget: { points: '5000' }, limit: { per_member: 3 }, effect: { multiply: '2' } },
    { id: 'treat', if: 'order.total >= 5000', limit: { per_member: 3 }, effect: { voucher: 'cinema' } },
  ],
  velocity: [{ id: 'burst', unit: 'points', more_than: '20', within: 'PT5M', pause: 'PT1M' }],
  holdout: { share: '0.1' },
  households: { on_leave: 'give_back' },
  rewards: [
    { id: 'mug', cost: { unit: 'points', points: '3' }, gives: { product: 'MUG' }, stock: 1_000_000 },
    { id: 'cinema', cost: { unit: 'points', points: '9' }, gives: { voucher: 'films' } },
  ],
  ...more,
});
const DOCUMENTS = {
  'fuzz-test': document({ clock: { test: new Date(START).toISOString() } }),
  'fuzz-wall': document({ returns: { if_spent: 'allow_negative' } }),
  'fuzz-strict': document({ enrolment: 'explicit', returns: { if_spent: 'refuse' } }),
};

/** One run against one engine. */
class Fuzz {
  readonly world = new World(START);
  readonly findings: string[] = [];
  readonly tallies = new Map<string, Tally>();
  private readonly client: Client;
  private readonly options: FuzzOptions;
  private readonly api: ApiDocument;

  constructor(options: FuzzOptions, client: Client, api: ApiDocument) {
    this.options = options;
    this.client = client;
    this.api = api;
    for (const { name } of api.operations)
      this.tallies.set(name, { operation: name, sent: 0, accepted: 0, statuses: new Map() });
  }

  /** A request of the fuzz's own, that must be taken, so that there is something to be about. */
  async make(
    operation: string,
    method: string,
    path: string,
    json?: unknown,
    key = this.options.key,
  ): Promise<unknown> {
    const headers = { ...this.headers(), authorization: `Bearer ${key}` };
    const answer = await this.client.send({ method, path, query: '', headers, json });
    if (answer.status > 202) throw new Error(`${method} ${path} was refused: ${answer.text}`);
    this.world.learn(operation, this.world.program, path, json, answer.json, false);
    return answer.json;
  }

  async prepare(): Promise<void> {
    await makeDrafts((...request) => this.make(...request), DOCUMENTS['fuzz-wall']);
    for (const program of PROGRAMS) {
      this.world.program = program;
      await this.make('putProgram', 'PUT', `/v1/programs/${program}`, DOCUMENTS[program]);
      for (const external_id of ['first', 'second', 'third']) {
        await this.make('createMember', 'POST', '/v1/members', { external_id });
        const gift = { external_id: `start-${external_id}`, points: '1000000', reason: 'to be spent' };
        await this.make('createAdjustment', 'POST', `/v1/members/ext:${external_id}/adjustments`, gift);
      }
      await this.make('createHousehold', 'POST', '/v1/households', { external_id: 'home' });
      const codes = Array.from({ length: 200 }, (_, nr) => `FILM-${nr}`);
      await this.make('addVoucherCodes', 'POST', '/v1/voucher-pools/films/codes', { codes });
      await makeLists((...request) => this.make(...request));
    }
  }

  /** Makes what an operation is about, where the requests before have left none. */
  private async refill(operation: string): Promise<void> {
    const { world } = this;
    const key = `refill-${world.serial}`;
    const points = { external_id: key, member: 'ext:first', points: '5', hold_for: 'P30D' };
    if (['captureRedemption', 'voidRedemption'].includes(operation) && !world.own(world.held, 0))
      await this.make('createRedemption', 'POST', '/v1/redemptions', points);
    if (['refundRedemption', 'getRedemption'].includes(operation) && !world.own(world.captured, 0))
      await this.make('createRedemption', 'POST', '/v1/redemptions', { ...points, capture: true });
    if (operation === 'fulfilRedemption' && !world.own(world.pending, 0)) {
      const mug = { external_id: key, member: 'ext:first', reward: 'mug', capture: true };
      await this.make('createRedemption', 'POST', '/v1/redemptions', mug);
    }
    if (operation === 'revokeKey' && world.keys.length === 0)
      await this.make('createKey', 'POST', '/v1/keys', {
        label: key,
        scopes: ['members:read'],
        sources: ['api'],
      });
    await refillDesk(world, (...request) => this.make(...request), operation, this.options.work);
    if (!operation.endsWith('Return') && !operation.endsWith('Order')) return;
    const bought = {
      external_id: key,
      member: 'ext:second',
      occurred_at: new Date(START).toISOString(),
      currency: 'USD',
      lines: [
        { id: 'a', quantity: 4, amount: '4000' },
        { id: 'b', amount: '2500' },
      ],
    };
    if (world.serial % 3 === 0 || !world.own(world.orders, 0))
      await this.make('createOrder', 'POST', '/v1/orders', bought);
  }

  private headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.options.key}`,
      'content-type': 'application/json',
      'fealty-program': this.world.program,
    };
  }

  private wireOf(operation: Operation, draft: Draft): Wire {
    const path = resolve(draft.path, this.world) as Record<string, unknown>;
    const query = resolve(draft.query, this.world) as Record<string, unknown>;
    const own = resolve(draft.headers, this.world) as Record<string, string>;
    const json = resolve(draft.body, this.world);
    const { 'content-type': type = '', 'fealty-program': program = '', authorization = '' } = this.headers();
    const headers: Wire['headers'] = { authorization };
    if (json !== undefined) headers['content-type'] = type;
    if (operation.inProgram) headers['fealty-program'] = program;
    // A header carries bytes; what is no such text has no way to be sent.
    for (const [name, value] of Object.entries(own))
      headers[name] = value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/gu, '?');
    return {
      method: operation.method.toUpperCase(),
      path: operation.path.replaceAll(/\{([a-z_]+)\}/g, (_, name) =>
        encodeURIComponent(String(path[name]).toWellFormed()),
      ),
      query: Object.entries(query)
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value).toWellFormed())}`)
        .join('&'),
      headers,
      json,
    };
  }

  /** Makes, sends and judges one request. */
  async send(operation: Operation, draft: Draft, mutate: Mutation | undefined): Promise<void> {
    const { world } = this;
    world.serial += 1;
    world.program = PROGRAMS[draft.program] as string;
    world.order = undefined;
    await this.refill(operation.name);
    const good = this.wireOf(operation, draft);
    const wire = mutate === undefined ? good : mutate(good);
    const tally = this.tallies.get(operation.name) as Tally;
    tally.sent += 1;
    let answer: Answer;
    try {
      answer = await this.client.send(wire);
    } catch (error) {
      // A head that is too large to be read is answered before it is known that HEAD wants no body.
      if (wire.method === 'HEAD' && JSON.stringify(wire.headers).length > LARGEST_HEAD) return;
      return this.found(`no answer: ${error instanceof Error ? error.message : String(error)}`, wire);
    }
    tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1);
    const mistake = mistakeIn(this.api, wire, answer);
    if (mistake !== undefined) return this.found(mistake, wire);
    const reached = operationAt(this.api, wire);
    if (answer.status >= 300 || reached !== operation || wire.method === 'HEAD') return;
    tally.accepted += 1;
    const body = wire.raw === undefined ? wire.json : parse(String(wire.raw));
    const program = String(wire.headers['fealty-program'] ?? world.program);
    world.learn(operation.name, program, wire.path, body, answer.json, wire.query.includes('dry_run=true'));
  }

  private found(what: string, { method, path, query, headers, json, raw }: Wire): void {
    if (this.findings.length >= MOST_FINDINGS) return;
    const body = String(raw ?? JSON.stringify(json) ?? '');
    const { authorization, ...shown } = headers;
    const key =
      authorization === this.headers()['authorization'] ? 'with the key' : `authorization ${authorization}`;
    this.findings.push(
      `${what}\n  ${method} ${path.slice(0, 300)}${query === '' ? '' : `?${query.slice(0, 300)}`} ${key}\n  ${JSON.stringify(shown).slice(0, 400)}\n  ${body.slice(0, 600)}`,
    );
  }

  async verify(): Promise<boolean> {
    const { json } = await this.client.send({
      method: 'POST',
      path: '/v1/verify',
      query: '',
      headers: this.headers(),
      json: {},
    });
    return (json as { ok?: boolean }).ok === true;
  }
}

/** Sends `requests` requests, the same ones for the same seed as far as the answers before allow. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const client = new Client(options.url);
  try {
    const found = await client.send({
      method: 'GET',
      path: '/openapi.json',
      query: '',
      headers: {},
      json: undefined,
    });
    const api = new ApiDocument(found.json);
    const scopes = [...new Set(api.operations.map(operation => operation.scope))];
    const run = new Fuzz(options, client, api);
    await run.prepare();
    const { seed } = options;
    const each = Math.ceil(options.requests / api.operations.length);
    const plans = api.operations.map((operation, place) => {
      const sampling = { seed: seed + place, numRuns: each };
      return {
        operation,
        drafts: fc.sample(goodDrafts(api, operation, scopes), sampling),
        changes: fc.sample(mutationsOf(operation), sampling),
      };
    });
    for (let number = 0; number < options.requests; number += 1) {
      const { operation, drafts, changes } = plans[number % plans.length] as (typeof plans)[0];
      const turn = Math.floor(number / plans.length);
      await run.send(operation, drafts[turn] as Draft, turn % 10 < GOOD_OF_TEN ? undefined : changes[turn]);
    }
    return { tallies: [...run.tallies.values()], findings: run.findings, verified: await run.verify() };
  } finally {
    client.close();
  }
}

/** Starts an engine of its own on a free port, fuzzes it, and stops it. */
export async function fuzzOwnEngine(requests: number, seed: number): Promise<FuzzReport> {
  const engine = await testEngine({ checkAnswers: false });
  try {
    const made = await engine.call<{ secret: string }>('POST', '/v1/keys', {
      body: { label: 'fuzz', scopes: ['*'], sources: ['*'] },
    });
    const url = await engine.engine.http.listen(0);
    const work = () => engine.engine.giveVouchers();
    const report = await fuzz({ url, key: made.body.secret, requests, seed, work });
    // Also by what the tables say without the engine; throws where they do not agree.
    await invariants(engine);
    return report;
  } finally {
    await engine.stop();
  }
}

export const share = ({ sent, accepted }: Tally): number => (sent === 0 ? 0 : accepted / sent);

function table({ tallies, findings, verified }: FuzzReport): string {
  const rows = tallies.map(tally => {
    const statuses = [...tally.statuses]
      .sort((a, b) => a[0] - b[0])
      .map(([status, count]) => `${status}:${count}`);
    const percent = `${(share(tally) * 100).toFixed(0)} %`;
    return `${tally.operation.padEnd(20)} ${String(tally.sent).padStart(6)} ${String(tally.accepted).padStart(8)} ${percent.padStart(6)}  ${statuses.join(' ')}`;
  });
  const sent = tallies.reduce((sum, tally) => sum + tally.sent, 0);
  return [
    'operation              sent accepted  share  statuses',
    ...rows,
    '',
    ...findings.map(finding => `FINDING ${finding}\n`),
    `${sent} requests, ${findings.length} findings, verify ${verified ? 'ok' : 'FAILED'}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  console.log(`seed ${values.seed}`);
  const report = await fuzzOwnEngine(Number(values.requests), Number(values.seed));
  console.log(table(report));
  const isPoor = report.tallies.some(tally => share(tally) < 0.1);
  if (isPoor) console.log('of some operation less than a tenth was accepted');
  process.exitCode = report.findings.length === 0 && report.verified && !isPoor ? 0 : 1;
}
