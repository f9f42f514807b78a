import { LRUCache } from 'lru-cache';
import { CoalescedReader } from '#platform/db/reader.ts';

/** Whose something is. */
export interface Owner {
  readonly programId: number;
  readonly memberId: number;
}

/** About 20 MB; a hold of 15 minutes is still known at its end at 100 redemptions a second. */
const REMEMBERED = 100_000;

/**
 * Whose orders or redemptions are: what a path names has to be known by its member before it can wait in the lanes. It never
 * changes, so that the capture that follows a hold at once need not ask (500 holds and captures a second beside 2,000
 * orders: asking took a fifth of the engine's time and of PostgreSQL's); who has to ask does it together with others.
 */
export class Owners {
  private readonly known = new LRUCache<bigint, Owner>({ max: REMEMBERED });
  private readonly reader: CoalescedReader<bigint, Owner | undefined>;

  /** `read` finds those that exist of up to 500 ids. */
  constructor(read: (ids: readonly bigint[]) => Promise<ReadonlyMap<bigint, Owner>>) {
    this.reader = new CoalescedReader({
      most: 500,
      async read(ids) {
        const found = await read(ids);
        return ids.map(id => found.get(id));
      },
    });
  }

  /** Undefined where there is nothing of this id. */
  async of(id: bigint): Promise<Owner | undefined> {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const found = await this.reader.get(id);
    if (found !== undefined) this.remember(id, found);
    return found;
  }

  /** Keeps the owner of what is committed. */
  remember(id: bigint, owner: Owner): void {
    this.known.set(id, owner);
  }
}
