import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ENGINE = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const READY_MS = 60_000;
const STOP_MS = 60_000;
const LOOK_MS = 5;

/** Process groups that this process started and that have not ended. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
});

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A program in a process group of its own, whose output goes to a file. It ends with this process. */
export class Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when it has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>;
  hasEnded = false;

  constructor(args: readonly string[], settings: { env: Record<string, string>; log: string }) {
    const log = openSync(settings.log, 'a');
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FEALTY_'));
    this.child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...Object.fromEntries(inherited), ...settings.env },
    });
    closeSync(log);
    if (this.child.pid === undefined) throw new Error(`${args[0]} could not be started`);
    this.pid = this.child.pid;
    groups.add(this.pid);
    this.ended = new Promise(resolve => {
      this.child.once('exit', (code, signal) => {
        this.hasEnded = true;
        groups.delete(this.pid);
        resolve(signal ?? code ?? 0);
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    signalGroup(this.pid, signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

export interface EngineSettings {
  /** Its data folder. */
  folder: string;
  /** Further settings, by their names in the environment. */
  env?: Record<string, string>;
  /** Where its output goes; beside the folder when left out. */
  log?: string;
}

/** One engine over its kills and restarts. */
export class Engine {
  readonly folder: string;
  readonly log: string;
  readonly #env: Record<string, string>;
  #program: Program | undefined;
  #up = Promise.withResolvers<string>();
  /** Whether `#up` is decided; who waits for an address waits over several restarts. */
  #isDecided = false;

  constructor({ folder, env = {}, log = `${folder}.log` }: EngineSettings) {
    this.folder = folder;
    this.log = log;
    this.#env = env;
    this.#up.promise.catch(() => undefined);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  /** The key for everything, which the engine made at its first start. */
  get key(): string {
    return readFileSync(join(this.folder, 'key'), 'utf8').trim();
  }

  /** Where it answers; waits while it is down. Rejects when it ended by itself. */
  address(): Promise<string> {
    return this.#up.promise;
  }

  /** Starts the process and does not wait. */
  launch(): void {
    const urlFile = join(this.folder, 'url');
    rmSync(urlFile, { force: true });
    // Every key is first taken to be new: what is sent again after a fault then meets what follows from that.
    const env = {
      FEALTY_NEW_KEYS_AFTER: '0',
      FEALTY_DATA_DIR: this.folder,
      FEALTY_PORT: '0',
      FEALTY_LOG_LEVEL: 'warn',
      ...this.#env,
    };
    const program = new Program([ENGINE], { env, log: this.log });
    this.#program = program;
    void program.ended.then(how => {
      if (this.#program !== program) return;
      this.#down();
      this.#isDecided = true;
      this.#up.reject(new Error(`the engine ended by itself (${how}), see ${this.log}`));
    });
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    this.launch();
    const program = this.#program as Program;
    const urlFile = join(this.folder, 'url');
    const deadline = Date.now() + READY_MS;
    for (;;) {
      if (program.hasEnded)
        throw new Error(`the engine did not start (${await program.ended}), see ${this.log}`);
      if (Date.now() > deadline)
        throw new Error(`the engine was not ready after ${READY_MS / 1000} s, see ${this.log}`);
      if (existsSync(urlFile)) {
        const url = readFileSync(urlFile, 'utf8').trim();
        const ready = await fetch(`${url}/readyz`).then(
          answer => answer.ok,
          () => false,
        );
        if (ready) {
          this.#isDecided = true;
          return this.#up.resolve(url);
        }
      }
      await sleep(LOOK_MS);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#program?.signal(signal);
  }

  /** `kill -9` of the engine's process group. Its PostgreSQL has a group of its own and must notice by itself. */
  async kill(): Promise<void> {
    await this.#end(program => program.kill());
  }

  /** Ctrl-C; by force when that takes too long, which throws. */
  async stop(): Promise<void> {
    await this.#end(async program => {
      program.signal('SIGCONT');
      program.signal('SIGTERM');
      const late = sleep(STOP_MS, 'late', { ref: false });
      if ((await Promise.race([program.ended, late])) !== 'late') return;
      await program.kill();
      throw new Error(`the engine did not stop within ${STOP_MS / 1000} s, see ${this.log}`);
    });
  }

  async #end(how: (program: Program) => Promise<void>): Promise<void> {
    const program = this.#program;
    if (program === undefined || program.hasEnded) return;
    this.#program = undefined;
    this.#down();
    await how(program);
  }

  #down(): void {
    if (!this.#isDecided) return;
    this.#isDecided = false;
    this.#up = Promise.withResolvers();
    this.#up.promise.catch(() => undefined);
  }
}

// ------------------------------------------------------------------------------------- the embedded PostgreSQL

/** The files of the PostgreSQL that belongs to `dir`, the folder that `startEmbeddedPostgres` was given. */
export function postgresData(dir: string): string {
  const location = join(dir, 'location');
  return join(existsSync(location) ? readFileSync(location, 'utf8').trim() : dir, 'data');
}

/** The owner's address, or undefined while it is down. Its port changes with each start of its engine. */
export function ownerUrl(dir: string): string | undefined {
  const lines = readOr(join(postgresData(dir), 'postmaster.pid'))?.split('\n');
  const password = readOr(join(dir, 'password'))?.trim();
  if (lines?.[3] === undefined || password === undefined) return undefined;
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${lines[3]}/postgres`;
}

/** PostgreSQL's first process and all its children, the first process first. */
export function postgresProcesses(dir: string): number[] {
  const first = Number(readOr(join(postgresData(dir), 'postmaster.pid'))?.split('\n')[0]);
  if (!Number.isInteger(first) || first <= 0 || !worksIn(first, postgresData(dir))) return [];
  return [first, ...processes().filter(pid => parentOf(pid) === first)];
}

/** Kills PostgreSQL, all of it, with -9; returns how many processes that were. */
export const killPostgres = (dir: string): number => signalPostgres(dir, 'SIGKILL');

/** Sends a signal to PostgreSQL's first process and all its children; returns how many processes that were. */
export function signalPostgres(dir: string, signal: NodeJS.Signals): number {
  const victims = postgresProcesses(dir);
  for (const pid of victims) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return victims.length;
}

/** Waits until no process works in the data folder any more; throws when one does not end. */
export async function untilGone(dir: string): Promise<void> {
  const data = postgresData(dir);
  const deadline = Date.now() + STOP_MS;
  while (processes().some(pid => worksIn(pid, data))) {
    if (Date.now() > deadline) throw new Error(`processes of PostgreSQL still work in ${data}`);
    await sleep(50);
  }
}

const processes = (): number[] =>
  readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number);

function parentOf(pid: number): number | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function worksIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return false;
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
