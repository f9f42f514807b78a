import type { Tx } from '#platform/db/client.ts';
import { edges, type Level, type ProgramVersion, placeAt, type Tiers } from '../program/index.ts';
import * as store from './timeline.store.ts';
import { emptyTimeline, sumsKey, sumsOf, type TimelineFacts } from './timeline.ts';

/** Whose tier at which instant a batch will ask for. */
export interface TierQuestion {
  readonly memberId: number;
  readonly at: number;
  readonly version: ProgramVersion;
}

/** Reads what the tiers of these members at these instants depend on: one statement a measure for all, and one more. */
export async function loadTimeline(tx: Tx, questions: readonly TierQuestion[]): Promise<TimelineFacts> {
  const facts = emptyTimeline();
  const since = new Map<number, number>();
  const asked = new Map<Tiers['by'], { memberId: number; at: number }[]>();
  for (const { memberId, at, version } of questions) {
    if (version.tiers === null) continue;
    const { by } = version.tiers;
    const own = asked.get(by) ?? [];
    asked.set(by, own);
    const known = facts.sums.get(sumsKey(memberId, by)) ?? new Map<number, bigint>();
    facts.sums.set(sumsKey(memberId, by), known);
    for (const edge of edges(version.tiers, at)) {
      if (known.has(edge)) continue;
      known.set(edge, 0n);
      own.push({ memberId, at: edge });
    }
    since.set(memberId, Math.min(at, since.get(memberId) ?? at));
  }
  if (since.size === 0) return facts;
  const [later] = await Promise.all([
    store.laterReturns(tx, since),
    ...[...asked].map(async ([by, own]) => {
      const sums = await store.runningSums(tx, by, own);
      for (const [index, { memberId, at }] of own.entries())
        facts.sums.get(sumsKey(memberId, by))?.set(at, sums[index] as bigint);
    }),
  ]);
  facts.later.push(...later);
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
