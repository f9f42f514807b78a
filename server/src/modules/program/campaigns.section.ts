import { z } from 'zod';
import { earn, expiresByTier, pending } from './earning.section.ts';
import { condition, decimal, duration, ruleId, settings, words } from './fields.ts';

export const MAX_CAMPAIGNS = 1_000;
const MAX_LIMIT = 1_000;

const moment = (meaning: string) =>
  z
    .string({ error: 'Write a date and time in quotes, for example "2026-11-27T18:00".' })
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/, {
      error: 'Write a date and time without a zone, for example "2026-11-27T18:00".',
    })
    .describe(`${meaning} A date and time of the campaign's time zone; 24:00 is the end of the day.`);

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const timeOfDay = (example: string) =>
  z
    .string({ error: `Write a time in quotes, for example "${example}".` })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: `Write a time from "00:00" to "24:00".` });

const wholePoints = (meaning: string) =>
  z
    .string({ error: 'Write the number as text in quotes, for example "500".' })
    .regex(/^[1-9]\d{0,14}$/, { error: 'Write a whole number of at least 1, for example "500".' })
    .describe(meaning);

const period = z
  .enum(['day', 'week', 'month', 'year', 'ever'], {
    error: 'Write "day", "week", "month", "year" or "ever".',
  })
  .describe(
    "Per calendar day, week (from Monday), month or year of the campaign's time zone, or once for all.",
  );

const effect = z
  .union(
    [
      settings('An effect', {
        multiply: decimal('2', 'The points for each currency unit are multiplied by this.'),
        unit: z
          .string({ error: 'Write the name of a unit in quotes.' })
          .describe("Which unit's points are multiplied. Default: every redeemable unit's.")
          .optional(),
      }),
      settings('An effect', {
        percent: decimal(
          '12.5',
          'How many per cent of what the earning rules give by themselves are added: of whole orders, also of fixed points, beside all multipliers and never multiplied by them.',
        ),
        unit: z
          .string({ error: 'Write the name of a unit in quotes.' })
          .describe("Which unit's points are added to. Default: every redeemable unit's.")
          .optional(),
      }),
      settings('An effect', {
        voucher: z
          .string({ error: 'Write the id of a reward in quotes, for example "cinema".' })
          .describe(
            'The reward, one that gives a voucher, of which the member gets one code without paying points. It is handed out behind the order; where its pool is empty it waits for codes. The limit and the validity of the reward hold; its price, audience and minimum are not asked. When the whole order comes back a code that nobody has seen is withdrawn.',
          ),
      }),
      settings('An effect', {
        tier: z
          .string({ error: 'Write the id of a tier in quotes, for example "gold".' })
          .describe(
            'The tier that the member is given, from the time of the order on. Nobody is lowered by it: the higher of it and of what the member qualifies for counts. Of several such campaigns the one with the highest tier counts.',
          ),
        for: duration('How long the tier is given. When the whole order comes back it ends.'),
      }),
      settings('An effect', {
        challenge: z
          .string({ error: 'Write the id of a challenge in quotes, for example "three-nights".' })
          .describe('The challenge on orders in which the order counts for more, or at all.'),
        progress: decimal(
          '1',
          "How much more the order counts there: a whole number, or for `spend` an amount in the program's currency. When the whole order comes back it is taken off again.",
        ),
      }),
      settings('An effect', {
        earn,
        pending: pending.optional(),
        expires: expiresByTier.optional(),
      }),
    ],
    {
      error:
        'Write { "multiply": "2" }, { "percent": "12.5" }, { "tier": "gold", "for": "P3M" }, { "voucher": "cinema" }, { "challenge": "three-nights", "progress": "1" }, or { "earn": { "unit": "points", "fixed": "50" } } with "pending" and "expires" where wanted.',
    },
  )
  .describe(
    'What the campaign does: a multiplier, a percentage, points of its own, a tier for a while, a voucher, or progress in a challenge. The points of a multiplier or a percentage have the terms of the rule that they add to.',
  );

