import { factsKey, type MemberFacts } from '../../members/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import { type Grant, NOTHING_APPLIED, type OrderState, rate, targets } from '../model.ts';
import type { Decided } from '../posting.ts';
import type { StoredOrder } from '../records.ts';

/** Points of one rule. */
export interface Given {
  readonly unit: number;
  readonly points: bigint;
}

/** An order of which nothing is known yet. */
export const emptyState = (stored: StoredOrder): OrderState => ({
  id: stored.id,
  memberId: stored.memberId,
  programId: stored.programId,
  programVersion: stored.programVersion,
  order: stored.order,
  applied: NOTHING_APPLIED,
  grants: new Map(),
  returned: new Map(),
  cancelled: false,
});

/** What an order should have earned less what it has, by rule, without a wallet to post it to. */
export function difference(
  state: Pick<OrderState, 'order' | 'returned' | 'grants' | 'applied'>,
  version: ProgramVersion,
): Decided {
  const decided: Decided = { earned: [], clawed: [] };
  const wanted = targets(state, rate(state.order, version, state.applied));
  for (const [rule, grant] of state.grants) {
    const excess = has(grant) - (wanted.get(rule)?.points ?? 0n);
    if (excess > 0n)
      decided.clawed.push({
        rule,
        unit: grant.unit,
        decided: excess,
        cancelled: 0n,
        taken: excess,
        excused: 0n,
        shortfall: 0n,
        debt: 0n,
      });
  }
  for (const [rule, { rule: source, points }] of wanted) {
    const missing = points - has(state.grants.get(rule));
    if (missing > 0n) decided.earned.push({ rule, unit: source.unit.number, points: missing, lot: 0 });
  }
  return decided;
}

const has = (grant: Grant | undefined): bigint => (grant === undefined ? 0n : grant.earned - grant.clawed);

/** What a decision gave by rule, less what it took back. */
export function given({ earned, clawed }: Decided): Map<string, Given> {
  const points = new Map<string, Given>();
  const move = (rule: string, unit: number, change: bigint) =>
    points.set(rule, { unit, points: (points.get(rule)?.points ?? 0n) + change });
  for (const own of earned) move(own.rule, own.unit, own.points);
  for (const own of clawed) move(own.rule, own.unit, -own.decided);
  return points;
}

/** What was known of a member when something was decided, under the key by which deciding asks for it. */
export function asOf(
  members: ReadonlyMap<string, MemberFacts>,
  { id }: { readonly id: bigint },
  holderId: number,
  at: number,
): Map<string, MemberFacts> {
  const known = members.get(factsKey({ holderId, at, decision: id }));
  return new Map(known === undefined ? [] : [[factsKey({ holderId, at }), known]]);
}

/** Whether a version reads the timeline. */
export const readsTimeline = ({ tiers, campaigns, challenges }: ProgramVersion): boolean =>
  tiers !== null || [...campaigns, ...challenges].some(({ reads }) => reads.history);
