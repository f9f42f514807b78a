import pg from 'pg';
import { arrayTypes, Column } from './arrays.ts';
import { type Asked, type Known, Round, type Sendable, type Wire } from './round.ts';

/** A named statement: PostgreSQL parses and plans it once for each connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** The types of the arrays among its parameters. */
  readonly arrays: readonly (string | undefined)[];
}

const names = new Set<string>();
/** PostgreSQL cuts longer names, and takes two that begin alike for one. */
const LONGEST_NAME = 63;

/** Declares a statement. Names must be unique, because a connection keeps one plan a name. */
export function statement(name: string, text: string): Statement {
  if (names.has(name)) throw new Error(`two statements are named ${name}`);
  if (name.length > LONGEST_NAME)
    throw new Error(`the name ${name} is longer than ${LONGEST_NAME} characters`);
  names.add(name);
  return { name, text, arrays: arrayTypes(text) };
}

/**
 * Rows from arrays, as a subquery that needs an alias: `unnested(2, 'id bigint, name text')` takes $2 and $3. In the list
 * of the query, where rows are made as they are read; a function in `from` first stores each column (24 columns of 250
 * rows: 5.2 us a row, so 3.7).
 */
export const unnested = (first: number, columns: string): string => `(select ${unnests(first, columns)})`;

/** The same with the number of the row, from 1, as `nr`. */
export const numbered = (first: number, columns: string): string =>
  `(select a.*, row_number() over () as nr from ${unnested(first, columns)} as a)`;

const unnests = (first: number, columns: string): string =>
  columns
    .split(',')
    .map((column, index) => {
      const [name, type] = column.trim().split(' ');
      return `unnest($${first + index}::${type}[]) as ${name}`;
    })
    .join(', ');

export type Value = string | number | bigint | boolean | null | Buffer | Column;

/** Anything that runs statements: one connection (inside a transaction or not) or a pool. Rows are arrays. */
export interface Tx {
  run<R extends unknown[] = unknown[]>(statement: Statement, values?: readonly Value[]): Promise<R[]>;
}

const INT8 = 20;
const INT8_ARRAY = 1016;
const TIMESTAMPTZ = 1184;

const ZERO = 0x30;
const POINT = 0x2e;
/** The number that the two digits at a place are. */
const pair = (text: string, at: number): number =>
  (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
const isDigit = (code: number): boolean => code >= ZERO && code < ZERO + 10;

/**
 * `2026-11-21 10:00:00.123456+00` (the session runs in UTC) to epoch milliseconds. Digit by digit: slices and `Number` took 0.27 us
 * instead of 0.06, three times for each wallet.
 */
export function parseTimestamp(text: string): number {
  let milliseconds = 0;
  if (text.charCodeAt(19) === POINT) {
    let unit = 100;
    for (let at = 20; at < 23 && isDigit(text.charCodeAt(at)); at += 1) {
      milliseconds += (text.charCodeAt(at) - ZERO) * unit;
      unit /= 10;
    }
  }
  const year = pair(text, 0) * 100 + pair(text, 2);
  return Date.UTC(
    year,
    pair(text, 5) - 1,
    pair(text, 8),
    pair(text, 11),
    pair(text, 14),
    pair(text, 17),
    milliseconds,
  );
}

const parseBigints = (text: string): bigint[] =>
  text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt);

type Parser = (text: string) => unknown;
const parsers = new Map<number, Parser>([
  [INT8, BigInt],
  [INT8_ARRAY, parseBigints],
  [TIMESTAMPTZ, parseTimestamp],
]);

