import { accept, type Difference, type Refusal, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { type CommandType, type ProgramFacts, time } from '../../ledger/index.ts';
import { versionAt } from '../../program/index.ts';
import type { LoadOrders, OrderFacts } from '../facts.ts';
import type { ProgramInForce } from '../model.ts';
import { admitTime } from '../orders/orders.ts';
import { latestOrder } from '../tiers/timeline.ts';
import { findReferrals, insertReferrals, type ReferralBody, type StoredReferral } from './referrals.store.ts';

/** Whether `friend` brought `referrer`, straight or through others. Ends because no ring is ever let in. */
function isAbove(referrers: ReadonlyMap<number, number>, friend: number, referrer: number): boolean {
  for (let above = referrers.get(referrer); above !== undefined; above = referrers.get(above))
    if (above === friend) return true;
  return false;
}

export interface ReferralAnswer {
  referral: {
    id: string;
    external_id: string;
    source: string;
    referrer: string;
    friend: string;
    occurred_at: string;
    program_version: number;
  };
}

export const referralPayload = (friend: string, { referrerId, occurredAt }: ReferralBody): string =>
  hash128(friend, String(referrerId), String(occurredAt));

/** `referral`: a member brought another one. It is a command on the friend. */
export const referralType = (
  load: LoadOrders,
): CommandType<{ referral: ReferralBody }, OrderFacts, StoredReferral, ReferralAnswer> => ({
  name: 'referral',
  amends: false,
  enrols: program => (program as ProgramInForce).program.versions.at(-1)?.enrolment === 'automatic',
  needsLots: () => false,
  admit: ({ body }, program) => admitReferral(body.referral, program),
  load,

  decide({ body: { referral }, programId, payload }, facts, context) {
    const { referrals, referrers } = facts.referrals;
    const friendId = context.holder.id;
    const { referrerId, occurredAt } = referral;
    if (friendId === referrerId)
      return refuse(
        'referral_to_self',
        'Nobody can bring themselves: referrer and friend are the same member.',
      );
    if (referrals.has(friendId))
      return refuse('referral_exists', 'The friend was brought by somebody already; that counts once.');
    if (latestOrder(facts.timeline, friendId) !== undefined)
      return refuse(
        'friend_has_ordered',
        'The friend has ordered before, so nobody can bring them any more.',
      );
    if (isAbove(referrers, friendId, referrerId))
      return refuse('referral_ring', 'The friend brought the referrer, straight or through others.');
    const version = versionAt((context.program as ProgramInForce).program, occurredAt);
    const record: StoredReferral = {
      ...referral,
      id: context.id,
      programId,
      friendId,
      payload: payload as string,
      programVersion: version.version,
    };
    const { id, friend: _, occurred_at: __, ...data } = referralToWire(record);
    return accept({
      record,
      drafts: [],
      fact: { type: 'referral.accepted', occurredAt, data: { referral: id, ...data } },
    });
  },

  evolve({ referrals: { referrals, referrers } }, stored) {
    referrals.set(stored.friendId, { ...stored, orderId: null, qualifiedAt: null, isRevoked: false });
    referrers.set(stored.friendId, stored.referrerId);
  },
  store: (tx, decisions) =>
    insertReferrals(
      tx,
      decisions.map(({ stored }) => stored),
    ),
  find: findReferrals,
  differences({ body: { referral }, member }, stored, { holder }) {
    const differences: Difference[] = [];
    if (stored.referrerId !== referral.referrerId)
      differences.push({
        pointer: '/referrer',
        stored: wireId('mem', BigInt(stored.referrerId)),
        sent: wireId('mem', BigInt(referral.referrerId)),
      });
    if (stored.friendId !== holder?.id)
      differences.push({
        pointer: '/friend',
        stored: wireId('mem', BigInt(stored.friendId)),
        sent: member,
      });
    if (stored.occurredAt !== referral.occurredAt)
      differences.push({
        pointer: '/occurred_at',
        stored: time(stored.occurredAt),
        sent: time(referral.occurredAt),
      });
    return differences;
  },
  answer: stored => ({ referral: referralToWire(stored) }),
});

/** A referral as callers see it. */
export const referralToWire = (stored: StoredReferral): ReferralAnswer['referral'] => ({
  id: wireId('ref', stored.id),
  external_id: stored.externalId,
  source: stored.source,
  referrer: wireId('mem', BigInt(stored.referrerId)),
  friend: wireId('mem', BigInt(stored.friendId)),
  occurred_at: time(stored.occurredAt) as string,
  program_version: stored.programVersion,
});

function admitReferral({ occurredAt }: ReferralBody, program: ProgramFacts): Refusal | undefined {
  const refusal = admitTime(occurredAt, program);
  if (refusal !== undefined) return refusal;
  const version = versionAt((program as ProgramInForce).program, occurredAt);
  return version.referrals === null
    ? refuse(
        'referrals_not_offered',
        `Version ${version.version} of the program, which is in force at ${time(occurredAt)}, has no referrals.`,
      ).refusal
    : undefined;
}
