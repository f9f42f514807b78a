import type { Slot } from './slots.ts';

/*
 * A batch decides on facts that were loaded once for each group of types. What a command does to a member is seen by later
 * commands of its own group, which evolve the same facts, but not by those of another, which loaded theirs before. Where
 * such a one decides on it, the batch is cut between them.
 */

/** The batch has to be carried out in parts, each from one place in `cuts` to the next. */
export class InParts extends Error {
  readonly cuts: readonly number[];

  constructor(cuts: readonly number[]) {
    super('commands of one batch have to see what those before them did');
    this.cuts = cuts;
  }
}

/** What a member is found by; a member to be has no number yet. */
const namesOf = ({ holder, counterpart, command }: Slot): (number | string)[] => [
  holder?.id ?? `${command.programId} ${command.member}`,
  ...(counterpart === undefined ? [] : [counterpart.id]),
];

/** Where a batch has to be cut: before each command that looks back on one of the same part that changes its member. */
export function cutsOf(slots: readonly Slot[]): number[] {
  const looking = slots.some(({ type }) => type.looksBack !== undefined);
  if (!looking || slots.every(({ type }) => type.load === slots[0]?.type.load)) return [];
  const cuts: number[] = [];
  const before = new Map<number | string, Set<string>>();
  for (const [index, slot] of slots.entries()) {
    if (slot.outcome !== undefined || slot.program === undefined) continue;
    const names = namesOf(slot);
    const met = names.flatMap(name => before.get(name) ?? []);
    if (met.length > 0) {
      const seen = slot.type.looksBack?.(slot.command, slot.program) ?? [];
      if (seen.some(type => met.some(types => types.has(type)))) {
        cuts.push(index);
        before.clear();
      }
    }
    for (const name of names) before.set(name, (before.get(name) ?? new Set()).add(slot.type.name));
  }
  return cuts;
}
