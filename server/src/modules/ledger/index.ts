import { Ledger, type LedgerOptions } from './service.ts';

export { carryOut, carryOutKeyed, memberText, sameForm } from './calls.ts';
export type {
  Around,
  Command,
  CommandType,
  Context,
  Done,
  Holder,
  NotJudged,
  Posted,
  ProgramFacts,
  Repeat,
  Sent,
  Side,
} from './commands.ts';
export { Draft } from './draft.ts';
export { earnedBetween } from './earned.store.ts';
export { entryId } from './entry-ids.ts';
export { ledgerErrors } from './errors.ts';
export { lapsesAt } from './inactivity.ts';
export { businessKey } from './lanes.ts';
export type { ClosingTerms, LotTerms, OpeningTerms } from './lot-terms.ts';
export { type Entry, holderOf, type Taken, unitOf, walletId } from './model.ts';
export { type Owner, Owners } from './owners.ts';
export { insufficientBalance } from './refusals.ts';
export { IN_ORDER } from './reminders.ts';
export { ledgerRoutes } from './routes.ts';
export type { Ledger } from './service.ts';
export type { Directory } from './slots.ts';
export type { Era, SoleWriter } from './sole-writer.ts';
export { sourceOf } from './sources.ts';
export { spendsOf } from './spends.store.ts';
export type { StoredEntry } from './store.ts';
export type { Verification } from './verify.ts';
export { type Effects, effectsOf, effectsShape, time } from './wire.ts';

/** Wallets, entries, lots, holds and the lanes. Owns the schema `ledger`. */
export const createLedger = (options: LedgerOptions): Ledger => new Ledger(options);
