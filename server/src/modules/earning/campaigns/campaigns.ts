import { factsKey } from '../../members/index.ts';
import type { Campaign, Level, ProgramVersion } from '../../program/index.ts';
import {
  type Applied,
  bounded,
  type Cell,
  citedBy,
  type Fault,
  NOTHING_BACK,
  type Order,
  type OrderState,
  rate,
  targets,
} from '../model.ts';
import { noteFaultsOfRules } from '../orders/order-rules.ts';
import { purchasesBefore } from '../orders/purchases.ts';
import type { Decided } from '../posting.ts';
import { isBack, oneTier } from '../tiers/tier-gifts.ts';
import type { TimelineFacts } from '../tiers/timeline.ts';
import { giveBack, take } from './budgets.ts';
import type { CampaignFacts } from './campaigns.facts.ts';
import { isForMember, judged } from './conditions.ts';
import { isGift } from './effects.ts';
import { isHeldOut } from './holdout.ts';
import { combine } from './multipliers.ts';
import { isCounted, mayCount, type Use, underCap } from './uses.ts';

/** An order that is about to be decided. */
export interface Deciding {
  readonly order: Order;
  readonly orderId: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly externalId: string;
  readonly version: ProgramVersion;
  /** The tier that the member has just before the order. */
  readonly level: Level | null;
  readonly isLate: boolean;
  readonly facts: CampaignFacts;
  readonly timeline: TimelineFacts;
  /** The order as it was, where this is a revision of it, and the version that decided it then. */
  readonly before: OrderState | undefined;
  readonly versionBefore: ProgramVersion | undefined;
}

/** What applies to an order, and what it took for that. */
export interface Application {
  readonly applied: Applied;
  /** What the order earns by it. */
  readonly cells: Cell[];
  readonly uses: readonly Use[];
  readonly taken: readonly Taken[];
  /** What a revision no longer takes. */
  readonly back: readonly Taken[];
}

const NO_BOUNDS: Applied['bounds'] = new Map();
const NO_USES: readonly Use[] = [];

interface Taken {
  readonly programId: number;
  readonly campaign: string;
  readonly points: bigint;
}

/**
 * What applies to an order: the tier's multiplier and the campaigns that are for it, together as the program says, each
 * within its limit, cap and budget. A campaign of which nothing is left to give is left out, and the rest is put
 * together again. Budgets are taken from; `undo` puts that back where the order is refused after all. Adds to `faults`.
 */
export function apply(deciding: Deciding, faults: Fault[]): Application {
  const { order, version, level, before } = deciding;
  noteFaultsOfRules(order, version, faults);
  let candidates = oneTier(bestOfGroups(deciding, matching(deciding, faults)), version);
  for (;;) {
    const applied: Applied = {
      tier: level?.id ?? null,
      multipliers: combine(version, level, candidates),
      campaigns: candidates.filter(({ effect }) => !('multiply' in effect)).map(({ ref }) => ref),
      bounds: NO_BOUNDS,
      faults,
      late: deciding.isLate,
    };
    const cells = rate(order, version, applied);
    if (candidates.length === 0)
      return { applied, cells, uses: usesOf(deciding, new Map()), taken: [], back: backOf(deciding, []) };
    const wanted = pointsByCampaign({ order, returned: before?.returned ?? NOTHING_BACK }, cells);
    const active = candidates.filter(
      candidate => (wanted.get(candidate.ref)?.gross ?? 0n) > 0n || isGift(candidate),
    );
    const granted = grant(deciding, active, wanted);
    if ('without' in granted) {
      candidates = candidates.filter(candidate => candidate !== granted.without);
      continue;
    }
    const { bounds, taken } = granted;
    const given = new Map(
      active.map(campaign => [campaign, bounds.get(campaign.ref) ?? wanted.get(campaign.ref)?.gross ?? 0n]),
    );
    return {
      applied: { ...applied, bounds },
      cells: bounded(cells, bounds),
      uses: usesOf(deciding, given),
      taken,
      back: [...granted.back, ...backOf(deciding, active)],
    };
  }
}

