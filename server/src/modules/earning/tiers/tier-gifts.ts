import type { Tx } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import { compare, ONE } from '#platform/money.ts';
import type { ProgramFacts } from '../../ledger/index.ts';
import { addDuration, type Campaign, type Program, type ProgramVersion } from '../../program/index.ts';
import { campaignsOf } from '../campaigns/effects.ts';
import type { OrderState, ProgramInForce } from '../model.ts';
import {
  insertTierGrantEnds,
  insertTierGrants,
  type TierGrant,
  type TierGrantEnd,
  tierGrantsOf,
} from './tier-grants.store.ts';
import { tierGrantToWire } from './tier-grants.wire.ts';
import type { TimelineFacts } from './timeline.ts';

/*
 * Tiers that campaigns give for an order. They are grants like those that somebody gives by hand, from the time of the
 * order on; an order has one at most. What becomes of it follows from what applied to the order before and after a
 * decision, so that live decisions, backtests and re-ratings find the same.
 */

/** The name by which the engine's own grants and their ends are known. */
const ENGINE = 'fealty';

/** A level that an order gives. */
export interface GivenTier {
  /** `id@version` of the campaign. */
  readonly ref: string;
  readonly tier: string;
  readonly from: number;
  readonly until: number;
}

/** What a decision about an order does to the level that it gives. */
export interface TierStep {
  readonly ended: TierGrantEnd | null;
  readonly granted: TierGrant | null;
}

/** Of the campaigns that give a level only the one with the highest stays, of equal ones the first. */
export function oneTier(candidates: readonly Campaign[], { tiers }: ProgramVersion): readonly Campaign[] {
  const giving = candidates.filter(({ effect }) => 'tier' in effect);
  if (giving.length < 2) return candidates;
  const placeOf = ({ effect }: Campaign) =>
    tiers?.levels.findIndex(({ id }) => 'tier' in effect && id === effect.tier) ?? -1;
  const best = giving.reduce((a, b) => (placeOf(b) > placeOf(a) ? b : a));
  return candidates.filter(campaign => campaign === best || !giving.includes(campaign));
}

/** Whether everything of an order has come back. */
export const isBack = ({ order, returned }: Pick<OrderState, 'order' | 'returned'>): boolean =>
  order.lines.every(line => compare(returned.get(line.id) ?? { num: 0n, den: 1n }, ONE) === 0);

/** The level that an order gives by what applied to it, whatever came back since. */
export function tierOfOrder(
  { order, applied }: Pick<OrderState, 'order' | 'applied'>,
  version: ProgramVersion,
): GivenTier | null {
  for (const { ref, effect, timeZone } of campaignsOf(version, applied.campaigns)) {
    if (!('tier' in effect)) continue;
    const from = order.occurredAt;
    return { ref, tier: effect.tier, from, until: addDuration(from, effect.lasts, timeZone) };
  }
  return null;
}

/** The level that an order gives now: none where the whole of it has come back, unless returns lower nobody. */
export const tierGiven = (
  state: Pick<OrderState, 'order' | 'applied' | 'returned'>,
  version: ProgramVersion,
): GivenTier | null =>
  isBack(state) && version.tiers?.lowerAfterReturn !== false ? null : tierOfOrder(state, version);

export const isSameTier = (a: GivenTier | null, b: GivenTier | null): boolean =>
  a === b || (a?.tier === b?.tier && a?.from === b?.from && a?.until === b?.until);

/** A decision about an order. */
interface Deciding {
  readonly id: bigint;
  readonly orderId: bigint;
  readonly memberId: number;
  readonly programId: number;
  /** The version of this number, by which the order was decided before. */
  versionOf(number: number): ProgramVersion;
  /** The program's clock, epoch ms. */
  readonly now: number;
  /** When what was given ends that is not given any more. Left out: it is as if it never was. */
  readonly endsAt?: number;
  readonly why: string;
}

/** An order and the version that decides about it. */
interface Decided {
  readonly state: Pick<OrderState, 'order' | 'applied' | 'returned'>;
  readonly version: ProgramVersion;
}

/**
 * From the level that an order gave to the one that it gives. What somebody ended by hand stays ended. `before` is the order as
 * it was; undefined for a new one.
 */
