import { z } from 'zod';

/*
 * What the sections of a program document are made of. Each `error` is the sentence that a marketer gets.
 */

/** Epoch ms. A century after the last instant is still a year of four digits, as RFC 3339 writes it. */
const FIRST_INSTANT = Date.UTC(1900, 0, 1);
export const LAST_INSTANT = Date.UTC(9800, 0, 1) - 1;

const quoted = (keys: readonly string[]): string => keys.map(key => `"${key}"`).join(', ');

/** An object of exactly these settings; another one is refused with the names that exist. */
export function settings<T extends z.ZodRawShape>(what: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const known = quoted(Object.keys(shape));
  return z.strictObject(shape, {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? `There is no such setting here. Known are ${known}.`
        : `${what} is an object { … } with ${known}.`,
  });
}

/** Text that an order can carry, without control characters and unpaired surrogates. */
export const word = z
  .string({ error: 'Write text in quotes.' })
  .regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u, { error: 'Write 1 to 200 characters without line breaks.' });

export const words = (what: string) =>
  z
    .array(word, { error: `Write a list of texts, for example ["${what}"].` })
    .min(1, { error: 'Name at least one, or leave the condition out to match everything.' })
    .max(1_000, { error: 'Name at most 1000.' })
    .optional();

export const decimal = (example: string, meaning: string) =>
  z
    .string({ error: `Write the number as text in quotes, for example "${example}".` })
    .regex(/^\d{1,12}(\.\d{1,18})?$/, {
      error: `Write a number that is not negative, with a point for decimals, for example "${example}".`,
    })
    .describe(meaning);

export const instant = (meaning: string) =>
  z.iso
    .datetime({
      offset: true,
      error: 'Write an instant with date, time and zone, for example "2026-11-21T10:00:00Z".',
    })
    .refine(text => Date.parse(text) >= FIRST_INSTANT && Date.parse(text) <= LAST_INSTANT, {
      error: 'Write an instant in the years 1900 to 9799.',
    })
    .describe(meaning);

export const duration = (meaning: string) =>
  z
    .string({ error: 'Write a duration in quotes, for example "P12M" for 12 months or "P30D" for 30 days.' })
    .regex(/^P[0-9YMWDTHS]{2,60}$/, {
      error: 'Write a duration such as "P12M" (12 months), "P30D" (30 days) or "PT15M" (15 minutes).',
    })
    .describe(`${meaning} An ISO 8601 duration of whole numbers, more than zero, at most 100 years.`);

export const unitName = z
  .string({ error: 'Write the name of a unit in quotes, for example "points".' })
  .regex(/^[a-z][a-z0-9_]{0,31}$/, {
    error: 'A unit is named with 1 to 32 lower-case letters, digits and _, beginning with a letter.',
  });

export const currencyCode = z
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

/** The longest condition, in characters. */
export const MAX_CONDITION = 2_000;

/** A condition in CEL; what is in it is looked at later, with the rest of the document. */
export const condition = (example: string) =>
  z
    .string({ error: `Write the condition in quotes, for example "${example}".` })
    .min(1, { error: 'Write a condition, or leave it out.' })
    .max(MAX_CONDITION, { error: `A condition has at most ${MAX_CONDITION} characters.` });

/** The name of a rule, a campaign, a level: once among its kind. */
export const ruleId = (what: string, example: string) =>
  z
    .string({ error: `Give the ${what} an id in quotes, for example "${example}".` })
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, {
      error: `A ${what} is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.`,
    });
