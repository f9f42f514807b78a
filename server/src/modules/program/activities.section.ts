import { z } from 'zod';
import { settings } from './fields.ts';

export const MAX_ACTIVITIES = 100;
export const MAX_ATTRIBUTES = 32;

/** The name of a kind of activity; behind `activity:` in what a rule listens to. */
export const ACTIVITY_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const ATTRIBUTE_NAME = /^[a-z][a-z0-9_]{0,63}$/;

const attributeType = z
  .enum(['text', 'integer', 'number', 'boolean'], {
    error: 'Write "text", "integer", "number" or "boolean".',
  })
  .describe('What the attribute is: a text, a whole number, any number, or true and false.');

const activity = settings('An activity', {
  attributes: z
    .record(z.string().regex(ATTRIBUTE_NAME), attributeType, {
      error: issue =>
        issue.code === 'invalid_key'
          ? 'An attribute is named with 1 to 64 lower-case letters, digits and _, beginning with a letter.'
          : 'Write an object { … } with a type for each attribute, for example { "stars": "integer" }.',
    })
    .describe(
      'The attributes that it may carry, by name. Each may be left out; one that is not here, or of another type, is refused. Default: none.',
    )
    .meta({ maxProperties: MAX_ATTRIBUTES })
    .optional(),
}).describe('One kind of activity; its name has 1 to 64 lower-case letters, digits, - and _.');

/** What members do besides buying. */
export const activities = z
  .record(z.string().regex(ACTIVITY_NAME), activity, {
    error: issue =>
      issue.code === 'invalid_key'
        ? 'An activity is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.'
        : 'Write an object { … } with the activities of the program, for example { "review": {} }.',
  })
  .describe(
    'What members do besides buying and the company tells with `POST /v1/activities`: reviews, log-ins, anything. One that is not here is refused. Default: none.',
  )
  .meta({ maxProperties: MAX_ACTIVITIES });
