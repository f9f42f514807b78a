import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Engine, killPostgres, ownerUrl, signalPostgres, untilGone } from './processes.ts';
import { endAlone, isAnyAlone } from './remembering.ts';
import { leave, makeRunFolder, type Options, type Report, World } from './world.ts';

/** How long after everything is well again the next fault comes, ms. */
const LIVES = [60, 400] as const;
/** Of so many faults one comes to an engine that has been left alone for longer, from its start, and remembers members. */
const ANEW = 5;
const LONG_LIVES = [400, 1_200] as const;
/** Longer than an engine takes to give up: what it says then is what a client is to judge by. */
const TIMEOUT_MS = 100_000;
const BACK_MS = 120_000;

/** An engine with its own PostgreSQL, and clients at work on it. */
export interface Victim {
  folder: string;
  engine: Engine;
  /** The folder that its PostgreSQL was given. */
  postgres: string;
  world: World;
  /** Counts of what was done to it, by name. */
  done: Record<string, number>;
  close(): Promise<void>;
}

/** Starts an engine on an empty folder; nobody works on it yet. */
export async function startVictim(name: string, options: Options): Promise<Victim> {
  const folder = makeRunFolder(name);
  const engine = new Engine({ folder: join(folder, 'engine') });
  const postgres = join(engine.folder, 'postgres');
  const end = () => engine.stop().finally(() => untilGone(postgres));
  try {
    await engine.start();
  } catch (error) {
    await end();
    throw error;
  }
  const target = { address: () => engine.address(), key: engine.key, program: 'faults' };
  const world = new World({
    name,
    folder,
    target,
    ownerUrl: () => ownerUrl(postgres),
    options,
    timeoutMs: TIMEOUT_MS,
    patienceMs: 3 * TIMEOUT_MS,
  });
  return { folder, engine, postgres, world, done: {}, close: () => world.close().finally(end) };
}

/** One fault; gives the instant from which everything should come back. `nth` counts from 1 to `of`. */
type Fault = (victim: Victim, nth: number, of: number) => Promise<number>;

const count = ({ done }: Victim, what: string, times = 1): void => {
  done[what] = (done[what] ?? 0) + times;
};

/** One kill of an engine in so many comes once more while it starts. */
const EARLY = 10;
const STARTING = [20, 1_500] as const;
/** The share of kills after which the engine remembers at once. */
const SUCCEEDS = 0.75;

/** `kill -9` of the engine. */
export const killEngine: Fault = async (victim, nth) => {
  const { engine, world } = victim;
  if (world.random.chance(SUCCEEDS)) await endAlone(ownerUrl(victim.postgres));
  const killedAt = Date.now();
  await engine.kill();
  if (nth % EARLY === 0) {
    engine.launch();
    await sleep(world.random.between(...STARTING));
    await engine.kill();
    count(victim, 'kills of an engine that was starting');
  }
  await engine.start();
  count(victim, 'kills of the engine');
  return killedAt;
};

/** `kill -9` of PostgreSQL, all of it; the engine goes on by itself. */
export const killDatabase: Fault = async victim => {
  const killedAt = Date.now();
  count(victim, 'processes of PostgreSQL killed', killPostgres(victim.postgres));
  count(victim, 'kills of PostgreSQL');
  return killedAt;
};

const SESSIONS = `select count(pg_terminate_backend(pid))::int as cut from pg_stat_activity where application_name like 'fealty %'`;
/** Cuts that follow each other this closely hit connections that are just being made. */
const CUTS = 3;
const GUSTS = [2, 60] as const;

/** Every connection of the engine is cut, several times in a row. */
export const cutConnections: Fault = async victim => {
  const { postgres, world } = victim;
  const owner = new pg.Client({ connectionString: ownerUrl(postgres), application_name: 'fault test' });
  await owner.connect();
  try {
    for (let cut = world.random.between(1, CUTS); cut > 0; cut--) {
      const { rows } = await owner.query<{ cut: number }>(SESSIONS);
      count(victim, 'sessions cut', rows[0]?.cut);
      await sleep(world.random.between(...GUSTS));
    }
  } finally {
    await owner.end();
  }
  return Date.now();
};

