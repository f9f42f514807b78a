import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Clock } from '#platform/clock.ts';
import { silentLog } from '#platform/observe/log.ts';
import { compose, type Engine } from '../../src/compose.ts';
import { type TestDatabase, testDatabase } from './database.ts';

/** An answer of the API. The shape of `body` is the caller's to know. */
export interface Reply<T = Json> {
  readonly status: number;
  readonly body: T;
}

export type Json = Record<string, unknown>;

export interface Call {
  /** Of the header `Fealty-Program`. */
  program?: string;
  body?: unknown;
  headers?: Record<string, string>;
  dryRun?: boolean;
}

export const TEST_SECRET = `fs_${'T'.repeat(43)}`;

export interface TestEngineOptions {
  /** Every answer is checked against its schema; true when left out. */
  checkAnswers?: boolean;
  clock?: Clock;
  /** A database that another engine uses as well; it is not removed with this one. */
  database?: TestDatabase;
  /** What voucher codes are encrypted with; all engines of tests share one when left out. */
  secret?: string;
  /** The secret that is being replaced. */
  secretBefore?: string;
  lanes?: number;
  batch?: number;
  queue?: number;
  /** 0 when left out: every key is first taken to be new, so that every repetition meets what follows from it. */
  newKeysAfter?: number;
  backtestMemory?: number;
}

/** A real engine in this process, on a database of its own, called without sockets and with a key for everything. */
export class TestEngine {
  readonly database: TestDatabase;
  private readonly options: TestEngineOptions;
  private readonly folder: string;
  private composed: Engine | undefined;
  private key = '';
  private ownerClient: pg.Client | undefined;

  private constructor(database: TestDatabase, options: TestEngineOptions) {
    this.database = database;
    this.options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'fealty-engine-'));
  }

  static async start(options: TestEngineOptions = {}): Promise<TestEngine> {
    const engine = new TestEngine(options.database ?? (await testDatabase()), options);
    await engine.compose();
    return engine;
  }

  get engine(): Engine {
    if (this.composed === undefined) throw new Error('the engine was stopped');
    return this.composed;
  }

  private async compose(): Promise<void> {
    const {
      checkAnswers = true,
      clock,
      secret = TEST_SECRET,
      secretBefore = null,
      lanes = 3,
      batch = 500,
      queue = 20_000,
      newKeysAfter = 0,
      backtestMemory = 512,
    } = this.options;
    const { ownerUrl, appUrl } = this.database;
    this.composed = await compose({
      ownerUrl,
      appUrl,
      secret,
      secretBefore,
      log: silentLog,
      lanes,
      batch,
      queue,
      newKeysAfter,
      backtestMemory,
      checkAnswers,
      processMetrics: false,
      ...(clock === undefined ? {} : { clock }),
    });
    this.key = (await this.composed.identity.ensureRootKey(this.folder)).key;
  }

  /** Stops the engine and builds it anew on the same database, as after a restart of the process. */
  async restart(): Promise<void> {
    await this.engine.stop();
    this.composed = undefined;
    await this.compose();
  }

  /** Calls the API; `path` with its query. */
  async call<T = Json>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    call: Call = {},
  ): Promise<Reply<T>> {
    const { program, body, headers = {}, dryRun = false } = call;
    const answer = await this.engine.http.inject({
      method,
      url: dryRun ? `${path}${path.includes('?') ? '&' : '?'}dry_run=true` : path,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(program === undefined ? {} : { 'fealty-program': program }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.payload) as T };
  }

  get<T = Json>(path: string, program?: string): Promise<Reply<T>> {
    return this.call<T>('GET', path, program === undefined ? {} : { program });
  }

  post<T = Json>(
    path: string,
    program: string,
    body?: unknown,
    headers?: Call['headers'],
  ): Promise<Reply<T>> {
    return this.call<T>('POST', path, { program, body, ...(headers === undefined ? {} : { headers }) });
  }

  /** Makes a program, or its next version. Throws where the document is refused. */
  async publish(program: string, document: unknown): Promise<Json> {
    const { status, body } = await this.call('PUT', `/v1/programs/${program}`, { body: document });
    if (status > 201) throw new Error(`program ${program}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Sets a test clock, epoch ms. */
  async setClock(program: string, now: number): Promise<void> {
    const { status, body } = await this.call('POST', `/v1/programs/${program}/clock`, {
      body: { now: new Date(now).toISOString() },
    });
    if (status !== 200) throw new Error(`clock of ${program}: ${JSON.stringify(body)}`);
  }

  /** SQL as the owner of the database, who may do everything. */
  async sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    if (this.ownerClient === undefined) {
      this.ownerClient = new pg.Client({
        connectionString: this.database.ownerUrl,
        application_name: 'test owner',
      });
      await this.ownerClient.connect();
    }
    return (await this.ownerClient.query<Row>(text, values)).rows;
  }

  async stop(): Promise<void> {
    await this.composed?.stop();
    this.composed = undefined;
    await this.ownerClient?.end();
    rmSync(this.folder, { recursive: true, force: true });
    if (this.options.database === undefined) await this.database.close();
  }
}

/** Starts an engine for a test file. */
export const testEngine = (options?: TestEngineOptions): Promise<TestEngine> => TestEngine.start(options);
