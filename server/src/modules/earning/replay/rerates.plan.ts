import type { Tx } from '#platform/db/client.ts';
import type { Ledger } from '../../ledger/index.ts';
import { enrolmentsOf, factsOf, type MemberFacts } from '../../members/index.ts';
import type { Program, ProgramVersion } from '../../program/index.ts';
import { giveBack, imaginedBudgets } from '../campaigns/budgets.ts';
import { budgetsOf, type CampaignFacts } from '../campaigns/campaigns.facts.ts';
import { apply, type Deciding } from '../campaigns/campaigns.ts';
import { addUses, isCounted } from '../campaigns/uses.ts';
import { loadOrders } from '../facts.ts';
import { citedBy, type OrderState, rate, targets } from '../model.ts';
import type { StoredReturn } from '../records.ts';
import { returns as storedReturns } from '../store.ts';
import { isBack, isSameTier, tierGiven } from '../tiers/tier-gifts.ts';
import { tierGrantsOf } from '../tiers/tier-grants.store.ts';
import { readsEnrolment } from '../tiers/tier-questions.ts';
import { levelAt } from '../tiers/tiers.ts';
import { add, type Contribution, emptyTimeline, type TimelineFacts } from '../tiers/timeline.ts';
import { changeOf, giftsOf, ImaginedTiers } from './backtest.gifts.ts';
import { planActivities } from './rerates.activities.ts';
import { besidesRules, requalified } from './rerates.qualifying.ts';
import { isIn, type RerateSpan, versionFor } from './rerates.span.ts';
import type { RerateItem } from './rerates.store.ts';
import { timelinesOf } from './rerates.store.ts';

/**
 * Decides the orders and activities of some members again, in the order in which they occurred, and gives those that come
 * out with other points. Limits and sums follow from what is decided here; what a budget has left is shared by all members.
 * Points that qualify for a tier are those of the orders and activities as they are decided here; of referrals and
 * challenges those that were given.
 */
export async function planMembers(
  tx: Tx,
  { ledger, program, budgets }: { ledger: Ledger; program: Program; budgets: CampaignFacts['budgets'] },
  span: RerateSpan,
  members: readonly { id: number; externalId: string }[],
): Promise<RerateItem[]> {
  const ids = members.map(({ id }) => id);
  const dated = program.versions.some(readsEnrolment) ? ids : [];
  const [activities, rows, granted, enrolled] = await Promise.all([
    planActivities(tx, program, span, ids),
    timelinesOf(tx, ids),
    tierGrantsOf(tx, ids),
    enrolmentsOf(
      tx,
      dated.map(memberId => ({ programId: program.id, memberId })),
    ),
  ]);
  const { states } = await loadOrders(tx, ledger, [...new Set(rows.map(row => row.orderId))]);
  const facts = await memberFacts(tx, program, span, states);
  const byPoints = program.versions.some(version => version.tiers?.by === 'points');
  const returns = byPoints ? await storedReturns(tx, [...states.keys()]) : [];
  const requalify = requalifier(program, rows, returns);
  const names = new Map(members.map(({ id, externalId }) => [id, externalId]));
  const items = [...activities.items];
  const decided = new Set<bigint>();
  const timeline: TimelineFacts = { ...emptyTimeline(), enrolled };
  const backAt = wholeReturns(rows, states);
  const tiers = new ImaginedTiers(timeline, at => isIn(span, at));
  tiers.know(granted);
  for (const row of activities.rows) add(timeline, row);
  const campaigns: CampaignFacts = { uses: new Map(), budgets, members: facts };
  for (const row of rows) {
    // Activities and payments for referrals stand on the timeline too.
    const state = states.get(row.orderId);
    if (state !== undefined && !decided.has(row.orderId)) {
      decided.add(row.orderId);
      const name = names.get(row.memberId) as string;
      const item = again(state, name, program, span, timeline, campaigns);
      if (isIn(span, state.order.occurredAt)) giveTier(tiers, state, item, program, backAt.get(row.orderId));
      if (item !== null) items.push(item);
      if (byPoints && isIn(span, state.order.occurredAt))
        for (const own of requalify(state, item)) add(timeline, own);
    }
    const isCountedAgain = byPoints && state !== undefined && isIn(span, state.order.occurredAt);
    add(timeline, isCountedAgain ? { ...row, change: { ...row.change, points: 0n } } : row);
  }
  return items;
}

/** The points by which orders of the period count towards a tier: as an item of the plan decides, or as they were decided. */
function requalifier(
  { versions }: Program,
  rows: readonly Contribution[],
  returns: readonly StoredReturn[],
): (state: OrderState, item: RerateItem | null) => Contribution[] {
  const rowsOf = Map.groupBy(rows, ({ orderId }) => orderId);
  const returnsOf = Map.groupBy(returns, ({ orderId }) => orderId);
  return (state, item) => {
    const before = versions[state.programVersion - 1] as ProgramVersion;
    const besides = besidesRules(state, before, rowsOf.get(state.id) ?? []);
    const version = item === null ? before : (versions[item.version - 1] as ProgramVersion);
    const judged = { version, applied: item?.applied ?? state.applied };
    return requalified(state, judged, returnsOf.get(state.id) ?? [], besides);
  };
}

/** Budgets that have left what is left of them now; what the orders have of them comes back as they are decided. */
export const budgetsLeft = (
  program: Program,
  version: ProgramVersion,
  left: ReadonlyMap<string, bigint>,
): CampaignFacts['budgets'] =>
  imaginedBudgets(
    budgetsOf(program.id, version.campaigns, version.version).map(budget => ({
      ...budget,
      limit: left.get(budget.campaign) ?? budget.limit,
    })),
  );

