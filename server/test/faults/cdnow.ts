import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Http } from './http.ts';
import { Engine, ownerUrl, Program, untilGone } from './processes.ts';
import { type Random, seeded } from './random.ts';
import { leave, makeRunFolder, type Options, type Report } from './world.ts';

/*
 * The orders of CDNOW's customers in 1997 and 1998: 69,659 rows, each an order. What they must come to is known to the
 * point, so an import or an expiry that was killed again and again can be compared with one that was not.
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = join(ROOT, 'cli', 'src', 'main.ts');
const DOCUMENTS = join(ROOT, 'examples', 'programs');

export const ORDERS = 69_659;
export const MEMBERS = 23_570;

export function findFile(): string {
  return join(process.env.FEALTY_DATA ?? join(ROOT, '..', 'shared', 'data'), 'cdnow', 'CDNOW_master.txt');
}

export const missing = (): string =>
  `${findFile()} is not there; FEALTY_DATA names the folder that holds cdnow/`;

/** An engine, its database and the command line, for programs filled from the file. */
export class Shop {
  readonly folder: string;
  readonly engine: Engine;
  readonly postgres: string;
  readonly random: Random;
  readonly wrong: string[] = [];
  readonly #http = new Http(600_000);
  readonly #say: (line: string) => void;

  constructor(name: string, options: Options, env: Record<string, string> = {}) {
    this.folder = makeRunFolder(name);
    this.engine = new Engine({ folder: join(this.folder, 'engine'), env });
    this.postgres = join(this.engine.folder, 'postgres');
    this.random = seeded(options.seed);
    this.#say = options.say;
  }

  async call<T>(method: 'GET' | 'POST' | 'PUT', path: string, program: string, body?: unknown): Promise<T> {
    const request = { method, path, body, headers: { 'fealty-program': program } };
    const answer = await this.#http.send(await this.engine.address(), this.engine.key, request);
    if (answer.status > 201)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
    return answer.body as T;
  }

  /** Starts the import as a process of its own. Few streams and small calls leave time to be killed in. */
  launchImport(program: string, slow: boolean, file = findFile()): Program {
    const columns = [
      '--format',
      'whitespace',
      '--columns',
      'member,date,quantity,amount',
      '--header',
      '--date-format',
      'yyyyMMdd',
    ];
    const rest = [
      '--time-zone',
      'UTC',
      '--currency',
      'USD',
      '--source',
      'cdnow',
      '--json',
      '--rejects',
      join(this.folder, 'rejects.csv'),
    ];
    const pace = slow ? ['--batch', '25', '--streams', '2'] : [];
    return new Program([CLI, 'import', 'orders', file, '--program', program, ...columns, ...rest, ...pace], {
      env: { FEALTY_DATA_DIR: this.engine.folder },
      log: join(this.folder, `${program}.log`),
    });
  }

  /** Imports without being disturbed and gives the command's own report. */
  async importAll(
    program: string,
    file = findFile(),
  ): Promise<{ created: number; known: number; rejected: number }> {
    const ended = await this.launchImport(program, false, file).ended;
    const log = readFileSync(join(this.folder, `${program}.log`), 'utf8');
    if (ended !== 0) throw new Error(`the import ended with ${ended}: ${log.slice(-500)}`);
    return JSON.parse(log.slice(log.lastIndexOf('\n{') + 1));
  }

  async sql<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const owner = new pg.Client({
      connectionString: ownerUrl(this.postgres),
      application_name: 'fault test',
      connectionTimeoutMillis: 5_000,
    });
    owner.on('error', () => undefined);
    try {
      await owner.connect();
      return (await owner.query(text, values)).rows as T[];
    } finally {
      await owner.end().catch(() => undefined);
    }
  }

  /** Orders of a program so far; undefined while the database is away. */
  async orders(program: string): Promise<number | undefined> {
    const text =
      'select count(*)::int as n from earning.orders where program_id = (select id from program.programs where name = $1)';
    const rows = await this.sql<{ n: number }>(text, [program]).catch(() => []);
    return rows[0]?.n;
  }

  equal(what: string, found: unknown, wanted: unknown): void {
    if (String(found) !== String(wanted)) this.wrong.push(`${what}: ${found} instead of ${wanted}`);
  }

  async balance(program: string, member: string): Promise<number> {
    const { balances } = await this.call<{ balances: { available: string }[] }>(
      'GET',
      `/v1/members/ext:${member}/balances`,
      program,
    );
    return Number(balances[0]?.available);
  }

  async verify(program: string): Promise<void> {
    const report = await this.call<{ ok: boolean; checks: { name: string; differences: string[] }[] }>(
      'POST',
      '/v1/verify',
      program,
      {},
    );
    for (const { name, differences } of report.checks)
      this.wrong.push(...differences.map(each => `verify, ${name}: ${each}`));
    if (!report.ok && report.checks.every(({ differences }) => differences.length === 0))
      this.wrong.push('verify is not content');
  }

  async close(report: Report | undefined): Promise<void> {
    this.#http.close();
    await this.engine.stop().finally(() => untilGone(this.postgres));
    leave(this.folder, report, this.#say);
  }
}

export const documentOf = (name: string): object =>
  JSON.parse(readFileSync(join(DOCUMENTS, `${name}.json`), 'utf8')) as object;

/** Tries again while the database comes back. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
