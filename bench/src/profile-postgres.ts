import pg from 'pg';
import { readCpuOf } from './processes.ts';

/** A lane is looked at so often: a hundred looks in 2.5 seconds at the price of a trivial statement each. */
const LOOK_MS = 25;
const TEXT = 90;

export interface StatementCost {
  readonly text: string;
  readonly calls: number;
  readonly rows: number;
  /** Milliseconds in all calls, and the share, 0 to 1, of the time of all statements. */
  readonly total: number;
  readonly share: number;
  readonly walBytes: number;
}

export interface PostgresProfile {
  /** Cores used by each kind of server process. */
  readonly processes: readonly { readonly name: string; readonly cores: number }[];
  readonly statements: readonly StatementCost[];
  /** In what the connections of the lanes were found, as shares of all looks. */
  readonly lanes: readonly { readonly state: string; readonly share: number }[];
}

interface Reading {
  readonly at: number;
  readonly cpu: ReadonlyMap<string, { name: string; seconds: number }>;
}

/** Watches a PostgreSQL that has loaded pg_stat_statements, on a connection of its own. */
export class PostgresWatch {
  readonly #client: pg.Client;
  readonly #looks = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #before: Promise<Reading> | undefined;
  #after: Promise<Reading> | undefined;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async start(url: string): Promise<PostgresWatch> {
    const client = new pg.Client({ connectionString: url, application_name: 'bench watch' });
    await client.connect();
    await client.query('create extension if not exists pg_stat_statements');
    return new PostgresWatch(client);
  }

  begins(): void {
    this.#looks.clear();
    void this.#client.query('select pg_stat_statements_reset()');
    this.#before = this.#read();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  ends(): void {
    clearInterval(this.#timer);
    this.#after = this.#read();
  }

  async finish(): Promise<PostgresProfile> {
    const [before, after] = await Promise.all([this.#before, this.#after]);
    const statements = await this.#statements();
    await this.#client.end();
    return { processes: cores(before, after), statements, lanes: this.#lanes() };
  }

  async #look(): Promise<void> {
    const { rows } = await this.#client.query<{ state: string }>(
      `select case when state = 'active' then 'active: ' || coalesce(wait_event_type || ' ' || wait_event, 'on a processor')
         when state like 'idle in transaction%' then 'in a transaction, waiting for the engine'
         else 'no transaction' end as state
       from pg_stat_activity where application_name like 'fealty lane%'`,
    );
    for (const { state } of rows) this.#looks.set(state, (this.#looks.get(state) ?? 0) + 1);
  }

  #lanes(): PostgresProfile['lanes'] {
    const all = [...this.#looks.values()].reduce((sum, count) => sum + count, 0);
    return [...this.#looks]
      .map(([state, count]) => ({ state, share: count / all }))
      .sort((a, b) => b.share - a.share);
  }

  async #read(): Promise<Reading> {
    const { rows } = await this.#client.query<{ pid: number; name: string }>(
      `select pid, case when backend_type = 'client backend' then application_name else backend_type end as name
       from pg_stat_activity`,
    );
    const seconds = rows.map(({ pid, name }) => [String(pid), { name, seconds: readCpuOf(pid) }] as const);
    return { at: performance.now() / 1000, cpu: new Map(seconds) };
  }

  async #statements(): Promise<StatementCost[]> {
    const { rows } = await this.#client.query<Record<keyof StatementCost, string>>(
      `select regexp_replace(query, '\\s+', ' ', 'g') as text, calls, rows, total_exec_time as total,
         total_exec_time / nullif(sum(total_exec_time) over (), 0) as share, wal_bytes as "walBytes"
       from pg_stat_statements where toplevel order by total_exec_time desc limit 15`,
    );
    return rows.map(({ text, ...figures }) => {
      const numbers = Object.entries(figures).map(([name, value]) => [name, Number(value)]);
      return { text: text.slice(0, TEXT), ...Object.fromEntries(numbers) } as StatementCost;
    });
  }
}

/** Processes that ended in between are left out: they had little to do. */
function cores(before: Reading | undefined, after: Reading | undefined): PostgresProfile['processes'] {
  if (before === undefined || after === undefined) return [];
  const sums = new Map<string, number>();
  for (const [pid, { name, seconds }] of after.cpu) {
    const earlier = before.cpu.get(pid);
    if (earlier === undefined) continue;
    sums.set(name, (sums.get(name) ?? 0) + (seconds - earlier.seconds) / (after.at - before.at));
  }
  return [...sums]
    .map(([name, used]) => ({ name, cores: used }))
    .filter(process => process.cores >= 0.005)
    .sort((a, b) => b.cores - a.cores);
}