/** What conditions and audiences read of the members, as of each order. */
async function memberFacts(
  tx: Tx,
  program: Program,
  span: RerateSpan,
  states: ReadonlyMap<bigint, OrderState>,
): Promise<ReadonlyMap<string, MemberFacts>> {
  const own = [...states.values()].map(state => ({
    state,
    version: versionFor(program, span, state.order.occurredAt),
  }));
  const reads = own.flatMap(({ version }) => version.campaigns.map(campaign => campaign.reads));
  return factsOf(
    tx,
    own.map(({ state }) => ({
      programId: program.id,
      holderId: state.memberId,
      at: state.order.occurredAt,
    })),
    {
      profile: reads.some(({ profile }) => profile),
      lists: [...new Set(reads.flatMap(({ lists }) => lists))],
    },
  );
}

function again(
  state: OrderState,
  externalId: string,
  program: Program,
  span: RerateSpan,
  timeline: TimelineFacts,
  facts: CampaignFacts,
): RerateItem | null {
  const { order, memberId, id: orderId, grants } = state;
  const at = order.occurredAt;
  const isAgain = isIn(span, at);
  const before = program.versions[state.programVersion - 1] as ProgramVersion;
  const version = isAgain ? versionFor(program, span, at) : before;
  if (!isAgain) {
    keep(state, version, facts);
    return null;
  }
  for (const [ref, { earned, clawed }] of grants) {
    const id = idOf(citedBy(ref));
    if (version.campaigns.some(campaign => campaign.id === id && campaign.budget !== null))
      giveBack(facts.budgets, program.id, id, earned - clawed);
  }
  // Challenges are not decided again: what could not be judged of them stays.
  const faults = state.applied.faults.filter(({ ref }) => isChallenge(program, ref));
  const deciding: Deciding = {
    order,
    orderId,
    programId: program.id,
    memberId,
    externalId,
    version,
    level: levelAt(timeline, { programId: program.id, memberId, at, version, besides: orderId }),
    isLate: state.applied.late,
    facts,
    timeline,
    before: undefined,
    versionBefore: undefined,
  };
  const { applied, uses } = apply(deciding, faults);
  addUses(facts.uses, uses);
  const change = new Map<number, bigint>();
  const moved = (unit: number, points: bigint) => change.set(unit, (change.get(unit) ?? 0n) + points);
  for (const { rule, points } of targets(state, rate(order, version, applied)).values())
    moved(rule.unit.number, points);
  for (const { unit, earned, clawed } of grants.values()) moved(unit, clawed - earned);
  const differing = [...change].filter(([, points]) => points !== 0n);
  if (differing.length === 0 && givesTheSame(state, before, { ...state, applied }, version)) return null;
  return {
    memberId,
    orderId,
    version: version.version,
    applied,
    versionBefore: state.programVersion,
    appliedBefore: state.applied,
    activity: null,
    change: differing,
    appliedAs: null,
    reversedAs: null,
  };
}

const isChallenge = ({ versions }: Program, ref: string): boolean =>
  versions.some(({ challenges }) => challenges.some(own => own.ref === ref));

/** Whether an order gives the same beside points. */
function givesTheSame(
  was: OrderState,
  before: ProgramVersion,
  is: OrderState,
  version: ProgramVersion,
): boolean {
  if (!isSameTier(tierGiven(was, before), tierGiven(is, version))) return false;
  return [...changeOf(giftsOf(was, before), giftsOf(is, version)).values()].every(count => count === 0);
}

/** The level that an order of the period gives by the plan, until the whole of it came back at `backAt`. */
function giveTier(
  tiers: ImaginedTiers,
  state: OrderState,
  item: RerateItem | null,
  program: Program,
  backAt: number | undefined,
): void {
  const { applied, version: number } = item ?? { applied: state.applied, version: state.programVersion };
  const version = program.versions[number - 1] as ProgramVersion;
  const { id: orderId, memberId, programId } = state;
  const deciding = { id: 0n, orderId, memberId, programId, versionOf: () => version };
  const bought = { ...state, applied, returned: new Map() };
  tiers.decide(deciding, undefined, { state: bought, version });
  if (backAt !== undefined)
    tiers.decide({ ...deciding, endsAt: backAt }, bought, { state: { ...state, applied }, version });
}

/** When the last of those orders came back of which nothing is left. */
function wholeReturns(
  rows: readonly { orderId: bigint; happenedAt: number }[],
  states: ReadonlyMap<bigint, OrderState>,
): ReadonlyMap<bigint, number> {
  const last = new Map<bigint, number>();
  for (const { orderId, happenedAt } of rows) {
    const state = states.get(orderId);
    if (state !== undefined && isBack(state))
      last.set(orderId, Math.max(happenedAt, last.get(orderId) ?? happenedAt));
  }
  return last;
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));

/** An order outside the period stays as it is, and counts for the limits of those inside. */
function keep(state: OrderState, version: ProgramVersion, facts: CampaignFacts): void {
  for (const campaign of version.campaigns) {
    if (!isCounted(campaign)) continue;
    let points = 0n;
    for (const [ref, { earned, clawed }] of state.grants)
      if (citedBy(ref) === campaign.ref) points += earned - clawed;
    if (points > 0n || giftsOf(state, version).has(campaign.id))
      addUses(facts.uses, [
        {
          memberId: state.memberId,
          campaign: campaign.id,
          at: state.order.occurredAt,
          orderId: state.id,
          count: 1,
          points,
        },
      ]);
  }
}
