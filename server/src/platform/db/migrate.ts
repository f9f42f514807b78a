import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { hash128 } from '../ids.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
export const APP_ROLE = 'fealty_app';

/**
 * The address for the application's role on the same database. Its password is derived from the owner's,
 * so that every process of a home knows it without a second setting.
 */
export function appUrl(ownerUrl: string): string {
  const url = new URL(ownerUrl);
  url.password = appPassword(url);
  url.username = APP_ROLE;
  return url.href;
}

const appPassword = (url: URL): string => hash128('fealty app role', decodeURIComponent(url.password));

/**
 * Brings the database up to date as its owner and makes sure that the application's role exists.
 * Two processes that start together wait for each other. Throws when a migration fails.
 */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    // Roles belong to the whole cluster: two databases that start together must not both create it.
    await client.query('select pg_advisory_lock(827364510)');
    await ensureAppRole(client, appPassword(new URL(ownerUrl)));
    await runner({
      dbClient: client,
      dir: MIGRATIONS,
      direction: 'up',
      migrationsTable: 'migrations',
      migrationsSchema: 'public',
      advisoryLockMode: 'wait',
      log: () => undefined,
    } as Parameters<typeof runner>[0]);
  } finally {
    await client.end();
  }
}

async function ensureAppRole(client: pg.Client, password: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [APP_ROLE]);
  // The password is 32 hexadecimal digits, so it can stand in the statement as it is.
  if (rowCount === 0) await client.query(`create role ${APP_ROLE} login password '${password}'`);
  else if (!(await canLogIn(client, password)))
    await client.query(`alter role ${APP_ROLE} login password '${password}'`);
}

async function canLogIn(owner: pg.Client, password: string): Promise<boolean> {
  const probe = new pg.Client({
    host: owner.host,
    port: owner.port,
    database: owner.database ?? 'postgres',
    user: APP_ROLE,
    password,
    connectionTimeoutMillis: 10_000,
  });
  try {
    await probe.connect();
    return true;
  } catch {
    return false;
  } finally {
    await probe.end().catch(() => undefined);
  }
}
