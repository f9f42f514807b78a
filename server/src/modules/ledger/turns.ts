import type { Command } from './commands.ts';

/** One that waits, and who it is of as its caller wrote it: put together once, because each batch looks at all who wait. */
interface Turn<W> {
  readonly waiting: W;
  readonly member: string;
}

/**
 * The commands that wait for a batch, in order of arrival. A member is in one batch at a time, so that its commands keep
 * their order: what else comes of a member that is in one waits behind it.
 */
export class Turns<W extends { readonly command: Command }> {
  private ready: Turn<W>[] = [];
  /** Of the members that are in a batch: those whose turn came meanwhile. */
  private readonly behind = new Map<string, Turn<W>[]>();

  /** How many wait for their turn; those behind a member count again when its batch has ended. */
  get length(): number {
    return this.ready.length;
  }

  add(waiting: W): void {
    const { programId, member } = waiting.command;
    this.ready.push({ waiting, member: `${programId} ${member}` });
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
      const turn = this.ready[next] as Turn<W>;
      const behind = this.behind.get(turn.member);
      if (behind !== undefined) {
        behind.push(turn);
        continue;
      }
      members.add(turn.member);
      batch.push(turn.waiting);
    }
    const left: Turn<W>[] = [];
    for (; next < this.ready.length; next += 1) {
      const turn = this.ready[next] as Turn<W>;
      if (batch.length < most && members.has(turn.member)) batch.push(turn.waiting);
      else left.push(turn);
    }
    this.ready = left;
    for (const member of members) this.behind.set(member, []);
    return { batch, ended: () => this.release(members) };
  }

  /** What waited behind these members goes to the front: it came before all that is ready of theirs. */
  private release(members: ReadonlySet<string>): void {
    const freed: Turn<W>[] = [];
    for (const member of members) {
      for (const turn of this.behind.get(member) ?? []) freed.push(turn);
      this.behind.delete(member);
    }
    if (freed.length > 0) this.ready = [...freed, ...this.ready];
  }
}
