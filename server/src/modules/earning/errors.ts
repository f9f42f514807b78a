import type { ErrorTable } from '#platform/errors.ts';

export const earningErrors = {
  rerate_not_found: { status: 404, title: 'There is no such re-rating' },
  rerate_not_ready: { status: 409, title: 'The re-rating is not at that step' },
  activity_attribute_invalid: {
    status: 422,
    title: 'The activity carries an attribute that the program does not declare',
  },
  friend_has_ordered: { status: 422, title: 'The friend has ordered before' },
  referral_exists: { status: 409, title: 'The friend was brought before' },
  referral_not_found: { status: 404, title: 'There is no such referral in this program' },
  referral_ring: { status: 422, title: 'The friend brought the referrer' },
  referral_to_self: { status: 422, title: 'Nobody can bring themselves' },
  referrals_not_offered: { status: 422, title: 'The program has no referrals' },
  activity_unknown: { status: 422, title: 'The program has no such activity' },
  backtest_not_found: { status: 404, title: 'There is no such backtest' },
  backtest_too_large: { status: 422, title: 'The program has too many orders for a backtest' },
  backtests_busy: { status: 409, title: 'Too many backtests are running' },
  program_without_tiers: { status: 404, title: 'The program has no tiers' },
  currency_unknown: { status: 422, title: 'The program has no rate for the currency' },
  occurred_in_future: { status: 422, title: 'The event is dated more than 24 hours ahead' },
  occurred_too_early: { status: 422, title: 'The event is dated before 1970' },
  order_not_found: { status: 404, title: 'There is no such order in this program' },
  order_cancelled: { status: 409, title: 'The order was cancelled' },
  revision_outdated: { status: 409, title: 'A higher revision of the order was taken already' },
  returned_line_changed: { status: 409, title: 'A line of which something came back cannot be changed' },
  line_unknown: { status: 422, title: 'The order has no such line' },
  return_exceeds_order: { status: 422, title: 'More would come back than was bought' },
  points_already_spent: {
    status: 422,
    title: 'The points of the order were spent and the program refuses returns then',
  },
} as const satisfies ErrorTable;
