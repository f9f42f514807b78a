import { z } from 'zod';
import { decimal, duration, instant, ruleId, settings, unitName, word, words } from './fields.ts';

export const MAX_REWARDS = 1_000;
const MAX_STOCK = 1_000_000_000;
const MAX_LIMIT = 1_000;
const MAX_PRICES = 50;

const wholePoints = (meaning: string) =>
  z
    .string({ error: 'Write the number of points as text in quotes, for example "1000".' })
    .regex(/^[1-9]\d{0,14}$/, { error: 'Write a whole number of at least 1, for example "1000".' })
    .describe(meaning);

const paid = {
  unit: unitName.describe('The unit that is paid with; one of `units` that members can spend.'),
  points: wholePoints('How many of them it takes.'),
};

const cost = z
  .union(
    [
      settings('"cost"', paid),
      z
        .array(
          settings('A price', {
            tiers: words('gold').describe('For members of one of these tiers. Left out: whatever the tier.'),
            segments: words('students').describe(
              'For members who are in one of these segments when they redeem. With `tiers` as well, both have to hold. Left out: whatever the segments.',
            ),
            ...paid,
          }),
          { error: 'Write a list of prices [ … ].' },
        )
        .min(1, { error: 'Name at least one price.' })
        .max(MAX_PRICES, { error: `A reward has at most ${MAX_PRICES} prices.` }),
    ],
    {
      error:
        'Say what it costs: { "unit": "points", "points": "1000" }, or a list of prices by tier or segment [{ "tiers": ["gold"], "unit": "points", "points": "800" }, { "unit": "points", "points": "1000" }].',
    },
  )
  .describe(
    'What the reward costs: one price for everybody, or a list of which the first counts that is for the tier and the segments of the member. Whom no price is for cannot redeem it.',
  );

/** The name of a pool of codes; it is also part of an address. */
export const poolName = z
  .string({ error: 'Write the name of a pool of codes in quotes, for example "cinema".' })
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, {
    error:
      'A pool of codes is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.',
  });

const exchange = settings('"points"', {
  unit: unitName.describe('The unit that is given; another one than the unit that is paid with.'),
  points: wholePoints('How many of them are given.'),
  expires_after: duration('How long after the redemption they expire. Left out: never.').optional(),
});

const gives = z
  .union(
    [
      settings('What a reward gives', {
        money_off: decimal('10.00', "Money off the bill, in whole units of the program's currency."),
      }),
      settings('What a reward gives', {
        percent_off: decimal(
          '10',
          'Per cent off the bill, more than 0 and at most 100. Where the redemption names the total of the order, its answer says how much that is, rounded down.',
        ),
      }),
      settings('What a reward gives', {
        product: word.describe('A product, by its SKU. It is pending until somebody fulfils or rejects it.'),
      }),
      settings('What a reward gives', {
        voucher: poolName.describe(
          'A code from this pool. Each code is given to one redemption; there is as much of the reward as there are codes.',
        ),
      }),
      settings('What a reward gives', { points: exchange.describe('Points of another unit.') }),
    ],
    {
      error:
        'Say what the reward gives: { "money_off": "10.00" }, { "percent_off": "10" }, { "product": "SKU" }, { "voucher": "POOL" } or { "points": { "unit": "miles", "points": "500" } }.',
    },
  )
  .describe('What the member gets.');

export const rewardPeriods = ['day', 'week', 'month', 'year', 'ever'] as const;

export const reward = settings('A reward', {
  id: ruleId('reward', 'ten-off').describe(
    'The name of the reward, once in a document and different from those of the earning rules and campaigns. Redemptions cite it with the version: `ten-off@3`. Stock and limits belong to the name, whatever the version.',
  ),
  name: word.describe('What people call it.').optional(),
  cost,
  gives,
  from: instant('The first instant at which it can be redeemed. Left out: from the beginning.').optional(),
  until: instant('The end, at which it cannot be redeemed any more. Left out: without end.').optional(),
  audience: settings('"audience"', {
    tiers: words('gold').describe('Members of one of these tiers. Default: of all.'),
    segments: words('students').describe(
      'Members who are in one of these segments when they redeem. Default: all.',
    ),
  })
    .describe('Who can redeem it. Default: everybody.')
    .optional(),
  stock: z
    .int({ error: 'Write a whole number, for example 500.' })
    .min(0, { error: 'Write a number that is not negative.' })
    .max(MAX_STOCK, { error: `Write at most ${MAX_STOCK}.` })
    .describe(
      'How many there are of it in all, those that were redeemed already among them. A redemption on hold has its own. A later version can raise and lower it. Default: as many as wanted.',
    )
    .optional(),
  limit: settings('"limit"', {
    per_member: z
      .int({ error: 'Write a whole number.' })
      .min(1, { error: 'Write at least 1.' })
      .max(MAX_LIMIT, { error: `Write at most ${MAX_LIMIT}.` })
      .describe('How often a member can redeem it, or get it by a campaign.'),
    every: z
      .enum(rewardPeriods, { error: 'Write "day", "week", "month", "year" or "ever".' })
      .describe(
        "Per calendar day, week (from Monday), month or year of the program's time zone, or once for all. Default: ever.",
      )
      .optional(),
  })
    .describe('Default: no limit.')
    .optional(),
  minimum: settings('"minimum"', {
    order_total: decimal(
      '50.00',
      "The least total of the order that it is redeemed for, in whole units of the program's currency. The redemption then has to name the total.",
    ),
  })
    .describe('What has to be reached. Default: nothing.')
    .optional(),
  refund: z
    .enum(['give_back', 'keep'], { error: 'Write "give_back" or "keep".' })
    .describe(
      'Whether a redemption that was refunded as a whole, or rejected, can be redeemed again: by its stock and by the limit of its member. A voucher is handed out and never goes back to its pool. Default: give_back.',
    )
    .optional(),
});
