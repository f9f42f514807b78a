import type { Tx } from '#platform/db/client.ts';
import {
  edges,
  type Level,
  type Measure,
  type ProgramVersion,
  placeAt,
  type Tiers,
} from '../program/index.ts';
import * as store from './timeline.store.ts';
import { emptyTimeline, sumsKey, sumsOf, type TimelineFacts } from './timeline.ts';

/** Whose tier at which instant a batch will ask for. */
export interface TierQuestion {
  readonly memberId: number;
  readonly at: number;
  readonly version: ProgramVersion;
  /** Whether it is asked as well what the member bought before. */
  readonly history?: boolean;
}

/** Of the last orders one may be the one that is decided again, in several revisions. */
const LAST_ORDERS = 3;

/** The measures that a question is about, each with the instants up to which its sums are needed. */
function sumsAskedFor({ at, version, history }: TierQuestion): Map<Measure, number[]> {
  const asked = new Map<Measure, number[]>();
  if (version.tiers !== null) asked.set(version.tiers.by, edges(version.tiers, at));
  if (history) for (const by of ['spend', 'orders'] as const) asked.set(by, [...(asked.get(by) ?? []), at]);
  return asked;
}

/**
 * Reads what the tiers of these members at these instants depend on: one statement a measure for all, and one more; two
 * measures and the last orders where it is asked what was bought before.
 */
export async function loadTimeline(tx: Tx, questions: readonly TierQuestion[]): Promise<TimelineFacts> {
  const facts = emptyTimeline();
  const since = new Map<number, number>();
  const asked = new Map<Measure, { memberId: number; at: number }[]>();
  const histories: { memberId: number; at: number }[] = [];
  for (const question of questions) {
    const { memberId, at } = question;
    const sums = sumsAskedFor(question);
    if (sums.size === 0) continue;
    for (const [by, instants] of sums) {
      const own = asked.get(by) ?? [];
      asked.set(by, own);
      const known = facts.sums.get(sumsKey(memberId, by)) ?? new Map<number, bigint>();
      facts.sums.set(sumsKey(memberId, by), known);
      for (const edge of instants) {
        if (known.has(edge)) continue;
        known.set(edge, 0n);
        own.push({ memberId, at: edge });
      }
    }
    if (question.history) histories.push({ memberId, at });
    since.set(memberId, Math.min(at, since.get(memberId) ?? at));
  }
  if (since.size === 0) return facts;
  const [later, last] = await Promise.all([
    store.laterReturns(tx, since),
    histories.length === 0 ? [] : store.lastOrders(tx, histories, LAST_ORDERS),
    ...[...asked].map(async ([by, own]) => {
      const sums = await store.runningSums(tx, by, own);
      for (const [index, { memberId, at }] of own.entries())
        facts.sums.get(sumsKey(memberId, by))?.set(at, sums[index] as bigint);
    }),
  ]);
  facts.later.push(...later);
  for (const [index, { memberId, at }] of histories.entries()) {
    const own = facts.lastOrders.get(memberId) ?? new Map();
    facts.lastOrders.set(memberId, own.set(at, last[index] ?? []));
  }
  return facts;
}

/** The place of the level that a member has just before what happens at `at`; null where the program has no tiers. */
export function placeOf(facts: TimelineFacts, { memberId, at, version }: TierQuestion): number | null {
  const { tiers } = version;
  return tiers === null ? null : placeAt(tiers, at, sumsOf(facts, memberId, tiers.by, at));
}

/** The level that a member has just before what happens at `at`; null where the program has no tiers. */
export function levelAt(facts: TimelineFacts, question: TierQuestion): Level | null {
  const place = placeOf(facts, question);
  return place === null ? null : ((question.version.tiers as Tiers).levels[place] as Level);
}
