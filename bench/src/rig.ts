import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createDatabase } from './database.ts';
import {
  type Engine,
  embeddedDatabase,
  lastLogLines,
  makeDataFolder,
  PROGRAM_FILE,
  removeDataFolder,
  startEngine,
  stopChild,
} from './engine.ts';
import type { Job, JobResult, RaceJob, RaceResult, Stream } from './job.ts';
import { LoadGenerator, type Moments } from './load.ts';
import { type CpuShare, type CpuTimes, cpuBetween, type Group, readCpu } from './processes.ts';
import { stopOnSignal } from './stopping.ts';

const COMPARATOR = fileURLToPath(new URL('./comparator.ts', import.meta.url));
export const PROGRAM = 'bench';
export const BULK_ROWS = 1_000;
/** So many that the lanes always find full batches: the next calls are read and wait while those before them commit. */
export const BULK_CALLS = 4;

/** Everything that a measurement needs, running. */
export interface Rig {
  readonly engine: Engine;
  readonly generator: LoadGenerator;
  readonly database: { readonly url: string; readonly pid: number };
  readonly members: number;
  /** The comparator's port; undefined where it was not asked for. */
  readonly comparator: number | undefined;
  readonly groups: Readonly<Record<string, Group>>;
  /** Rate at which the members came in. */
  readonly preload: { readonly orders: number; readonly seconds: number };
  /** Told of every measured time that begins and ends; set by who wants to look closer. */
  watch?: Moments;
  stop(): Promise<void>;
}

export interface RigOptions {
  /** Folder in which the data folder is made. */
  readonly parent: string;
  readonly members: number;
  readonly comparator?: boolean;
  readonly nodeArguments?: readonly string[];
  /** Starts another database than the engine's embedded one, in the data folder. */
  readonly startDatabase?: (dir: string) => Promise<{ url: string; pid: number; stop(): Promise<void> }>;
}

/** What happened in the measured time besides the answers. */
export interface Surroundings {
  readonly cpu: CpuShare;
  /** Mean number of commands in a batch of the engine's lanes; undefined where none was carried out. */
  readonly batch: number | undefined;
}

/** Starts engine, load generator and comparator, and enrols the members. Whatever fails, nothing is left running. */
export async function startRig(options: RigOptions, say: (line: string) => void): Promise<Rig> {
  const dir = makeDataFolder(options.parent);
  const endings: (() => void | Promise<void>)[] = [() => removeDataFolder(dir)];
  let stopped: Promise<void> | undefined;
  const stopAll = async () => {
    for (const end of endings.toReversed()) await end();
    release();
  };
  const stop = () => {
    stopped ??= stopAll();
    return stopped;
  };
  const release = stopOnSignal(stop, say);
  try {
    const own = await options.startDatabase?.(dir);
    if (own !== undefined) endings.push(() => own.stop());
    const engine = await startEngine({ dir, databaseUrl: own?.url, nodeArguments: options.nodeArguments });
    endings.push(() => engine.stop());
    const database = own ?? embeddedDatabase(dir);
    await makeProgram(engine, PROGRAM);
    const generator = await LoadGenerator.start();
    endings.push(() => generator.stop());
    const groups: Record<string, Group> = {
      engine: { pid: engine.pid },
      postgres: { treeOf: database.pid },
      load: { pid: generator.pid },
    };
    let comparator: number | undefined;
    if (options.comparator === true) {
      const started = await startComparator(
        await createDatabase(database.url, 'comparator'),
        options.members,
      );
      endings.push(() => stopChild(started.child));
      groups.comparator = { pid: started.child.pid as number };
      comparator = started.port;
    }
    const base = { engine, generator, database, comparator, groups, stop, members: options.members };
    const preload = await enrol({ ...base, preload: { orders: 0, seconds: 0 } }, say);
    return { ...base, preload };
  } catch (error) {
    const lastWords = lastLogLines(dir);
    await stop();
    throw new Error(`${(error as Error).message}\nThe engine's last words:\n${lastWords}`, { cause: error });
  }
}

/** The benchmark's program: one point for each whole dollar, for twelve months. */
export const plainProgram = (): Record<string, unknown> => JSON.parse(readFileSync(PROGRAM_FILE, 'utf8'));

