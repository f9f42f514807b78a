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

  /**
   * The next batch: the first `few`, and what else waits of their members, who would be in the way of another batch, up to
   * `most`. Empty when all who wait are in one already. `ended` lets its members go.
   */
  take(few: number, most = few): { batch: W[]; ended(): void } {
    const batch: W[] = [];
    const members = new Set<string>();
    let next = 0;
    for (; next < this.ready.length && batch.length < few; next += 1) {
      const waiting = this.ready[next] as W;
      const member = memberOf(waiting.command);
      const behind = this.behind.get(member);
      if (behind === undefined) members.add(member);
      (behind ?? batch).push(waiting);
    }
    const left: W[] = [];
    for (const waiting of this.ready.slice(next)) {
      const joins = batch.length < most && members.has(memberOf(waiting.command));
      (joins ? batch : left).push(waiting);
    }
    this.ready = left;
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
