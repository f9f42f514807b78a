import type { Tx } from '#platform/db/client.ts';
import { compare, ZERO } from '#platform/money.ts';
import { addTo, type FraudFacts, insertFraud, loadFraud } from '../fraud/index.ts';
import { type Around, type Command, type Entry, type Ledger, walletId } from '../ledger/index.ts';
import { type Campaign, hasTiers, type Program, type ProgramVersion, versionAt } from '../program/index.ts';
import { type ActivityFacts, loadActivities } from './activities/activities.facts.ts';
import type { Activity } from './activities/activities.model.ts';
import { type Budgets, storeBudgets, type WantedBudget } from './campaigns/budgets.ts';
import {
  budgetsOf,
  type CampaignFacts,
  isCounting,
  loadCampaigns,
  type OrderQuestion,
} from './campaigns/campaigns.facts.ts';
import { insertUsesOf } from './campaigns/uses.store.ts';
import { addUses } from './campaigns/uses.ts';
import { insertVoucherSteps } from './campaigns/voucher-gifts.store.ts';
import {
  type ChallengeFacts,
  keepSteps,
  loadChallenges,
  storeChallenges,
} from './challenges/challenges.facts.ts';
import type { Recall } from './memory.model.ts';
import type { Order, OrderState, ProgramInForce } from './model.ts';
import { eventTypes } from './orders/events.store.ts';
import { insertLateOrders } from './orders/late.store.ts';
import { dependsOnOrder } from './orders/late.ts';
import { addDecision } from './posting.ts';
import type { Addition, StoredOrder, StoredRerating, StoredReturn } from './records.ts';
import { loadPayments, type PaymentBody, type PaymentFacts } from './referrals/payments.facts.ts';
import { friendsOf, loadReferrals, type ReferralFacts, takeStep } from './referrals/referrals.facts.ts';
import { insertSteps, type ReferralBody } from './referrals/referrals.store.ts';
import type { Remembered } from './remembered.ts';
import { type ActivitiesAgain, loadActivitiesAgain } from './replay/activities-again.ts';
import { reratingsOf } from './replay/reratings.store.ts';
import * as store from './store.ts';
import { loadTierGifts, storeTierSteps, takeTierStep } from './tiers/tier-gifts.ts';
import type { TierGrantBody, TierGrantEndBody } from './tiers/tier-grants.store.ts';
import type { TierQuestion } from './tiers/tier-questions.ts';
import { loadTimeline } from './tiers/tiers.ts';
import { insertAdditions } from './tiers/timeline.store.ts';
import { add, type TimelineFacts } from './tiers/timeline.ts';
import { fraudOf, fraudQuestions } from './velocity.ts';

/** What orders and returns need to know: the orders that they are about, and what of their lots had expired. */
export interface OrderFacts {
  states: Map<bigint, OrderState>;
  /** Every revision that was taken, keyed `id:revision`, with its entries: what a repeat is answered with. */
  revisions: Map<string, { stored: StoredOrder; entries: readonly Entry[] }>;
  expired: Map<string, bigint>;
  /** The timelines of the members. */
  timeline: TimelineFacts;
  campaigns: CampaignFacts;
  activities: ActivityFacts;
  challenges: ChallengeFacts;
  referrals: ReferralFacts;
  payments: PaymentFacts;
  fraud: FraudFacts;
  again: ActivitiesAgain;
  /** Taken in this batch and not yet looked at again: most orders never are. */
  fresh: { stored: StoredOrder; entries: readonly Entry[] }[];
}

/** Brings the states up to what this batch has taken. */
export function catchUp(facts: OrderFacts): void {
  for (const { stored, entries } of facts.fresh.splice(0)) {
    evolveOrder(facts.states, stored);
    facts.revisions.set(`${stored.id}:${stored.order.revision}`, { stored, entries });
  }
}

/** What the commands of this module are about: `again` is the version by which a known order is decided again. */
type Body =
  | { order: Order; historical?: boolean }
  | { orderId: bigint; again?: { readonly version: number } }
  | { activityId: bigint }
  | { activity: Activity }
  | { tierGrant: TierGrantBody }
  | { tierGrantEnd: TierGrantEndBody }
  | { referral: ReferralBody }
  | PaymentBody
  | { caseId: bigint };

export type LoadOrders = (
  tx: Tx,
  commands: readonly Command<Body>[],
  known: readonly bigint[],
  around: Around,
) => Promise<OrderFacts>;

