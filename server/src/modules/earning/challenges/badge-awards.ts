import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, type Outcome, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { type Around, type Command, type CommandType, time } from '../../ledger/index.ts';
import { type ProgramVersion, versionAt } from '../../program/index.ts';
import type { ProgramInForce } from '../model.ts';
import {
  type BadgeAward,
  type BadgeAwardBody,
  type BadgeWithdrawal,
  type BadgeWithdrawalBody,
  badgeAwardsOf,
  findBadgeAwards,
  findBadgeWithdrawals,
  insertBadgeAwards,
  insertBadgeWithdrawals,
} from './badge-awards.store.ts';
import { badgeAwardToWire } from './badge-awards.wire.ts';

export interface BadgeAwardAnswer {
  award: ReturnType<typeof badgeAwardToWire>;
}

/** By member, what was awarded by hand: as it is stored and as this batch has changed it. */
type BadgeFacts = Map<number, BadgeAward[]>;

/** Reads what the members of a batch were awarded by hand, under their locks. */
export const loadBadgeAwards = (
  tx: Tx,
  _commands: readonly Command<object>[],
  _known: readonly bigint[],
  { holders }: Around,
): Promise<BadgeFacts> => badgeAwardsOf(tx, [...new Set(holders.flatMap(holder => holder?.id ?? []))]);

export const badgeAwardPayload = (memberId: number, { badge, reason }: BadgeAwardBody): string =>
  hash128(String(memberId), badge, reason);

export const badgeWithdrawalPayload = ({ awardId, reason }: BadgeWithdrawalBody): string =>
  hash128(String(awardId), reason);

/** What is awarded must be a badge of the version in force, that the member has not been awarded by hand already. */
function admissible(
  badge: string,
  { document, version }: ProgramVersion,
  own: readonly BadgeAward[],
): Outcome<number> {
  const badges = document.badges ?? {};
  if (!Object.hasOwn(badges, badge)) {
    const names = Object.keys(badges);
    const known = names.length === 0 ? 'It has none.' : `Its badges are ${names.join(', ')}.`;
    return refuse('badge_unknown', `Version ${version} of the program has no badge "${badge}". ${known}`);
  }
  const held = own.find(award => award.badge === badge && award.withdrawal === null);
  return held === undefined
    ? accept(version)
    : refuse(
        'badge_awarded',
        `The member was awarded "${badge}" by hand at ${time(held.awardedAt)} as ${wireId('bdg', held.id)}, and has it still.`,
      );
}

function keep(facts: BadgeFacts, award: BadgeAward): void {
  const others = (facts.get(award.memberId) ?? []).filter(({ id }) => id !== award.id);
  facts.set(award.memberId, [...others, award]);
}

const COMMON = {
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load: loadBadgeAwards,
} as const;

/** `badge_award`: a badge for a member that no challenge has to give. */
export const badgeAwardType: CommandType<
  { badgeAward: BadgeAwardBody },
  BadgeFacts,
  BadgeAward,
  BadgeAwardAnswer
> = {
  ...COMMON,
  name: 'badge_award',

  decide({ body: { badgeAward: body }, programId }, facts, { program, holder, id }) {
    const { now } = program;
    const inForce = versionAt((program as ProgramInForce).program, now);
    const version = admissible(body.badge, inForce, facts.get(holder.id) ?? []);
    if (!version.ok) return version;
    const record: BadgeAward = {
      ...body,
      ...{ id, programId, memberId: holder.id, version: version.value, awardedAt: now, withdrawal: null },
    };
    const { id: award, member: _, awarded_at: __, withdrawal: ___, ...data } = badgeAwardToWire(record);
    return accept({
      record,
      drafts: [],
      fact: { type: 'badge.awarded', occurredAt: now, data: { award, ...data } },
    });
  },

  evolve: keep,
  store: insertBadgeAwards,
  find: findBadgeAwards,
  differences({ body: { badgeAward: sent }, member }, stored, { holder }) {
    const differences: Difference[] = [];
    if (holder?.id !== stored.memberId) {
      const before = wireId('mem', BigInt(stored.memberId));
      differences.push({ pointer: '/path/member', stored: before, sent: member });
    }
    if (stored.badge !== sent.badge)
      differences.push({ pointer: '/badge', stored: stored.badge, sent: sent.badge });
    if (stored.reason !== sent.reason)
      differences.push({ pointer: '/reason', stored: stored.reason, sent: sent.reason });
    return differences;
  },
  answer: stored => ({ award: badgeAwardToWire(stored) }),
};

/** `badge_withdrawal`: what was awarded by hand is not had any more; what challenges gave stays. */
export const badgeWithdrawalType: CommandType<
  { badgeWithdrawal: BadgeWithdrawalBody },
  BadgeFacts,
  BadgeWithdrawal,
  BadgeAwardAnswer
> = {
  ...COMMON,
  name: 'badge_withdrawal',

  decide({ body: { badgeWithdrawal: body }, programId }, facts, { program, holder, id }) {
    const { now } = program;
    const found = facts.get(holder.id)?.find(award => award.id === body.awardId);
    if (found === undefined)
      return refuse('badge_award_not_found', 'The member was not awarded this by hand in this program.');
    if (found.withdrawal !== null)
      return refuse(
        'badge_award_withdrawn',
        `The award was withdrawn at ${time(found.withdrawal.at)}. It is withdrawn once.`,
      );
    const { reason, withdrawnBy } = body;
    const award = { ...found, withdrawal: { id, at: now, reason, withdrawnBy } };
    const record: BadgeWithdrawal = { ...body, id, programId, withdrawnAt: now, award };
    const { id: wire, badge, program_version } = badgeAwardToWire(award);
    const told = { external_id: body.externalId, source: body.source, reason, withdrawn_by: withdrawnBy };
    return accept({
      record,
      drafts: [],
      fact: {
        type: 'badge.withdrawn',
        occurredAt: now,
        data: { award: wire, ...told, badge, program_version },
      },
    });
  },

  evolve: (facts, { award }) => keep(facts, award),
  store: insertBadgeWithdrawals,
  find: findBadgeWithdrawals,
  differences({ body: { badgeWithdrawal } }, stored) {
    const differences: Difference[] = [];
    const [before, sent] = [stored.awardId, badgeWithdrawal.awardId].map(id => wireId('bdg', id));
    if (before !== sent) differences.push({ pointer: '/path/award', stored: before, sent });
    if (stored.reason !== badgeWithdrawal.reason)
      differences.push({ pointer: '/reason', stored: stored.reason, sent: badgeWithdrawal.reason });
    return differences;
  },
  answer: ({ award }) => ({ award: badgeAwardToWire(award) }),
};
