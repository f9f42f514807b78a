import type pg from 'pg';
import type { Arguments } from './arguments.ts';
import { databaseSettings, withDatabase } from './database.ts';
import { startDatabase } from './embedded.ts';
import { describeMachine, type Machine } from './machine.ts';
import { BULK_ROWS, bulkStream, jobOn, measure, type Rig, startRig } from './rig.ts';
import { type Column, markdownTable, precise, textTable, whole } from './table.ts';

/** One line of the curve: what the last so many orders cost. Times are microseconds for each order. */
export interface CurvePoint {
  readonly keys: number;
  /** Size of the table of business keys and of its index, bytes. */
  readonly keyBytes: number;
  readonly databaseBytes: number;
  readonly rate: number;
  readonly elapsed: number;
  readonly postgresCpu: number;
  readonly engineCpu: number;
  /** Cores used by processes that do not belong to the benchmark. */
  readonly other: number;
  /** Pages of 8 KB not found in shared_buffers, and bytes of write-ahead log, for each order. */
  readonly pagesRead: number;
  readonly walBytes: number;
  readonly errors: number;
}

export interface Curve {
  readonly started_at: string;
  readonly machine: Machine;
  readonly database: Readonly<Record<string, string>>;
  readonly members: number;
  readonly step: number;
  readonly points: readonly CurvePoint[];
}

/**
 * Sends orders in bulk to an engine whose PostgreSQL has little memory and notes the cost of every `step` orders. With
 * direct input and output the system caches no table, so `shared_buffers` is all the memory that there is.
 */
export async function curveOfKeys(options: Arguments, say: (line: string) => void): Promise<Curve> {
  const { parent, members, step, keys, memory, io } = options;
  const started_at = new Date().toISOString();
  const machine = describeMachine(parent);
  const settings = { shared_buffers: memory, ...(io === 'direct' ? { debug_io_direct: 'data' } : {}) };
  const rig = await startRig({ parent, members, startDatabase: dir => startDatabase(dir, settings) }, say);
  try {
    const database = await databaseSettings(rig.database.url);
    const points: CurvePoint[] = [];
    await withDatabase(rig.database.url, async client => {
      for (let sent = 0; sent < keys; sent += step) {
        const point = await measureStep(rig, client, points.length, Math.min(step, keys - sent));
        points.push(point);
        say(
          `  ${whole(point.keys).padStart(12)} keys  ${whole(point.rate).padStart(7)}/s  ${precise(point.elapsed)} us an order`,
        );
      }
    });
    return { started_at, machine, database, members, step, points };
  } finally {
    await rig.stop();
  }
}

async function measureStep(rig: Rig, client: pg.Client, index: number, orders: number): Promise<CurvePoint> {
  const everyone = { first: 0, count: rig.members, choice: 'random' } as const;
  const stream = { ...bulkStream(everyone), operations: Math.ceil(orders / BULK_ROWS) };
  const before = await readState(client);
  const { result, cpu } = await measure(
    rig,
    jobOn(rig, { run: `keys-${index}`, seconds: 3_600, streams: [stream] }),
  );
  const after = await readState(client);
  const { rows = 0, errors = {} } = result.streams[0] ?? {};
  const each = (cores: number | undefined) => ((cores ?? Number.NaN) * result.seconds * 1e6) / rows;
  return {
    keys: after.keys,
    keyBytes: after.keyBytes,
    databaseBytes: after.databaseBytes,
    rate: rows / result.seconds,
    elapsed: each(1),
    postgresCpu: each(cpu.postgres),
    engineCpu: each(cpu.engine),
    other: cpu.other ?? Number.NaN,
    pagesRead: (after.pagesRead - before.pagesRead) / rows,
    walBytes: (after.walBytes - before.walBytes) / rows,
    errors: Object.values(errors).reduce((sum, count) => sum + count, 0),
  };
}

interface State {
  keys: number;
  keyBytes: number;
  databaseBytes: number;
  pagesRead: number;
  walBytes: number;
}

/** Statistics of sessions that are at work lag by up to a second; against a step of many seconds that is little. */
async function readState(client: pg.Client): Promise<State> {
  await client.query('select pg_stat_clear_snapshot()');
  const { rows } = await client.query<Record<keyof State, string>>(
    `select (select count(*) from ledger.keys) as "keys",
       (select sum(pg_total_relation_size(relid)) from pg_partition_tree('ledger.keys')) as "keyBytes",
       pg_database_size(current_database()) as "databaseBytes",
       (select blks_read from pg_stat_database where datname = current_database()) as "pagesRead",
       pg_current_wal_lsn() - '0/0'::pg_lsn as "walBytes"`,
  );
  return Object.fromEntries(
    Object.entries(rows[0]!).map(([name, value]) => [name, Number(value)]),
  ) as unknown as State;
}

const right = (title: string): Column => ({ title, align: 'right' });
const COLUMNS = [
  right('keys'),
  right('keys MB'),
  right('database MB'),
  right('orders/s'),
  right('us/order'),
  right('postgres us'),
  right('engine us'),
  right('pages read'),
  right('WAL bytes'),
  right('other'),
  right('errors'),
];

const cellsOf = (point: CurvePoint): string[] => [
  whole(point.keys),
  whole(point.keyBytes / 2 ** 20),
  whole(point.databaseBytes / 2 ** 20),
  whole(point.rate),
  precise(point.elapsed),
  precise(point.postgresCpu),
  precise(point.engineCpu),
  precise(point.pagesRead),
  whole(point.walBytes),
  precise(point.other),
  String(point.errors),
];

const descriptionOf = ({ machine, database, members, step }: Curve): string =>
  `${machine.cores} cores, ${machine.cpu}, ${machine.filesystem}; PostgreSQL ${database.server_version} with ` +
  `shared_buffers=${database.shared_buffers}, debug_io_direct=${database.debug_io_direct || 'off'}, ` +
  `fsync=${database.fsync}, synchronous_commit=${database.synchronous_commit}; ${whole(members)} members; ` +
  `each line is the cost of ${whole(step)} orders`;

export const curveText = (curve: Curve): string =>
  [descriptionOf(curve), '', textTable(COLUMNS, curve.points.map(cellsOf))].join('\n');

export const curveMarkdown = (curve: Curve): string =>
  [
    `Measured on ${curve.started_at.slice(0, 10)}: ${descriptionOf(curve)}.`,
    markdownTable(COLUMNS, curve.points.map(cellsOf)),
  ].join('\n\n');
