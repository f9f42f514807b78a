import { addDuration, type ProgramVersion } from '../../program/index.ts';

/** An order that came late. */
export interface LateOrder {
  readonly programId: number;
  readonly orderId: bigint;
  readonly memberId: number;
  /** Epoch ms. */
  readonly occurredAt: number;
  readonly bookedAt: number;
  /** Whether a later order of the member had been decided before it. */
  readonly outOfOrder: boolean;
}

/** Whether anything that a version decides depends on what came before, so that the order of arrival matters. */
export const dependsOnOrder = ({ tiers, campaigns, challenges }: ProgramVersion): boolean =>
  tiers !== null || campaigns.length > 0 || challenges.some(({ reads }) => reads.history);

/**
 * Whether an order is late: after a later order of its member, where that matters, or by more than the program's
 * `late_after`. `newest` is the time of the member's latest order so far.
 */
export function lateness(
  occurredAt: number,
  now: number,
  newest: number | undefined,
  version: ProgramVersion,
): { readonly outOfOrder: boolean } | null {
  const outOfOrder = newest !== undefined && newest > occurredAt && dependsOnOrder(version);
  const { lateAfter, timeZone } = version;
  const isBeyond = lateAfter !== null && now > addDuration(occurredAt, lateAfter, timeZone);
  return outOfOrder || isBeyond ? { outOfOrder } : null;
}
