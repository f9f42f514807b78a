import type { Recall, UsesMemory, UsesSum } from '../memory.model.ts';
import { keyOf, type Use, type UsesQuestion } from './uses.ts';

/** So many uses of a new member are kept one by one. */
const FEW = 4;

/** Splits questions into what is remembered and what has to be read. */
export function recallUses(
  recall: Recall | null,
  asked: readonly UsesQuestion[],
): { uses: Use[]; unknown: readonly UsesQuestion[] } {
  if (recall === null) return { uses: [], unknown: asked };
  const uses: Use[] = [];
  const unknown: UsesQuestion[] = [];
  for (const question of asked) {
    const { memberId, campaign, summedAt } = question;
    const known = summedAt === null ? undefined : sumKnownFor(recall.of(memberId)?.uses, question);
    if (known === undefined) unknown.push(question);
    else if (known.count !== 0 || known.points !== 0n) {
      const { count, points } = known;
      uses.push({ memberId, campaign, at: summedAt as number, orderId: 0n, count, points });
    }
  }
  return { uses, unknown };
}

/** The sum that a question is about, where it is remembered, or follows from the few uses that there are. */
function sumKnownFor(
  known: UsesMemory | undefined,
  { campaign, since, until }: UsesQuestion,
): UsesSum | undefined {
  const sum = known?.sums.get(campaign);
  if (sum !== undefined && sum.since === since && sum.until === until) return sum;
  if (known === undefined || known.all === null) return undefined;
  const found: UsesSum = { since, until, count: 0, points: 0n };
  for (const use of known.all) if (use.campaign === campaign) addTo(found, use);
  known.sums.set(campaign, found);
  return found;
}

/** Adds a use that falls into the period of a sum. */
function addTo(sum: UsesSum, { at, count, points }: Use): void {
  if (at < sum.since || at > sum.until) return;
  sum.count += count;
  sum.points += points;
}

/** Keeps what was read: of these questions those that come as a sum, also where nothing was found. */
export function keepUses(recall: Recall | null, asked: readonly UsesQuestion[], found: readonly Use[]): void {
  if (recall === null) return;
  const read = new Map(found.map(use => [keyOf(use.memberId, use.campaign), use]));
  for (const { memberId, campaign, since, until, summedAt } of asked) {
    if (summedAt === null) continue;
    const { count = 0, points = 0n } = read.get(keyOf(memberId, campaign)) ?? {};
    const { sums, all } = recall.of(memberId)?.uses ?? { sums: new Map<string, UsesSum>(), all: null };
    sums.set(campaign, { since, until, count, points });
    recall.keep(memberId, { uses: { sums, all } });
  }
}

/** Follows the uses of an order. */
export function followUses(known: UsesMemory, uses: readonly Use[]): void {
  for (const use of uses) {
    const sum = known.sums.get(use.campaign);
    if (sum !== undefined) addTo(sum, use);
    if (known.all === null) continue;
    if (known.all.length < FEW) known.all.push(use);
    else known.all = null;
  }
}
