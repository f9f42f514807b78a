import { compare, floorDiv, parseDecimal, type Rational, times } from '#platform/money.ts';
import { type ProgramVersion, unitOf } from '../../program/index.ts';
import type { ListedBudget } from './budgets.store.ts';

/** A budget as people look at it. */
export interface BudgetView {
  readonly campaign: string;
  readonly points: bigint;
  readonly granted: bigint;
  readonly left: bigint;
  /** Of a budget in money, in minor units of the program's currency: `granted` is rounded up, `left` down. */
  readonly money: {
    readonly amount: bigint;
    readonly granted: bigint;
    readonly left: bigint;
    readonly currency: string;
  } | null;
}

/**
 * Budgets by campaign: those of the version in force, used or not, and those that were used and are not in it any more.
 * `stored` are the first ones behind `after`; at most `limit` are shown.
 */
export function viewBudgets(
  version: ProgramVersion,
  stored: readonly ListedBudget[],
  after: string,
  limit: number,
): BudgetView[] {
  const rows = new Map(stored.map(row => [row.campaign, row]));
  const points = new Map<string, bigint>();
  for (const { id, budget } of version.campaigns)
    if (budget !== null && id > after) points.set(id, budget.points);
  return [...new Set([...points.keys(), ...rows.keys()])]
    .sort()
    .slice(0, limit)
    .map(campaign => {
      const row = rows.get(campaign);
      const planned = points.get(campaign);
      // The first batch under a new version writes its points down; until then the stored ones are the old version's.
      const isNewer = planned !== undefined && version.version > (row?.version ?? 0);
      const all = isNewer ? planned : (row?.points ?? 0n);
      const granted = row?.granted ?? 0n;
      const left = all > granted ? all - granted : 0n;
      return { campaign, points: all, granted, left, money: moneyOf(version, campaign, granted, left) };
    });
}

function moneyOf(version: ProgramVersion, id: string, granted: bigint, left: bigint): BudgetView['money'] {
  const campaign = version.document.campaigns?.find(each => each.id === id);
  const money = campaign?.budget?.money;
  if (campaign === undefined || money === undefined) return null;
  const named = unitOf(campaign.effect);
  const units = [...version.units.values()].filter(unit =>
    named === undefined ? unit.redeemable : unit.name === named,
  );
  const worth = units.reduce<Rational>(
    (most, unit) => (unit.worth !== null && compare(unit.worth, most) > 0 ? unit.worth : most),
    { num: 0n, den: 1n },
  );
  const minor = 10n ** BigInt(version.exponent(version.currency));
  const amount = times(parseDecimal(money) as Rational, { num: minor, den: 1n });
  const each = times(worth, { num: minor, den: 1n });
  return {
    amount: floorDiv(amount.num, amount.den),
    granted: -floorDiv(-granted * each.num, each.den),
    left: floorDiv(left * each.num, each.den),
    currency: version.currency,
  };
}
