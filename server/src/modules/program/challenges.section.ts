import { z } from 'zod';
import { campaign } from './campaigns.section.ts';
import { earn, expires, pending } from './earning.section.ts';
import { decimal, ruleId, settings, words } from './fields.ts';

export const MAX_CHALLENGES = 100;
export const MAX_BADGES = 200;
const MAX_GOALS = 20;
const MAX_TIMES = 100;

const BADGE_ID = /^[a-z][a-z0-9_-]{0,63}$/;
const shown = (example: string, most: number) =>
  z
    .string({ error: `Write text in quotes, for example "${example}".` })
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, { error: 'Write text without line breaks.' })
    .max(most, { error: `Write at most ${most} characters.` });

const badge = settings('A badge', {
  name: shown('Night owl', 200).describe('What members read.'),
  description: shown('Ten nights in a month', 1_000).describe('What it stands for.').optional(),
}).describe('One badge; its id has 1 to 64 lower-case letters, digits, - and _.');

/** What members can show. */
export const badges = z
  .record(z.string().regex(BADGE_ID), badge, {
    error: issue =>
      issue.code === 'invalid_key'
        ? 'A badge has an id of 1 to 64 lower-case letters, digits, - and _, beginning with a letter.'
        : 'Write an object { … } with the badges of the program, for example { "explorer": { "name": "Explorer" } }.',
  })
  .describe('The badges that challenges give, by id. Default: none.')
  .meta({ maxProperties: MAX_BADGES });

const ON = 'Write "order", or "activity:" and the name of an activity, for example "activity:review".';

const goal = settings('A goal', {
  target: decimal(
    '3',
    "How much of it reaches the goal: a whole number, or for `spend` an amount in the program's currency (`500.00`).",
  ),
  earn: earn.describe('The points that it gives, a fixed number. Left out: none.').optional(),
  pending: pending.optional(),
  expires: expires.optional(),
  badge: z
    .string({ error: 'Write the id of a badge in quotes.' })
    .regex(BADGE_ID, { error: 'Write the id of one of the "badges".' })
    .describe('The badge that it gives, one of `badges`. Left out: none.')
    .optional(),
});

const whole = campaign.shape;

const challenge = settings('A challenge', {
  id: ruleId('challenge', 'three-nights').describe(
    'The name of the challenge, once in a document and different from those of rules and campaigns. Entries cite it with the version: `three-nights@3`.',
  ),
  name: shown('Three nights this month', 200).describe('What members read. Left out: its id.').optional(),
  on: z
    .string({ error: ON })
    .regex(/^(order|activity:[a-z][a-z0-9_-]{0,63})$/, { error: ON })
    .describe('What counts: `order`, or `activity:` and the name of one of `activities`.'),
  measure: z
    .enum(['count', 'days', 'spend', 'quantity', 'nights'], {
      error: 'Write "count", "days", "spend", "quantity" or "nights".',
    })
    .describe(
      'What is counted: how many orders or activities (`count`), on how many different days (`days`), what was spent (`spend`), how many items (`quantity`), or the attribute `nights` of bookings (`nights`). Default: count.',
    )
    .optional(),
  every: z
    .enum(['day', 'week', 'month', 'year', 'ever'], {
      error: 'Write "day", "week", "month", "year" or "ever".',
    })
    .describe(
      'Progress begins anew with each calendar day, week (from Monday), month or year of its time zone, or never (`ever`). Default: ever.',
    )
    .optional(),
  goals: z
    .array(goal, { error: 'Write a list of goals, for example [{ "target": "3", "earn": … }].' })
    .min(1, { error: 'Name at least one goal.' })
    .max(MAX_GOALS, { error: `Name at most ${MAX_GOALS} goals.` })
    .describe(
      'What is reached and what it gives, the smallest target first. Each is given once in a period. They are told apart by their places: one that is added later goes to the end.',
    ),
  times: z
    .int({ error: 'Write a whole number.' })
    .min(1, { error: 'Write at least 1.' })
    .max(MAX_TIMES, { error: `Write at most ${MAX_TIMES}.` })
    .describe(
      'How often it can be completed in one period. Behind the last target it begins again. Default: 1.',
    )
    .optional(),
  from: whole.from
    .describe('The first instant, a date and time of its time zone. Left out: from the beginning.')
    .optional(),
  until: whole.until
    .describe(
      'The end, which does not belong to it any more; 24:00 is the end of the day. Left out: without end.',
    )
    .optional(),
  weekdays: whole.weekdays,
  hours: whole.hours,
  time_zone: whole.time_zone
    .describe("The time zone of its periods, days and hours. Default: the program's.")
    .optional(),
  audience: whole.audience.describe('For whose orders: all that is named must hold. Default: everybody.'),
  if: whole.if.describe(
    'A condition on orders in CEL over the variables that docs/reference/conditions.md lists. Default: always.',
  ),
  when: settings('"when"', {
    category: words('shoes').describe('Lines of one of these categories.'),
    sku: words('A-100').describe('Lines of one of these products.'),
  })
    .describe('Which lines of an order count; an order without such a line does not. Default: all.')
    .optional(),
});

/** What members can reach in a time. */
export const challenges = z
  .array(challenge, { error: 'Write a list of challenges [ … ].' })
  .max(MAX_CHALLENGES, { error: `A program has at most ${MAX_CHALLENGES} challenges.` })
  .describe(
    'Goals that members reach in a time, such as three nights in a month. What happened counts in the period of its own time, also when it comes late. What comes back is taken off again: where a goal is not reached any more, its points are taken back as those of a returned order are, and its badge is withdrawn. Default: none.',
  );