/** Publishes a program under a name. */
export async function makeProgram(
  engine: Engine,
  name: string,
  document: object = plainProgram(),
): Promise<void> {
  await engine.call('PUT', `/v1/programs/${name}`, document);
}

function startComparator(url: string, members: number): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(COMPARATOR, [url, String(members)], { execArgv: [] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`the comparator ended with ${code}`)));
    child.once('message', (message: { port: number }) => resolve({ child, port: message.port }));
  });
}

/** The parts of a job that are the same for every path. */
export function jobOn(
  rig: Pick<Rig, 'engine'>,
  job: Partial<Job> & Pick<Job, 'run' | 'seconds' | 'streams'>,
): Job {
  return {
    kind: 'load',
    port: rig.engine.port,
    key: rig.engine.key,
    program: PROGRAM,
    occurredAt: new Date(Date.now() - 60_000).toISOString(),
    seed: hashOf(job.run),
    warmup: 0,
    ...job,
  };
}

const hashOf = (text: string): number =>
  [...text].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7);

export const bulkStream = (members: Stream['members']): Stream => ({
  name: 'bulk',
  asks: 'bulk',
  rows: BULK_ROWS,
  members,
  connections: BULK_CALLS,
});

async function enrol(rig: Rig, say: (line: string) => void): Promise<Rig['preload']> {
  if (rig.members === 0) return { orders: 0, seconds: 0 };
  const { orders, seconds } = await enrolIn(rig, PROGRAM, rig.members);
  say(`${rig.members} members enrolled in ${seconds.toFixed(1)} s, ${Math.round(orders / seconds)} orders/s`);
  return { orders, seconds };
}

/** A member is enrolled by its first order, so the members come in through the path for bulk orders. */
export async function enrolIn(rig: Rig, program: string, members: number): Promise<Rig['preload']> {
  const operations = Math.ceil(members / BULK_ROWS);
  const stream = { ...bulkStream({ first: 0, count: members, choice: 'in_turn' }), operations };
  const job = jobOn(rig, { run: 'preload', program, seconds: 3_600, streams: [stream] });
  const { result } = await measure({ ...rig, watch: undefined }, job);
  const [{ rows, errors } = { rows: 0, errors: {} }] = result.streams;
  if (Object.keys(errors).length > 0) throw new Error(`members were refused: ${JSON.stringify(errors)}`);
  return { orders: rows, seconds: result.seconds };
}

export function measure(rig: Rig, job: Job): Promise<Surroundings & { result: JobResult }>;
export function measure(rig: Rig, job: RaceJob): Promise<Surroundings & { result: RaceResult }>;
/** Carries out a job and watches processor time and batches during its measured time. */
export async function measure(rig: Rig, job: Job | RaceJob): Promise<Surroundings & { result: unknown }> {
  const readings: { cpu: CpuTimes | undefined; metrics: Promise<string> }[] = [];
  const read = () => void readings.push({ cpu: readCpu(rig.groups), metrics: rig.engine.metrics() });
  const moments: Moments = {
    begins() {
      read();
      rig.watch?.begins();
    },
    ends() {
      read();
      rig.watch?.ends();
    },
  };
  const result = await rig.generator.run(job as Job, moments);
  // A job that ends by its count ends before its time.
  if (readings.length === 1) moments.ends();
  const [before, after] = readings;
  return {
    result,
    cpu: cpuBetween(before?.cpu, after?.cpu),
    batch: batchSize(await before?.metrics, await after?.metrics),
  };
}

function batchSize(before = '', after = ''): number | undefined {
  const change = (name: string) => sampleOf(after, name) - sampleOf(before, name);
  const batches = change('fealty_batch_commands_count');
  return batches > 0 ? change('fealty_batch_commands_sum') / batches : undefined;
}

/** A value without labels in Prometheus' text format; 0 when absent. */
function sampleOf(exposition: string, name: string): number {
  const start = exposition.indexOf(`\n${name} `);
  return start < 0 ? 0 : Number(exposition.slice(start + name.length + 2).split('\n', 1)[0]);
}
