import { factsKey, type MemberFacts } from '../members/index.ts';
import type { ProgramVersion } from '../program/index.ts';
import { type BudgetFacts, giveBack, imaginedBudgets, take } from './budgets.ts';
import type { CampaignFacts } from './campaigns.facts.ts';
import { apply, finish, returnToCampaigns, settleAgain } from './campaigns.ts';
import type { Decision } from './history.store.ts';
import { citedBy, type Grant, NOTHING_APPLIED, type OrderState, rate, targets } from './model.ts';
import { addDecision, type Decided } from './posting.ts';
import { contributions } from './qualifying.ts';
import type { StoredOrder, StoredRerating, StoredReturn } from './records.ts';
import type { TierGrant } from './tier-grants.store.ts';
import { levelAt, placeOf } from './tiers.ts';
import { add, emptyTimeline, type TimelineFacts } from './timeline.ts';
import { addUses, isCounted, type Use } from './uses.ts';

/** A period of event time, epoch ms: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a replay decided about one order or return, beside what had been decided. */
export interface Outcome {
  readonly decision: Decision;
  readonly memberId: number;
  readonly occurredAt: number;
  /** Points by rule reference: what was given less what was taken back. */
  readonly actual: ReadonlyMap<string, Given>;
  readonly draft: ReadonlyMap<string, Given>;
  /** The tiers that decided an order; null for a return, or where there are no tiers. */
  readonly actualTier: string | null;
  readonly draftTier: string | null;
}

export interface Given {
  readonly unit: number;
  readonly points: bigint;
}

/** A program that is replayed: one draft for all orders of the span, or the versions that did decide. */
export interface Replayed {
  readonly programId: number;
  readonly versions: readonly ProgramVersion[];
  readonly draft: ProgramVersion | null;
  readonly span: Span;
}

/**
 * Decides stored orders and returns again, one after the other as they arrived, with the same functions that decide live
 * ones. What occurred before the span keeps what was decided and only counts for sums, limits and budgets. Writes
 * nothing; holds in memory each member's sums and those orders that change later.
 */
export class Replay {
  private readonly replayed: Replayed;
  private readonly changed: ReadonlySet<bigint>;
  private readonly timeline: TimelineFacts = emptyTimeline();
  private readonly uses: CampaignFacts['uses'] = new Map();
  private readonly budgets: BudgetFacts;
  private readonly states = new Map<bigint, OrderState>();

  /** `changed` are the orders that were revised or of which something came back. */
  constructor(replayed: Replayed, changed: ReadonlySet<bigint>) {
    this.replayed = replayed;
    this.changed = changed;
    const { programId, draft, versions } = replayed;
    this.budgets = imaginedBudgets(
      (draft === null ? versions : [draft]).flatMap(({ campaigns, version }) =>
        campaigns.flatMap(({ id, budget }) =>
          budget === null ? [] : { programId, campaign: id, limit: budget.points, version },
        ),
      ),
    );
  }

  /** Tells what members were granted by hand, before anything of theirs is decided. */
  know(granted: ReadonlyMap<number, readonly TierGrant[]>): void {
    for (const [memberId, grants] of granted) this.timeline.granted.set(memberId, grants);
  }

  /** The place of the level that a member has at `at`, by what was replayed; null without tiers. */
  placeAt(memberId: number, at: number, version: ProgramVersion): number | null {
    return placeOf(this.timeline, { memberId, at, version });
  }

  /** Decides one; `externalId` and `facts` are the member's, as far as the program reads them. */
  decide(decision: Decision, externalId: string, facts: ReadonlyMap<string, MemberFacts>): Outcome {
    if ('order' in decision) return this.decideOrder(decision, decision.order, externalId, facts);
    if ('back' in decision) return this.decideReturn(decision, decision.back, facts);
    return this.follow(decision, decision.again, facts);
  }

