import type { Recall, UsesMemory } from '../memory.model.ts';
import type { Use, UsesQuestion } from './uses.ts';

/** Splits questions into what is remembered and what has to be read. */
export function recallUses(
  recall: Recall | null,
  asked: readonly UsesQuestion[],
): { uses: Use[]; unknown: readonly UsesQuestion[] } {
  if (recall === null) return { uses: [], unknown: asked };
  const uses: Use[] = [];
  const unknown: UsesQuestion[] = [];
  for (const question of asked) {
    const { memberId, campaign, since, until, summedAt } = question;
    const known = summedAt === null ? undefined : recall.of(memberId)?.uses?.get(campaign);
    if (known === undefined || known.since !== since || known.until !== until) unknown.push(question);
    else if (known.count !== 0 || known.points !== 0n) {
      const { count, points } = known;
      uses.push({ memberId, campaign, at: summedAt as number, orderId: 0n, count, points });
    }
  }
  return { uses, unknown };
}

/** Keeps what was read: of these questions those that come as a sum, also where nothing was found. */
export function keepUses(recall: Recall | null, asked: readonly UsesQuestion[], found: readonly Use[]): void {
  if (recall === null) return;
  const sums = new Map(found.map(use => [`${use.memberId} ${use.campaign}`, use]));
  for (const { memberId, campaign, since, until, summedAt } of asked) {
    if (summedAt === null) continue;
    const { count = 0, points = 0n } = sums.get(`${memberId} ${campaign}`) ?? {};
    const others = recall.of(memberId)?.uses ?? [];
    recall.keep(memberId, { uses: new Map([...others, [campaign, { since, until, count, points }]]) });
  }
}

/** With the uses of an order. */
export function usesAfter(known: UsesMemory, uses: readonly Use[]): UsesMemory {
  if (uses.length === 0) return known;
  const after = new Map(known);
  for (const { campaign, at, count, points } of uses) {
    const sum = after.get(campaign);
    if (sum === undefined || at < sum.since || at > sum.until) continue;
    after.set(campaign, { ...sum, count: sum.count + count, points: sum.points + points });
  }
  return after;
}