/** How a batch loads what its orders (amendments, by their keys) and its returns (by the order's id) are about. */
export const orderLoader =
  (ledger: Ledger, budgets: Budgets, remembered: Remembered): LoadOrders =>
  async (tx, commands, known, around) => {
    const ids = [...known, ...commands.flatMap(({ body }) => ('orderId' in body ? body.orderId : []))];
    const questions = orderQuestions(commands, around);
    const recall = around.write ? recallOf(remembered, questions) : null;
    // Asked before anything else, so that it is known first.
    const confirmed = recall === null ? null : ledger.soleWriter.confirm(tx);
    const [facts, timeline, campaigns, activities, challenges, fraud, again] = await Promise.all([
      loadOrders(tx, ledger, [...new Set(ids)]),
      loadTimeline(
        tx,
        questions.flatMap(question => (question.memberId === null ? [] : [question as TierQuestion])),
        {
          grantsOf: commands.flatMap(({ body }, index) =>
            'tierGrantEnd' in body ? (around.holders[index]?.id ?? []) : [],
          ),
          endsOf: distinct([
            ...questions.flatMap(({ memberId, isPlaced }) => (isPlaced ? (memberId ?? []) : [])),
            ...friendsOf(commands, around),
          ]),
          recall,
        },
      ),
      loadCampaigns(tx, budgets, questions, budgetsAgain(commands, around), around.write, recall),
      loadActivities(tx, commands, around),
      loadChallenges(tx, ledger, commands, known, around),
      loadFraud(tx, fraudQuestions(commands, around)),
      loadActivitiesAgain(tx, ledger, commands, around),
      confirmed,
    ]);
    const [referrals, payments] = await Promise.all([
      loadReferrals(tx, commands, around),
      loadPayments(tx, ledger, commands),
      loadTierGifts(tx, facts.states, around.programs, timeline),
    ]);
    return {
      ...facts,
      timeline,
      campaigns,
      activities,
      challenges,
      referrals,
      payments,
      fraud,
      again,
    };
  };

/** What may be remembered of the members of these orders; null where nothing of them is asked, or nothing may be. */
function recallOf(
  remembered: Remembered,
  questions: readonly (OrderQuestion & { readonly isPlaced: boolean })[],
): Recall | null {
  const holders = new Set<number>();
  for (const { memberId, isPlaced, version } of questions)
    if (memberId !== null && (isPlaced || isCounting(version))) holders.add(memberId);
  return holders.size === 0 ? null : remembered.recall(holders);
}

/** The budgets of the versions by which orders are decided again. */
function budgetsAgain(commands: readonly Command<Body>[], { programs }: Around): WantedBudget[] {
  return commands.flatMap(({ body, programId }, index) => {
    if (!('again' in body) || body.again === undefined) return [];
    const { program } = programs[index] as ProgramInForce;
    return budgetsOf(
      programId,
      program.versions[body.again.version - 1]?.campaigns ?? [],
      body.again.version,
    );
  });
}

const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** Of whom is asked where the timeline ends: where the order of arrival matters, or rows keep running sums. */
export const isPlaced = (program: Program, version: ProgramVersion): boolean =>
  dependsOnOrder(version) || hasTiers(program);

function orderQuestions(
  commands: readonly Command<Body>[],
  { holders, programs }: Around,
): (OrderQuestion & { readonly isPlaced: boolean })[] {
  return commands.flatMap(({ body, programId }, index) => {
    if (!('order' in body)) return [];
    const { program } = programs[index] as ProgramInForce;
    const { order } = body;
    const at = order.occurredAt;
    const version = versionAt(program, at);
    const isRead = ({ reads, open }: Pick<Campaign, 'reads' | 'open'>) => reads.history && open(at);
    const history = version.campaigns.some(isRead) || version.challenges.some(isRead);
    const memberId = holders[index]?.id ?? null;
    return { memberId, at, order, programId, version, history, isPlaced: isPlaced(program, version) };
  });
}

/** Makes what a decision added visible to the later commands of the batch. */
export function evolveAdditions(facts: OrderFacts, { added }: { added?: Addition }): void {
  for (const contribution of added?.rows ?? []) add(facts.timeline, contribution);
  if (added !== undefined && added.uses.length > 0) addUses(facts.campaigns.uses, added.uses);
  if (added?.fraud != null) addTo(facts.fraud, added.fraud);
  if (added?.challenges !== undefined) keepSteps(facts.challenges, added.challenges);
  if (added?.referral != null) takeStep(facts.referrals, added.referral);
  if (added?.tier != null) takeTierStep(facts.timeline, added.tier);
}

