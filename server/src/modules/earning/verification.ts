import type { Tx } from '#platform/db/client.ts';
import type { Verification } from '../ledger/index.ts';
import type { Program, Registry } from '../program/index.ts';
import { citedBy } from './model.ts';
import * as store from './verification.store.ts';

/** What `verify` compares of earning: budgets and uses with what orders say. */
export const verifications = (registry: Registry): readonly Verification[] => [
  {
    name: 'budgets',
    title: 'what budgets have granted equals what orders, returns and re-ratings cite',
    compare: (tx, programId, most) => compareBudgets(tx, registry, programId, most),
  },
  {
    name: 'uses',
    title: 'no order or activity counts for a campaign or rule more than once',
    compare: store.uses,
  },
];

async function compareBudgets(tx: Tx, registry: Registry, programId: number | null, most: number) {
  const granted = await store.grantedBudgets(tx, programId);
  if (granted.length === 0) return { checked: 0, differences: [] };
  const [programs, cited] = await Promise.all([
    registry.load(tx, [...new Set(granted.map(([id]) => id))]),
    store.cited(tx, programId),
  ]);
  const sums = new Map<string, bigint>();
  for (const own of cited) {
    const campaign = campaignOf(programs.get(own.programId) as Program, own);
    if (campaign === null) continue;
    const key = `${own.programId} ${campaign}`;
    sums.set(key, (sums.get(key) ?? 0n) + own.points);
  }
  const differences = granted.flatMap(([id, campaign, points]) => {
    const expected = sums.get(`${id} ${campaign}`) ?? 0n;
    return expected === points
      ? []
      : `the budget of ${campaign} in program ${id} has granted ${points}, orders cite ${expected}`;
  });
  return { checked: granted.length, differences: differences.slice(0, most) };
}

/** The campaign from whose budget points were taken, or to which they went back; null where they were of none. */
function campaignOf({ versions }: Program, { version, rule }: store.Cited): string | null {
  const ref = citedBy(rule);
  const id = ref.slice(0, ref.lastIndexOf('@'));
  const decidedBy = versions[(version ?? Number(ref.slice(id.length + 1))) - 1];
  const campaign = decidedBy?.campaigns.find(own => own.id === id);
  if (campaign === undefined || campaign.budget === null) return null;
  return version === null && !campaign.giveBack ? null : id;
}
