import { z } from 'zod';

/*
 * The program document, version 1 of its language. Each description is read by people: it goes into
 * docs/reference/program.md, program.schema.json and the OpenAPI document; each `error` is the sentence that
 * a marketer gets. What a document leaves out has the default that its description names; a default never
 * changes, because published documents keep their meaning for ever.
 */

/** The largest document, in characters of JSON. */
export const MAX_DOCUMENT = 1_048_576;
export const MAX_UNITS = 16;
export const MAX_RULES = 200;
/** Epoch ms. A century after the last instant is still a year of four digits, as RFC 3339 writes it. */
const FIRST_INSTANT = Date.UTC(1900, 0, 1);
export const LAST_INSTANT = Date.UTC(9800, 0, 1) - 1;

const quoted = (keys: readonly string[]): string => keys.map(key => `"${key}"`).join(', ');

/** An object of exactly these settings; another one is refused with the names that exist. */
function settings<T extends z.ZodRawShape>(what: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const known = quoted(Object.keys(shape));
  return z.strictObject(shape, {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? `There is no such setting here. Known are ${known}.`
        : `${what} is an object { … } with ${known}.`,
  });
}

/** Text that an order can carry, without control characters and unpaired surrogates. */
const word = z
  .string({ error: 'Write text in quotes.' })
  .regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u, { error: 'Write 1 to 200 characters without line breaks.' });

const words = (what: string) =>
  z
    .array(word, { error: `Write a list of texts, for example ["${what}"].` })
    .min(1, { error: 'Name at least one, or leave the condition out to match everything.' })
    .max(1_000, { error: 'Name at most 1000.' })
    .optional();

const decimal = (example: string, meaning: string) =>
  z
    .string({ error: `Write the number as text in quotes, for example "${example}".` })
    .regex(/^\d{1,12}(\.\d{1,18})?$/, {
      error: `Write a number that is not negative, with a point for decimals, for example "${example}".`,
    })
    .describe(meaning);

const instant = (meaning: string) =>
  z.iso
    .datetime({
      offset: true,
      error: 'Write an instant with date, time and zone, for example "2026-11-21T10:00:00Z".',
    })
    .refine(text => Date.parse(text) >= FIRST_INSTANT && Date.parse(text) <= LAST_INSTANT, {
      error: 'Write an instant in the years 1900 to 9799.',
    })
    .describe(meaning);

const duration = (meaning: string) =>
  z
    .string({ error: 'Write a duration in quotes, for example "P12M" for 12 months or "P30D" for 30 days.' })
    .regex(/^P[0-9YMWDTHS]{2,60}$/, {
      error: 'Write a duration such as "P12M" (12 months), "P30D" (30 days) or "PT15M" (15 minutes).',
    })
    .describe(`${meaning} An ISO 8601 duration of whole numbers, more than zero, at most 100 years.`);

const unitName = z
  .string({ error: 'Write the name of a unit in quotes, for example "points".' })
  .regex(/^[a-z][a-z0-9_]{0,31}$/, {
    error: 'A unit is named with 1 to 32 lower-case letters, digits and _, beginning with a letter.',
  });

const currencyCode = z
  .string({ error: 'Write the code of a currency in quotes, for example "USD".' })
  .regex(/^[A-Z]{3}$/, {
    error: 'Write the three capital letters of a currency (ISO 4217), for example "USD".',
  });

/** The name of a program, as in the address and in the header `Fealty-Program`. */
export const programName = z
  .string({ error: 'Write the name of the program in quotes.' })
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
    error:
      'A program is named with 1 to 63 lower-case letters, digits and -, beginning with a letter or digit.',
  });

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
const earn = z
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

const rule = settings('An earning rule', {
  id: z
    .string({ error: 'Give the rule an id in quotes, for example "base".' })
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, {
      error: 'A rule is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.',
    })
    .describe('The name of the rule, once in a document. Entries cite it with the version: `base@3`.'),
  on: z.literal('order', { error: 'Write "order".' }).describe('What the rule listens to.'),
  when: when.optional(),
  earn,
  pending: settings('"pending"', { for: duration('How long after the order the points become usable.') })
    .describe('Points that are not usable at once. Left out: usable at once.')
    .optional(),
  expires: settings('"expires"', {
    after: duration(
      "How long after the order the points expire. Months and days follow the calendar of the program's time zone; a day that a month does not have becomes its last.",
    ),
  })
    .describe('When the points expire. Left out: never.')
    .optional(),
});

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