const STALLS = [500, 4_000] as const;
/** Longer than an engine waits for a statement. */
const LONG_STALL_MS = 34_000;

/** PostgreSQL hangs: it is stopped, not ended, and nothing says so. The last of many times is a long one. */
const stallDatabase: Fault = async (victim, nth, of) => {
  const { postgres, world } = victim;
  const length = nth === of && of > 2 ? LONG_STALL_MS : world.random.between(...STALLS);
  signalPostgres(postgres, 'SIGSTOP');
  await sleep(length).finally(() => signalPostgres(postgres, 'SIGCONT'));
  count(victim, 'seconds of standstill', Math.round(length / 1000));
  return Date.now();
};

/** Does this to the victim again and again while clients work; gives how long each time took to be over. */
export async function inflict(victim: Victim, faults: readonly Fault[], options: Options): Promise<number[]> {
  const { world, engine } = victim;
  const outages: number[] = [];
  for (let nth = 1; nth <= options.kills; nth++) {
    const fault = world.random.pick(faults);
    const isLong = nth % ANEW === 1;
    if (isLong && fault !== killEngine) await beginAnew(victim);
    const [shortest, longest] = isLong ? LONG_LIVES : LIVES;
    await sleep(world.random.between(shortest, longest));
    const { pid } = engine;
    if (await isAnyAlone(ownerUrl(victim.postgres))) count(victim, REMEMBERED);
    const since = await fault(victim, nth, options.kills);
    await acknowledged(world, since);
    outages.push(Date.now() - since);
    if (fault !== killEngine && engine.pid !== pid) world.note('the engine was restarted');
    if (world.fault()) {
      await world.compare();
      world.goOn();
    }
  }
  return outages;
}

export const REMEMBERED = 'faults of an engine that remembered members';

/** Another process of the engine, which remembers from its first batch on. */
async function beginAnew({ engine, postgres, world }: Victim): Promise<void> {
  await endAlone(ownerUrl(postgres));
  await engine.kill();
  await engine.start();
  await acknowledged(world, Date.now());
}

const scenario =
  (name: string, faults: readonly Fault[]) =>
  async (options: Options): Promise<Report> => {
    const victim = await startVictim(name, options);
    let report: Report | undefined;
    try {
      await victim.world.begin();
      const outages = await inflict(victim, faults, options);
      await victim.world.end();
      report = victim.world.report({ ...victim.done, ...distribution(outages) });
    } finally {
      await victim.close();
      leave(victim.folder, report, options.say);
    }
    return report;
  };

export const engineScenario = scenario('engine', [killEngine]);
export const postgresScenario = scenario('postgres', [killDatabase]);
export const lostScenario = scenario('lost', [cutConnections]);
export const stallScenario = scenario('stall', [stallDatabase]);
export const mixedScenario = scenario('mixed', [killEngine, killDatabase, cutConnections, stallDatabase]);

/** Waits for an acknowledgement of something that was sent after `since`: the whole way is open again. */
export async function acknowledged(world: World, since: number): Promise<void> {
  const deadline = Date.now() + BACK_MS;
  while (world.client.counts.acknowledgedSentAt <= since) {
    if (Date.now() > deadline)
      throw new Error(`nothing was acknowledged for ${BACK_MS / 1000} s after a fault`);
    await sleep(5);
  }
}

/** Times in milliseconds from a fault to the first write that was sent after it and acknowledged. */
export function distribution(times: readonly number[]): Record<string, number> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { 'outage p50 ms': at(0.5), 'outage p99 ms': at(0.99), 'outage max ms': sorted.at(-1) ?? 0 };
}
