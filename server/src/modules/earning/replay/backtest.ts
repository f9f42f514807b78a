import { wireId } from '#platform/ids.ts';
import type { MemberFacts } from '../../members/index.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { StoredActivity } from '../activities/activities.store.ts';
import { contribution } from '../activities/activities.ts';
import { type BudgetFacts, imaginedBudgets } from '../campaigns/budgets.ts';
import type { CampaignFacts } from '../campaigns/campaigns.facts.ts';
import { apply, finish, returnToCampaigns, settleAgain } from '../campaigns/campaigns.ts';
import { addUses, type Use } from '../campaigns/uses.ts';
import type { ChallengeStep } from '../challenges/challenges.model.ts';
import { challengeRows } from '../challenges/challenges.posting.ts';
import type { Fault, OrderState } from '../model.ts';
import { addDecision, type Decided } from '../posting.ts';
import type { StoredOrder, StoredRerating, StoredReturn } from '../records.ts';
import { contributions, qualifyingPoints } from '../tiers/qualifying.ts';
import type { TierGrant } from '../tiers/tier-grants.store.ts';
import { levelAt, placeOf } from '../tiers/tiers.ts';
import { add, type Contribution, emptyTimeline, type TimelineFacts } from '../tiers/timeline.ts';
import { ActivityReplay } from './backtest.activities.ts';
import { both, ChallengeReplay, decidedBy } from './backtest.challenges.ts';
import { asOf, difference, emptyState, given, readsTimeline } from './backtest.decided.ts';
import { GiftReplay, giftsOf } from './backtest.gifts.ts';
import { NOTHING, type Outcome, type Replayed } from './backtest.model.ts';
import { ReferralReplay, type ReplayedPayment } from './backtest.referrals.ts';
import { usesBefore } from './backtest.uses.ts';
import { VelocityReplay } from './backtest.velocity.ts';
import type { Decision, HistoricActivityRerating, HistoricPayment } from './history.store.ts';

/**
 * Decides stored orders and returns again, one after the other as they arrived, with the same functions that decide live
 * ones. What occurred before the span keeps what was decided and only counts for sums, limits and budgets. Writes
 * nothing; holds in memory each member's sums and those orders that change later.
 */
export class Replay {
  private readonly replayed: Replayed;
  private readonly changed: ReadonlySet<bigint>;
  /** Whether what happens is placed on the timeline. */
  private readonly isPlaced: boolean;
  private readonly timeline: TimelineFacts = emptyTimeline();
  private readonly uses: CampaignFacts['uses'] = new Map();
  private readonly budgets: BudgetFacts;
  private readonly states = new Map<bigint, OrderState>();
  private readonly activities: ActivityReplay;
  private readonly referrals = new ReferralReplay();
  private readonly gifts: GiftReplay;
  readonly velocity = new VelocityReplay();
  readonly challenges: ChallengeReplay;

  /** `changed` are orders about which more was decided later, `corrected` members of whom activities were decided again. */
  constructor(replayed: Replayed, changed: ReadonlySet<bigint>, corrected: ReadonlySet<number>) {
    this.replayed = replayed;
    this.changed = changed;
    this.gifts = new GiftReplay(this.timeline, at => this.isInSpan(at), changed);
    const { programId, draft, versions } = replayed;
    this.activities = new ActivityReplay(versions, this.uses, corrected);
    this.challenges = new ChallengeReplay(replayed, changed);
    const deciding = draft === null ? versions : [draft];
    this.isPlaced = deciding.some(readsTimeline);
    // What was re-rated before the period is followed by the version that decided it; of a budget the draft counts.
    this.budgets = imaginedBudgets(
      [...versions, ...deciding].flatMap(({ campaigns, version }) =>
        campaigns.flatMap(({ id, budget }) =>
          budget === null ? [] : { programId, campaign: id, limit: budget.points, version },
        ),
      ),
    );
  }