  /** A re-rating happened: what it did stands, unless a draft has decided the order. */
  private follow(
    decision: Decision,
    stored: StoredRerating,
    members: ReadonlyMap<string, MemberFacts>,
  ): Outcome {
    const before = this.states.get(stored.orderId) as OrderState;
    const { memberId, order } = before;
    const isDrafted = this.replayed.draft !== null && this.isInSpan(order.occurredAt);
    if (!isDrafted) {
      const version =
        this.replayed.draft ?? (this.replayed.versions[stored.programVersion - 1] as ProgramVersion);
      const campaigns = { uses: this.uses, budgets: this.budgets, members };
      addUses(this.uses, settleAgain(before, version, stored.applied, campaigns).uses);
      const { programVersion, applied, decided } = stored;
      const after = { ...before, programVersion, applied, grants: addDecision(before.grants, decided) };
      this.remember(memberId, stored.orderId, before, after, version, decided, order.occurredAt);
      this.states.set(stored.orderId, after);
    }
    return {
      decision,
      memberId,
      occurredAt: order.occurredAt,
      actual: given(stored.decided),
      draft: isDrafted ? new Map() : given(stored.decided),
      actualTier: null,
      draftTier: null,
    };
  }

  private versionFor(stored: number): ProgramVersion {
    return this.replayed.draft ?? (this.replayed.versions[stored - 1] as ProgramVersion);
  }

  private isInSpan(at: number): boolean {
    const { from, to } = this.replayed.span;
    return at >= from && at < to;
  }

  private decideOrder(
    decision: Decision,
    stored: StoredOrder,
    externalId: string,
    members: ReadonlyMap<string, MemberFacts>,
  ): Outcome {
    const { order, memberId, programId, id: orderId } = stored;
    const at = order.occurredAt;
    const version = this.versionFor(stored.programVersion);
    const before = this.states.get(orderId);
    // As it arrived: at the very instant of a grant there are orders before it and after it.
    const level = levelAt(this.timeline, { memberId, at, version, decidedAs: decision.id });
    const isReplayed = this.isInSpan(at);
    const known = members.get(factsKey({ holderId: memberId, at, decision: decision.id }));
    const own = new Map(known === undefined ? [] : [[factsKey({ holderId: memberId, at }), known]]);
    const campaigns: CampaignFacts = { uses: this.uses, budgets: this.budgets, members: own };
    const base = before ?? emptyState(stored);
    let applied = stored.applied;
    let uses: readonly Use[] = [];
    let decided: Decided = stored.decided;
    if (isReplayed) {
      const application = apply({
        order,
        orderId,
        programId,
        memberId,
        externalId,
        version,
        level:
          before === undefined
            ? level
            : (version.tiers?.levels.find(({ id }) => id === before.applied.tier) ?? level),
        isLate: stored.applied.late,
        facts: campaigns,
        timeline: this.timeline,
        before,
      });
      finish(application, version, campaigns);
      ({ applied, uses } = application);
      decided = difference({ ...base, order, applied }, version);
    } else uses = this.count(stored, version, before === undefined);
    const after: OrderState = { ...base, order, applied, grants: addDecision(base.grants, decided) };
    this.remember(memberId, orderId, before, after, version, decided, at);
    addUses(this.uses, uses);
    if (this.changed.has(orderId)) this.states.set(orderId, after);
    return {
      decision,
      memberId,
      occurredAt: at,
      actual: given(stored.decided),
      draft: given(decided),
      actualTier: stored.applied.tier,
      draftTier: applied.tier,
    };
  }

