import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
export const PROGRAM_FILE = new URL(
  '../../examples/programs/points-per-dollar-12-months.json',
  import.meta.url,
);
const START_MS = 120_000;
const STOP_MS = 120_000;
/** Settings that whoever tunes the engine may give to it; all others would aim the benchmark at a foreign engine. */
const TUNABLE = [
  'FEALTY_LANES',
  'FEALTY_BATCH',
  'FEALTY_QUEUE',
  'FEALTY_NEW_KEYS_AFTER',
  'FEALTY_LOG_LEVEL',
  'FEALTY_ROLES',
];

/** An engine of the benchmark's own, started as a user starts it, in a process of its own. */
export interface Engine {
  readonly pid: number;
  readonly port: number;
  readonly key: string;
  readonly dir: string;
  /** Settings taken from the environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** Calls the API as the root key and gives the parsed answer. Throws for anything but a 2xx. */
  call<T>(method: string, path: string, body?: unknown, program?: string): Promise<T>;
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * A new folder under `parent` that PostgreSQL's own user can enter. Under the operating system's folder for temporary
 * files it is gone at the latest with the next restart.
 */
export function makeDataFolder(parent: string): string {
  const dir = mkdtempSync(join(parent, 'fealty-bench-'));
  chmodSync(dir, 0o755);
  return dir;
}

/** Removes a data folder, and the database's own where it had to go elsewhere. */
export function removeDataFolder(dir: string): void {
  const home = postgresHome(dir);
  rmSync(dir, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}

function postgresHome(dir: string): string {
  const location = join(dir, 'postgres', 'location');
  return existsSync(location) ? readFileSync(location, 'utf8').trim() : join(dir, 'postgres');
}

const logFileOf = (dir: string): string => join(dir, 'engine.log');

/** The end of what the engine with this data folder has written. */
export function lastLogLines(dir: string): string {
  return existsSync(logFileOf(dir)) ? readFileSync(logFileOf(dir), 'utf8').slice(-3_000) : '';
}

/** The owner's address and the process of the PostgreSQL that the engine with this data folder runs. */
export function embeddedDatabase(dir: string): { url: string; pid: number } {
  const lines = readFileSync(join(postgresHome(dir), 'data', 'postmaster.pid'), 'utf8').split('\n');
  const password = encodeURIComponent(readFileSync(join(dir, 'postgres', 'password'), 'utf8').trim());
  return { url: `postgres://postgres:${password}@127.0.0.1:${lines[3]}/postgres`, pid: Number(lines[0]) };
}

/** Starts the engine on `dir`. `databaseUrl` gives it another database than its embedded one. */
export async function startEngine(options: {
  dir: string;
  databaseUrl?: string;
  nodeArguments?: readonly string[];
}): Promise<Engine> {
  const { dir } = options;
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('FEALTY_'));
  const settings = Object.fromEntries(
    TUNABLE.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(own),
    ...settings,
    FEALTY_DATA_DIR: dir,
    FEALTY_PORT: '0',
  };
  if (options.databaseUrl !== undefined) env.FEALTY_DATABASE_URL = options.databaseUrl;
  const logFile = logFileOf(dir);
  const log = openSync(logFile, 'a');
  // A session of its own, so that a Ctrl-C reaches the benchmark alone and it stops its engine in order.
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), MAIN], {
    env,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const url = await addressOf(child, dir);
  const key = readFileSync(join(dir, 'key'), 'utf8').trim();
  return {
    pid: child.pid as number,
    port: Number(new URL(url).port),
    key,
    dir,
    settings,
    call: (method, path, body, program) => call(url, key, { method, path, body, program }),
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    stop: () => stopChild(child),
  };
}

async function addressOf(child: ChildProcess, dir: string): Promise<string> {
  const urlFile = join(dir, 'url');
  const deadline = performance.now() + START_MS;
  while (!existsSync(urlFile)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The engine did not start.');
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`The engine was not ready within ${START_MS / 1000} seconds.`);
    }
    await sleep(50);
  }
  return readFileSync(urlFile, 'utf8').trim();
}

async function call<T>(
  url: string,
  key: string,
  request: { method: string; path: string; body: unknown; program: string | undefined },
): Promise<T> {
  const { method, path, body, program } = request;
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  if (program !== undefined) headers['fealty-program'] = program;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, { method, headers, ...sent });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 1_000)}`);
  return JSON.parse(text) as T;
}

/** Asks a child to stop and waits; ends it by force when it takes longer than two minutes. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