  /** Tells what members were granted and when they were enrolled, before anything of theirs is decided. */
  know(granted: ReadonlyMap<number, readonly TierGrant[]>, enrolled: ReadonlyMap<number, number>): void {
    for (const [memberId, at] of enrolled) this.timeline.enrolled.set(memberId, at);
    this.gifts.know(granted);
  }

  private actualVersion(number: number): ProgramVersion {
    return this.replayed.versions[number - 1] as ProgramVersion;
  }

  /** The place of the level that a member has at `at`, by what was replayed; null without tiers. */
  placeAt(memberId: number, at: number, version: ProgramVersion): number | null {
    const { programId } = this.replayed;
    return placeOf(this.timeline, { programId, memberId, at, version });
  }

  /**
   * Decides one; `externalId` and `facts` are the member's, as far as the program reads them. Behind its own outcome stand
   * those of the referral that it pays at once.
   */
  decide(
    decision: Decision,
    externalId: string,
    facts: ReadonlyMap<string, MemberFacts>,
  ): readonly [Outcome, ...Outcome[]] {
    if ('order' in decision) return this.decideOrder(decision, decision.order, externalId, facts);
    if ('back' in decision) return this.decideReturn(decision, decision.back, facts);
    if ('again' in decision) return [this.follow(decision, decision.again, facts)];
    if ('activity' in decision) return [this.decideActivity(decision, decision.activity, facts)];
    if ('corrected' in decision) return [this.correct(decision, decision.corrected, facts)];
    if ('payment' in decision) return [this.paid(decision, decision.payment)];
    const { referral } = decision;
    const { friendId: memberId, occurredAt } = referral;
    this.referrals.accept(referral, this.versionOf(referral.programVersion, occurredAt));
    return [{ ...NOTHING, decision, memberId, occurredAt }];
  }

  private decideActivity(
    decision: Decision,
    stored: StoredActivity,
    members: ReadonlyMap<string, MemberFacts>,
  ): Outcome {
    const { id, memberId, programId, earned } = stored;
    const { occurredAt } = stored.activity;
    const version = this.versionFor(stored.programVersion);
    const isReplayed = this.isInSpan(occurredAt);
    const known = asOf(members, decision, memberId, occurredAt);
    const { decided: own, faults: draftFaults } = this.activities.decide(stored, version, known, isReplayed);
    const cause = wireId('act', id);
    const happening = { id, at: occurredAt, happenedAt: occurredAt, cause };
    const did = { programId, id, memberId, type: stored.activity.type, at: occurredAt };
    const steps = isReplayed
      ? this.challenges.activity(happening, did, version)
      : this.challenges.follow(decision.id);
    const decided = both(own, decidedBy(steps));
    this.velocity.watch(
      { id, programId, memberId, cause, at: occurredAt },
      decided.earned,
      version,
      isReplayed,
    );
    const points = qualifyingPoints(own, version);
    const who = { memberId, orderId: id, isSummed: true };
    if (points !== 0n) this.place([contribution(who, occurredAt, points)]);
    this.place(challengeRows(who, steps, version, occurredAt));
    const actual = given(
      both({ earned: [...earned], clawed: [] }, decidedBy(this.challenges.of(decision.id))),
    );
    const faults = { actualFaults: stored.faults, draftFaults };
    return { ...NOTHING, decision, memberId, occurredAt, actual, draft: given(decided), ...faults };
  }

  /** A re-rating decided an activity again: what it did stands, unless a draft has decided the activity. */
  private correct(
    decision: Decision,
    stored: HistoricActivityRerating,
    members: ReadonlyMap<string, MemberFacts>,
  ): Outcome {
    const { memberId, occurredAt, activityId: orderId, decided } = stored;
    const isDrafted = this.replayed.draft !== null && this.isInSpan(occurredAt);
    if (!isDrafted) {
      this.activities.follow(stored, asOf(members, decision, memberId, occurredAt));
      const points = qualifyingPoints(decided, this.actualVersion(stored.programVersion));
      if (points !== 0n)
        this.place([contribution({ memberId, orderId, isSummed: true }, occurredAt, points)]);
    }
    const own = { ...NOTHING, decision, memberId, occurredAt, actual: given(decided) };
    return isDrafted ? own : { ...own, draft: own.actual };
  }

