import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IDLE = '(idle)';

/** What Node's `--cpu-prof` writes; times in microseconds of the system's monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Share of the busy time, 0 to 1, in which a function, or any function of a file, was itself at work. */
export interface Share {
  readonly name: string;
  readonly share: number;
}

export interface EngineProfile {
  /** Sampled time, seconds, and the part of it, 0 to 1, in which the main thread had something to do. */
  readonly seconds: number;
  readonly busy: number;
  readonly files: readonly Share[];
  readonly functions: readonly Share[];
  /** The time of Node's own and of native functions counted with the function of the engine or a package that called them. */
  readonly callers: readonly Share[];
}

type Node = CpuProfile['nodes'][number];

/**
 * Where the engine's main thread spent its time between two moments of `process.hrtime`, which all processes of a
 * machine share; the whole profile when nothing of it lies between them.
 */
export function engineProfile(profile: CpuProfile, from: number, to: number): EngineProfile {
  const inside = selfTimes(profile, from, to);
  const times = inside.size > 0 ? inside : selfTimes(profile, 0, Number.POSITIVE_INFINITY);
  const callerOf = callers(profile.nodes);
  const sums = {
    files: new Map<string, number>(),
    functions: new Map<string, number>(),
    callers: new Map<string, number>(),
  };
  const add = (kind: keyof typeof sums, name: string, time: number) =>
    sums[kind].set(name, (sums[kind].get(name) ?? 0) + time);
  let all = 0;
  for (const node of profile.nodes) {
    const time = times.get(node.id) ?? 0;
    all += time;
    if (time === 0 || node.callFrame.functionName === IDLE) continue;
    add('files', placeOf(node), time);
    add('functions', nameOf(node), time);
    add('callers', nameOf(callerOf(node)), time);
  }
  const busy = [...sums.files.values()].reduce((sum, time) => sum + time, 0);
  const shares = (kind: keyof typeof sums): Share[] =>
    [...sums[kind]].map(([name, time]) => ({ name, share: time / busy })).sort((a, b) => b.share - a.share);
  return {
    seconds: all / 1e6,
    busy: busy / all,
    files: shares('files'),
    functions: shares('functions'),
    callers: shares('callers'),
  };
}

/** Gives a node's nearest caller, or itself, that stands in a file of the engine or of a package; else the node. */
function callers(nodes: readonly Node[]): (node: Node) => Node {
  const parents = new Map<number, Node>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  return node => {
    for (let current: Node | undefined = node; current !== undefined; current = parents.get(current.id))
      if (current.callFrame.url.startsWith('file:') || current.callFrame.url.startsWith('/')) return current;
    return node;
  };
}

function selfTimes(
  { startTime, samples, timeDeltas }: CpuProfile,
  from: number,
  to: number,
): Map<number, number> {
  const times = new Map<number, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    // V8 sorts samples of several threads together, which gives a few small steps back.
    if (at >= from && at <= to && delta > 0) times.set(id, (times.get(id) ?? 0) + delta);
  }
  return times;
}

/** A file of this repository by its path, a package by its name, the rest as V8 names it. */
function placeOf({ callFrame: { url, functionName } }: Node): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const installed = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (installed !== undefined) return `node_modules/${installed}`;
  if (path === '') return functionName || '(native)';
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
}

function nameOf(node: Node): string {
  const { functionName, lineNumber, url } = node.callFrame;
  return url === '' ? placeOf(node) : `${functionName || '(anonymous)'} ${placeOf(node)}:${lineNumber + 1}`;
}
