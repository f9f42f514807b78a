import type { Tx } from '#platform/db/client.ts';
import { randomSecret } from '#platform/ids.ts';
import { Meanwhile } from './meanwhile.ts';
import * as store from './sole-writer.store.ts';

/** How long a process that is not the sole writer waits before it tries to be, ms: longer each time it is soon lost again. */
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 10 * 60_000;

/** A time in which nobody but this process wrote. What was remembered in another one is void. */
export type Era = number;

/**
 * Whether this process is the only one that writes. Then what it has read of a member, and written since, is still so, and
 * need not be read again. No lease and no clock decide: every batch, of every process, ends in its own transaction that
 * another process writes alone (`announce`), and who relies on being alone reads it under the locks of its members
 * (`confirm`). Whoever wrote to one of them held the same lock and had committed before.
 * [ADR 0032](../../../../docs/decisions/0032-facts-are-remembered-while-one-engine-writes.md)
 */
export class SoleWriter {
  private readonly process = randomSecret();
  private readonly now: () => number;
  private alone = false;
  private claiming = false;
  private eras = 0;
  private since = 0;
  private wait = FIRST_WAIT;
  private nextClaim = 0;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** The present era; null while others may write. */
  get era(): Era | null {
    return this.alone ? this.eras : null;
  }

  /** Asked under the locks. Rejects where another process has written: the batch is then decided again, without memory. */
  async confirm(tx: Tx): Promise<void> {
    if ((await store.soleWriter(tx)) === this.process) return;
    this.lose();
    throw new Meanwhile('another process writes too');
  }

  /**
   * The last statement of every batch before its commit, so that nobody waits while it holds the row. Gives what is to be called
   * once the batch is committed.
   */
  async announce(tx: Tx): Promise<() => void> {
    if (this.alone || this.claiming || this.now() < this.nextClaim) {
      await store.endOther(tx, this.process);
      return () => undefined;
    }
    this.claiming = true;
    this.nextClaim = this.now() + this.wait;
    try {
      const claimed = await store.claim(tx, this.process);
      return claimed ? () => this.begin() : () => undefined;
    } finally {
      this.claiming = false;
    }
  }

  private begin(): void {
    if (this.alone) return;
    this.alone = true;
    this.eras += 1;
    this.since = this.now();
  }

  /** Another process writes too, or what became of something that this one wrote is not known. */
  lose(): void {
    if (!this.alone) return;
    this.alone = false;
    const held = this.now() - this.since;
    this.wait = held > 4 * this.wait ? FIRST_WAIT : Math.min(2 * this.wait, LONGEST_WAIT);
    this.nextClaim = this.now() + this.wait;
  }
}
