import { floorDiv } from '#platform/money.ts';
import { factsKey, type MemberFacts } from '../../members/index.ts';
import type { Challenge, ProgramVersion } from '../../program/index.ts';
import { dayIn } from '../activities/streaks.facts.ts';
import type { Deciding } from '../campaigns/campaigns.ts';
import { isForMember, judged } from '../campaigns/conditions.ts';
import { campaignsOf } from '../campaigns/effects.ts';
import type { Applied, Fault, Line, OrderState } from '../model.ts';
import { purchasesBefore } from '../orders/purchases.ts';
import { measures } from '../tiers/qualifying.ts';
import { isBack } from '../tiers/tier-gifts.ts';
import { type ChallengeFacts, listeningTo, openFor, periodAt } from './challenges.facts.ts';
import {
  type Award,
  type ChallengeKey,
  type ChallengeState,
  type ChallengeStep,
  challengeKey,
  NO_CHALLENGE,
} from './challenges.model.ts';
import { amountOf, type Part, type Place, replaced, settle } from './challenges.ts';

/* What an order, a return or an activity does to challenges, before any point is moved. Pure. */

/** What is to be given and taken back in one period. */
export interface Planned extends Omit<ChallengeStep, 'given' | 'taken' | 'state'> {
  /** By the version that decides; null where nothing can be reached. */
  readonly by: Challenge | null;
  readonly state: ChallengeState;
  readonly reached: readonly Place[];
  readonly lost: readonly Award[];
}

type Judging = Omit<Deciding, 'facts' | 'isLate'>;

/**
 * What an order does, or a revision of one: it counts where it matches now, and no more where it matched before. Adds
 * conditions that could not be judged to `faults` of the order.
 */
export function planOrder(
  facts: ChallengeFacts,
  deciding: Judging,
  applied: Pick<Applied, 'campaigns'>,
  faults: Fault[],
): Planned[] {
  const { order, version, programId, memberId, orderId, before } = deciding;
  const candidates = openFor(version.challenges, order);
  const known = before === undefined ? undefined : facts.parts.get(orderId);
  if (candidates.length === 0 && known === undefined) return [];
  const state = { order, returned: before?.returned ?? new Map() };
  const now = new Map<string, Counted>();
  const matched = matching(facts, deciding, candidates, faults);
  const added = addedBy(version, applied);
  for (const challenge of candidates) {
    const own = matched.includes(challenge) ? partOf(challenge, state, version) : null;
    const extra = added.get(challenge.id) ?? 0n;
    if (own === null && extra === 0n) continue;
    const key = { memberId, challenge: challenge.id, period: periodAt(challenge, order.occurredAt) };
    const value = (own?.value ?? 0n) + (isBack(state) ? 0n : extra);
    const part = { value, day: own?.day ?? null };
    now.set(`${key.challenge} ${key.period}`, { key, challenge, version: version.version, part, extra });
  }
  return plan(facts, { programId, cause: orderId }, known, now);
}

/** What campaigns add to the order in challenges. */
function addedBy(version: ProgramVersion, { campaigns }: Pick<Applied, 'campaigns'>): Map<string, bigint> {
  const added = new Map<string, bigint>();
  for (const { effect } of campaigns.length === 0 ? [] : campaignsOf(version, campaigns))
    if ('challenge' in effect)
      added.set(effect.challenge, (added.get(effect.challenge) ?? 0n) + effect.progress);
  return added;
}

/** What a return does: each part becomes what is left of it, by the version that it was counted by. */
export function planReturn(
  facts: ChallengeFacts,
  state: Pick<OrderState, 'id' | 'programId' | 'order' | 'returned'>,
  versionOf: (version: number) => ProgramVersion,
): Planned[] {
  const known = facts.parts.get(state.id);
  if (known === undefined) return [];
  const now = new Map<string, Counted>();
  for (const [name, step] of known) {
    const version = versionOf(step.programVersion);
    const challenge = version.challenges.find(({ id }) => id === step.challenge);
    if (challenge === undefined || step.value === 0n) continue;
    const { extra, programVersion } = step;
    const own = step.value > extra ? partOf(challenge, state, version) : null;
    const part = { value: (own?.value ?? 0n) + (isBack(state) ? 0n : extra), day: step.day };
    now.set(name, { key: keyOf(step), challenge: null, version: programVersion, part, extra });
  }
  return plan(facts, { programId: state.programId, cause: state.id }, known, now);
}

/** What an activity does. */
export function planActivity(
  facts: ChallengeFacts,
  activity: { programId: number; id: bigint; memberId: number; type: string; at: number },
  version: ProgramVersion,
): Planned[] {
  const { programId, id, memberId, type, at } = activity;
  const now = new Map<string, Counted>();
  for (const challenge of listeningTo(version.challenges, type, at)) {
    const key = { memberId, challenge: challenge.id, period: periodAt(challenge, at) };
    const part = { value: 1n, day: dayOf(challenge, at) };
    now.set(`${key.challenge} ${key.period}`, { key, challenge, version: version.version, part, extra: 0n });
  }
  return now.size === 0 ? [] : plan(facts, { programId, cause: id }, undefined, now);
}

