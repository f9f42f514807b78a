import { z } from 'zod';
import { earn, expires, pending } from './earning.section.ts';
import { ruleId, settings } from './fields.ts';

export const MAX_ACTIVITIES = 100;
export const MAX_ATTRIBUTES = 32;
const MAX_STREAKS = 20;
const MAX_LENGTH = 3_650;
export const MAX_FREEZES = 10;

/** The name of a kind of activity; behind `activity:` in what a rule listens to. */
export const ACTIVITY_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const ATTRIBUTE_NAME = /^[a-z][a-z0-9_]{0,63}$/;

const attributeType = z
  .enum(['text', 'integer', 'number', 'boolean'], {
    error: 'Write "text", "integer", "number" or "boolean".',
  })
  .describe('What the attribute is: a text, a whole number, any number, or true and false.');

export type AttributeType = z.infer<typeof attributeType>;

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

const ON = 'Write "activity:" and the name of an activity, for example "activity:login".';
const activityListened = z
  .string({ error: ON })
  .regex(/^activity:[a-z][a-z0-9_-]{0,63}$/, { error: ON })
  .describe('Which activity counts: `activity:` and the name of one of `activities`.');

const streakReward = settings('A reward of a streak', {
  length: z
    .int({ error: 'Write a whole number of days, for example 7.' })
    .min(1, { error: 'Write at least 1.' })
    .max(MAX_LENGTH, { error: `Write at most ${MAX_LENGTH}.` })
    .describe('How many days with the activity the streak has when it is given; once in each streak.'),
  earn,
  pending: pending.optional(),
  expires: expires.optional(),
});

const streak = settings('A streak', {
  id: ruleId('streak', 'daily').describe(
    'The name of the streak, once in a document and different from those of rules and campaigns. Entries cite it with the version: `daily@3`.',
  ),
  on: activityListened,
  every: z
    .literal('day', { error: 'Write "day".' })
    .describe(
      "Days follow each other in the member's time zone when the activity happens; where that is not known, in the program's.",
    ),
  rewards: z
    .array(streakReward, { error: 'Write a list of rewards, for example [{ "length": 7, "earn": … }].' })
    .min(1, { error: 'Name at least one reward.' })
    .max(50, { error: 'Name at most 50 rewards.' })
    .describe(
      'What is given when a streak reaches a length. A length that is added later is given to streaks that are longer already, with their next activity.',
    ),
  freeze: settings('"freeze"', {
    per_month: z
      .int({ error: 'Write a whole number.' })
      .min(1, { error: 'Write at least 1, or leave "freeze" out.' })
      .max(MAX_FREEZES, { error: `Write at most ${MAX_FREEZES}.` })
      .describe('How many missed days of a calendar month do not end a streak.'),
  })
    .describe(
      'Days that may be missed. They are used by themselves, earliest first, and only where they bridge a gap wholly; a frozen day keeps the streak and does not make it longer. Default: none.',
    )
    .optional(),
});

/** Days in a row. */
export const streaks = z
  .array(streak, { error: 'Write a list of streaks [ … ].' })
  .max(MAX_STREAKS, { error: `A program has at most ${MAX_STREAKS} streaks.` })
  .describe(
    'Rewards for an activity on many days in a row. An activity that comes late is put in its place: it can repair a streak, and nothing is given twice. Default: none.',
  );
