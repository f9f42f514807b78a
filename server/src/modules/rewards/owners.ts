import { LRUCache } from 'lru-cache';
import type { Pool } from '#platform/db/client.ts';
import { CoalescedReader } from '#platform/db/reader.ts';
import type { Redemption } from './model.ts';
import * as store from './store.ts';

/** Whose a redemption is. */
export type Owner = Pick<Redemption, 'programId' | 'memberId'>;

/** About 20 MB; a hold of 15 minutes is still known at its end at 100 redemptions a second. */
const REMEMBERED = 100_000;

/**
 * Whose redemptions are. It never changes, so that the capture that follows a hold at once need not ask (500 holds and
 * captures a second beside 2,000 orders: asking took a fifth of the engine's time and of PostgreSQL's); who has to ask
 * does it together with others.
 */
export class Owners {
  private readonly known = new LRUCache<bigint, Owner>({ max: REMEMBERED });
  private readonly reader: CoalescedReader<bigint, Owner | undefined>;

  constructor(pool: Pool) {
    this.reader = new CoalescedReader({
      most: 500,
      async read(ids) {
        const found = await store.owners(pool, ids);
        return ids.map(id => found.get(id));
      },
    });
  }

  /** Undefined where there is no such redemption. */
  async of(id: bigint): Promise<Owner | undefined> {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const found = await this.reader.get(id);
    if (found !== undefined) this.remember(id, found);
    return found;
  }

  /** Keeps the owner of a redemption that is committed. */
  remember(id: bigint, owner: Owner): void {
    this.known.set(id, owner);
  }
}
