import type { ProgramVersion } from '../../program/index.ts';
import type { OrderState } from '../model.ts';
import { measures } from '../tiers/qualifying.ts';
import { sumsOf, type TimelineFacts } from '../tiers/timeline.ts';

/** What a member bought before. */
export interface Purchases {
  /** Whole returns left out. */
  readonly orders: number;
  /** Less what had come back by then, minor units of the program's currency. */
  readonly spend: bigint;
  /** Epoch ms; null: there was none. */
  readonly lastOrderAt: number | null;
}

/**
 * What a member had bought when the order of `at` came, at the same instant by arrival. Of an order that is decided
 * again (`before`) its earlier revision does not count: it is the order that is asked about.
 */
export function purchasesBefore(
  facts: TimelineFacts,
  { memberId, at, version }: { memberId: number; at: number; version: ProgramVersion },
  before: Pick<OrderState, 'id' | 'order'> | undefined,
): Purchases {
  const sum = (by: 'spend' | 'orders') => sumsOf(facts, memberId, by, at)(Number.NEGATIVE_INFINITY, at);
  const own =
    before !== undefined && before.order.occurredAt <= at
      ? measures({ order: before.order, returned: new Map() }, version)
      : { spend: 0n, orders: 0n };
  return {
    orders: Number(sum('orders') - own.orders),
    spend: sum('spend') - own.spend,
    lastOrderAt: lastOrderAt(facts, memberId, at, before?.id),
  };
}

function lastOrderAt(
  facts: TimelineFacts,
  memberId: number,
  at: number,
  but: bigint | undefined,
): number | null {
  const stored = facts.lastOrders.get(memberId)?.get(at) ?? [];
  const added = (facts.added.get(memberId) ?? []).filter(
    ({ anchor, change }) => anchor <= at && change.orders > 0n,
  );
  const times = [...stored, ...added].flatMap(({ orderId, anchor }) => (orderId === but ? [] : anchor));
  return times.length === 0 ? null : Math.max(...times);
}