export function tierStep(
  deciding: Deciding,
  { granted }: TimelineFacts,
  before: OrderState | undefined,
  after: Decided,
): TierStep | null {
  if (after.state.applied.campaigns.length === 0 && (before?.applied.campaigns.length ?? 0) === 0)
    return null;
  const { orderId, memberId, versionOf } = deciding;
  const was = before === undefined ? null : tierGiven(before, versionOf(before.programVersion));
  const is = tierGiven(after.state, after.version);
  if (isSameTier(was, is)) return null;
  const last = (granted.get(memberId) ?? [])
    .filter(grant => grant.orderId === orderId)
    .reduce<TierGrant | undefined>((a, b) => (a !== undefined && a.id > b.id ? a : b), undefined);
  if (last !== undefined && last.end !== null && last.end.endedBy !== ENGINE) return null;
  return {
    ended: last === undefined || last.end !== null ? null : endOf(deciding, last),
    granted: is && grantOf(deciding, is),
  };
}

/** A level as a grant. */
const grantOf = (
  { id, orderId, memberId, programId, now }: Omit<Deciding, 'why' | 'versionOf'>,
  { ref, tier, from, until }: GivenTier,
): TierGrant => ({
  id,
  programId,
  memberId,
  orderId,
  externalId: `${wireId('ord', orderId)}:${ref}`,
  source: ENGINE,
  tier,
  from,
  until,
  reason: ref,
  grantedBy: ENGINE,
  grantedAt: now,
  end: null,
});

function endOf({ id, programId, endsAt, why }: Deciding, last: TierGrant): TierGrantEnd {
  const at = Math.max(endsAt ?? last.from, last.from);
  return {
    id,
    programId,
    grantId: last.id,
    externalId: `${wireId('tgr', last.id)}:${wireId('tgr', id)}`,
    source: ENGINE,
    reason: why,
    endedBy: ENGINE,
    endedAt: at,
    grant: { ...last, end: { id, at, reason: why, endedBy: ENGINE } },
  };
}

/** Makes a step visible to the later commands of the batch. */
export function takeTierStep({ granted }: TimelineFacts, { ended, granted: grant }: TierStep): void {
  for (const own of [ended?.grant, grant].flatMap(moved => moved ?? [])) {
    const others = (granted.get(own.memberId) ?? []).filter(({ id }) => id !== own.id);
    granted.set(own.memberId, [...others, own]);
  }
}

/** What is published about a step. */
export function tierFacts(step: TierStep | null, occurredAt: number) {
  const told = (grant: TierGrant) => {
    const { id, member: _, granted_at: __, end: ___, ...data } = tierGrantToWire(grant);
    return { grant: id, ...data };
  };
  const { ended = null, granted = null } = step ?? {};
  return [
    ...(ended === null
      ? []
      : [
          {
            type: 'tier.grant_ended',
            occurredAt,
            data: { ...told(ended.grant), reason: ended.reason, ended_by: ended.endedBy },
          },
        ]),
    ...(granted === null ? [] : [{ type: 'tier.granted', occurredAt, data: told(granted) }]),
  ];
}

/** Writes what decisions did to levels; a grant goes out before what ends it. */
export async function storeTierSteps(
  tx: Tx,
  decisions: readonly { stored: { added?: { tier?: TierStep | null } } }[],
): Promise<void> {
  const steps = decisions.flatMap(({ stored: { added } }) => added?.tier ?? []);
  const granted = steps.flatMap(({ granted: grant }) => (grant === null ? [] : { stored: grant }));
  const ended = steps.flatMap(({ ended: end }) => (end === null ? [] : { stored: end }));
  await Promise.all([
    ...(granted.length > 0 ? [insertTierGrants(tx, granted)] : []),
    ...(ended.length > 0 ? [insertTierGrantEnds(tx, ended)] : []),
  ]);
}

/** The versions of a program by their numbers. */
export const versionsOf =
  ({ versions }: Pick<Program, 'versions'>) =>
  (number: number): ProgramVersion =>
    versions[number - 1] as ProgramVersion;

const givesTiers = ({ versions }: Program): boolean =>
  versions.some(({ campaigns }) => campaigns.some(({ effect }) => 'tier' in effect));

/** Reads the grants of the members of known orders, where their programs' campaigns give levels. */
export async function loadTierGifts(
  tx: Tx,
  states: ReadonlyMap<bigint, OrderState>,
  programs: readonly ProgramFacts[],
  { granted }: TimelineFacts,
): Promise<void> {
  if (states.size === 0) return;
  const giving = new Set(
    programs.flatMap(facts => (givesTiers((facts as ProgramInForce).program) ? facts.id : [])),
  );
  if (giving.size === 0) return;
  const members = [...states.values()]
    .filter(({ programId, memberId }) => giving.has(programId) && !granted.has(memberId))
    .map(({ memberId }) => memberId);
  for (const [memberId, own] of await tierGrantsOf(tx, [...new Set(members)])) granted.set(memberId, own);
}
