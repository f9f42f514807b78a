import type { Tx } from '#platform/db/client.ts';
import type { Outcome } from '#platform/errors.ts';
import type { Command, Done, ProgramFacts } from './commands.ts';
import * as store from './store.ts';

/* What other processes may have done while a batch waited for its locks. */

interface Placed {
  readonly command: Command;
  /** Of a key that was taken when it was looked up. */
  readonly known: unknown;
  readonly outcome: Outcome<Done<unknown>> | undefined;
}

/** The batch has to be decided again; the code is that of a serialisation failure, after which the lanes try again. */
export class Meanwhile extends Error {
  readonly code = '40001';
}

/** Rejects where a program is not what it was taken to be. Asked before the locks, as if nothing had been known. */
export async function confirm(
  tx: Tx,
  programs: ReadonlyMap<number, ProgramFacts>,
  directory: { programs(tx: Tx, ids: readonly number[]): Promise<ReadonlyMap<number, ProgramFacts>> },
): Promise<void> {
  const present = await directory.programs(tx, [...programs.keys()]);
  for (const [id, { name, revision }] of programs)
    if (present.get(id)?.revision !== revision) throw new Meanwhile(`the program ${name} has changed`);
}

/** Whether an outcome writes its key, so that a taken one is found. */
const writesKey = (outcome: Outcome<Done<unknown>>): boolean => outcome.ok && !outcome.value.known;

/**
 * Keys are looked up before the locks, which saves a round trip, or taken to be new. Another process may have carried a
 * command out while it waited for the locks, and what refuses it now, or finds nothing to do, may be its own effect: no
 * points left, captured already. So the keys of what will not write its own are looked up under the locks.
 */
export async function lookAgain(tx: Tx, placed: readonly Placed[]): Promise<void> {
  const unproved = placed.flatMap(({ command, known, outcome }) =>
    command.key !== null && known === undefined && outcome !== undefined && !writesKey(outcome)
      ? command.key
      : [],
  );
  if (unproved.length > 0 && (await store.keys(tx, unproved)).size > 0)
    throw new Meanwhile('a command was carried out by another process while it waited for its locks');
}
