import { z } from 'zod';
import { condition, decimal, duration, instant, ruleId, settings, unitName, words } from './fields.ts';

export const MAX_RULES = 200;

const when = settings('A condition', {
  category: words('shoes').describe('Lines of one of these categories.'),
  sku: words('A-100').describe('Lines of one of these products.'),
  channel: words('app').describe('Orders of one of these channels.'),
  partner: words('hotel-co').describe('Orders of one of these partners.'),
  kind: words('hotel').describe('Orders of one of these kinds.'),
}).describe(
  'Which lines and orders the rule is for: all named conditions must match, each by one of its values, exactly as written. Left out: all.',
);

const earnedUnit = unitName.describe('The unit that is earned; one of `units`.');
export const earn = z
  .union(
    [
      settings('What is earned', {
        unit: earnedUnit,
        per_currency_unit: decimal(
          '1',
          "How many for each whole unit of the program's currency. It is exact; the order's sum is rounded once.",
        ),
      }),
      settings('What is earned', {
        unit: earnedUnit,
        fixed: z
          .string({ error: 'Write the number of points as text in quotes, for example "50".' })
          .regex(/^(0|[1-9]\d{0,14})$/, {
            error: 'Write a whole number that is not negative, for example "50".',
          })
          .describe('How many for each order in which at least one line matches.'),
      }),
    ],
    {
      error:
        'Say what is earned: { "unit": "points", "per_currency_unit": "1" } or { "unit": "points", "fixed": "50" }.',
    },
  )
  .describe('What the rule gives: points for each currency unit spent, or a fixed number.');

const FOR = duration('How long after the order the points become usable.');
const event = z
  .string({ error: 'Name the event in quotes, for example "stay.completed".' })
  .regex(/^[a-z][a-z0-9_.-]{0,63}$/, {
    error:
      'An event is named with 1 to 64 lower-case letters, digits, ".", "-" and "_", beginning with a letter: "stay.completed".',
  });

/** A condition on when points become usable. */
export const pending = z
  .union(
    [
      settings('"pending"', { for: FOR }),
      settings('"pending"', {
        until: instant('From when on the points are usable. Of an order after it they are usable at once.'),
      }),
      settings('"pending"', {
        until_event: event.describe(
          'Which event of the order makes the points usable; it is sent to `POST /v1/orders/{order}/events`. Points of a returned order are cancelled.',
        ),
        at_latest: duration(
          'How long after the order the points wait at most. Left out: until the event comes, or the points expire.',
        ).optional(),
        otherwise: z
          .enum(['activate', 'cancel'], { error: 'Write "activate" or "cancel".' })
          .describe(
            'What becomes of the points when the event has not come by then: usable all the same (`activate`), or gone (`cancel`). Default: activate.',
          )
          .optional(),
      }),
    ],
    {
      error:
        'Say until when the points wait: { "for": "P14D" }, { "until": "2026-12-31T23:00:00Z" } or { "until_event": "stay.completed" }.',
    },
  )
  .describe('Points that are not usable at once. Left out: usable at once.');

const AFTER = duration(
  "How long after the order the points expire. Months and days follow the calendar of the program's time zone; a day that a month does not have becomes its last.",
);
const AT_END_OF = z
  .enum(['month', 'quarter', 'year'], { error: 'Write "month", "quarter" or "year".' })
  .describe(
    "The points expire when the calendar month, quarter or year of the order ends in the program's time zone: at the first instant of the next one.",
  );
const PLUS = duration('How much longer they live. Left out: no longer.').optional();
const INACTIVITY = duration(
  'The points expire this long after the member last earned or redeemed this unit. Each time the date moves for all points of the rule.',
);
const SAY_WHEN = {
  error:
    'Say when the points expire: { "after": "P12M" }, { "at_end_of": "year", "plus": "P3M" } or { "inactivity": "P6M" }. Leave "expires" out for points that never do.',
};

/** A date on which points go. */
export const expires = z
  .union(
    [
      settings('"expires"', { after: AFTER }),
      settings('"expires"', { at_end_of: AT_END_OF, plus: PLUS }),
      settings('"expires"', { inactivity: INACTIVITY }),
    ],
    SAY_WHEN,
  )
  .describe('When the points expire. Left out: never.');

const by_tier = z
  .record(
    ruleId('level', 'gold'),
    z
      .union([expires, z.literal('never')], {
        error: 'Say when the points of this tier expire, for example { "after": "P24M" }, or write "never".',
      })
      .describe('When points of orders that this level decided expire, or "never".'),
    { error: 'Write { "gold": { "after": "P24M" } }: for levels of the program, when points expire.' },
  )
  .describe(
    'For members who have one of these levels when they order: when points of the order expire instead, or "never".',
  );

/** The same for points of orders, which are decided by a tier. */
export const expiresByTier = z
  .union(
    [
      settings('"expires"', { after: AFTER, by_tier: by_tier.optional() }),
      settings('"expires"', { at_end_of: AT_END_OF, plus: PLUS, by_tier: by_tier.optional() }),
      settings('"expires"', { inactivity: INACTIVITY, by_tier: by_tier.optional() }),
      settings('"expires"', { by_tier }),
    ],
    SAY_WHEN,
  )
  .describe('When the points expire. Left out, or only `by_tier` written: never.');

const LISTENS = 'Write "order", or "activity:" and the name of an activity, for example "activity:review".';

const limit = settings('"limit"', {
  per_member: z
    .int({ error: 'Write a whole number.' })
    .min(1, { error: 'Write at least 1.' })
    .max(1_000, { error: 'Write at most 1000.' })
    .describe('For how many activities of a member the rule counts.'),
  every: z
    .enum(['day', 'week', 'month', 'year', 'ever'], {
      error: 'Write "day", "week", "month", "year" or "ever".',
    })
    .describe(
      "Per calendar day, week (from Monday), month or year of the program's time zone, or once for all.",
    )
    .optional(),
});

export const rule = settings('An earning rule', {
  id: ruleId('rule', 'base').describe(
    'The name of the rule, once in a document. Entries cite it with the version: `base@3`.',
  ),
  on: z
    .string({ error: LISTENS })
    .regex(/^(order|activity:[a-z][a-z0-9_-]{0,63})$/, { error: LISTENS })
    .describe('What the rule listens to: `order`, or `activity:` and the name of one of `activities`.'),
  when: when.optional(),
  if: condition('order.total >= 5000')
    .describe(
      'A condition in CEL, beside `when`, over what the rule rates: of a rule on orders the order and its time (`order.total >= 5000`), of one on an activity the activity and its time (`activity.attributes.stars >= 4`); docs/reference/conditions.md lists the variables. What depends on the member is a campaign. Default: always.',
    )
    .optional(),
  earn,
  pending: pending.optional(),
  expires: expiresByTier.optional(),
  limit: limit
    .describe(
      'Of a rule on an activity: how often it counts for one member. `every` is "ever" by default. Left out: each time.',
    )
    .optional(),
  cooldown: duration(
    'Of a rule on an activity: how long after it counted for a member it does not count again.',
  ).optional(),
});