/** bigint as BigInt, timestamptz as epoch milliseconds, everything else as node-postgres reads it. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const own = format === 'binary' ? undefined : parsers.get(oid);
    return own ?? pg.types.getTypeParser(oid, format as 'text');
  },
} as unknown as pg.CustomTypesConfig;

const connection = (url: string, name: string) => ({
  connectionString: url,
  types,
  application_name: `fealty ${name}`,
  keepAlive: true,
  connectionTimeoutMillis: 5_000,
  options:
    '-c timezone=UTC -c datestyle=ISO,YMD -c idle_in_transaction_session_timeout=60000 -c statement_timeout=120000',
});

const onWire = (statement: Statement, values: readonly Value[]): Sendable[] =>
  values.map((value, index) => {
    if (value === null || typeof value === 'string' || Buffer.isBuffer(value)) return value;
    if (!(value instanceof Column)) return String(value);
    const type = statement.arrays[index + 1];
    if (type === undefined)
      throw new Error(`${statement.name} does not say what $${index + 1} is an array of`);
    return value.encode(type);
  });

const query = (statement: Statement, values: readonly Value[]) => ({
  name: statement.name,
  text: statement.text,
  values: onWire(statement, values),
  rowMode: 'array' as const,
});

const BEGIN = statement('begin', 'begin');
const BEGIN_SNAPSHOT = statement('begin_snapshot', 'begin isolation level repeatable read read only');
const COMMIT = statement('commit', 'commit');
const ROLLBACK = statement('rollback', 'rollback');
export const transactionStatements = { BEGIN, ROLLBACK };

/** A database that hangs is given up after this, ms: the connection is cut and the batch tried on a new one. */
const ANSWER_WITHIN = 30_000;

/*
 * What runs on such a connection finds a bounded number of rows by their keys. A plan that was kept when the tables were
 * almost empty would read them whole (measured: 59 ms instead of 1.5 a batch at 400,000 members), so that is ruled out,
 * and with it the reason to plan again for other values.
 */
const BY_INDEX =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan';

/*
 * A process that is stopped in the middle of a transaction keeps its locks, and every other process waits for them
 * (measured with SIGSTOP: not one write in 8 s). PostgreSQL rolls back what rests this long; the process, once it is
 * awake, finds its connection gone and does the batch again.
 */
const LET_GO = '-c idle_in_transaction_session_timeout=5000';

/** One connection that gathers: statements that are asked for together go out together, without waiting for the answers. */
export class Connection implements Tx {
  private readonly client: pg.Client;
  private readonly known: Known = new Map();
  private broken: Error | undefined;
  private ending = false;
  private waiting: Asked[] = [];
  private sending = false;
  private round: Round | undefined;
  /** Why something of the transaction did not come to be sent: PostgreSQL does not know of it, and would commit the rest. */
  private unsent: Error | undefined;

  private constructor(client: pg.Client) {
    this.client = client;
    client.on('error', error => {
      this.broken = error;
    });
    client.on('end', () => {
      this.broken ??= new Error('the database closed the connection');
    });
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('parseComplete', () => this.round?.handleParsed());
  }

  static async open(url: string, name: string): Promise<Connection> {
    const settings = connection(url, name);
    const options = `${settings.options} ${BY_INDEX} ${LET_GO}`;
    const client = new pg.Client({ ...settings, options });
    const opened = new Connection(client);
    await client.connect();
    return opened;
  }

  get usable(): boolean {
    return this.broken === undefined;
  }

  /** Rejects with what PostgreSQL says of the statement, or of one before it that went out together with it. */
  async run<R extends unknown[]>(statement: Statement, values: readonly Value[] = []): Promise<R[]> {
    // A statement that is sent behind the commit would run outside the transaction that it belongs to.
    if (this.ending) throw new Error(`${statement.name} was sent after the commit`);
    if (statement === BEGIN) this.unsent = undefined;
    const { rows } = await this.ask(statement, values);
    return rows as R[];
  }

  /**
   * Commits and gives the tag: the commit of a transaction in which something failed before says `ROLLBACK`. It is not
   * sent when some of `work`, whose statements it ends, fails before it has sent them.
   */
  async commit(work: readonly Promise<unknown>[] = []): Promise<string> {
    this.ending = true;
    for (const each of work) each.catch(error => this.missed(error));
    try {
      return (await this.ask(COMMIT, [])).tag;
    } finally {
      this.ending = false;
    }
  }

