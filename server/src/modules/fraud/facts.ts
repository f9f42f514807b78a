import type { Tx } from '#platform/db/client.ts';
import type { VelocityCheck } from '../program/index.ts';
import { around, type FraudFacts, instantsOf, lotKey, noFraud } from './model.ts';
import * as store from './store.ts';

/** What a batch asks about velocity. */
export interface FraudQuestions {
  /** Members who earn at an instant, with the checks of the version in force. */
  readonly earning: readonly { memberId: number; at: number; checks: readonly VelocityCheck[] }[];
  /** Members whose points may wait for an event that is there now. */
  readonly waiting: readonly number[];
  /** Members of whom orders are decided again. */
  readonly corrected: readonly number[];
  /** Cases that are decided. */
  readonly cases: readonly bigint[];
}

/** Reads what the questions of a batch need: at most two statements for each kind, and none where nothing is asked. */
export async function loadFraud(
  tx: Tx,
  { earning, waiting, corrected, cases }: FraudQuestions,
): Promise<FraudFacts> {
  const facts = noFraud();
  const ranges = new Map<string, store.Range>();
  for (const { memberId, at, checks } of earning)
    for (const check of checks) {
      const range = { memberId, unit: check.unit, ...around(check, at) };
      ranges.set(Object.values(range).join(), range);
    }
  const [paused, pausing, decided, counted, held, waits] = await Promise.all([
    earning.length === 0 ? [] : store.casesAt(tx, earning),
    corrected.length === 0 ? [] : store.pausesOf(tx, [...new Set(corrected)]),
    cases.length === 0 ? [] : store.casesAround(tx, cases),
    ranges.size === 0 ? [] : store.countedIn(tx, [...ranges.values()]),
    cases.length === 0 ? [] : store.pendedBy(tx, cases),
    waiting.length === 0 ? [] : store.pendedOf(tx, [...new Set(waiting)]),
  ]);
  for (const each of [...paused, ...pausing, ...decided]) facts.cases.set(each.id, each);
  for (const { range, at, points } of counted) instantsOf(facts, range.memberId, range.unit).set(at, points);
  for (const lot of [...held, ...waits]) facts.pended.set(lotKey(lot.wallet, lot.seq), lot);
  return facts;
}
