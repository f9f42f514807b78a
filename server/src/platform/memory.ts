import { totalmem } from 'node:os';

/** Memory that this process may count on, in bytes: the machine's, or less where a container limits it. */
export function usableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