  private ask(statement: Statement, values: readonly Value[]): Promise<{ rows: unknown[][]; tag: string }> {
    const sendable = this.sendable(statement, values);
    return new Promise((resolve, reject) => {
      this.waiting.push({
        statement,
        values: sendable,
        answered: (rows, tag) => resolve({ rows, tag }),
        failed: reject,
      });
      if (this.sending || this.round !== undefined) return;
      this.sending = true;
      process.nextTick(() => this.send());
    });
  }

  private sendable(statement: Statement, values: readonly Value[]): Sendable[] {
    try {
      return onWire(statement, values);
    } catch (error) {
      this.missed(error);
      throw error;
    }
  }

  private missed(error: unknown): void {
    this.unsent ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Takes the commit out of what waits to be sent. */
  private withhold(error: Error): void {
    const commits = this.waiting.filter(({ statement }) => statement === COMMIT);
    this.waiting = this.waiting.filter(({ statement }) => statement !== COMMIT);
    for (const commit of commits) commit.failed(error);
  }

  /** Sends what waits; what is asked for until the answers are there goes with the next round. */
  private send(): void {
    this.sending = false;
    if (this.unsent !== undefined) this.withhold(this.unsent);
    if (this.waiting.length === 0) return;
    const late = setTimeout(() => this.giveUp(), ANSWER_WITHIN);
    const round = new Round(this.waiting, this.known, types, () => {
      clearTimeout(late);
      if (this.round !== round) return;
      this.round = undefined;
      if (this.waiting.length > 0) this.send();
    });
    this.waiting = [];
    this.round = round;
    this.client.query(round as unknown as pg.Submittable);
  }

  private giveUp(): void {
    this.broken ??= new Error('the database gave no answer in time');
    (this.client as unknown as { connection: Wire }).connection.stream.destroy();
  }

  async close(): Promise<void> {
    this.broken ??= new Error('the connection was closed');
    await this.client.end().catch(() => undefined);
  }
}

/** A bounded pool for reads and for the few writes that do not go through the lanes. */
export class Pool implements Tx {
  private readonly pool: pg.Pool;

  constructor(url: string, name: string, size: number) {
    this.pool = new pg.Pool({ ...connection(url, name), max: size, idleTimeoutMillis: 30_000 });
    // A connection that breaks while idle is replaced at the next use; the error was nobody's query.
    this.pool.on('error', () => undefined);
    // One that breaks in a transaction, between two statements, is found broken by the next. The pool listens only
    // while a connection is idle, and an error without a listener would end the process.
    this.pool.on('connect', client => client.on('error', () => undefined));
  }

  async run<R extends unknown[]>(statement: Statement, values: readonly Value[] = []): Promise<R[]> {
    const result = await this.pool.query<R>(query(statement, values));
    return result.rows;
  }

  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.within(BEGIN, work);
  }

  /** Runs `work` on one read-only snapshot. */
  snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.within(BEGIN_SNAPSHOT, work);
  }

  private async within<T>(begin: Statement, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    // One after the other: what is asked for side by side must not be sent to a busy client.
    let before: Promise<unknown> = Promise.resolve();
    const tx: Tx = {
      run: <R extends unknown[]>(statement: Statement, values: readonly Value[] = []) => {
        const rows = before.then(async () => (await client.query<R>(query(statement, values))).rows);
        before = rows.catch(() => undefined);
        return rows;
      },
    };
    try {
      await tx.run(begin);
      const result = await work(tx);
      await tx.run(COMMIT);
      return result;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      await tx.run(ROLLBACK).catch(() => undefined);
      throw error;
    } finally {
      // After a lost connection the client must not go back into the pool.
      client.release(failure !== undefined && !('code' in failure) ? failure : undefined);
    }
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
