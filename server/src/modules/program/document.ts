import { z } from 'zod';
import { activities, streaks } from './activities.section.ts';
import { campaign, holdout, MAX_CAMPAIGNS } from './campaigns.section.ts';
import { badges, challenges } from './challenges.section.ts';
import { MAX_RULES, rule } from './earning.section.ts';
import { currencyCode, decimal, duration, instant, programName, settings, unitName } from './fields.ts';
import { households } from './households.section.ts';
import { referrals } from './referrals.section.ts';
import { reminders } from './reminders.section.ts';
import { MAX_REWARDS, reward } from './rewards.section.ts';
import { segments } from './segments.section.ts';
import { tiers } from './tiers.section.ts';
import { transfers } from './transfers.section.ts';
import { velocity } from './velocity.section.ts';

/*
 * The program document, version 1 of its language. Each description is read by people: it goes into
 * docs/reference/program.md, program.schema.json and the OpenAPI document; each `error` is the sentence that
 * a marketer gets. What a document leaves out has the default that its description names; a default never
 * changes, because published documents keep their meaning for ever.
 */

/** The largest document, in characters of JSON. */
export const MAX_DOCUMENT = 1_048_576;
export const MAX_UNITS = 16;

const unit = settings('A unit', {
  redeemable: z
    .boolean({ error: 'Write true or false.' })
    .describe('Whether members can spend it. Default: true.')
    .optional(),
  qualifying: z
    .boolean({ error: 'Write true or false.' })
    .describe('Whether it counts towards a tier. Default: false.')
    .optional(),
  worth: decimal(
    '0.01',
    "What one of it is worth when it is redeemed as money off, in the program's currency. Left out: it cannot be redeemed as money off.",
  ).optional(),
}).describe('One unit; its name has 1 to 32 lower-case letters, digits and _, beginning with a letter.');

const rate = decimal('1.08', "How much of the program's currency one unit of this currency is.");

const currency = z
  .union(
    [
      settings('A currency', { rate }),
      z
        .array(
          settings('A dated rate', {
            from: instant('From when on the rate is valid, until the next one.'),
            rate,
          }),
          { error: 'Write a list of dated rates.' },
        )
        .min(1, { error: 'Give at least one rate.' })
        .max(4_000, { error: 'Give at most 4000 rates.' }),
    ],
    {
      error:
        'Write { "rate": "1.08" }, or a list of dated rates [{ "from": "2026-01-01T00:00:00Z", "rate": "1.08" }].',
    },
  )
  .describe('One rate for all time, or a list of dated rates. An order before the first date is refused.');

/** A whole program document. */
export const programDocument = settings('A program', {
  program: programName.describe("The program's name; if given, the one in the address.").optional(),
  currency: currencyCode.describe("The program's currency (ISO 4217)."),
  currencies: z
    .record(currencyCode, currency, {
      error: issue =>
        issue.code === 'invalid_key'
          ? 'Write the three capital letters of a currency (ISO 4217), for example "EUR".'
          : 'Write an object { … } with a rate for each currency.',
    })
    .describe('Other currencies that orders may come in. An order in a currency that is not here is refused.')
    .meta({ maxProperties: 200 })
    .optional(),
  time_zone: z
    .string({ error: 'Write a time zone in quotes, for example "Europe/Paris".' })
    .max(64, { error: 'Write a time zone, for example "Europe/Paris".' })
    .describe("The time zone (IANA) in which the program's days and months are counted. Default: UTC.")
    .optional(),
  enrolment: z
    .enum(['automatic', 'explicit'], { error: 'Write "automatic" or "explicit".' })
    .describe(
      'Whether the first order of an unknown `ext:` id enrols its member. Default: automatic. With `explicit` it is refused.',
    )
    .optional(),
  units: z
    .record(unitName, unit, {
      error: issue =>
        issue.code === 'invalid_key'
          ? 'A unit is named with 1 to 32 lower-case letters, digits and _, beginning with a letter.'
          : 'Write an object { … } with the units of the program, for example { "points": {} }.',
    })
    .describe(
      'What the program counts: 1 to 16 units by name. A unit can be added and changed later, but not removed. Where a request names no unit, the first redeemable one that the program ever had is meant.',
    )
    .meta({ minProperties: 1, maxProperties: MAX_UNITS }),
  rounding: z
    .enum(['floor', 'half_up', 'ceiling'], { error: 'Write "floor", "half_up" or "ceiling".' })
    .describe('How the exact points of an order become whole, once for each order and unit. Default: floor.')
    .optional(),
  earning: z
    .array(rule, { error: 'Write a list of earning rules [ … ].' })
    .max(MAX_RULES, { error: `A program has at most ${MAX_RULES} earning rules.` })
    .describe('The earning rules. Every rule that matches gives its points. Default: none.')
    .optional(),
  activities: activities.optional(),
  streaks: streaks.optional(),
  referrals: referrals.optional(),
  tiers: tiers.optional(),
  combination: z
    .enum(['highest_multiplier', 'stack'], { error: 'Write "highest_multiplier" or "stack".' })
    .describe(
      'How the multipliers of the tier and of the campaigns that match one order go together: the highest alone (`highest_multiplier`), or all of them multiplied (`stack`). Of an exclusive group only the best counts. Default: highest_multiplier.',
    )
    .optional(),
  segments: segments.optional(),
  campaigns: z
    .array(campaign, { error: 'Write a list of campaigns [ … ].' })
    .max(MAX_CAMPAIGNS, { error: `A program has at most ${MAX_CAMPAIGNS} campaigns.` })
    .describe('The campaigns. Default: none.')
    .optional(),
  challenges: challenges.optional(),
  badges: badges.optional(),
  holdout: holdout.optional(),
  velocity: velocity.optional(),
  late_after: duration(
    'How long after it occurred an order may come without being listed as late. It earns all the same. Left out: only orders that come after a later one of their member are listed.',
  ).optional(),
  rewards: z
    .array(reward, { error: 'Write a list of rewards [ … ].' })
    .max(MAX_REWARDS, { error: `A program has at most ${MAX_REWARDS} rewards.` })
    .describe('The catalogue of rewards that points are redeemed for. Default: none.')
    .optional(),
  transfers: transfers.optional(),
  households: households.optional(),
  returns: settings('"returns"', {
    if_spent: z
      .enum(['clamp_to_zero', 'allow_negative', 'refuse'], {
        error: 'Write "clamp_to_zero", "allow_negative" or "refuse".',
      })
      .describe(
        'What happens when points of a returned order are spent already. `clamp_to_zero`: take what is there; `allow_negative`: the rest is a debt that later points repay; `refuse`: the return is refused.',
      ),
  })
    .describe('How returns take points back. Default: clamp_to_zero.')
    .optional(),
  reminders: reminders.optional(),
  clock: z
    .union(
      [
        z.literal('wall', { error: 'Write "wall".' }),
        settings('A test clock', { test: instant('Where the clock stands when the program is made.') }),
      ],
      {
        error:
          'Write "wall", or { "test": "2026-01-01T00:00:00Z" } for a program whose clock you set yourself.',
      },
    )
    .describe(
      "The program's clock: the real time, or a test clock that stands still until it is set forward. It counts when the program is made and cannot become the other kind later. Default: wall.",
    )
    .optional(),
}).describe('A loyalty program: what it counts, how it is earned, and how it is taken back.');

export type ProgramDocument = z.infer<typeof programDocument>;
