import type { Command } from './commands.ts';

/** Who a command is of, as its caller wrote it. */
const memberOf = ({ programId, member }: Command): string => `${programId} ${member}`;

/**
 * The commands that wait for a batch, in order of arrival. A member is in one batch at a time, so that its commands keep
 * their order: what else comes of a member that is in one waits behind it.
 */
export class Turns<W extends { readonly command: Command }> {
  private ready: W[] = [];
  /** Of the members that are in a batch: those whose turn came meanwhile. */
  private readonly behind = new Map<string, W[]>();

  /** How many wait for their turn; those behind a member count again when its batch has ended. */
  get length(): number {
    return this.ready.length;
  }

  add(waiting: W): void {
    this.ready.push(waiting);
  }

  /** The next batch of at most `most`; empty when all who wait are in one already. `ended` lets its members go. */
  take(most: number): { batch: W[]; ended(): void } {
    const batch: W[] = [];
    const members = new Set<string>();
    let next = 0;
    for (; next < this.ready.length && batch.length < most; next += 1) {
      const waiting = this.ready[next] as W;
      const member = memberOf(waiting.command);
      const behind = this.behind.get(member);
      if (behind === undefined) members.add(member);
      (behind ?? batch).push(waiting);
    }
    this.ready = this.ready.slice(next);
    for (const member of members) this.behind.set(member, []);
    return { batch, ended: () => this.release(members) };
  }

  /** What waited behind these members goes to the front: it came before all that is ready of theirs. */
  private release(members: ReadonlySet<string>): void {
    const freed: W[] = [];
    for (const member of members) {
      for (const waiting of this.behind.get(member) ?? []) freed.push(waiting);
      this.behind.delete(member);
    }
    if (freed.length > 0) this.ready = [...freed, ...this.ready];
  }
}