interface Counted {
  readonly key: ChallengeKey;
  /** By which goals can be reached; null: none. */
  readonly challenge: Challenge | null;
  readonly version: number;
  readonly part: Part;
  readonly extra: bigint;
}

const keyOf = ({ memberId, challenge, period }: ChallengeKey): ChallengeKey => ({
  memberId,
  challenge,
  period,
});

function plan(
  facts: ChallengeFacts,
  of: Pick<ChallengeStep, 'programId' | 'cause'>,
  known: ReadonlyMap<string, ChallengeStep> | undefined,
  now: ReadonlyMap<string, Counted>,
): Planned[] {
  const planned = [...new Set([...(known?.keys() ?? []), ...now.keys()])].flatMap((name): Planned[] => {
    const before = known?.get(name);
    const counted = now.get(name);
    const key = counted?.key ?? keyOf(before as ChallengeStep);
    const part = counted?.part ?? { value: 0n, day: before?.day ?? null };
    const state = facts.periods.get(challengeKey(key))?.state ?? NO_CHALLENGE;
    const progress = replaced(state.progress, before ?? null, part);
    const given = state.awards.filter(({ back }) => back === null);
    const amount = amountOf(progress);
    const { lost, reached } = settle(given, amount, counted?.challenge ?? null);
    const isSame = part.value === (before?.value ?? 0n) && (part.value === 0n || part.day === before?.day);
    if (before !== undefined && isSame && lost.length + reached.length === 0) return [];
    const next: Planned = {
      ...key,
      ...of,
      programVersion: counted?.version ?? (before?.programVersion as number),
      ...part,
      extra: counted?.extra ?? 0n,
      before: amountOf(state.progress),
      after: amount,
      by: counted?.challenge ?? null,
      state: { ...state, progress },
      reached,
      lost,
    };
    return [next];
  });
  // What has to come back comes back before anything is given.
  return planned.sort((a, b) => b.lost.length - a.lost.length);
}

/** The challenges that are for this order and its member; one whose condition cannot be judged is not. */
function matching(
  facts: ChallengeFacts,
  { order, version, externalId, memberId, level, timeline, before }: Judging,
  candidates: readonly Challenge[],
  faults: Fault[],
): Challenge[] {
  if (candidates.length === 0) return [];
  // A segment can have been asked for a campaign before.
  const note = (fault: Fault) => {
    if (!faults.some(({ ref }) => ref === fault.ref)) faults.push(fault);
  };
  const at = order.occurredAt;
  const member: MemberFacts | undefined = facts.members.get(factsKey({ holderId: memberId, at }));
  const { input, isIn } = judged({
    order,
    version,
    externalId,
    tier: level?.id ?? '',
    member,
    purchases: () => purchasesBefore(timeline, { memberId, at, version }, before),
    fault: note,
  });
  return candidates.filter(challenge => {
    if (!(challenge.channels?.has(order.channel ?? '') ?? true)) return false;
    if (!(challenge.tiers?.has(level?.id ?? '') ?? true)) return false;
    if (!isForMember(challenge, member, isIn)) return false;
    const holds = challenge.condition?.holds(input) ?? true;
    if (typeof holds === 'object') note({ ref: challenge.ref, reason: holds.reason });
    return holds === true;
  });
}

const includes = (values: ReadonlySet<string> | null, value: string | null): boolean =>
  values === null || (value !== null && values.has(value));

const dayOf = ({ measure, timeZone }: Challenge, at: number): number | null =>
  measure === 'days' ? dayIn(timeZone, at) : null;

/** What an order counts for, less what of it has come back; null where no line of it is meant. */
function partOf(
  challenge: Challenge,
  { order, returned }: Pick<OrderState, 'order' | 'returned'>,
  version: ProgramVersion,
): Part | null {
  const { when, measure } = challenge;
  const lines =
    when === null
      ? order.lines
      : order.lines.filter(
          ({ category, sku }) => includes(when.category, category) && includes(when.sku, sku),
        );
  if (lines.length === 0) return null;
  const left = measures({ order: { ...order, lines }, returned }, version);
  const value = {
    count: () => left.orders,
    days: () => left.orders,
    spend: () => left.spend,
    nights: () => left.nights,
    quantity: () => lines.reduce((sum, line) => sum + keptOf(line, returned), 0n),
  }[measure]();
  return { value, day: dayOf(challenge, order.occurredAt) };
}

/** How many items of a line have not come back; one of which a part of the price came back is still there. */
function keptOf({ id, quantity }: Line, returned: OrderState['returned']): bigint {
  const back = returned.get(id);
  return BigInt(quantity) - (back === undefined ? 0n : floorDiv(BigInt(quantity) * back.num, back.den));
}
