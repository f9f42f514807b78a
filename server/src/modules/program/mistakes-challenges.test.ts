import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';

const BASE = {
  currency: 'USD',
  units: { points: {} },
  activities: { review: {} },
  badges: { explorer: { name: 'Explorer' } },
};
const GOAL = { target: '3', earn: { unit: 'points', fixed: '500' }, badge: 'explorer' };

const push = (effect: object, more: object = {}): string[] =>
  mistakes({
    challenges: [
      { id: 'c', on: 'order', goals: [GOAL] },
      { id: 'days', on: 'order', measure: 'days', goals: [GOAL] },
      { id: 'deeds', on: 'activity:review', goals: [GOAL] },
    ],
    campaigns: [{ id: 'push', effect: { challenge: 'c', progress: '1', ...effect }, ...more }],
  });

/** The mistakes of a document, as `pointer sentence`. */
function mistakes(document: object): string[] {
  const outcome = checkDocument({ ...BASE, ...document }, { name: 'shop', units: [], clock: null });
  return outcome.ok
    ? []
    : (outcome.refusal.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
}

const challenge = (more: object): string[] =>
  mistakes({ challenges: [{ id: 'c', on: 'order', goals: [GOAL], ...more }] });
const goal = (more: object, rest: object = {}): string[] =>
  challenge({ goals: [{ ...GOAL, ...more }], ...rest });
const onReviews = (more: object): string[] => challenge({ on: 'activity:review', ...more });

test('a challenge with everything that it may have is none', () => {
  assert.deepEqual(
    challenge({
      name: 'Three shoes on a Friday',
      measure: 'quantity',
      every: 'week',
      times: 2,
      from: '2026-01-01T00:00',
      until: '2026-12-31T24:00',
      weekdays: ['friday'],
      hours: { from: '18:00', until: '22:00' },
      time_zone: 'Europe/Paris',
      audience: { channels: ['app'], countries: ['NL'] },
      if: 'order.total >= 1000',
      when: { category: ['shoes'] },
      goals: [
        { ...GOAL, pending: { for: 'P1D' }, expires: { after: 'P1Y' } },
        { target: '5', badge: 'explorer' },
      ],
    }),
    [],
  );
});

test('each mistake in a challenge has a place and a sentence', () => {
  const cases: [found: string[], expected: string][] = [
    [
      challenge({ from: '2026-02-01T00:00', until: '2026-01-01T00:00' }),
      '/challenges/0/until The challenge ends before it starts: it is from 2026-02-01T00:00 until 2026-01-01T00:00.',
    ],
    [
      challenge({ on: 'activity:share' }),
      '/challenges/0/on This program has no activity "share". Its activities are review.',
    ],
    [
      challenge({ on: 'review' }),
      '/challenges/0/on Write "order", or "activity:" and the name of an activity, for example "activity:review".',
    ],
    [
      challenge({ if: 'order.totl > 1' }),
      '/challenges/0/if At character 1 of the condition: There is no "order.totl". Did you mean "order.total"?',
    ],
    [
      challenge({ audience: { tiers: ['gold'] } }),
      '/challenges/0/audience/tiers/0 This program has no tiers, so nobody is "gold".',
    ],
    [
      challenge({ audience: { segments: ['big'] } }),
      '/challenges/0/audience/segments/0 This program has no segments, so nobody is in "big". Add it under "segments".',
    ],
    [
      challenge({ time_zone: 'Mars/Olympus' }),
      '/challenges/0/time_zone "Mars/Olympus" is not a time zone. Write its IANA name, for example "Europe/Paris".',
    ],
    [challenge({ goals: [] }), '/challenges/0/goals Name at least one goal.'],
    [challenge({ times: 0 }), '/challenges/0/times Write at least 1.'],
    [goal({ target: '0' }), '/challenges/0/goals/0/target A target of 0 is reached by all. Write more.'],
    [goal({ target: '2.5' }), '/challenges/0/goals/0/target "2.5" cannot be counted. Write a whole number.'],
    [
      goal({ target: '1.001' }, { measure: 'spend' }),
      '/challenges/0/goals/0/target USD has 2 decimals, so "1.001" cannot be reached exactly. Write at most 2.',
    ],
    [
      goal({ target: '8' }, { measure: 'days', every: 'week' }),
      '/challenges/0/goals/0/target A week has no 8 days. Write at most 7.',
    ],
    [
      challenge({ goals: [GOAL, { ...GOAL, target: '3.0' }] }),
      '/challenges/0/goals/1/target Goal 1 has the target 3 already. Write the targets in ascending order, each once.',
    ],
    [
      challenge({ goals: [GOAL, { ...GOAL, target: '2' }] }),
      '/challenges/0/goals/1/target It is less than the 3 of goal 1. Write the targets in ascending order.',
    ],
    [
      goal({ earn: { unit: 'miles', fixed: '1' } }),
      '/challenges/0/goals/0/earn/unit This program has no unit "miles". Its units are points.',
    ],
    [
      goal({ earn: { unit: 'points', per_currency_unit: '1' } }),
      '/challenges/0/goals/0/earn/per_currency_unit A challenge has no amount. Give a fixed number of points: { "unit": "points", "fixed": "50" }.',
    ],
    [
      goal({ pending: { until_event: 'stay.completed' } }),
      '/challenges/0/goals/0/pending/until_event A challenge has no events of its own that points could wait for. Write { "for": "P14D" } or { "until": … }.',
    ],
    [
      goal({ expires: { after: 'P0D' } }),
      '/challenges/0/goals/0/expires/after "P0D" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.',
    ],
    [
      challenge({ goals: [{ target: '3' }] }),
      '/challenges/0/goals/0 The goal gives nothing. Write "earn" for points, or "badge".',
    ],
    [
      challenge({ goals: [{ target: '3', badge: 'explorer', expires: { after: 'P1Y' } }] }),
      '/challenges/0/goals/0/expires "expires" is for points, and the goal gives none.',
    ],
    [
      goal({ badge: 'critic' }),
      '/challenges/0/goals/0/badge This program has no badge "critic". Its badges are explorer.',
    ],
    [
      mistakes({ badges: undefined, challenges: [{ id: 'c', on: 'order', goals: [GOAL] }] }),
      '/challenges/0/goals/0/badge This program has no badges. Add "explorer" under "badges".',
    ],
    [
      onReviews({ measure: 'spend' }),
      '/challenges/0/measure An activity has no spend. Write "count", or "days" for the days with one.',
    ],
    [
      onReviews({ if: 'order.total > 1' }),
      '/challenges/0/if A condition is about orders; activities have none. Leave it out.',
    ],
    [
      onReviews({ when: { sku: ['a'] } }),
      '/challenges/0/when "when" is about the lines of orders; an activity has none. Leave it out.',
    ],
    [
      onReviews({ audience: { channels: ['app'] } }),
      '/challenges/0/audience An audience is about orders; activities count for everybody. Leave it out.',
    ],
    [
      mistakes({
        earning: [{ id: 'c', on: 'order', earn: { unit: 'points', fixed: '1' } }],
        challenges: [{ id: 'c', on: 'order', goals: [GOAL] }],
      }),
      '/challenges/0/id Rule 1 has the id "c" too. Give each challenge its own.',
    ],
    [
      push({ progress: '0.5' }),
      '/campaigns/0/effect/progress "0.5" cannot be counted. Write a whole number.',
    ],
    [
      push({ progress: '0' }),
      '/campaigns/0/effect/progress 0 more is nothing. Write how much more the order counts.',
    ],
    [
      push({ challenge: 'x' }),
      '/campaigns/0/effect/challenge This program has no challenge "x". Its challenges are c, days, deeds.',
    ],
    [
      push({ challenge: 'days' }),
      '/campaigns/0/effect/challenge "days" counts days, and an order is on one day only.',
    ],
    [
      push({ challenge: 'deeds' }),
      '/campaigns/0/effect/challenge "deeds" counts activities, and campaigns are about orders.',
    ],
    [
      push({}, { budget: { points: '5' } }),
      '/campaigns/0/budget A budget bounds points, and this campaign gives none. Say with "limit" how often it counts for a member.',
    ],
    [
      mistakes({ campaigns: [{ id: 'push', effect: { challenge: 'c', progress: '1' } }] }),
      '/campaigns/0/effect/challenge This program has no challenges. Add "c" under "challenges".',
    ],
    [
      mistakes({ badges: { Explorer: { name: 'x' } } }),
      '/badges/Explorer A badge has an id of 1 to 64 lower-case letters, digits, - and _, beginning with a letter.',
    ],
    [
      mistakes({ badges: { explorer: {} } }),
      '/badges/explorer/name "name" is missing. Write text in quotes, for example "Night owl".',
    ],
  ];
  for (const [found, expected] of cases) assert.deepEqual(found, [expected]);
});
