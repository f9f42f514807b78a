import { readdirSync, readFileSync } from 'node:fs';

/** Seconds of processor time that groups of processes have used up to now, and the machine as a whole. */
export interface CpuTimes {
  readonly at: number;
  readonly groups: Readonly<Record<string, number>>;
  readonly busy: number;
  readonly stolen: number;
}

/** Cores used between two readings: 1 is one core all the time. `other` is what nobody named used. */
export type CpuShare = Readonly<Record<string, number>>;

/** What to count: a process alone, or with all that descends from it, the ended ones included. */
export type Group = { readonly pid: number } | { readonly treeOf: number };

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  readonly ended: number;
}

// Linux counts in hundredths of a second on every architecture that Node supports.
const TICKS_A_SECOND = 100;

/** The fields of a line of /proc/PID/stat from the state on; the command before them may hold spaces. */
function parseStat(text: string): ProcessTimes {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const seconds = (first: number) => (fields[first]! + fields[first + 1]!) / TICKS_A_SECOND;
  return { parent: fields[1]!, own: seconds(11), ended: seconds(13) };
}

function readAll(): Map<number, ProcessTimes> {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      all.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      // It ended between the two reads.
    }
  }
  return all;
}

function secondsOf(group: Group, all: ReadonlyMap<number, ProcessTimes>): number {
  if ('pid' in group) return all.get(group.pid)?.own ?? 0;
  let sum = all.get(group.treeOf)?.ended ?? 0;
  for (const [pid, times] of all) if (descends(pid, group.treeOf, all)) sum += times.own;
  return sum;
}

function descends(pid: number, ancestor: number, all: ReadonlyMap<number, ProcessTimes>): boolean {
  for (let current = pid; current > 1; current = all.get(current)?.parent ?? 0)
    if (current === ancestor) return true;
  return false;
}

/** Reads the processor times; undefined where the system has no /proc. */
export function readCpu(groups: Readonly<Record<string, Group>>): CpuTimes | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = readAll();
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!;
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number) as number[];
  return {
    at: performance.now() / 1000,
    groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, secondsOf(group, all)])),
    busy: (user! + nice! + system! + irq! + softirq!) / TICKS_A_SECOND,
    stolen: steal! / TICKS_A_SECOND,
  };
}

export function cpuBetween(before: CpuTimes | undefined, after: CpuTimes | undefined): CpuShare {
  if (before === undefined || after === undefined) return {};
  const elapsed = after.at - before.at;
  const share = Object.fromEntries(
    Object.keys(after.groups).map(name => [name, (after.groups[name]! - before.groups[name]!) / elapsed]),
  );
  const known = Object.values(share).reduce((sum, cores) => sum + cores, 0);
  const other = Math.max(0, (after.busy - before.busy) / elapsed - known);
  return { ...share, other, stolen: (after.stolen - before.stolen) / elapsed };
}

/** Seconds that one process has used; 0 when it is gone or the system does not tell. */
export function readCpuOf(pid: number): number {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).own;
  } catch {
    return 0;
  }
}
