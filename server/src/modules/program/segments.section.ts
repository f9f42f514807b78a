import { z } from 'zod';
import { MAX_CONDITION, ruleId, settings } from './fields.ts';

export const MAX_SEGMENTS = 200;

const segment = settings('A segment', {
  if: z
    .string({ error: 'Write the condition in quotes, for example "member.country == \'NL\'".' })
    .min(1, { error: 'Write a condition, for example "member.country == \'NL\'".' })
    .max(MAX_CONDITION, { error: `A condition has at most ${MAX_CONDITION} characters.` })
    .describe(
      'Who is in it: a condition in CEL over `member` and `tier` (docs/reference/conditions.md), asked anew for every order with what was known of the member at its time.',
    ),
}).describe('One segment, by its name.');

/** Groups of members by what is known of them. */
export const segments = z
  .record(ruleId('segment', 'lapsed'), segment, {
    error: issue =>
      issue.code === 'invalid_key'
        ? 'A segment is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.'
        : 'Write an object { … } with the segments by name, for example { "dutch": { "if": "member.country == \'NL\'" } }.',
  })
  .describe(
    `Groups of members by rule, at most ${MAX_SEGMENTS}, by name. Audiences of campaigns, and audiences and prices of rewards, name them, and conditions ask \`'lapsed' in member.segments\`. Default: none.`,
  )
  .meta({ maxProperties: MAX_SEGMENTS });