/** Writes what decisions added beside their records: all statements go out before any is waited for. */
export async function storeAdditions(
  tx: Tx,
  decisions: readonly { stored: { added?: Addition } }[],
  { campaigns, challenges, fraud, timeline }: OrderFacts,
): Promise<void> {
  await Promise.all([
    insertAdditions(tx, decisions, timeline.ends),
    insertUsesOf(tx, decisions),
    insertLateOrders(tx, decisions),
    storeChallenges(tx, decisions, challenges),
    storeTierSteps(tx, decisions),
    insertVoucherSteps(
      tx,
      decisions.flatMap(({ stored: { added } }) => added?.vouchers ?? []),
    ),
    insertFraud(tx, fraudOf(decisions), fraud),
    insertSteps(
      tx,
      decisions.flatMap(({ stored: { added } }) => added?.referral ?? []),
    ),
    storeBudgets(tx, campaigns.budgets),
  ]);
}

/** Reads the state of orders, their revisions and what of their lots has expired. */
export async function loadOrders(
  tx: Tx,
  ledger: Ledger,
  ids: readonly bigint[],
): Promise<Pick<OrderFacts, 'states' | 'revisions' | 'expired' | 'fresh'>> {
  if (ids.length === 0) return { states: new Map(), revisions: new Map(), expired: new Map(), fresh: [] };
  const [orders, returns, reratings, events] = await Promise.all([
    store.revisions(tx, ids),
    store.returns(tx, ids),
    reratingsOf(tx, ids),
    eventTypes(tx, ids),
  ]);
  const states = new Map<bigint, OrderState>();
  const byDecision = (a: { id: bigint }, b: { id: bigint }) => (a.id < b.id ? -1 : 1);
  const decided = [
    ...orders.map(({ stored }) => ({
      id: stored.decision as bigint,
      evolve: () => evolveOrder(states, stored),
    })),
    ...reratings.map(stored => ({ id: stored.id, evolve: () => evolveRerating(states, stored) })),
  ];
  for (const { evolve } of decided.sort(byDecision)) evolve();
  for (const stored of returns) evolveReturn(states, stored);
  for (const [order, type] of events) happen(states, order, type);
  const lots = [...states.values()].flatMap(({ memberId, grants }) =>
    [...grants.values()].flatMap(grant =>
      grant.lots.map(seq => ({ wallet: walletId(memberId, grant.unit), seq })),
    ),
  );
  const [entries, expired] = await Promise.all([
    Promise.all(orders.map(({ posted }) => ledger.entriesOf(tx, posted))),
    lots.length === 0 ? new Map<string, bigint>() : ledger.expired(tx, lots),
  ]);
  const revisions = new Map(
    orders.map(({ stored }, index) => [
      `${stored.id}:${stored.order.revision}`,
      { stored, entries: entries[index] as Entry[] },
    ]),
  );
  return { states, revisions, expired, fresh: [] };
}

/** Adds a revision to what is known of its order. */
export function evolveOrder(states: Map<bigint, OrderState>, stored: StoredOrder): void {
  const before = states.get(stored.id);
  states.set(stored.id, {
    id: stored.id,
    memberId: stored.memberId,
    programId: stored.programId,
    programVersion: stored.programVersion,
    order: stored.order,
    applied: stored.applied,
    grants: addDecision(before?.grants ?? new Map(), stored.decided),
    returned: before?.returned ?? new Map(),
    cancelled: before?.cancelled ?? false,
    ...(before?.happened === undefined ? {} : { happened: before.happened }),
  });
}

/** Adds what was decided again to what is known of its order. */
export function evolveRerating(states: Map<bigint, OrderState>, stored: StoredRerating): void {
  const { orderId, programVersion, applied, decided } = stored;
  const before = states.get(orderId) as OrderState;
  const grants = addDecision(before.grants, decided);
  states.set(orderId, { ...before, programVersion, applied, grants });
}

/** Adds a return to what is known of its order. */
export function evolveReturn(states: Map<bigint, OrderState>, stored: StoredReturn): void {
  const before = states.get(stored.orderId) as OrderState;
  states.set(stored.orderId, {
    ...before,
    grants: addDecision(before.grants, stored.decided),
    returned: new Map([
      ...before.returned,
      ...[...stored.returned].filter(([line, part]) => compare(part, before.returned.get(line) ?? ZERO) > 0),
    ]),
    cancelled: before.cancelled || stored.cancels,
  });
}

/** Adds an event to what is known of its order: points that come later do not wait for it any more. */
export function happen(states: OrderFacts['states'], orderId: bigint, type: string): void {
  const state = states.get(orderId);
  if (state !== undefined)
    states.set(orderId, { ...state, happened: new Set([...(state.happened ?? []), type]) });
}
