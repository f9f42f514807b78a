import { statfsSync } from 'node:fs';
import { usableMemory } from '../memory.ts';

export type PostgresSettings = Record<string, string | number | boolean>;

const MB = 2 ** 20;
const DURABILITY = ['fsync', 'synchronous_commit', 'full_page_writes'];

const between = (low: number, value: number, high: number): number =>
  Math.min(Math.max(Math.floor(value / MB), low), high);

/** What PostgreSQL may count on, in bytes: memory that it shares with the engine, and free disk where its data is. */
export interface Machine {
  memory: number;
  freeDisk: number;
}

export function machineOf(data: string): Machine {
  const { bavail, bsize } = statfsSync(data);
  return { memory: usableMemory(), freeDisk: bavail * bsize };
}

/** Settings of the embedded PostgreSQL. Everything that durability rests on is on. */
export function defaultSettings({ memory, freeDisk }: Machine): PostgresSettings {
  return {
    cluster_name: 'fealty',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 60,
    // A batch locks up to 500 members; several engines may share the database.
    max_locks_per_transaction: 256,
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',

    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',

    shared_buffers: `${between(128, memory / 4, 4096)}MB`,
    effective_cache_size: `${between(256, memory / 2, 65_536)}MB`,
    maintenance_work_mem: `${between(64, memory / 32, 512)}MB`,
    work_mem: '16MB',
    huge_pages: 'try',

    // A full page goes to the log at its first change after each checkpoint. Orders change pages all over their tables: with
    // 4 GB, a checkpoint every 400,000 orders, an order took 7 to 20 KB of log and 150 us of PostgreSQL; with 16 GB 1.5 to 4 KB
    // and 120 us. After a crash at most half of it is replayed, measured at 130 MB a second.
    // The bundled build compresses with pglz only, which costs more processor time than the disk writes it saves.
    wal_compression: 'off',
    wal_buffers: '32MB',
    max_wal_size: `${between(1024, freeDisk / 4, 16_384)}MB`,
    min_wal_size: '512MB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: 0.9,

    random_page_cost: 1.1,
    effective_io_concurrency: 64,
    jit: 'off',
    track_io_timing: 'off',

    // Wallets and lots are updated all the time: vacuum early and in small portions, so that row versions stay few
    // and updates stay within their page.
    autovacuum_naptime: '15s',
    autovacuum_max_workers: 2,
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_vacuum_cost_limit: 1000,
    // Rows are found by their keys, for which the planner needs no fresh statistics. Gathered after each growth by a twentieth,
    // from ten times as many rows, they took 390 s of a processor while 11 million orders came in.
    autovacuum_analyze_scale_factor: 0.5,
    default_statistics_target: 10,

    // Statements and the details of errors hold members' data, which has no place in a log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_line_prefix: '%m [%p] ',
    log_timezone: 'UTC',
    logging_collector: 'off',
  };
}

/** The defaults with the caller's changes. Throws when a change would let a crash lose what was acknowledged. */
export function settingsWith(changes: PostgresSettings, machine: Machine): PostgresSettings {
  for (const name of DURABILITY) {
    if (name in changes)
      throw new Error(`The setting ${name} cannot be changed: acknowledged writes depend on it.`);
  }
  return { ...defaultSettings(machine), ...changes };
}

/** Settings as arguments of the `postgres` command. */
export function asArguments(settings: PostgresSettings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
