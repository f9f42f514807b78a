import {
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// A shutdown writes everything that is dirty in memory first, which takes a while on a slow disk.
const STOP_MS = 120_000;
const STOP_AT_ONCE_MS = 15_000;
const POLL_MS = 20;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The fields of /proc/PID/stat from the state on; the command before them may hold spaces and parentheses. */
function processFields(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

export function isRunning(pid: number): boolean {
  const state = processFields(pid)?.[0];
  // A zombie has ended; only its parent has not noticed yet.
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/**
 * Names a process for good, as `pid start boot`: a pid is given again after a while, and after a restart of the
 * machine the same pid may even have the same start time.
 */
function identityOf(pid: number): string {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${pid} ${processFields(pid)?.[19] ?? ''} ${boot}`;
}

/**
 * Makes this process the only owner of the database in `folder` and returns the function that gives it up.
 * Throws when another live process owns it; what a dead process left is taken over.
 */
export function claim(folder: string): () => void {
  const lock = join(folder, 'owner.lock');
  const draft = `${lock}.${process.pid}`;
  const own = identityOf(process.pid);
  // Linking a finished file puts it in place in one step, so nobody ever reads half a lock. Each round either
  // ends or removes one dead owner's lock; more than a few means that somebody keeps making them.
  for (let round = 0; round < 10; round++) {
    writeFileSync(draft, own, { mode: 0o644 });
    try {
      linkSync(draft, lock);
      return () => {
        if (read(lock) === own) rmSync(lock, { force: true });
      };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = read(lock);
    if (holder === undefined) continue;
    const pid = Number(holder.split(' ')[0]);
    if (isRunning(pid) && identityOf(pid) === holder) {
      throw new Error(`The database in ${folder} is already running (pid ${pid}). Stop that process first.`);
    }
    moveAside(lock, holder);
  }
  throw new Error(`The lock ${lock} could not be taken.`);
}

/** Removes a dead owner's lock, or puts back what turns out to be the lock of a process that was faster. */
function moveAside(lock: string, dead: string): void {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (read(aside) !== dead) linkSync(aside, lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** The pid that PostgreSQL left in `data` when it started there, whether that process still exists or not. */
function recordedPid(data: string): number | undefined {
  const pid = Number(read(join(data, 'postmaster.pid'))?.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** The pid of the PostgreSQL that serves `data`, or undefined when none does. */
export function runningPostmaster(data: string): number | undefined {
  const pid = recordedPid(data);
  if (pid === undefined || !isRunning(pid)) return undefined;
  const words = read(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return words.some((word, i) => word === '-D' && words[i + 1] === data) ? pid : undefined;
}

async function waitUntil(condition: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * Ends a PostgreSQL: rolls back what is open and writes everything out; without the writing when that takes minutes,
 * which the next start makes up for from the log. Throws when it does not end at all.
 */
export async function endPostmaster(pid: number): Promise<void> {
  const ended = () => !isRunning(pid);
  signal(pid, 'SIGINT');
  if (await waitUntil(ended, STOP_MS)) return;
  signal(pid, 'SIGQUIT');
  if (await waitUntil(ended, STOP_AT_ONCE_MS)) return;
  throw new Error(`PostgreSQL (pid ${pid}) does not stop.`);
}

/**
 * Clears what a killed run left behind in `data`: stops its PostgreSQL when that outlived it, waits for the end of
 * its last processes, and removes a postmaster.pid whose number another program has been given since. Call it only as
 * the owner (`claim`). Throws when something keeps running.
 */
export async function clearLeftovers(data: string, say: (line: string) => void): Promise<void> {
  const pid = runningPostmaster(data);
  if (pid !== undefined) {
    say(`Stopping the PostgreSQL that an earlier run left behind (pid ${pid}) ...`);
    await endPostmaster(pid);
  }
  // When only the first process was killed, its workers take a moment to notice; PostgreSQL refuses to start
  // beside them.
  if (!(await waitUntil(() => !isInUse(data), STOP_AT_ONCE_MS))) {
    throw new Error(`Processes of an earlier PostgreSQL still work in ${data}. Stop them first.`);
  }
  // A dead pid is left alone: PostgreSQL checks it and the shared memory it names, and knows best.
  const reused = recordedPid(data);
  if (reused !== undefined && isRunning(reused)) rmSync(join(data, 'postmaster.pid'), { force: true });
}

/** True while any process has `data` as its working folder, as all processes of a PostgreSQL do. */
function isInUse(data: string): boolean {
  return readdirSync('/proc').some(entry => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readlinkSync(`/proc/${entry}/cwd`) === data && isRunning(Number(entry));
    } catch {
      return false;
    }
  });
}