  private paid(decision: Decision, stored: HistoricPayment): Outcome {
    return { ...this.pay(decision, this.referrals.payment(stored)), actual: given(stored.decided) };
  }

  private pay(decision: Decision, { rows, decided, memberId, occurredAt }: ReplayedPayment): Outcome {
    this.place(rows);
    return { ...NOTHING, decision, memberId, occurredAt, draft: given(decided) };
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
      const version = this.actualVersion(stored.programVersion);
      const campaigns = { uses: this.uses, budgets: this.budgets, members };
      const decidedBy = this.versionOf(before.programVersion, order.occurredAt);
      addUses(this.uses, settleAgain(before, decidedBy, version, stored.applied, campaigns).uses);
      const { programVersion, applied, decided } = stored;
      const after = { ...before, programVersion, applied, grants: addDecision(before.grants, decided) };
      this.remember(memberId, stored.orderId, before, after, version, decided, order.occurredAt);
      this.states.set(stored.orderId, after);
    }
    const { orderId, programVersion, decided } = stored;
    const actual = given(decided);
    const draft = isDrafted ? NOTHING.draft : actual;
    const really = giftsOf({ ...before, applied: stored.applied }, this.actualVersion(programVersion));
    const gifts = this.gifts.count(orderId, really, isDrafted ? this.gifts.drafted(orderId) : really);
    return { ...NOTHING, decision, memberId, occurredAt: order.occurredAt, actual, draft, ...gifts };
  }

  private versionFor(stored: number): ProgramVersion {
    return this.replayed.draft ?? (this.replayed.versions[stored - 1] as ProgramVersion);
  }

  /** The draft for what is in the period; else the version that did decide. */
  private versionOf(stored: number, at: number): ProgramVersion {
    return this.isInSpan(at)
      ? this.versionFor(stored)
      : (this.replayed.versions[stored - 1] as ProgramVersion);
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
  ): [Outcome, ...Outcome[]] {
    const { order, memberId, programId, id: orderId } = stored;
    const at = order.occurredAt;
    const version = this.versionFor(stored.programVersion);
    const before = this.states.get(orderId);
    // As it arrived: at the very instant of a grant there are orders before it and after it.
    const asked = { programId, memberId, at, version, decidedAs: decision.id, besides: orderId };
    const level = levelAt(this.timeline, asked);
    const isReplayed = this.isInSpan(at);
    const own = asOf(members, decision, memberId, at);
    const campaigns: CampaignFacts = { uses: this.uses, budgets: this.budgets, members: own };
    const base = before ?? emptyState(stored);
    const cause = wireId('ord', orderId);
    const happening = { id: decision.id, at, happenedAt: at, cause };
    let steps: readonly ChallengeStep[];
    let applied = stored.applied;
    let uses: readonly Use[] = [];
    let decided: Decided = stored.decided;
    if (isReplayed) {
      const deciding = {
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
        versionBefore: before && this.versionOf(before.programVersion, before.order.occurredAt),
      };
      const faults: Fault[] = [];
      const application = apply(deciding, faults);
      steps = this.challenges.order(happening, { deciding, applied: application.applied, faults }, own);
      finish(application, version, campaigns);
      ({ applied, uses } = application);
      decided = difference({ ...base, order, applied }, version);
    } else {
      uses = usesBefore(
        stored,
        { version, really: this.actualVersion(stored.programVersion) },
        before === undefined,
        this.budgets,
      );
      steps = this.challenges.follow(decision.id);
    }
    const after: OrderState = { ...base, order, applied, grants: addDecision(base.grants, decided) };
    this.remember(memberId, orderId, before, after, version, decided, at);
    addUses(this.uses, uses);
    if (isReplayed) this.gifts.decide(this.changing(decision, after), before, { state: after, version });
    if (this.changed.has(orderId)) this.states.set(orderId, after);
    this.place(challengeRows({ memberId, orderId, isSummed: true }, steps, version, at));
    const moved = both(decided, decidedBy(steps));
    this.velocity.watch(
      { id: decision.id, programId, memberId, cause, at },
      moved.earned,
      version,
      isReplayed,
    );
    const bought = { memberId, orderId, happenedAt: at };
    const really = giftsOf(
      { ...base, order, applied: stored.applied },
      this.actualVersion(stored.programVersion),
    );
    const outcome = {
      decision,
      memberId,
      occurredAt: at,
      actual: given(both(stored.decided, decidedBy(this.challenges.of(decision.id)))),
      draft: given(moved),
      actualTier: stored.applied.tier,
      draftTier: applied.tier,
      actualFaults: stored.applied.faults,
      draftFaults: applied.faults,
      ...this.gifts.count(orderId, really, isReplayed ? giftsOf(after, version) : really),
    };
    return [outcome, ...this.refer(decision, bought, after, version)];
  }

  /** What an order, a revision or a return does to the referral of its member. */
  private refer(decision: Decision, ...what: Parameters<ReferralReplay['follow']>): Outcome[] {
    return this.referrals.follow(...what).map(payment => this.pay(decision, payment));
  }

  private changing({ id }: Decision, { id: orderId, memberId }: OrderState) {
    const { programId } = this.replayed;
    return { id, orderId, memberId, programId, versionOf: (number: number) => this.versionFor(number) };
  }

  private decideReturn(
    decision: Decision,
    stored: StoredReturn,
    members: ReadonlyMap<string, MemberFacts>,
  ): [Outcome, ...Outcome[]] {
    const before = this.states.get(stored.orderId) as OrderState;
    const version = this.versionFor(before.programVersion);
    const { memberId } = before;
    const returned = new Map([...before.returned, ...stored.returned]);
    const isReplayed = this.isInSpan(before.order.occurredAt);
    const decided = isReplayed ? difference({ ...before, returned }, version) : stored.decided;
    const after = { ...before, returned, grants: addDecision(before.grants, decided) };
    const campaigns = { uses: this.uses, budgets: this.budgets, members };
    addUses(this.uses, returnToCampaigns(before, after, version, decided, campaigns));
    const { occurredAt, orderId } = stored;
    const happening = {
      id: decision.id,
      at: before.order.occurredAt,
      happenedAt: occurredAt,
      cause: wireId('ret', stored.id),
    };
    const steps = isReplayed ? this.challenges.back(happening, after) : this.challenges.follow(decision.id);
    if (version.tiers?.lowerAfterReturn !== false) {
      this.remember(memberId, orderId, before, after, version, decided, occurredAt);
      this.place(challengeRows({ memberId, orderId, isSummed: true }, steps, version, occurredAt));
    }
    const ending = { ...this.changing(decision, after), endsAt: occurredAt };
    if (isReplayed) this.gifts.decide(ending, before, { state: after, version });
    this.states.set(orderId, after);
    const outcome = {
      ...NOTHING,
      decision,
      memberId,
      occurredAt,
      actual: given(both(stored.decided, decidedBy(this.challenges.of(decision.id)))),
      draft: given(both(decided, decidedBy(steps))),
      ...this.gifts.left(orderId, after),
    };
    const back = { memberId, orderId, happenedAt: occurredAt };
    return [outcome, ...this.refer(decision, back, after, version)];
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
    const who = { memberId, orderId, isSummed: true };
    if (this.isPlaced) this.place(contributions(who, before, after, version, decided, happenedAt));
  }

  private place(rows: readonly Contribution[]): void {
    if (this.isPlaced) for (const row of rows) add(this.timeline, row);
  }
}
