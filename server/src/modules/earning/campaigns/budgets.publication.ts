import type { Tx } from '#platform/db/client.ts';
import { create, granted } from './budgets.store.ts';
import { createBudgets, grantedOf, storeBudgets, type WantedBudget } from './budgets.ts';

/** What the publication of a version has to do with budgets, in its own transaction. */
export interface BudgetBook {
  /** What the campaigns of a program have granted, by campaign. Holds nothing. */
  granted(tx: Tx, programId: number): Promise<ReadonlyMap<string, bigint>>;
  /**
   * Gives budgets of one program what a version says that is in force at once, unless one of them has granted more
   * already; then nothing is changed. No batch takes from them until the transaction has ended, so nothing is granted
   * between the check and the cut. Gives what each has granted.
   */
  change(tx: Tx, wanted: readonly WantedBudget[]): Promise<ReadonlyMap<string, bigint>>;
}

export function budgetBook(): BudgetBook {
  const budgets = createBudgets();
  return {
    granted,
    async change(tx, wanted) {
      // Also those that nobody has used: an order of an earlier version that comes late would make them as they were.
      // Version 0 gives nothing and is followed by any other, so they may stay where this one is refused.
      if (wanted.length > 0)
        await create(
          tx,
          wanted.map(each => ({ ...each, version: 0, limit: 0n })),
        );
      const facts = await budgets.gather(tx, wanted);
      const spent = grantedOf(facts);
      if (wanted.every(({ campaign, limit }) => limit >= (spent.get(campaign) ?? 0n)))
        await storeBudgets(tx, facts);
      return spent;
    },
  };
}
