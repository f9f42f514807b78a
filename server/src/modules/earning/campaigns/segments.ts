import type { MemberFacts } from '../../members/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { Order } from '../model.ts';
import { purchasesBefore } from '../orders/purchases.ts';
import type { TimelineFacts } from '../tiers/timeline.ts';
import { judged } from './conditions.ts';

/** A member at an instant, outside of any order. */
export interface MemberQuestion {
  readonly programId: number;
  readonly memberId: number;
  readonly externalId: string;
  /** Epoch ms. */
  readonly at: number;
  readonly version: ProgramVersion;
}

/** Segments read members only, so the order that conditions are otherwise about is none. */
const noOrder = (occurredAt: number): Order => ({
  externalId: '',
  source: '',
  revision: 0,
  occurredAt,
  currency: '',
  kind: null,
  channel: null,
  partner: null,
  lines: [],
  attributes: null,
});

/** Says of each segment of the version whether a member is in it; one whose condition cannot be judged has nobody in it. */
export function segmentsAt(
  { memberId, externalId, at, version }: MemberQuestion,
  {
    timeline,
    member,
    tier,
  }: { timeline: TimelineFacts; member: MemberFacts | undefined; tier: string | null },
): (segment: string) => boolean {
  return judged({
    order: noOrder(at),
    version,
    externalId,
    tier: tier ?? '',
    member,
    purchases: () => purchasesBefore(timeline, { memberId, at, version }, undefined),
    fault: () => undefined,
  }).isIn;
}
