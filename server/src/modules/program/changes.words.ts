/** What stands in the named places of a document; each is compared by its id or its name. */
export const KINDS: Readonly<Record<string, string>> = {
  units: 'unit',
  currencies: 'currency',
  earning: 'rule',
  'tiers/levels': 'level',
  campaigns: 'campaign',
  rewards: 'reward',
};

/**
 * Settings in words, in front of "of the campaign …"; where one means different things, behind the kind of what
 * it belongs to. A setting that is not here is shown by its name.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  currency: 'the currency',
  time_zone: 'the time zone',
  enrolment: 'the enrolment',
  rounding: 'the rounding',
  combination: 'the combination of multipliers',
  clock: 'the clock',
  'holdout.share': 'the share of members in the holdout',
  'holdout.salt': 'the salt of the holdout',
  'returns.if_spent': 'what happens when returned points are spent',
  worth: 'the worth',
  rate: 'the rate',
  multiplier: 'the multiplier',
  'earn.unit': 'the unit',
  'earn.per_currency_unit': 'the points for each currency unit',
  'earn.fixed': 'the points for each order',
  'pending.for': 'the waiting time of the points',
  'expires.after': 'the life of the points',
  'effect.multiply': 'the multiplier',
  'effect.unit': 'the unit',
  'effect.earn.unit': 'the unit',
  'effect.earn.per_currency_unit': 'the points for each currency unit',
  'effect.earn.fixed': 'the points for each order',
  'effect.pending.for': 'the waiting time of the points',
  'effect.expires.after': 'the life of the points',
  if: 'the condition',
  weekdays: 'the weekdays',
  'hours.from': 'the first hour',
  'hours.until': 'the end of the hours',
  'audience.tiers': 'the tiers',
  'audience.channels': 'the channels',
  group: 'the group',
  cooldown: 'the cool-down',
  'limit.per_member': 'the limit for each member',
  'limit.every': 'the period of the limit',
  'cap.points': 'the cap on points',
  'cap.per': 'the period of the cap',
  'budget.points': 'the budget in points',
  'budget.money': 'the budget in money',
  from: 'the beginning',
  until: 'the end',
  'level from': 'the sum at the beginning',
  'tiers.qualify_by': 'what qualifies for the tiers',
  'tiers.window': 'the window of the tiers',
  'tiers.window.rolling': 'the window of the tiers',
  'tiers.grace': 'the grace of the tiers',
  'tiers.downgrade': 'the downgrade of the tiers',
  'cost.points': 'the price in points',
  'cost.unit': 'the unit of the price',
  stock: 'the stock',
};

/** Those of which there are several. */
export const PLURAL = /^the (points|tiers|channels|weekdays)\b/;
