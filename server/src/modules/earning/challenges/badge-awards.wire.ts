import { wireId } from '#platform/ids.ts';
import { time } from '../../ledger/index.ts';
import type { BadgeAward } from './badge-awards.store.ts';

/** An award as callers see it. */
export const badgeAwardToWire = (award: BadgeAward) => ({
  id: wireId('bdg', award.id),
  external_id: award.externalId,
  source: award.source,
  member: wireId('mem', BigInt(award.memberId)),
  badge: award.badge,
  program_version: award.version,
  reason: award.reason,
  awarded_by: award.awardedBy,
  awarded_at: time(award.awardedAt) as string,
  withdrawal:
    award.withdrawal === null
      ? null
      : {
          at: time(award.withdrawal.at) as string,
          reason: award.withdrawal.reason,
          withdrawn_by: award.withdrawal.withdrawnBy,
        },
});
