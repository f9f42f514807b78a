import type { Clock } from '#platform/clock.ts';
import type { Pool } from '#platform/db/client.ts';
import type { Api } from '#platform/http/api.ts';
import type { Problems } from '#platform/http/problems.ts';
import type { Ids } from '#platform/ids.ts';
import { usableMemory } from '#platform/memory.ts';
import type { Log } from '#platform/observe/log.ts';
import { caseType, explainDecision } from '../fraud/index.ts';
import { type Ledger, Owners } from '../ledger/index.ts';
import type { Members } from '../members/index.ts';
import type { Registry } from '../program/index.ts';
import { explainActivity } from './activities/activities.explain.ts';
import { activityReadingRoutes } from './activities/activities.reading.routes.ts';
import { activityRoutes } from './activities/activities.routes.ts';
import { activityType } from './activities/activities.ts';
import { streakRoutes } from './activities/streaks.routes.ts';
import { budgetRoutes } from './campaigns/budgets.routes.ts';
import { createBudgets } from './campaigns/budgets.ts';
import { holdoutRoutes } from './campaigns/holdout.routes.ts';
import { badgeAwardRoutes } from './challenges/badge-awards.routes.ts';
import { badgeAwardType, badgeWithdrawalType } from './challenges/badge-awards.ts';
import { withChallenge } from './challenges/challenges.explain.ts';
import { challengeRoutes } from './challenges/challenges.routes.ts';
import { explainOrder, explainReturn, returnedOrder } from './explain.ts';
import { orderLoader } from './facts.ts';
import { eventRoutes } from './orders/events.routes.ts';
import { eventType, explainEvent } from './orders/events.ts';
import { lateRoutes } from './orders/late.routes.ts';
import { orderType } from './orders/orders.ts';
import { returnType } from './orders/returns.ts';
import { explainPayment, paymentType, payReferrals } from './referrals/payments.ts';
import { referralRoutes } from './referrals/referrals.routes.ts';
import { referralType } from './referrals/referrals.ts';
import { capacity, Remembered } from './remembered.ts';
import { backtestRoutes } from './replay/backtests.routes.ts';
import { type Backtests, type BacktestsDeps, createBacktests } from './replay/backtests.ts';
import { explainRerating, rerateType } from './replay/rerate.ts';
import { explainActivityRerating, rerateActivityType } from './replay/rerate-activity.ts';
import { rerateRoutes } from './replay/rerates.routes.ts';
import { earningRoutes } from './routes.ts';
import * as store from './store.ts';
import { tierGrantRoutes } from './tiers/tier-grants.routes.ts';
import { tierGrantEndType, tierGrantType } from './tiers/tier-grants.ts';
import { createTierWatcher, type TierWatcher, watchType } from './tiers/tier-watch.ts';
import { tierRoutes } from './tiers/tiers.routes.ts';
import { verifications } from './verification.ts';

export { budgetBook } from './campaigns/budgets.publication.ts';
export { type MemberQuestion, segmentsAt } from './campaigns/segments.ts';
export { closeVoucherSteps, openVoucherSteps } from './campaigns/voucher-gifts.store.ts';
export { earningErrors } from './errors.ts';
export type { ProgramInForce } from './model.ts';
export { conditionAlarm } from './not-judged.alarm.ts';
export { levelAt, loadTimeline } from './tiers/tiers.ts';
export type { TimelineFacts } from './tiers/timeline.ts';

/** Intake of orders and returns: registers its commands with the ledger and gives its routes. */
export function createEarning(deps: {
  ledger: Ledger;
  pool: Pool;
  registry: Registry;
  members: Members;
  problems: Problems;
  clock: Clock;
  ids: Ids;
  log: Log;
  backtest: BacktestsDeps['backtest'];
}): {
  routes(api: Api): void;
  /** Pays the referrals that orders have qualified, and takes back those that returns revoked. */
  payReferrals(): Promise<void>;
  /** Announces what has become of members' tiers. */
  readonly tiers: TierWatcher;
  readonly backtests: Backtests;
} {
  const remembered = new Remembered(deps.ledger.soleWriter, capacity(usableMemory()));
  const load = orderLoader(deps.ledger, createBudgets(), remembered);
  // What is remembered of a member follows orders; whatever else happens to it, it is read again.
  const register: Ledger['register'] = (type, explain) =>
    deps.ledger.register({ committed: (_, members) => remembered.forget(members), ...type }, explain);
  register(
    { ...orderType(load), committed: (orders, _, fresh) => remembered.took(orders, fresh) },
    withChallenge(deps.registry, explainOrder(deps.registry)),
  );
  register(returnType(load), withChallenge(deps.registry, explainReturn, returnedOrder));
  register(activityType(load), withChallenge(deps.registry, explainActivity(deps.registry)));
  register(referralType(load));
  register(paymentType(load), explainPayment);
  register(eventType(load), explainEvent);
  register(rerateType(load), explainRerating);
  register(rerateActivityType(load), explainActivityRerating);
  register(caseType(load), explainDecision);
  register(tierGrantType(load));
  register(tierGrantEndType(load));
  register(badgeAwardType);
  register(badgeWithdrawalType);
  for (const verification of verifications(deps.registry)) deps.ledger.alsoVerify(verification);
  // It looks at members and changes nothing that orders depend on.
  register({ ...watchType, committed: () => undefined });
  const orders = new Owners(ids => store.owners(deps.pool, ids));
  const routes = earningRoutes({ ...deps, orders });
  const backtests = createBacktests(deps);
  return {
    payReferrals: () => payReferrals(deps),
    tiers: createTierWatcher(deps),
    backtests,
    routes(api) {
      routes(api);
      eventRoutes(api, { ...deps, orders });
      activityRoutes(api, deps);
      activityReadingRoutes(api, deps);
      streakRoutes(api, deps);
      challengeRoutes(api, deps);
      badgeAwardRoutes(api, deps);
      referralRoutes(api, deps);
      tierRoutes(api, deps);
      tierGrantRoutes(api, deps);
      lateRoutes(api, deps);
      rerateRoutes(api, deps);
      backtestRoutes(api, deps, backtests);
      budgetRoutes(api, deps);
      holdoutRoutes(api, deps);
    },
  };
}