  private decideReturn(
    decision: Decision,
    stored: StoredReturn,
    members: ReadonlyMap<string, MemberFacts>,
  ): Outcome {
    const before = this.states.get(stored.orderId) as OrderState;
    const version = this.versionFor(before.programVersion);
    const { memberId } = before;
    const returned = new Map([...before.returned, ...stored.returned]);
    const isReplayed = this.isInSpan(before.order.occurredAt);
    const decided = isReplayed ? difference({ ...before, returned }, version) : stored.decided;
    const after = { ...before, returned, grants: addDecision(before.grants, decided) };
    const campaigns = { uses: this.uses, budgets: this.budgets, members };
    addUses(this.uses, returnToCampaigns(before, after, version, decided, campaigns));
    if (version.tiers?.lowerAfterReturn !== false)
      this.remember(memberId, stored.orderId, before, after, version, decided, stored.occurredAt);
    this.states.set(stored.orderId, after);
    return {
      decision,
      memberId,
      occurredAt: stored.occurredAt,
      actual: given(stored.decided),
      draft: given(decided),
      actualTier: null,
      draftTier: null,
    };
  }

  private remember(
    memberId: number,
    orderId: bigint,
    before: OrderState | undefined,
    after: OrderState,
    version: ProgramVersion,
    decided: Decided,
    happenedAt: number,
  ): void {
    if (version.tiers === null && !version.campaigns.some(({ reads }) => reads.history)) return;
    for (const row of contributions(
      { memberId, orderId, isSummed: true },
      before,
      after,
      version,
      decided,
      happenedAt,
    ))
      add(this.timeline, row);
  }

  /** What an order from before the span took from limits and budgets that the replay goes on with. */
  private count(stored: StoredOrder, version: ProgramVersion, isFirst: boolean): Use[] {
    const points = new Map<string, bigint>();
    for (const [ref, own] of given(stored.decided)) {
      const id = idOf(citedBy(ref));
      points.set(id, (points.get(id) ?? 0n) + own.points);
    }
    return version.campaigns.flatMap(campaign => {
      const own = points.get(campaign.id) ?? 0n;
      if (own === 0n) return [];
      const { memberId, id: orderId, programId } = stored;
      if (campaign.budget !== null && own > 0n) take(this.budgets, programId, campaign.id, own, 'trim');
      if (campaign.budget !== null && own < 0n) giveBack(this.budgets, programId, campaign.id, -own);
      if (!isCounted(campaign)) return [];
      const count = isFirst ? 1 : 0;
      return { memberId, campaign: campaign.id, at: stored.order.occurredAt, orderId, count, points: own };
    });
  }
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));

const emptyState = (stored: StoredOrder): OrderState => ({
  id: stored.id,
  memberId: stored.memberId,
  programId: stored.programId,
  programVersion: stored.programVersion,
  order: stored.order,
  applied: NOTHING_APPLIED,
  grants: new Map(),
  returned: new Map(),
  cancelled: false,
});

/** What an order should have earned less what it has, by rule, without a wallet to post it to. */
function difference(
  state: Pick<OrderState, 'order' | 'returned' | 'grants' | 'applied'>,
  version: ProgramVersion,
): Decided {
  const decided: Decided = { earned: [], clawed: [] };
  const wanted = targets(state, rate(state.order, version, state.applied));
  for (const [rule, grant] of state.grants) {
    const excess = has(grant) - (wanted.get(rule)?.points ?? 0n);
    if (excess > 0n)
      decided.clawed.push({
        rule,
        unit: grant.unit,
        decided: excess,
        cancelled: 0n,
        taken: excess,
        excused: 0n,
        shortfall: 0n,
        debt: 0n,
      });
  }
  for (const [rule, { rule: source, points }] of wanted) {
    const missing = points - has(state.grants.get(rule));
    if (missing > 0n) decided.earned.push({ rule, unit: source.unit.number, points: missing, lot: 0 });
  }
  return decided;
}

const has = (grant: Grant | undefined): bigint => (grant === undefined ? 0n : grant.earned - grant.clawed);

/** What a decision gave by rule, less what it took back. */
function given({ earned, clawed }: Decided): Map<string, Given> {
  const points = new Map<string, Given>();
  const move = (rule: string, unit: number, change: bigint) =>
    points.set(rule, { unit, points: (points.get(rule)?.points ?? 0n) + change });
  for (const own of earned) move(own.rule, own.unit, own.points);
  for (const own of clawed) move(own.rule, own.unit, -own.decided);
  return points;
}