export const campaign = settings('A campaign', {
  id: ruleId('campaign', 'double-weekend').describe(
    'The name of the campaign, once in a document and different from those of the earning rules. Entries cite it with the version: `double-weekend@3`.',
  ),
  from: moment('The first instant. Left out: from the beginning.').optional(),
  until: moment('The end, which does not belong to it any more. Left out: without end.').optional(),
  weekdays: z
    .array(z.enum(weekdays, { error: `Write days such as "friday".` }), { error: 'Write a list of days.' })
    .min(1, { error: 'Name at least one day, or leave it out for all.' })
    .describe('On which days of the week. Default: all.')
    .optional(),
  hours: settings('"hours"', {
    from: timeOfDay('18:00').describe('The first minute.'),
    until: timeOfDay('22:00').describe(
      'The end, which does not belong to them any more; `24:00` is the end of the day.',
    ),
  })
    .describe(
      'At which hours of such a day, from the first instant on and before the last. Where it ends before it begins it goes on into the next day. Default: all day.',
    )
    .optional(),
  time_zone: z
    .string({ error: 'Write a time zone in quotes, for example "Europe/Paris".' })
    .max(64, { error: 'Write a time zone, for example "Europe/Paris".' })
    .describe(
      "The time zone of its dates, days and hours. Where its clocks change, a time that they skip means the instant of the change, and one that they show twice means the first for `from` and the second for `until`; a day ends (`24:00`) where the next one begins. Default: the program's.",
    )
    .optional(),
  audience: settings('"audience"', {
    tiers: words('gold').describe('Members of one of these tiers.'),
    channels: words('app').describe('Orders of one of these channels.'),
    countries: words('NL').describe(
      'Members of one of these countries (ISO 3166-1) when they order; one whose country is not known is of none.',
    ),
    segments: words('lapsed').describe('Members who are in one of these segments when they order.'),
    lists: words('newsletter').describe(
      'Members who are on one of these uploaded lists when they order. A list that was not uploaded yet has nobody.',
    ),
  })
    .describe('For whom: all that is named must hold. Default: everybody.')
    .optional(),
  if: condition('order.total >= 5000')
    .describe(
      'A condition in CEL over the variables that docs/reference/conditions.md lists. Default: always.',
    )
    .optional(),
  effect,
  group: ruleId('group', 'weekend')
    .describe('Of the campaigns of one group only the best one for the order counts.')
    .optional(),
  limit: settings('"limit"', {
    per_member: z
      .int({ error: 'Write a whole number.' })
      .min(1, { error: 'Write at least 1.' })
      .max(MAX_LIMIT, { error: `Write at most ${MAX_LIMIT}.` })
      .describe('For how many orders of a member the campaign counts.'),
    every: period.optional(),
  })
    .describe('How often it counts for one member. `every` is "ever" by default.')
    .optional(),
  cooldown: duration('How long after it counted for a member it does not count again.').optional(),
  cap: settings('"cap"', {
    points: wholePoints('How many points at most the campaign gives a member; what is above is not given.'),
    per: z
      .enum(['order', 'day', 'month'], { error: 'Write "order", "day" or "month".' })
      .describe('In one order, calendar day or month.'),
  })
    .describe('Default: none.')
    .optional(),
  budget: settings('"budget"', {
    points: wholePoints('How many points the campaign gives in all, to all members together.').optional(),
    money: decimal(
      '50000.00',
      "What its points may be worth in all, in the program's currency, by the `worth` of their unit.",
    ).optional(),
    when_short: z
      .enum(['trim', 'refuse'], { error: 'Write "trim" or "refuse".' })
      .describe(
        'What the order gets for which not enough is left: what is left (`trim`), or nothing of this campaign (`refuse`). Default: trim.',
      )
      .optional(),
  })
    .describe('Either `points` or `money`. It is never exceeded. Default: no bound.')
    .optional(),
  returns: z
    .enum(['give_back', 'keep'], { error: 'Write "give_back" or "keep".' })
    .describe(
      'Whether what a return takes back can be given again: the points to the budget, and the use to the limit when the whole order came back. Default: give_back.',
    )
    .optional(),
});

/** Members to whom no campaign applies, for comparison. */
export const holdout = settings('"holdout"', {
  share: z
    .string({ error: 'Write the share as text in quotes, for example "0.05".' })
    .regex(/^0?\.\d{1,4}$|^0$/, {
      error: 'Write a share below 1 with at most four decimals, for example "0.05".',
    })
    .describe('Which share of the members.'),
  salt: z
    .string({ error: 'Write text in quotes.' })
    .max(64, { error: 'Write at most 64 characters.' })
    .describe('Another salt chooses other members. Default: the empty text.')
    .optional(),
}).describe(
  'Members to whom no campaign applies, chosen by a hash of their id, the same for ever. Default: nobody.',
);
