import type { ProgramVersion } from '../../program/index.ts';
import { type BudgetFacts, giveBack, take } from '../campaigns/budgets.ts';
import { isCounted, type Use } from '../campaigns/uses.ts';
import { citedBy } from '../model.ts';
import type { StoredOrder } from '../records.ts';
import { given } from './backtest.decided.ts';
import { giftsOf } from './backtest.gifts.ts';

/**
 * What an order from before the span took from limits and budgets that the replay goes on with; `really` is the version
 * that did decide.
 */
export function usesBefore(
  stored: StoredOrder,
  { version, really }: { version: ProgramVersion; really: ProgramVersion },
  isFirst: boolean,
  budgets: BudgetFacts,
): Use[] {
  const points = new Map<string, bigint>();
  for (const [ref, own] of given(stored.decided)) {
    const id = idOf(citedBy(ref));
    points.set(id, (points.get(id) ?? 0n) + own.points);
  }
  const gifts = giftsOf({ ...stored, returned: new Map() }, really);
  return version.campaigns.flatMap(campaign => {
    const own = points.get(campaign.id) ?? 0n;
    if (own === 0n && !gifts.has(campaign.id)) return [];
    const { memberId, id: orderId, programId } = stored;
    if (campaign.budget !== null && own > 0n) take(budgets, programId, campaign.id, own, 'trim');
    if (campaign.budget !== null && own < 0n) giveBack(budgets, programId, campaign.id, -own);
    if (!isCounted(campaign)) return [];
    const count = isFirst ? 1 : 0;
    return { memberId, campaign: campaign.id, at: stored.order.occurredAt, orderId, count, points: own };
  });
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));