/** What campaigns that do not count any more had given to the earlier revision of an order. */
function backOf({ programId, before }: Deciding, active: readonly Campaign[]): Taken[] {
  if (before === undefined) return [];
  return [...campaignIds(before.applied)]
    .filter(id => !active.some(campaign => campaign.id === id))
    .map(id => ({ programId, campaign: id, points: grantedBy(before, id) }));
}

/** Puts what a revision does not take any more back into the budgets; to be called when it is accepted. */
export function finish({ back }: Application, version: ProgramVersion, facts: CampaignFacts): void {
  if (back.length === 0) return;
  const budgets = new Set(version.campaigns.filter(({ budget }) => budget !== null).map(({ id }) => id));
  undo({ taken: back.filter(({ campaign, points }) => points > 0n && budgets.has(campaign)) }, facts);
}

/** Puts back what an application took from budgets. */
export function undo({ taken }: Pick<Application, 'taken'>, facts: CampaignFacts): void {
  for (const { programId, campaign, points } of taken) giveBack(facts.budgets, programId, campaign, points);
}

/** The campaigns that are for this order; none for a member of the holdout. Notes conditions that could not be judged. */
function matching(deciding: Deciding, faults: Fault[]): Campaign[] {
  const { order, version, externalId, memberId, level, facts, timeline, before } = deciding;
  if (version.campaigns.length === 0 || isHeldOut(version, externalId)) return [];
  const at = order.occurredAt;
  const member =
    facts.members.size === 0 ? undefined : facts.members.get(factsKey({ holderId: memberId, at }));
  const { input, isIn } = judged({
    order,
    version,
    externalId,
    tier: level?.id ?? '',
    member,
    seen: facts.seen?.get(order),
    purchases: () => purchasesBefore(timeline, { memberId, at, version }, before),
    fault: fault => faults.push(fault),
  });
  return version.campaigns.filter(campaign => {
    if (!isFor(campaign, deciding) || !isForMember(campaign, member, isIn)) return false;
    const holds = campaign.condition?.holds(input) ?? true;
    if (typeof holds === 'object') faults.push({ ref: campaign.ref, reason: holds.reason });
    return holds === true;
  });
}

/** Whether a campaign is for this order: schedule, audience, and how often it counted for the member already. */
function isFor(campaign: Campaign, deciding: Deciding): boolean {
  const { order, memberId, level, facts } = deciding;
  if (!campaign.open(order.occurredAt)) return false;
  if (!(campaign.channels?.has(order.channel ?? '') ?? true)) return false;
  if (!(campaign.tiers?.has(level?.id ?? '') ?? true)) return false;
  return (
    !isCounted(campaign) ||
    countedBefore(campaign, deciding) ||
    mayCount(facts.uses, campaign, memberId, order.occurredAt)
  );
}

/** Whether an earlier revision of the order used the campaign, so that this one does not use it once more. */
const countedBefore = (
  campaign: Campaign,
  { before, versionBefore }: Pick<Deciding, 'before' | 'versionBefore'>,
): boolean =>
  before !== undefined && versionBefore !== undefined && hasCounted(campaign, before, versionBefore);

/** Whether an order, as the version decided it, used a campaign: a multiplier that gave it no point was only applied. */
function hasCounted(campaign: Campaign, state: OrderState, version: ProgramVersion): boolean {
  if (!campaignIds(state.applied).has(campaign.id)) return false;
  if (isGift(campaign)) return true;
  const cells = rate(state.order, version, state.applied);
  return cells.some(({ rule }) => idOf(citedBy(rule.ref)) === campaign.id);
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));
const campaignIds = ({ multipliers, campaigns }: Applied): Set<string> =>
  new Set([...multipliers.map(({ ref }) => ref), ...campaigns].map(idOf));

