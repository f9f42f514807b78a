import { wireId } from '#platform/ids.ts';
import type { Fact, Holder, ProgramFacts } from './commands.ts';
import { entryId } from './entry-ids.ts';
import { type Entry, unitOf } from './model.ts';

/** A fact with whom it is about and the entries that it speaks of. */
export type PublishedFact = Fact & {
  member: string;
  entries: { entry: string; kind: string; unit: string; available: string; pending: string; held: string }[];
};

/** The facts of a batch by program, and how many entries they speak of. */
export type FactsByProgram = Map<number, { facts: PublishedFact[]; entries: number }>;

/** Adds what a command did to the facts of its batch. */
export function publish(
  all: FactsByProgram,
  program: ProgramFacts,
  holder: Holder,
  fact: Omit<Fact, 'bookedAt'>,
  bookedAt: number,
  entries: readonly Entry[],
): void {
  let own = all.get(program.id);
  if (own === undefined) {
    own = { facts: [], entries: 0 };
    all.set(program.id, own);
  }
  own.entries += entries.length;
  own.facts.push({
    ...fact,
    bookedAt,
    member: wireId('mem', BigInt(holder.id)),
    entries: entries.map(entry => ({
      entry: entryId(entry.wallet, entry.seq),
      kind: entry.kind,
      unit: program.units[unitOf(entry.wallet)] as string,
      available: String(entry.available),
      pending: String(entry.pending),
      held: String(entry.held),
    })),
  });
}
