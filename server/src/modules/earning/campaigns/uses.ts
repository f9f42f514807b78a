import { LRUCache } from 'lru-cache';
import { addDuration, type Campaign, type Period, startOf } from '../../program/index.ts';

/** How a campaign counted for a member once, or (negative) what a return gave back of it. */
export interface Use {
  readonly memberId: number;
  readonly campaign: string;
  /** The time of the order, epoch ms. */
  readonly at: number;
  readonly orderId: bigint;
  readonly count: number;
  readonly points: bigint;
}

/** By campaign and member, because a batch has few campaigns and many members: keys that hold both would be made for each order. */
type ByMember<T> = Map<string, Map<number, T>>;

/** Uses by campaign and member: those that are stored and those of this batch. */
export type UsesFacts = ByMember<Use[]>;

/** What can be bounded in how often it counts for a member: a campaign, or a rule on an activity. */
export type Counted = Pick<Campaign, 'id' | 'limit' | 'cooldown' | 'cap' | 'timeZone'>;

/** What there is for each member under a campaign; made where there is nothing yet. */
function membersOf<T>(all: ByMember<T>, campaign: string): Map<number, T> {
  let own = all.get(campaign);
  if (own === undefined) {
    own = new Map();
    all.set(campaign, own);
  }
  return own;
}

/** Makes uses visible to the later commands of the batch. */
export function addUses(facts: UsesFacts, uses: readonly Use[]): void {
  for (const use of uses) {
    const members = membersOf(facts, use.campaign);
    const own = members.get(use.memberId);
    if (own === undefined) members.set(use.memberId, [use]);
    else own.push(use);
  }
}

const NO_USES: readonly Use[] = [];
const usesOf = (facts: UsesFacts, memberId: number, campaign: string): readonly Use[] =>
  facts.get(campaign)?.get(memberId) ?? NO_USES;

/** Whether the uses of a campaign have to be known and kept. */
export const isCounted = ({ limit, cooldown, cap }: Omit<Counted, 'id' | 'timeZone'>): boolean =>
  limit !== null || cooldown !== null || (cap !== null && cap.per !== 'order');

/** Since when the uses of a campaign matter for an order at `at`, and until when; epoch ms. */
function relevant(campaign: Counted, at: number): { since: number; until: number; inOnePeriod: boolean } {
  const { limit, cooldown, cap, timeZone } = campaign;
  const ofLimit = limit?.every;
  const ofCap = cap !== null && cap.per !== 'order' ? cap.per : undefined;
  let since = at;
  let until = at;
  for (const each of [ofLimit, ofCap]) {
    if (each === undefined) continue;
    const [first, last] = bounds(each, at, timeZone);
    since = Math.min(since, first);
    until = Math.max(until, last);
  }
  const period = ofLimit ?? ofCap;
  const isOne = period !== undefined && (ofCap ?? period) === period;
  if (cooldown !== null) {
    since = Math.min(since, addDuration(at, cooldown, timeZone, -1));
    until = Math.max(until, addDuration(at, cooldown, timeZone));
  }
  return { since, until, inOnePeriod: cooldown === null && isOne };
}

/** Which uses a batch needs: of each member and campaign those between two instants, both included. */
export interface UsesQuestion {
  readonly memberId: number;
  readonly campaign: string;
  readonly since: number;
  readonly until: number;
  /** An instant for which only the sum of these uses matters, because they are those of its period; null: each matters. */
  readonly summedAt: number | null;
}

/** The questions of a batch, each pair of campaign and member once. */
export type UsesAsked = ByMember<UsesQuestion>;

/** All questions of a batch. */
export const questionsIn = (asked: UsesAsked): UsesQuestion[] =>
  [...asked.values()].flatMap(members => [...members.values()]);

/** Asks for the uses that matter for something of the member at `at`. */
export function ask(asked: UsesAsked, campaign: Counted, memberId: number, at: number): void {
  const { since, until, inOnePeriod } = relevant(campaign, at);
  const members = membersOf(asked, campaign.id);
  const known = members.get(memberId);
  if (known === undefined) {
    const summedAt = inOnePeriod ? at : null;
    members.set(memberId, { memberId, campaign: campaign.id, since, until, summedAt });
    return;
  }
  members.set(memberId, {
    memberId,
    campaign: campaign.id,
    since: Math.min(known.since, since),
    until: Math.max(known.until, until),
    summedAt: inOnePeriod && known.since === since && known.until === until ? known.summedAt : null,
  });
}

const ALL_TIME: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** The period of each kind and zone that was asked for last: the orders of a batch nearly always share it. */
const latest = new LRUCache<string, readonly [number, number]>({ max: 256 });

/** The first instant of the period that holds `at`, and the last. */
function bounds(period: Period, at: number, timeZone: string): readonly [number, number] {
  if (period === 'ever') return ALL_TIME;
  const key = `${period} ${timeZone}`;
  const known = latest.get(key);
  if (known !== undefined && at >= known[0] && at <= known[1]) return known;
  const found = [startOf(period, at, timeZone), startOf(period, at, timeZone, 1) - 1] as const;
  latest.set(key, found);
  return found;
}

/** Whether the limit and the cooldown of a campaign let it count for an order of the member at `at`. */
export function mayCount(facts: UsesFacts, campaign: Counted, memberId: number, at: number): boolean {
  const { limit, cooldown, timeZone } = campaign;
  const uses = usesOf(facts, memberId, campaign.id);
  if (limit !== null) {
    const [first, last] = bounds(limit.every, at, timeZone);
    let count = 0;
    for (const use of uses) if (use.at >= first && use.at <= last) count += use.count;
    if (count >= limit.perMember) return false;
  }
  if (cooldown === null) return true;
  const counted = new Map<bigint, { at: number; count: number }>();
  for (const use of uses) {
    const count = (counted.get(use.orderId)?.count ?? 0) + use.count;
    counted.set(use.orderId, { at: use.at, count });
  }
  return ![...counted.values()].some(
    use =>
      use.count > 0 &&
      at < addDuration(use.at, cooldown, timeZone) &&
      use.at < addDuration(at, cooldown, timeZone),
  );
}

/** How many points the cap lets a campaign still give the member in an order at `at`; null where it has none. */
export function underCap(
  facts: UsesFacts,
  { id, cap, timeZone }: Campaign,
  memberId: number,
  at: number,
): bigint | null {
  if (cap === null) return null;
  if (cap.per === 'order') return cap.points;
  const [first, last] = bounds(cap.per, at, timeZone);
  let left = cap.points;
  for (const use of usesOf(facts, memberId, id)) if (use.at >= first && use.at <= last) left -= use.points;
  return left > 0n ? left : 0n;
}
