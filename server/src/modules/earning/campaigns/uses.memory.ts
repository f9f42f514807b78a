import type { Recall, UsesMemory, UsesSum } from '../memory.model.ts';
import { addUses, type Use, type UsesFacts, type UsesQuestion } from './uses.ts';

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
  if (known === undefined) return undefined;
  const sum = known.sums.find(each => each.campaign === campaign);
  if (sum !== undefined && sum.since === since && sum.until === until) return sum;
  if (known.all === null) return undefined;
  const found: UsesSum = { campaign, since, until, count: 0, points: 0n };
  for (const use of known.all) addTo(found, use);
  known.sums = withSum(known.sums, found);
  return found;
}

/** With a sum in the place of the one that its campaign had. A new array: one that is added to keeps room for many more. */
const withSum = (sums: readonly UsesSum[], sum: UsesSum): readonly UsesSum[] => [
  ...sums.filter(({ campaign }) => campaign !== sum.campaign),
  sum,
];

/** Adds a use of the campaign of a sum that falls into its period. */
function addTo(sum: UsesSum, { campaign, at, count, points }: Use): void {
  if (campaign !== sum.campaign || at < sum.since || at > sum.until) return;
  sum.count += count;
  sum.points += points;
}

/** Keeps what was read: of these questions those that come as a sum, also where nothing was found. */
export function keepUses(recall: Recall | null, asked: readonly UsesQuestion[], found: readonly Use[]): void {
  if (recall === null) return;
  const read: UsesFacts = new Map();
  addUses(read, found);
  for (const { memberId, campaign, since, until, summedAt } of asked) {
    if (summedAt === null) continue;
    const { count = 0, points = 0n } = read.get(campaign)?.get(memberId)?.[0] ?? {};
    const known: UsesMemory = recall.of(memberId)?.uses ?? { sums: [], all: null };
    known.sums = withSum(known.sums, { campaign, since, until, count, points });
    recall.keep(memberId, { uses: known });
  }
}

/** Follows the uses of an order. */
export function followUses(known: UsesMemory, uses: readonly Use[]): void {
  for (const use of uses) {
    for (const sum of known.sums) addTo(sum, use);
    if (known.all === null) continue;
    if (known.all.length < FEW) known.all.push(use);
    else known.all = null;
  }
}
