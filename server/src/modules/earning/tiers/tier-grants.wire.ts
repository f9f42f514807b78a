import { wireId } from '#platform/ids.ts';
import { time } from '../../ledger/index.ts';
import type { TierGrant } from './tier-grants.store.ts';

/** A grant as callers see it. */
export const tierGrantToWire = (grant: TierGrant) => ({
  id: wireId('tgr', grant.id),
  external_id: grant.externalId,
  source: grant.source,
  member: wireId('mem', BigInt(grant.memberId)),
  tier: grant.tier,
  from: time(grant.from) as string,
  until: time(grant.until),
  reason: grant.reason,
  granted_by: grant.grantedBy,
  granted_at: time(grant.grantedAt) as string,
  order: grant.orderId === null ? null : wireId('ord', grant.orderId),
  end:
    grant.end === null
      ? null
      : { at: time(grant.end.at) as string, reason: grant.end.reason, ended_by: grant.end.endedBy },
});
