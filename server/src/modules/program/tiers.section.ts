import { z } from 'zod';
import { decimal, duration, ruleId, settings } from './fields.ts';

export const MAX_LEVELS = 20;
const MAX_NOTICES = 10;

const level = settings('A level', {
  id: ruleId('level', 'silver').describe('The name of the level, for example "silver".'),
  from: decimal(
    '500.00',
    "From how much on a member has this level, including it: whole units of the program's currency for spend (`500.00` is 500 dollars), else a whole number. The first level begins at 0. Left out: by invitation only.",
  ).optional(),
  multiplier: decimal(
    '1.25',
    'Points for each currency unit are multiplied by this for members who have the level when they order. Default: 1.',
  ).optional(),
});

/** The levels of a program and what qualifies for them. */
export const tiers = settings('"tiers"', {
  qualify_by: z
    .enum(['spend', 'orders', 'nights', 'points'], {
      error: 'Write "spend", "orders", "nights" or "points".',
    })
    .describe(
      "What is summed up: `spend` (amounts of lines, in the program's currency), `orders` (how many), `nights` (the attribute `nights` of travel bookings), `points` (earned in qualifying units). What comes back is taken off again; spending points never lowers a tier.",
    ),
  window: z
    .union(
      [
        settings('A rolling window', {
          rolling: duration('How far back the sum reaches: it holds what is later than this long ago.'),
        }),
        z.enum(['calendar_year', 'member_year', 'lifetime'], {
          error: 'Write "calendar_year", "member_year" or "lifetime".',
        }),
      ],
      {
        error: 'Write { "rolling": "P12M" }, "calendar_year", "member_year" or "lifetime".',
      },
    )
    .describe(
      "Over which time it is summed up. Rolling: the tier rises with the next order and falls at the very instant at which a purchase leaves the window. A year: up at once; at its end down to what that year reached. The member's own year (`member_year`) begins on the day of the enrolment and on each anniversary; of somebody enrolled on February 29 on February 28 where there is none. What was bought before the enrolment belongs to the years before, counted back the same way. Days and months follow the calendar of the program's time zone.",
    ),
  grace: duration(
    'How long a member keeps a level after the end of the year in which it was not reached again. Only with a year as window.',
  ).optional(),
  downgrade: z
    .enum(['to_reached', 'one_level'], { error: 'Write "to_reached" or "one_level".' })
    .describe(
      'How far a member falls at the end of a year: to the level that the year reached, or one level at most. Default: to_reached.',
    )
    .optional(),
  after_return: z
    .enum(['lower', 'keep'], { error: 'Write "lower" or "keep".' })
    .describe('Whether a return takes its part off the sum again. Default: lower.')
    .optional(),
  notice: z
    .array(duration('How long before the fall.'), {
      error: 'Write a list of durations, for example ["P30D", "P7D"].',
    })
    .max(MAX_NOTICES, { error: `Name at most ${MAX_NOTICES}.` })
    .describe(
      'How long before a member falls a fact `tier.expiring` is published, with what is missing to keep the level: once for each length and instant of the fall. One that has passed when the fall becomes certain is left out. Default: none.',
    )
    .optional(),
  levels: z
    .array(level, { error: 'Write a list of levels [ … ].' })
    .min(1, { error: 'Name at least one level.' })
    .max(MAX_LEVELS, { error: `A program has at most ${MAX_LEVELS} levels.` })
    .describe('The levels, lowest first.'),
}).describe('The tiers. An order is decided by the tier that its member had just before it. Default: none.');
