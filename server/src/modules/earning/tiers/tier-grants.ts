import { accept, type Difference, type Outcome, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { type CommandType, time } from '../../ledger/index.ts';
import { type ProgramVersion, versionAt } from '../../program/index.ts';
import type { LoadOrders, OrderFacts } from '../facts.ts';
import type { ProgramInForce } from '../model.ts';
import {
  findTierGrantEnds,
  findTierGrants,
  insertTierGrantEnds,
  insertTierGrants,
  type TierGrant,
  type TierGrantBody,
  type TierGrantEnd,
  type TierGrantEndBody,
} from './tier-grants.store.ts';
import { tierGrantToWire } from './tier-grants.wire.ts';

export interface TierGrantAnswer {
  grant: ReturnType<typeof tierGrantToWire>;
}

export const tierGrantPayload = (memberId: number, { tier, from, until, reason }: TierGrantBody): string =>
  hash128(String(memberId), tier, String(from), String(until), reason);

export const tierGrantEndPayload = ({ grantId, reason }: TierGrantEndBody): string =>
  hash128(String(grantId), reason);

/** What is granted must be a level that the program has when it begins, and must not change what was decided. */
function periodOf(
  { tier, from: asked, until }: TierGrantBody,
  version: (at: number) => ProgramVersion,
  now: number,
): Outcome<number> {
  const from = asked ?? now;
  if (from < now)
    return refuse(
      'tier_grant_period_invalid',
      `It would begin at ${time(from)}; the program's clock stands at ${time(now)}. What was decided before stays: let it begin now or later, or leave out "from".`,
    );
  if (until !== null && until <= from)
    return refuse(
      'tier_grant_period_invalid',
      `It would end at ${time(until)}, not after ${time(from)}, when it begins.`,
    );
  const { tiers, version: number } = version(from);
  if (tiers === null)
    return refuse(
      'program_without_tiers',
      `Version ${number} of the program, in force at ${time(from)}, has no tiers.`,
    );
  if (tiers.levels.some(({ id }) => id === tier)) return accept(from);
  return refuse(
    'tier_unknown',
    `The program has no tier "${tier}" at ${time(from)}. Its tiers are ${tiers.levels.map(({ id }) => id).join(', ')}.`,
  );
}

/** `tier_grant`: a level for a member that nothing has to qualify for. */
export const tierGrantType = (
  load: LoadOrders,
): CommandType<{ tierGrant: TierGrantBody }, OrderFacts, TierGrant, TierGrantAnswer> => ({
  name: 'tier_grant',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load,

  decide({ body, programId }, _facts, { program, holder, id }) {
    const { now } = program;
    const version = (at: number) => versionAt((program as ProgramInForce).program, at);
    const from = periodOf(body.tierGrant, version, now);
    if (!from.ok) return from;
    const memberId = holder.id;
    const record: TierGrant = {
      ...body.tierGrant,
      id,
      programId,
      memberId,
      orderId: null,
      from: from.value,
      grantedAt: now,
      end: null,
    };
    const { id: grant, member: _, granted_at: __, order: ___, end: ____, ...data } = tierGrantToWire(record);
    return accept({
      record,
      drafts: [],
      fact: { type: 'tier.granted', occurredAt: now, data: { grant, ...data } },
    });
  },

  evolve({ timeline }, grant) {
    timeline.granted.set(grant.memberId, [...(timeline.granted.get(grant.memberId) ?? []), grant]);
  },
  store: insertTierGrants,
  find: findTierGrants,
  differences: ({ body, member }, stored, { holder }) =>
    differencesOf(body.tierGrant, stored, holder?.id === stored.memberId ? null : member),
  answer: stored => ({ grant: tierGrantToWire(stored) }),
});

/** `tier_grant_end`: what was granted is over now, or does not begin. */
export const tierGrantEndType = (
  load: LoadOrders,
): CommandType<{ tierGrantEnd: TierGrantEndBody }, OrderFacts, TierGrantEnd, TierGrantAnswer> => ({
  name: 'tier_grant_end',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  load,

  decide({ body: { tierGrantEnd: body }, programId }, { timeline }, { program, holder, id }) {
    const { now } = program;
    const found = timeline.granted.get(holder.id)?.find(grant => grant.id === body.grantId);
    if (found === undefined)
      return refuse('tier_grant_not_found', 'The member has no such grant in this program.');
    if (found.end !== null)
      return refuse('tier_grant_ended', `The grant was ended at ${time(found.end.at)}. It is ended once.`);
    if (found.until !== null && found.until <= now)
      return refuse('tier_grant_ended', `The grant was over at ${time(found.until)} by itself.`);
    const { reason, endedBy } = body;
    const grant = { ...found, end: { id, at: now, reason, endedBy } };
    const record: TierGrantEnd = { ...body, id, programId, endedAt: now, grant };
    const { id: wire, tier, from, until } = tierGrantToWire(grant);
    const told = { external_id: body.externalId, source: body.source, reason, ended_by: endedBy };
    return accept({
      record,
      drafts: [],
      fact: {
        type: 'tier.grant_ended',
        occurredAt: now,
        data: { grant: wire, ...told, tier, from, until },
      },
    });
  },

  evolve({ timeline }, { grant }) {
    const others = (timeline.granted.get(grant.memberId) ?? []).filter(({ id }) => id !== grant.id);
    timeline.granted.set(grant.memberId, [...others, grant]);
  },
  store: insertTierGrantEnds,
  find: findTierGrantEnds,
  differences({ body: { tierGrantEnd } }, stored) {
    const differences: Difference[] = [];
    const [before, sent] = [stored.grantId, tierGrantEnd.grantId].map(id => wireId('tgr', id));
    if (before !== sent) differences.push({ pointer: '/path/grant', stored: before, sent });
    if (stored.reason !== tierGrantEnd.reason)
      differences.push({ pointer: '/reason', stored: stored.reason, sent: tierGrantEnd.reason });
    return differences;
  },
  answer: ({ grant }) => ({ grant: tierGrantToWire(grant) }),
});

/** Where a grant differs from the stored one; `otherMember` is whom it was sent for, if not the same. */
function differencesOf(sent: TierGrantBody, stored: TierGrant, otherMember: string | null): Difference[] {
  const differences: Difference[] = [];
  const compare = (pointer: string, before: unknown, now: unknown) => {
    if (before !== now) differences.push({ pointer, stored: before, sent: now });
  };
  if (otherMember !== null) compare('/path/member', wireId('mem', BigInt(stored.memberId)), otherMember);
  compare('/tier', stored.tier, sent.tier);
  if (sent.from !== null) compare('/from', time(stored.from), time(sent.from));
  compare('/until', time(stored.until), time(sent.until));
  compare('/reason', stored.reason, sent.reason);
  // The same instant, named once and once left out.
  if (differences.length === 0)
    differences.push({
      pointer: '/from',
      stored: sent.from === null ? time(stored.from) : null,
      sent: time(sent.from),
    });
  return differences;
}
