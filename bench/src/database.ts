import pg from 'pg';

/** Shown from the running database, so that a reader sees on what the figures rest. */
const SHOWN = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_sync_method',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'wal_compression',
  'debug_io_direct',
];

/** Runs `work` on a connection as the owner and closes it. */
export async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The settings that durability and speed depend on, as the database itself shows them. */
export function databaseSettings(url: string): Promise<Record<string, string>> {
  return withDatabase(url, async client => {
    const { rows } = await client.query<{ name: string; value: string }>(
      `select name, current_setting(name) as value from pg_settings where name = any($1)`,
      [SHOWN],
    );
    const found = new Map(rows.map(({ name, value }) => [name, value]));
    return Object.fromEntries(
      SHOWN.flatMap(name => (found.has(name) ? [[name, found.get(name) as string]] : [])),
    );
  });
}

/** Makes a second database on the same server and gives its address. */
export function createDatabase(url: string, name: string): Promise<string> {
  return withDatabase(url, async client => {
    await client.query(`create database ${name}`);
    const address = new URL(url);
    address.pathname = `/${name}`;
    return address.href;
  });
}
