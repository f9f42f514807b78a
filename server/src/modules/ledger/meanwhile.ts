import type { Tx } from '#platform/db/client.ts';
import type { Outcome } from '#platform/errors.ts';
import type { Command } from './commands.ts';
import * as store from './store.ts';

/* What other processes may have done while a batch waited for its locks. */

interface Placed {
  readonly command: Command;
  /** Of a key that was taken when it was looked up. */
  readonly known: unknown;
  readonly outcome: Outcome<unknown> | undefined;
}

/** The batch has to be decided again; the code is that of a serialisation failure, after which the lanes try again. */
class TakenMeanwhile extends Error {
  readonly code = '40001';
}

/**
 * Keys are looked up before the locks, which saves a round trip. While a command waited for the locks, another process
 * may have carried it out, and what refuses it now may be its own effect: no points left, captured already. So the
 * keys of what is refused are looked up once more, under the locks.
 */
export async function lookAgain(tx: Tx, placed: readonly Placed[]): Promise<void> {
  const refused = placed.flatMap(({ command, known, outcome }) =>
    command.key !== null && known === undefined && outcome?.ok === false ? command.key : [],
  );
  if (refused.length > 0 && (await store.keys(tx, refused)).size > 0)
    throw new TakenMeanwhile('a command was carried out by another process while it waited for its locks');
}
