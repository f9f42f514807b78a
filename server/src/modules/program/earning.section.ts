import { z } from 'zod';
import { decimal, duration, ruleId, settings, unitName, words } from './fields.ts';

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

export const pending = settings('"pending"', {
  for: duration('How long after the order the points become usable.'),
}).describe('Points that are not usable at once. Left out: usable at once.');

export const expires = settings('"expires"', {
  after: duration(
    "How long after the order the points expire. Months and days follow the calendar of the program's time zone; a day that a month does not have becomes its last.",
  ),
}).describe('When the points expire. Left out: never.');

export const rule = settings('An earning rule', {
  id: ruleId('rule', 'base').describe(
    'The name of the rule, once in a document. Entries cite it with the version: `base@3`.',
  ),
  on: z.literal('order', { error: 'Write "order".' }).describe('What the rule listens to.'),
  when: when.optional(),
  earn,
  pending: pending.optional(),
  expires: expires.optional(),
});
