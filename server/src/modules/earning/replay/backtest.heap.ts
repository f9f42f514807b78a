import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Thrown where more is kept than may be. */
export class HeapFull extends Error {}

const MEGABYTE = 1_048_576;
/** So that between two collections there is something to collect. */
const ALIVE = 0.75;

/** The heap of the thread of a backtest that may fill `megabytes`: between two looks it grows by much less. */
export const heapOf = (megabytes: number): number => 256 + 3 * megabytes;

export const tooMuch = (megabytes: number): string =>
  `It needs more memory than the ${megabytes} MB that FEALTY_BACKTEST_MEMORY allows. Choose a later \`from\` or raise the setting.`;

/**
 * Looks whether the heap of this thread has filled `megabytes`, and then whether that is garbage. V8's own bound would not
 * do: where a large table grows past it, V8 ends the process and not the thread (6 of 8 tries with maps, sets and arrays).
 */
export function heapWatch(megabytes: number): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = () => getHeapStatistics().used_heap_size / MEGABYTE;
  return () => {
    if (used() < megabytes) return;
    collect();
    if (used() > megabytes * ALIVE) throw new HeapFull();
  };
}
