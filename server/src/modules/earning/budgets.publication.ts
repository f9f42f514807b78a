import type { Tx } from '#platform/db/client.ts';
import { granted } from './budgets.store.ts';
import { createBudgets, grantedOf, storeBudgets, type WantedBudget } from './budgets.ts';

/** What the publication of a version has to do with budgets, in its own transaction. */
export interface BudgetBook {
  /** What the campaigns of a program have granted, by campaign. Holds nothing. */
  granted(tx: Tx, programId: number): Promise<ReadonlyMap<string, bigint>>;
  /**
   * Gives budgets of one program what a version says that is in force at once, unless one of them has granted more
   * already; then nothing is changed. No batch takes from them until the transaction has ended, so nothing is granted
   * between the check and the cut. Gives what each has granted; a budget that nobody has used is left out.
   */
  change(tx: Tx, wanted: readonly WantedBudget[]): Promise<ReadonlyMap<string, bigint>>;
}

export function budgetBook(): BudgetBook {
  const budgets = createBudgets();
  return {
    granted,
    async change(tx, wanted) {
      const facts = await budgets.gather(tx, wanted);
      const spent = grantedOf(facts);
      if (wanted.every(({ campaign, limit }) => limit >= (spent.get(campaign) ?? 0n)))
        await storeBudgets(tx, facts);
      return spent;
    },
  };
}
