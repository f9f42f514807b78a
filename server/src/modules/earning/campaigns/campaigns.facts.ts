import type { Tx } from '#platform/db/client.ts';
import { madeOnce } from '#platform/made-once.ts';
import { type FactsQuestion, factsOf, type MemberFacts } from '../../members/index.ts';
import type { Campaign, ConditionInput, ProgramVersion } from '../../program/index.ts';
import type { Recall } from '../memory.model.ts';
import type { Order } from '../model.ts';
import type { BudgetFacts, Budgets, WantedBudget } from './budgets.ts';
import { ofOrderAlone } from './conditions.ts';
import { keepUses, recallUses } from './uses.memory.ts';
import { readUsesOf } from './uses.store.ts';
import { addUses, ask, isCounted, questionsIn, type UsesAsked, type UsesFacts } from './uses.ts';

/** What campaigns need to know: how often they counted for the members, and what is left of their budgets. */
export interface CampaignFacts {
  readonly uses: UsesFacts;
  readonly budgets: BudgetFacts;
  /** By `factsKey`, where an open campaign reads members. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  /** What conditions saw of an order while these facts were loaded, under the version that decides it. */
  readonly seen?: ReadonlyMap<Order, ConditionInput>;
}

/** What is asked for an order that is about to be decided. */
export interface OrderQuestion {
  /** Null for a member whom the batch enrols. */
  readonly memberId: number | null;
  readonly at: number;
  readonly order: Order;
  readonly programId: number;
  readonly version: ProgramVersion;
  /** Whether a campaign that is open then reads what the member bought before. */
  readonly history: boolean;
}

/** The campaigns of a version for which something has to be read, by what. */
interface Asking {
  readonly counted: readonly Campaign[];
  readonly reading: readonly Campaign[];
  readonly bounded: readonly Campaign[];
  /** Those whose condition the order alone decides. */
  readonly byOrder: ReadonlySet<Campaign>;
}

/** What a condition may read of the order alone. */
const OF_ORDER: ReadonlySet<string> = new Set(['order', 'lines', 'time']);

/** Sorted out once: to look at 50 campaigns for each order took 14 us of it. */
const askingOf = madeOnce(
  ({ campaigns }: ProgramVersion): Asking => ({
    counted: campaigns.filter(isCounted),
    reading: campaigns.filter(({ reads }) => reads.profile || reads.lists.length > 0),
    bounded: campaigns.filter(({ budget }) => budget !== null),
    byOrder: new Set(
      campaigns.filter(
        ({ condition }) => condition !== null && [...condition.reads].every(what => OF_ORDER.has(what)),
      ),
    ),
  }),
);

/** Whether a campaign of the version counts how often it applies to a member. */
export const isCounting = (version: ProgramVersion): boolean => askingOf(version).counted.length > 0;

/** Reads what the campaigns that are open for these orders need. With `write` false nothing is held. */
export async function loadCampaigns(
  tx: Tx,
  budgets: Budgets,
  questions: readonly Pick<OrderQuestion, 'memberId' | 'at' | 'order' | 'programId' | 'version'>[],
  more: readonly WantedBudget[],
  write: boolean,
  recall: Recall | null = null,
): Promise<CampaignFacts> {
  const asked: UsesAsked = new Map();
  const wanted = new Map<Campaign, WantedBudget>();
  const readMembers: FactsQuestion[] = [];
  const reads = { profile: false, lists: new Set<string>() };
  const seen = new Map<Order, ConditionInput>();
  for (const { memberId, at, order, programId, version } of questions) {
    const { counted, reading, bounded, byOrder } = askingOf(version);
    let input: ConditionInput | undefined;
    // A campaign whose condition this order does not meet needs nothing: of many, few are for any order.
    const isFor = (campaign: Campaign): boolean => {
      if (!(campaign.channels?.has(order.channel ?? '') ?? true) || !campaign.open(at)) return false;
      if (!byOrder.has(campaign)) return true;
      if (input === undefined) {
        input = ofOrderAlone(order, version);
        seen.set(order, input);
      }
      return campaign.condition?.holds(input) === true;
    };
    for (const campaign of bounded)
      if (!wanted.has(campaign) && isFor(campaign))
        for (const budget of budgetsOf(programId, [campaign], version.version)) wanted.set(campaign, budget);
    if (memberId === null) continue;
    for (const campaign of counted) if (isFor(campaign)) ask(asked, campaign, memberId, at);
    const open = reading.filter(isFor);
    if (open.length === 0) continue;
    readMembers.push({ programId, holderId: memberId, at });
    for (const { reads: own } of open) {
      reads.profile ||= own.profile;
      for (const list of own.lists) reads.lists.add(list);
    }
  }
  const { uses: recalled, unknown } = recallUses(recall, questionsIn(asked));
  const [facts, stored, members] = await Promise.all([
    budgets.load(tx, [...wanted.values(), ...more], write),
    unknown.length === 0 ? [] : readUsesOf(tx, unknown),
    factsOf(tx, readMembers, { profile: reads.profile, lists: [...reads.lists] }),
  ]);
  keepUses(recall, unknown, stored);
  const uses: UsesFacts = new Map();
  addUses(uses, recalled);
  addUses(uses, stored);
  return { uses, budgets: facts, members, seen };
}

/** The budgets of campaigns, as a version has them. */
export const budgetsOf = (
  programId: number,
  campaigns: readonly Campaign[],
  version: number,
): WantedBudget[] =>
  campaigns.flatMap(({ id, budget }) =>
    budget === null ? [] : { programId, campaign: id, limit: budget.points, version },
  );
