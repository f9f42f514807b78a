import type { Tx } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import type { Around, Command } from '../../ledger/index.ts';
import { addDuration, type Program, type ProgramVersion } from '../../program/index.ts';
import type { OrderState, ProgramInForce } from '../model.ts';
import { measures } from '../tiers/qualifying.ts';
import {
  lockReferrals,
  type ReferralBody,
  type ReferralState,
  type ReferralStep,
  referralsOfFriends,
  referrersAbove,
} from './referrals.store.ts';

/** What referrals, and the orders of friends, need to know. */
export interface ReferralFacts {
  /** By the friend. */
  readonly referrals: Map<number, ReferralState>;
  /** Who brought whom, by the friend: everybody above those who bring somebody in this batch. */
  readonly referrers: Map<number, number>;
}

const hasReferrals = ({ versions }: Program): boolean => versions.some(({ referrals }) => referrals !== null);

/** Reads what a batch needs of referrals; nothing for programs that never had any. To be called after other locks. */
export async function loadReferrals(
  tx: Tx,
  commands: readonly Command<object>[],
  { holders, programs, write }: Around,
): Promise<ReferralFacts> {
  const friends = new Set<number>();
  const locked: number[] = [];
  const referrers = new Set<number>();
  const ever = new Map<number, boolean>();
  for (const [index, { body, programId }] of commands.entries()) {
    const holder = holders[index];
    const has = ever.get(programId) ?? hasReferrals((programs[index] as ProgramInForce).program);
    ever.set(programId, has);
    if (!has) continue;
    if (holder !== undefined) friends.add(holder.id);
    if (!('referral' in body)) continue;
    locked.push(programId);
    referrers.add((body.referral as ReferralBody).referrerId);
  }
  // Everything below is read behind the lock: what others decided meanwhile must be seen.
  if (write && locked.length > 0) await lockReferrals(tx, locked);
  const [referrals, above] = await Promise.all([
    friends.size === 0 ? [] : referralsOfFriends(tx, [...friends]),
    referrers.size === 0 ? new Map<number, number>() : referrersAbove(tx, [...referrers]),
  ]);
  return {
    referrals: new Map(referrals.map(referral => [referral.friendId, referral])),
    referrers: above,
  };
}

/** The friends whose referral a batch is about: it must be known whether they have ordered. */
export const friendsOf = (
  commands: readonly Command<object>[],
  { holders }: Pick<Around, 'holders'>,
): number[] => commands.flatMap(({ body }, index) => ('referral' in body ? (holders[index]?.id ?? []) : []));

/** What an order, a revision of it or a return does to the referral by which its member came. */
export const referralStep = (
  facts: ReferralFacts,
  program: Program,
  ...what: [order: Friends, state: Pick<OrderState, 'order' | 'returned'>, version: ProgramVersion]
): ReferralStep | null =>
  referralStepBy(facts, referral => program.versions[referral.programVersion - 1], ...what);

/** Whose order it is that was taken, changed or returned. */
interface Friends {
  readonly memberId: number;
  readonly orderId: bigint;
  readonly happenedAt: number;
}

/** The same by the versions that `versionOf` gives for referrals. */
export function referralStepBy(
  { referrals }: ReferralFacts,
  versionOf: (referral: ReferralState) => ProgramVersion | undefined,
  order: Friends,
  state: Pick<OrderState, 'order' | 'returned'>,
  version: ProgramVersion,
): ReferralStep | null {
  const referral = referrals.get(order.memberId);
  if (referral === undefined || referral.isRevoked) return null;
  const terms = versionOf(referral)?.referrals;
  if (terms == null) throw new Error(`version ${referral.programVersion} has no referrals`);
  const { spend, orders } = measures(state, version);
  const at = state.order.occurredAt;
  const end =
    terms.within === null
      ? Number.POSITIVE_INFINITY
      : addDuration(referral.occurredAt, terms.within, version.timeZone);
  const qualifies = orders > 0n && spend >= terms.minimum && at >= referral.occurredAt && at < end;
  const { memberId: friendId, orderId, happenedAt: occurredAt } = order;
  const step = { referralId: referral.id, friendId, orderId, occurredAt };
  if (referral.orderId === null) return qualifies ? { ...step, step: 'qualified' } : null;
  const isTheOne = referral.orderId === orderId;
  return isTheOne && !qualifies && terms.takeBack ? { ...step, step: 'revoked' } : null;
}

/** Makes a step visible to the later commands of the batch. */
export function takeStep(
  { referrals }: ReferralFacts,
  { friendId, step, orderId, occurredAt }: ReferralStep,
): void {
  const referral = referrals.get(friendId) as ReferralState;
  referrals.set(
    friendId,
    step === 'qualified'
      ? { ...referral, orderId, qualifiedAt: occurredAt }
      : { ...referral, isRevoked: true },
  );
}

/** What is published about a step. */
export const stepFact = (step: ReferralStep | null) =>
  step === null
    ? []
    : [
        {
          type: `referral.${step.step}`,
          occurredAt: step.occurredAt,
          data: { referral: wireId('ref', step.referralId), order: wireId('ord', step.orderId) },
        },
      ];