/** Of each exclusive group the campaign that alone gives the order the most, the earlier one where two are equal. */
function bestOfGroups({ order, version }: Deciding, campaigns: readonly Campaign[]): readonly Campaign[] {
  if (campaigns.every(({ group }) => group === null)) return campaigns;
  const groups = Map.groupBy(
    campaigns.filter(({ group }) => group !== null),
    ({ group }) => group,
  );
  const best = new Set<Campaign>();
  for (const rivals of groups.values()) {
    const points = (campaign: Campaign): bigint => {
      const applied = {
        tier: null,
        multipliers: combine(version, null, [campaign]),
        campaigns: 'multiply' in campaign.effect ? [] : [campaign.ref],
        bounds: new Map(),
        faults: [],
        late: false,
      };
      const cells = rate(order, version, applied);
      return pointsByCampaign({ order, returned: NOTHING_BACK }, cells).get(campaign.ref)?.gross ?? 0n;
    };
    best.add(
      rivals.length === 1
        ? (rivals[0] as Campaign)
        : rivals.reduce((a, b) => (points(b) > points(a) ? b : a)),
    );
  }
  return campaigns.filter(campaign => campaign.group === null || best.has(campaign));
}

/** What each campaign gives an order: in all, and for what of it has not come back. */
function pointsByCampaign(
  state: Pick<OrderState, 'order' | 'returned'>,
  cells: readonly Cell[],
): Map<string, { gross: bigint; net: bigint }> {
  const points = new Map<string, { gross: bigint; net: bigint }>();
  const of = (ref: string) => {
    const own = points.get(citedBy(ref)) ?? { gross: 0n, net: 0n };
    points.set(citedBy(ref), own);
    return own;
  };
  for (const cell of cells) of(cell.rule.ref).gross += cell.points;
  if (state.returned.size === 0) {
    for (const own of points.values()) own.net = own.gross;
    return points;
  }
  for (const [ref, target] of targets(state, cells)) of(ref).net += target.points;
  return points;
}

/** Bounds campaigns by their caps and takes from their budgets; or the first one that has nothing left to give. */
function grant(
  { order, programId, memberId, facts, before }: Deciding,
  active: readonly Campaign[],
  wanted: ReadonlyMap<string, { gross: bigint; net: bigint }>,
): { bounds: Applied['bounds']; taken: Taken[]; back: Taken[] } | { without: Campaign } {
  let bounds = NO_BOUNDS;
  const taken: Taken[] = [];
  const back: Taken[] = [];
  for (const campaign of active) {
    if (isGift(campaign)) continue;
    const { gross, net } = wanted.get(campaign.ref) as { gross: bigint; net: bigint };
    const granted = before === undefined ? 0n : grantedBy(before, campaign.id);
    const cap = underCap(facts.uses, campaign, memberId, order.occurredAt);
    // Of a period an earlier revision has used a part already; of its order a cap is whole again.
    const room = cap === null || campaign.cap?.per === 'order' ? cap : cap + granted;
    let most = room === null || room >= gross ? gross : room;
    const more = net - (gross - most) - granted;
    if (campaign.budget !== null && more > 0n) {
      const points = take(facts.budgets, programId, campaign.id, more, campaign.budget.whenShort);
      if (points > 0n) taken.push({ programId, campaign: campaign.id, points });
      most -= more - points;
    }
    if (most <= 0n || (most < gross && campaign.budget?.whenShort === 'refuse' && cap === null)) {
      undo({ taken }, facts);
      return { without: campaign };
    }
    if (more < 0n) back.push({ programId, campaign: campaign.id, points: -more });
    if (most < gross) bounds = new Map([...bounds, [campaign.ref, most]]);
  }
  return { bounds, taken, back };
}

/** What an order has of a campaign now. */
function grantedBy({ grants }: Pick<OrderState, 'grants'>, campaign: string): bigint {
  let points = 0n;
  for (const [ref, { earned, clawed }] of grants)
    if (idOf(citedBy(ref)) === campaign) points += earned - clawed;
  return points;
}

