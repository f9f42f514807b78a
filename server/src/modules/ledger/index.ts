import { Ledger, type LedgerOptions } from './service.ts';

export type { Directory } from './batch.ts';
export type {
  Command,
  CommandType,
  Context,
  Decision,
  Done,
  Fact,
  Holder,
  Posted,
  ProgramFacts,
  Repeat,
} from './commands.ts';
export { type Clawback, Draft } from './draft.ts';
export { entryId, parseEntryId } from './entry-ids.ts';
export { ledgerErrors } from './errors.ts';
export { opensLot, replay, settledAt } from './history.ts';
export { businessKey, type LaneObserver } from './lanes.ts';
export {
  type Entry,
  emptyWallet,
  type Hold,
  holderOf,
  type IfSpent,
  type Kind,
  type Lot,
  type Taken,
  unitOf,
  type Wallet,
  walletId,
} from './model.ts';
export { insufficientBalance } from './refusals.ts';
export { ledgerRoutes, memberText, wires } from './routes.ts';
export type { Ledger } from './service.ts';
export { sourceOf } from './sources.ts';
export type { StoredEntry } from './store.ts';
export { type Balance, type Effect, type Effects, effectsOf, effectsShape, time } from './wire.ts';

/** Wallets, entries, lots, holds and the lanes. Owns the schema `ledger`. */
export const createLedger = (options: LedgerOptions): Ledger => new Ledger(options);
