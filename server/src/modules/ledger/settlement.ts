import { accept } from '#platform/errors.ts';
import type { Command, CommandType } from './commands.ts';
import { Draft } from './draft.ts';
import type { Entry } from './model.ts';

/** What settling one member did, in points by unit number. */
export interface Settled {
  id: bigint;
  entries: readonly Entry[];
}

/**
 * `settle`: does what has fallen due in all wallets of a member. The sweep sends it for wallets that nobody
 * touches; every other command settles the wallets that it touches by itself. Idempotent by nature: no key.
 */
export const settleType: CommandType<null, null, Settled, readonly Entry[]> = {
  name: 'settle',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load: () => Promise.resolve(null),
  decide(_command, _facts, { program, wallet, id }) {
    const drafts = program.units
      .map((_, unit) => new Draft(wallet(unit), program.now))
      .filter(draft => draft.wasDue);
    const entries = drafts.flatMap(draft => draft.entries);
    const fact = entries.length === 0 ? null : { type: 'wallet.settled', occurredAt: program.now, data: {} };
    return accept({ record: { id, entries }, drafts, fact });
  },
  evolve: () => undefined,
  store: () => Promise.resolve(),
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: (_stored, entries) => entries,
};

export const settleCommand = (programId: number, member: string): Command<null> => ({
  type: settleType.name,
  programId,
  member,
  key: null,
  payload: null,
  body: null,
});

const CAUSES: Readonly<Record<string, string>> = {
  expire: 'The lots reached their date of expiry.',
  activate: 'The lots reached the instant from which they are usable.',
  cancel: 'What the points waited for has not come in time.',
  release: 'The hold reached its end without being captured or voided.',
  clawback: 'Points became usable while an earlier clawback was still short of them.',
};

/** Why a settlement wrote an entry: something of the wallet fell due at the entry's `occurred_at`. */
export const explainSettlement = (
  _tx: unknown,
  _id: unknown,
  entry: Entry,
): Promise<Record<string, unknown>> =>
  Promise.resolve({ fell_due: CAUSES[entry.kind] ?? 'Something of the wallet fell due.' });
