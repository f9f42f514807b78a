import type { ProgramVersion } from '../../program/index.ts';
import type { OrderState } from '../model.ts';
import type { Decided } from '../posting.ts';
import type { Side } from '../referrals/payments.store.ts';
import { paymentRows } from '../referrals/payments.ts';
import { type ReferralFacts, referralStepBy, takeStep } from '../referrals/referrals.facts.ts';
import type { ReferralState, ReferralStep, Step } from '../referrals/referrals.store.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import type { Contribution } from '../tiers/timeline.ts';
import type { HistoricPayment } from './history.store.ts';

/** What a side of a referral is given by a replay, or gives back. */
export interface ReplayedPayment {
  readonly memberId: number;
  readonly occurredAt: number;
  readonly decided: Decided;
  readonly rows: readonly Contribution[];
}

/** A referral as it ended, the version that decides it here, and what was paid so far. */
interface Known {
  readonly actual: ReferralState;
  readonly version: ProgramVersion;
  /** When a step was taken here, and not paid yet. */
  readonly owed: Map<Step, number>;
  /** The payments that history has shown, by step and side. */
  readonly seen: Set<string>;
  readonly paid: Map<Side, Decided>;
}

const SIDES = ['referrer', 'friend'] as const;

/**
 * Referrals in a replay. A step that happened with the same order is paid where history shows the payment, because other
 * decisions may stand between; one that only the draft takes is paid at once.
 */
export class ReferralReplay {
  private readonly facts: ReferralFacts = { referrals: new Map(), referrers: new Map() };
  private readonly known = new Map<bigint, Known>();

  /** A referral was accepted; `version` decides it, and may not offer any. */
  accept(actual: ReferralState, version: ProgramVersion): void {
    this.known.set(actual.id, { actual, version, owed: new Map(), seen: new Set(), paid: new Map() });
    if (version.referrals === null) return;
    const fresh = { ...actual, orderId: null, qualifiedAt: null, isRevoked: false };
    this.facts.referrals.set(actual.friendId, fresh);
  }

  /** An order of a friend was decided or changed: what is to be paid for it at once. */
  follow(
    order: { memberId: number; orderId: bigint; happenedAt: number },
    state: Pick<OrderState, 'order' | 'returned'>,
    version: ProgramVersion,
  ): ReplayedPayment[] {
    if (!this.facts.referrals.has(order.memberId)) return [];
    const versionOf = ({ id }: ReferralState) => this.known.get(id)?.version;
    const step = referralStepBy(this.facts, versionOf, order, state, version);
    if (step === null) return [];
    takeStep(this.facts, step);
    const known = this.known.get(step.referralId) as Known;
    known.owed.set(step.step, step.occurredAt);
    const open = SIDES.filter(side => !isToCome(known, step, side));
    return open.map(side => this.pay(known, step.step, side, order.orderId));
  }

  /** History shows a payment: what is paid here. Where the referral is not known, its friend was erased, and it stands. */
  payment(stored: HistoricPayment): ReplayedPayment {
    const { id, memberId, occurredAt, referralId, side, step, decided } = stored;
    const known = this.known.get(referralId);
    if (known === undefined) return { memberId, occurredAt, decided, rows: [] };
    known.seen.add(`${step} ${side}`);
    if (known.owed.has(step) && !isPaid(known, step, side)) return this.pay(known, step, side, id);
    return { memberId, occurredAt, decided: NOTHING, rows: [] };
  }

  private pay(known: Known, step: Step, side: Side, id: bigint): ReplayedPayment {
    const { actual, version, owed, paid } = known;
    const before = paid.get(side);
    const decided = step === 'qualified' ? given(version, side) : takenBack(before);
    paid.set(side, decided);
    const occurredAt = owed.get(step) as number;
    const memberId = side === 'referrer' ? actual.referrerId : actual.friendId;
    const points = qualifyingPoints(decided, version);
    const anchor = owed.get('qualified') ?? occurredAt;
    const who = { memberId, orderId: id, isSummed: true };
    return { memberId, occurredAt, decided, rows: paymentRows(who, { anchor, occurredAt }, points) };
  }
}

const NOTHING: Decided = { earned: [], clawed: [] };

/** Whether history will show the payment of a step that is taken now. */
function isToCome({ actual, seen }: Known, { step, orderId }: ReferralStep, side: Side): boolean {
  const happened = actual.orderId === orderId && (step === 'qualified' || actual.isRevoked);
  return happened && !seen.has(`${step} ${side}`);
}

const isPaid = ({ paid }: Known, step: Step, side: Side): boolean => {
  const own = paid.get(side);
  return own !== undefined && (step === 'qualified' || own.earned.length === 0);
};

function given({ referrals }: ProgramVersion, side: Side): Decided {
  const bonus = referrals?.[side] ?? null;
  if (bonus === null || bonus.points === 0n) return NOTHING;
  const { ref, unit, points } = bonus;
  return { earned: [{ rule: ref, unit: unit.number, points, lot: 0 }], clawed: [] };
}

const takenBack = (paid: Decided = NOTHING): Decided => ({
  earned: [],
  clawed: paid.earned.map(({ rule, unit, points }) => ({
    ...{ rule, unit, decided: points, taken: points },
    ...{ cancelled: 0n, excused: 0n, shortfall: 0n, debt: 0n },
  })),
});
