import type { Rational } from '#platform/money.ts';
import type { Addition as Velocity } from '../fraud/index.ts';
import type { Use } from './campaigns/uses.ts';
import type { VoucherStep } from './campaigns/voucher-gifts.store.ts';
import type { ChallengeStep, Taken } from './challenges/challenges.model.ts';
import type { Applied, Order, ReturnLine } from './model.ts';
import type { LateOrder } from './orders/late.ts';
import type { Decided } from './posting.ts';
import type { ReferralStep } from './referrals/referrals.store.ts';
import type { TierStep } from './tiers/tier-gifts.ts';
import type { Mark } from './tiers/tier-marks.store.ts';
import type { Contribution } from './tiers/timeline.ts';

/** One revision of an order, as stored. */
export interface StoredOrder {
  id: bigint;
  programId: number;
  memberId: number;
  programVersion: number;
  payload: string;
  order: Order;
  applied: Applied;
  decided: Decided;
  /** The id of the decision; of the first revision it is the order's. Set where it was read. */
  decision?: bigint;
  /** Only of a decision that is being written. */
  added?: Addition;
}

/** An order that was decided again in a re-rating. */
export interface StoredRerating {
  readonly id: bigint;
  readonly programId: number;
  readonly orderId: bigint;
  readonly rerateId: bigint;
  readonly reverses: boolean;
  readonly programVersion: number;
  readonly applied: Applied;
  readonly decided: Decided;
  /** Only of a decision that is being written. */
  readonly added?: Addition;
}

/** What a decision adds to its member's timeline, and the campaigns that counted. */
export interface Addition {
  /** The id of the rows. */
  readonly id: bigint;
  readonly rows: readonly Contribution[];
  readonly uses: readonly Use[];
  readonly late: LateOrder | null;
  /** That the member's tier can be another by it; left out, or null: it cannot. */
  readonly mark?: Mark | null;
  /** What it does to the referral by which the member came; left out, or null: nothing. */
  readonly referral?: ReferralStep | null;
  /** What it does to challenges; left out: nothing. */
  readonly challenges?: readonly ChallengeStep[];
  /** What it changes about the vouchers that the order gives by campaigns; left out: nothing. */
  readonly vouchers?: readonly VoucherStep[];
  /** What it does to the level that the order gives by a campaign; left out, or null: nothing. */
  readonly tier?: TierStep | null;
  /** Left out, or null: velocity does not look at it. */
  readonly fraud?: Velocity | null;
}

/** What comes back of an order. */
export interface ReturnBody {
  orderId: bigint;
  externalId: string;
  source: string;
  occurredAt: number;
  /** Null: all that is left. */
  lines: readonly ReturnLine[] | null;
  /** The order is cancelled: nothing can be changed or returned any more. */
  cancels: boolean;
}

/** A return, as stored. */
export interface StoredReturn extends Omit<ReturnBody, 'lines'> {
  id: bigint;
  programId: number;
  payload: string;
  /** What of each line that it is about has come back in all, after it. */
  returned: ReadonlyMap<string, Rational>;
  decided: Decided;
  /** What it took back of goals of challenges; left out where nobody asked. */
  goals?: readonly Taken[];
  /** Only of a decision that is being written. */
  added?: Addition;
}
