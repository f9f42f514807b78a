import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { appUrl, migrate } from '#platform/db/migrate.ts';
import { startTestPostgres } from './postgres.ts';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
const MIGRATE = new URL('../../src/platform/db/migrate.ts', import.meta.url);
// Any number that no other code takes: it lets one process at a time make the template.
const TEMPLATE_LOCK = 612_883_401;
const GRACE_MS = 1_000;

/** A migrated, empty database of one test file. */
export interface TestDatabase {
  /** Address for the owner, who may do everything. */
  readonly ownerUrl: string;
  /** Address for the role that the engine uses. */
  readonly appUrl: string;
  /** Removes the database. Throws when a connection to it was left open, after cutting it. */
  close(): Promise<void>;
}

let server: Promise<string> | undefined;
let template: Promise<string> | undefined;
let count = 0;

/**
 * Makes a database for a test file in about a tenth of a second, as a copy of a template that is migrated once for each
 * set of migrations. It is on the PostgreSQL that FEALTY_TEST_POSTGRES names (`npm test` sets it; the address of a
 * superuser), or else on one that this process starts for itself.
 */
export async function testDatabase(): Promise<TestDatabase> {
  server ??= findServer();
  const serverUrl = await server;
  template ??= findTemplate(serverUrl);
  const from = await template;
  const name = `test_${process.pid}_${++count}`;
  await withClient(serverUrl, client => client.query(`create database ${name} template ${from}`));
  const ownerUrl = onDatabase(serverUrl, name);
  return { ownerUrl, appUrl: appUrl(ownerUrl), close: () => remove(serverUrl, name) };
}

async function findServer(): Promise<string> {
  const given = process.env.FEALTY_TEST_POSTGRES;
  if (given) return given;
  const { url } = await startTestPostgres();
  await dropLeftovers(url);
  return url;
}

/** Removes the test databases of earlier runs that were killed. Call it only on a server that nobody else uses. */
export async function dropLeftovers(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async client => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where datname ~ '^test_'",
    );
    for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`);
  });
}

/** Names the template for the present migrations and makes it when it is not there; others wait meanwhile. */
async function findTemplate(serverUrl: string): Promise<string> {
  const name = `template_${migrationsHash()}`;
  await withClient(serverUrl, async client => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where datname ~ '^template_'",
    );
    const known = rows.map(row => row.datname);
    if (known.includes(name)) return;
    for (const old of known) {
      await client.query(`alter database ${old} is_template false`);
      await client.query(`drop database ${old} with (force)`);
    }
    const draft = `test_${name}`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await migrate(onDatabase(serverUrl, draft));
    await client.query(`alter database ${draft} rename to ${name}`);
    // No connections also keeps autovacuum away, which would make copies wait.
    await client.query(`alter database ${name} is_template true allow_connections false`);
  });
  return name;
}

function migrationsHash(): string {
  const hash = createHash('sha256').update(readFileSync(MIGRATE));
  for (const file of readdirSync(fileURLToPath(MIGRATIONS)).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(new URL(file, MIGRATIONS)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function remove(serverUrl: string, name: string): Promise<void> {
  const left = await withClient(serverUrl, async client => {
    const open = await openConnections(client, name);
    await client.query(`drop database ${name} with (force)`);
    return open;
  });
  if (left.length > 0) {
    throw new Error(`Close these connections before the test database: ${left.join(', ')}.`);
  }
}

/** Names of the connections to a database; those that are just being closed get a moment to go. */
async function openConnections(client: pg.Client, name: string): Promise<string[]> {
  for (let waited = 0; ; waited += 20) {
    const { rows } = await client.query<{ application_name: string }>(
      "select application_name from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
      [name],
    );
    if (rows.length === 0 || waited >= GRACE_MS) return rows.map(row => row.application_name || 'unnamed');
    await sleep(20);
  }
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'test support' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function onDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
