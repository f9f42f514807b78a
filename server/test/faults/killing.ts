import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '#platform/db/embedded.ts';
import { newSecret } from '#platform/secret.ts';
import { Engine, killPostgres, ownerUrl, signalPostgres, untilGone } from './processes.ts';
import { endAlone, isAnyAlone } from './remembering.ts';
import { Wire } from './wire.ts';
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

/** A database that is not the engine's own: its folder, and how the engine finds it. */
interface Beside {
  postgres: string;
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts an engine on an empty folder; nobody works on it yet. */
export async function startVictim(
  name: string,
  options: Options,
  folder = makeRunFolder(name),
  beside?: Beside,
): Promise<Victim> {
  const engine = new Engine({ folder: join(folder, 'engine'), ...(beside && { env: beside.env }) });
  const postgres = beside?.postgres ?? join(engine.folder, 'postgres');
  const end = async () => {
    await engine.stop().finally(() => beside?.stop());
    await untilGone(postgres);
  };
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
  let metFault = 0;
  for (let nth = 1; nth <= options.kills; nth++) {
    const fault = world.random.pick(faults);
    const isLong = nth % ANEW === 1;
    if (isLong && fault !== killEngine) await beginAnew(world, engine, () => ownerUrl(victim.postgres));
    const [shortest, longest] = isLong ? LONG_LIVES : LIVES;
    await sleep(world.random.between(shortest, longest));
    const { pid } = engine;
    // One that has met a fault stays away from it for a while, whatever the database says.
    if (pid !== metFault && (await isAnyAlone(ownerUrl(victim.postgres)))) count(victim, REMEMBERED);
    metFault = pid;
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

/**
 * Another process of the engine, which remembers from its first batch on: an order that is sent by itself, and for the first
 * time. A batch with a key that is taken would be rolled back, and the engine would wait before it tries to write alone again.
 */
export async function beginAnew(world: World, engine: Engine, url: () => string | undefined): Promise<void> {
  await world.load.rest();
  await endAlone(url());
  await engine.kill();
  await engine.start();
  await world.order();
  world.load.start();
}

/** Does all this to a victim whom nobody works on yet, and compares. */
async function carryOut(victim: Victim, faults: readonly Fault[], options: Options): Promise<Report> {
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
}

const scenario =
  (name: string, faults: readonly Fault[]) =>
  async (options: Options): Promise<Report> =>
    carryOut(await startVictim(name, options), faults, options);

export const engineScenario = scenario('engine', [killEngine]);
export const postgresScenario = scenario('postgres', [killDatabase]);
export const lostScenario = scenario('lost', [cutConnections]);
export const stallScenario = scenario('stall', [stallDatabase]);
export const mixedScenario = scenario('mixed', [killEngine, killDatabase, cutConnections, stallDatabase]);

/** For so long what is asked still arrives at the database, and no answer comes back. */
const MUTE_MS = [5, 60] as const;

/** The connections are cut when the database has carried out what it was asked, and nobody has heard of it. */
export async function answersScenario(options: Options): Promise<Report> {
  const folder = makeRunFolder('answers');
  const postgres = join(folder, 'postgres');
  const database = await startEmbeddedPostgres({ dir: postgres });
  const wire = await Wire.before(database.url);
  const loseAnswers: Fault = async victim => {
    wire.mute();
    await sleep(victim.world.random.between(...MUTE_MS));
    count(victim, 'connections cut', wire.cut());
    return Date.now();
  };
  const env = { FEALTY_DATABASE_URL: wire.url, FEALTY_SECRET: newSecret() };
  const stop = () => database.stop().finally(() => wire.close());
  const victim = await startVictim('answers', options, folder, { postgres, env, stop });
  return carryOut(victim, [loseAnswers], options);
}

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
