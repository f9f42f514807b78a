import type { ProgramVersion } from '../../program/index.ts';
import type { OrderState } from '../model.ts';
import { isBack } from '../tiers/tier-gifts.ts';
import { campaignsOf } from './effects.ts';
import type { VoucherStep } from './voucher-gifts.store.ts';

/*
 * Vouchers that campaigns give for an order. The codes belong to the module `rewards`; an order only notes, in its own
 * transaction, that it gives one or does not any more.
 */

type Voucher = Pick<VoucherStep, 'campaign' | 'rule' | 'reward'>;

/** The vouchers that an order gives by what applied to it, whatever came back since. */
export const vouchersOfOrder = (
  { applied }: Pick<OrderState, 'applied'>,
  version: ProgramVersion,
): Voucher[] =>
  campaignsOf(version, applied.campaigns).flatMap(({ id, ref, effect }) =>
    'voucher' in effect ? { campaign: id, rule: ref, reward: effect.voucher } : [],
  );

const NONE: readonly VoucherStep[] = [];

/** What a decision changes about the vouchers of an order; `before` is the order as it was, undefined for a new one. */
export function voucherSteps(
  deciding: Omit<VoucherStep, keyof Voucher | 'step'> & { versionOf(number: number): ProgramVersion },
  before: OrderState | undefined,
  after: { state: Pick<OrderState, 'order' | 'applied' | 'returned'>; version: ProgramVersion },
): readonly VoucherStep[] {
  if (after.state.applied.campaigns.length === 0 && (before?.applied.campaigns.length ?? 0) === 0)
    return NONE;
  const { id, orderId, memberId, programId, occurredAt, versionOf } = deciding;
  const own = { id, orderId, memberId, programId, occurredAt };
  const given = (state: Pick<OrderState, 'order' | 'applied' | 'returned'>, version: ProgramVersion) =>
    isBack(state) ? [] : vouchersOfOrder(state, version);
  const was = before === undefined ? [] : given(before, versionOf(before.programVersion));
  const is = given(after.state, after.version);
  const without = (some: readonly Voucher[], others: readonly Voucher[]) =>
    some.filter(({ campaign }) => !others.some(other => other.campaign === campaign));
  return [
    ...without(was, is).map(voucher => ({ ...own, ...voucher, step: 'withdrawn' as const })),
    ...without(is, was).map(voucher => ({ ...own, ...voucher, step: 'given' as const })),
  ];
}
