import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';

const BASE = { currency: 'USD', units: { points: {} }, activities: { review: {}, login: {} } };
const REVIEW = { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '50' } };

/** The mistakes of a document, as `pointer sentence`. */
function mistakes(document: object): string[] {
  const outcome = checkDocument({ ...BASE, ...document }, { name: 'shop', units: [], clock: null });
  return outcome.ok
    ? []
    : (outcome.refusal.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
}

const rule = (more: object): string[] => mistakes({ earning: [{ ...REVIEW, ...more }] });

test('a rule on an activity with everything that it may have is none', () => {
  assert.deepEqual(
    rule({
      limit: { per_member: 4, every: 'month' },
      cooldown: 'PT1H',
      pending: { for: 'P14D' },
      expires: { at_end_of: 'year' },
    }),
    [],
  );
});

test('each mistake in activities and in what listens to them has a place and a sentence', () => {
  const cases: [found: string[], expected: string][] = [
    [
      rule({ on: 'activity:share' }),
      '/earning/0/on This program has no activity "share". Its activities are review, login.',
    ],
    [
      mistakes({ activities: undefined, earning: [REVIEW] }),
      '/earning/0/on This program has no activities. Add "review" under "activities".',
    ],
    [
      rule({ on: 'review' }),
      '/earning/0/on Write "order", or "activity:" and the name of an activity, for example "activity:review".',
    ],
    [
      rule({ earn: { unit: 'points', per_currency_unit: '1' } }),
      '/earning/0/earn/per_currency_unit An activity has no amount. Give a fixed number of points: { "unit": "points", "fixed": "50" }.',
    ],
    [
      rule({ when: { category: ['shoes'] } }),
      '/earning/0/when "when" is about the lines of orders; an activity has none. Leave it out.',
    ],
    [
      rule({ pending: { until_event: 'stay.completed' } }),
      '/earning/0/pending/until_event An activity has no events of its own that points could wait for. Write { "for": "P14D" } or { "until": … }.',
    ],
    [
      rule({ cooldown: 'P0D' }),
      '/earning/0/cooldown "P0D" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.',
    ],
    [rule({ limit: { per_member: 0 } }), '/earning/0/limit/per_member Write at least 1.'],
    [
      rule({ on: 'order', cooldown: 'P1D' }),
      '/earning/0/cooldown "cooldown" is for rules on activities. To bound how often orders earn, use a campaign.',
    ],
    [
      mistakes({ activities: { Review: {} } }),
      '/activities/Review An activity is named with 1 to 64 lower-case letters, digits, - and _, beginning with a letter.',
    ],
    [
      mistakes({ activities: { review: { attributes: { stars: 'decimal' } } } }),
      '/activities/review/attributes/stars Write "text", "integer", "number" or "boolean".',
    ],
    [
      mistakes({ activities: { review: { attributes: { 'No Name': 'text' } } } }),
      '/activities/review/attributes/No Name An attribute is named with 1 to 64 lower-case letters, digits and _, beginning with a letter.',
    ],
  ];
  for (const [found, expected] of cases) assert.deepEqual(found, [expected]);
});

const DAILY = {
  id: 'daily',
  on: 'activity:login',
  every: 'day',
  rewards: [{ length: 7, earn: { unit: 'points', fixed: '70' }, expires: { after: 'P1Y' } }],
  freeze: { per_month: 2 },
};
const streak = (more: object): string[] => mistakes({ streaks: [{ ...DAILY, ...more }] });

test('each mistake in streaks has a place and a sentence', () => {
  assert.deepEqual(streak({}), []);
  const reward = (more: object) => streak({ rewards: [{ ...DAILY.rewards[0], ...more }] });
  const cases: [found: string[], expected: string][] = [
    [
      streak({ on: 'activity:share' }),
      '/streaks/0/on This program has no activity "share". Its activities are review, login.',
    ],
    [
      streak({ on: 'order' }),
      '/streaks/0/on Write "activity:" and the name of an activity, for example "activity:login".',
    ],
    [streak({ every: 'week' }), '/streaks/0/every Write "day".'],
    [streak({ rewards: [] }), '/streaks/0/rewards Name at least one reward.'],
    [
      streak({ rewards: [DAILY.rewards[0], DAILY.rewards[0]] }),
      '/streaks/0/rewards/1/length Reward 1 is for 7 days too. Name each length once.',
    ],
    [reward({ length: 0 }), '/streaks/0/rewards/0/length Write at least 1.'],
    [
      reward({ earn: { unit: 'miles', fixed: '1' } }),
      '/streaks/0/rewards/0/earn/unit This program has no unit "miles". Its units are points.',
    ],
    [
      reward({ earn: { unit: 'points', per_currency_unit: '1' } }),
      '/streaks/0/rewards/0/earn/per_currency_unit A streak has no amount. Give a fixed number of points: { "unit": "points", "fixed": "50" }.',
    ],
    [
      reward({ expires: { after: 'P0M' } }),
      '/streaks/0/rewards/0/expires/after "P0M" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.',
    ],
    [
      streak({ freeze: { per_month: 0 } }),
      '/streaks/0/freeze/per_month Write at least 1, or leave "freeze" out.',
    ],
    [
      mistakes({ earning: [REVIEW], streaks: [{ ...DAILY, id: 'review' }] }),
      '/streaks/0/id Rule 1 has the id "review" too. Give each streak its own.',
    ],
  ];
  for (const [found, expected] of cases) assert.deepEqual(found, [expected]);
});

test('at most 100 activities with 32 attributes each', () => {
  const many = (count: number, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, value]));
  assert.deepEqual(mistakes({ activities: many(100, { attributes: many(32, 'text') }) }), []);
  assert.deepEqual(mistakes({ activities: many(101, {}) }), [
    '/activities A program has at most 100 activities.',
  ]);
  assert.deepEqual(mistakes({ activities: { big: { attributes: many(33, 'text') } } }), [
    '/activities/big/attributes An activity has at most 32 attributes.',
  ]);
});