/** How the counted campaigns counted for the order that got `given`, as differences from what its earlier revision had. */
function usesOf(deciding: Deciding, given: ReadonlyMap<Campaign, bigint>): readonly Use[] {
  const { order, orderId, memberId, version, before } = deciding;
  // Of an order that is new only what it got can count; to go through all campaigns took 1.7 KB of memory.
  if (before === undefined && given.size === 0) return NO_USES;
  const touched = before === undefined ? [...given.keys()] : version.campaigns;
  return touched.flatMap(campaign => {
    const points = given.get(campaign);
    const counted = countedBefore(campaign, deciding);
    if ((points === undefined && !counted) || !isCounted(campaign)) return [];
    const use = {
      memberId,
      campaign: campaign.id,
      at: order.occurredAt,
      orderId,
      count: (points === undefined ? 0 : 1) - (counted ? 1 : 0),
      points: (points ?? 0n) - (before === undefined ? 0n : grantedBy(before, campaign.id)),
    };
    return use.count === 0 && use.points === 0n ? [] : use;
  });
}

/** Gives what a return took back to the budgets and limits of the campaigns that want it so. */
export function returnToCampaigns(
  state: OrderState,
  after: Pick<OrderState, 'returned'>,
  version: ProgramVersion,
  { clawed }: Decided,
  facts: CampaignFacts,
): Use[] {
  const back = new Map<string, bigint>();
  for (const { rule, decided } of clawed) {
    const id = idOf(citedBy(rule));
    back.set(id, (back.get(id) ?? 0n) + decided);
  }
  const isWhole = isBack({ ...state, ...after }) && !isBack(state);
  return version.campaigns.flatMap(campaign => {
    const points = back.get(campaign.id) ?? 0n;
    const isUseBack = isWhole && (points > 0n || hasCounted(campaign, state, version));
    if ((points === 0n && !isUseBack) || !campaign.giveBack) return [];
    if (campaign.budget !== null) giveBack(facts.budgets, state.programId, campaign.id, points);
    if (!isCounted(campaign)) return [];
    return {
      memberId: state.memberId,
      campaign: campaign.id,
      at: state.order.occurredAt,
      orderId: state.id,
      count: isUseBack ? -1 : 0,
      points: -points,
    };
  });
}

/**
 * Moves limits and budgets from what an order has to what another decision about it gives. Where a budget has less left
 * than that, the campaign is bounded by what there is. `undo` is for a decision that is refused after all.
 */
export function settleAgain(
  state: OrderState,
  versionBefore: ProgramVersion,
  version: ProgramVersion,
  planned: Applied,
  facts: CampaignFacts,
): { applied: Applied; uses: Use[]; undo(): void } {
  const { order, programId, memberId, id: orderId } = state;
  const points = pointsByCampaign(state, rate(order, version, planned));
  const bounds = new Map(planned.bounds);
  const taken: Taken[] = [];
  const uses: Use[] = [];
  const given: Taken[] = [];
  for (const campaign of version.campaigns) {
    const { gross, net } = points.get(campaign.ref) ?? { gross: 0n, net: 0n };
    const granted = grantedBy(state, campaign.id);
    const more = net - granted;
    let short = 0n;
    if (campaign.budget !== null && more > 0n) {
      const got = take(facts.budgets, programId, campaign.id, more, 'trim');
      if (got > 0n) taken.push({ programId, campaign: campaign.id, points: got });
      short = more - got;
      if (short > 0n) bounds.set(campaign.ref, gross - short);
    }
    if (campaign.budget !== null && more < 0n)
      given.push({ programId, campaign: campaign.id, points: -more });
    const isActive = gross > 0n || (isGift(campaign) && planned.campaigns.includes(campaign.ref));
    const count = (isActive ? 1 : 0) - (hasCounted(campaign, state, versionBefore) ? 1 : 0);
    if (isCounted(campaign) && (count !== 0 || more !== 0n))
      uses.push({
        memberId,
        campaign: campaign.id,
        at: order.occurredAt,
        orderId,
        count,
        points: more - short,
      });
  }
  undo({ taken: given }, facts);
  return {
    applied: { ...planned, bounds },
    uses,
    undo: () => {
      undo({ taken }, facts);
      for (const { campaign, points: own } of given) take(facts.budgets, programId, campaign, own, 'trim');
    },
  };
}
