import type { ProgramVersion } from '../../program/index.ts';
import { type Applied, type OrderState, rate, targets } from '../model.ts';
import type { StoredReturn } from '../records.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import type { Contribution } from '../tiers/timeline.ts';

/** What decides about an order. */
interface Judgement {
  readonly version: ProgramVersion;
  readonly applied: Applied;
}

/**
 * The points by which an order counts towards a tier as it is decided: from its own time, and less from that of each of its
 * `returns`, which are in the order of arrival. `besides` are points of something else that came with the order.
 */
export function requalified(
  { id: orderId, memberId, order }: Pick<OrderState, 'id' | 'memberId' | 'order'>,
  judged: Judgement,
  returns: readonly StoredReturn[],
  besides: bigint,
): Contribution[] {
  const anchor = order.occurredAt;
  let returned: OrderState['returned'] = new Map();
  let known = 0n;
  const step = (happenedAt: number, more: bigint): Contribution[] => {
    const all = pointsOf({ order, returned }, judged);
    const points = all - known + more;
    known = all;
    if (points === 0n) return [];
    const change = { spend: 0n, orders: 0n, nights: 0n, points };
    return [{ memberId, orderId, anchor, happenedAt, change, isSummed: true }];
  };
  const rows = step(anchor, besides);
  if (judged.version.tiers?.lowerAfterReturn === false) return rows;
  for (const back of returns) {
    returned = new Map([...returned, ...back.returned]);
    rows.push(...step(Math.max(back.occurredAt, anchor), 0n));
  }
  return rows;
}

/** The points of an order that qualify, less the share of what came back. */
function pointsOf(state: Pick<OrderState, 'order' | 'returned'>, { version, applied }: Judgement): bigint {
  const given = [...targets(state, rate(state.order, version, applied)).values()];
  const earned = given.map(({ rule, points }) => ({
    rule: rule.ref,
    unit: rule.unit.number,
    points,
    lot: 0,
  }));
  return qualifyingPoints({ earned, clawed: [] }, version);
}

/** What the rows of an order on the timeline count beyond what it has earned by rules: a challenge that it completed. */
export function besidesRules(
  { grants }: Pick<OrderState, 'grants'>,
  version: ProgramVersion,
  rows: readonly Pick<Contribution, 'change'>[],
): bigint {
  const earned = [...grants].map(([rule, { unit, earned: points, clawed }]) => ({
    ...{ rule, unit, lot: 0 },
    points: points - clawed,
  }));
  const counted = rows.reduce((sum, { change }) => sum + change.points, 0n);
  return counted - qualifyingPoints({ earned, clawed: [] }, version);
}
