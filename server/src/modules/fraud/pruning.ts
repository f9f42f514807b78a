import type { Pool } from '#platform/db/client.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Members } from '../members/index.ts';
import type { Program } from '../program/index.ts';
import { deleteCounted } from './store.ts';

const DAY = 86_400_000;
/** How late an order may come and still find all that was earned around it, ms. */
const LATEST = 400 * DAY;
const MEMBERS_A_PAGE = 1_000;

/** Before when nothing of a program can be in a window that somebody will ask for; null where it never had a check. */
export function horizonOf({ versions }: Pick<Program, 'versions'>, now: number): number | null {
  const windows = versions.flatMap(({ velocity }) => velocity.map(({ within }) => within));
  return windows.length === 0 ? null : now - LATEST - 2 * Math.max(...windows);
}

/**
 * Removes what no window of a program needs any more, a page of members at a time: interrupted, it goes on the next time. What
 * a case was opened for stays.
 */
export const pruner =
  ({ pool, ledger, members }: { pool: Pool; ledger: Ledger; members: Members }) =>
  async (programId: number): Promise<number> => {
    const facts = (await ledger.directory.programs(pool, [programId])).get(programId);
    const horizon =
      facts === undefined ? null : horizonOf((facts as unknown as { program: Program }).program, facts.now);
    if (horizon === null) return 0;
    let removed = 0;
    for (let after = 0n; ; ) {
      const page = await members.list(pool, programId, { after, limit: MEMBERS_A_PAGE });
      removed += await deleteCounted(
        pool,
        page.map(({ id }) => id),
        horizon,
      );
      if (page.length < MEMBERS_A_PAGE) return removed;
      after = page.at(-1)?.id ?? after;
    }
  };
