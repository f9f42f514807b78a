import type { Tx } from '#platform/db/client.ts';
import { type Command, type Ledger, walletId } from '../../ledger/index.ts';
import { paymentsOf, type Side, type StoredPayment } from './payments.store.ts';
import { type ReferralState, referralsById, type Step } from './referrals.store.ts';

/** What is to be paid. */
export interface PaymentBody {
  readonly referralId: bigint;
  readonly side: Side;
  readonly step: Step;
  readonly occurredAt: number;
}

/** What payments need to know. */
export interface PaymentFacts {
  readonly referrals: ReadonlyMap<bigint, ReferralState>;
  readonly payments: readonly StoredPayment[];
  /** How much of each lot of earlier payments has expired, keyed `wallet:lot`. */
  readonly expired: ReadonlyMap<string, bigint>;
}

export const memberOf = ({ referrerId, friendId }: ReferralState, side: Side): number =>
  side === 'referrer' ? referrerId : friendId;

/** Reads what the payments of a batch are about; nothing where there are none. */
export async function loadPayments(
  tx: Tx,
  ledger: Ledger,
  commands: readonly Command<object>[],
): Promise<PaymentFacts> {
  const ids = [
    ...new Set(
      commands.flatMap(({ body }) => ('referralId' in body ? (body as PaymentBody).referralId : [])),
    ),
  ];
  if (ids.length === 0) return { referrals: new Map(), payments: [], expired: new Map() };
  const [referrals, payments] = await Promise.all([referralsById(tx, ids), paymentsOf(tx, ids)]);
  const byId = new Map(referrals.map(referral => [referral.id, referral]));
  const lots = payments.flatMap(({ referralId, side, decided }) =>
    decided.earned.map(({ unit, lot }) => ({
      wallet: walletId(memberOf(byId.get(referralId) as ReferralState, side), unit),
      seq: lot,
    })),
  );
  const expired = lots.length === 0 ? new Map<string, bigint>() : await ledger.expired(tx, lots);
  return { referrals: byId, payments, expired };
}
