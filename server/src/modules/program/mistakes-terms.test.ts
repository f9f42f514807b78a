import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';

const document = (terms: object, more: object = {}) => ({
  currency: 'EUR',
  units: { points: {} },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', fixed: '1' }, ...terms }],
  ...more,
});
const mistakes = (input: object): [string, string][] => {
  const checked = checkDocument(input, { name: 'p', units: [], clock: null });
  return checked.ok ? [] : (checked.refusal.errors ?? []).map(({ pointer, message }) => [pointer, message]);
};

test('every kind of pending, expiry and reminder can be written', () => {
  const kinds = [
    { pending: { for: 'P14D' } },
    { pending: { until: '2026-12-31T23:00:00Z' } },
    { pending: { until_event: 'stay.completed' } },
    { pending: { until_event: 'stay.completed', at_latest: 'P90D' } },
    { pending: { until_event: 'stay.completed', at_latest: 'P90D', otherwise: 'cancel' } },
    { expires: { after: 'P12M' } },
    { expires: { at_end_of: 'quarter' } },
    { expires: { at_end_of: 'year', plus: 'P3M' } },
    { expires: { inactivity: 'P6M' } },
  ];
  for (const terms of kinds) assert.deepEqual(mistakes(document(terms)), [], JSON.stringify(terms));
  assert.deepEqual(mistakes(document({}, { reminders: ['P30D', 'P7D', 'PT6H'] })), []);
});

const TIERS = {
  qualify_by: 'spend',
  window: 'lifetime',
  levels: [
    { id: 'blue', from: '0' },
    { id: 'gold', from: '500.00' },
  ],
};

test('how long points live can be said by tier, of levels that are there, for orders', () => {
  const life = (by_tier: object, more: object = {}) =>
    document({ expires: { ...more, by_tier } }, { tiers: TIERS });
  assert.deepEqual(mistakes(life({ gold: { after: 'P24M' } }, { after: 'P12M' })), []);
  assert.deepEqual(mistakes(life({ gold: 'never', blue: { at_end_of: 'year', plus: 'P3M' } })), []);
  const at = '/earning/0/expires/by_tier';
  assert.deepEqual(mistakes(life({ silver: 'never' })), [
    [`${at}/silver`, 'There is no level "silver". The levels are blue, gold.'],
  ]);
  assert.match(
    mistakes(life({ gold: { after: 'P200Y' } }))[0]?.join(' ') ?? '',
    /by_tier\/gold\/after .*not a duration/,
  );
  const without = document({ expires: { by_tier: { gold: 'never' } } });
  assert.deepEqual(mistakes(without), [
    [`${at}/gold`, 'The program has no tiers, so there is no level "gold".'],
  ]);
  const review = { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '1' } };
  const listening = document({}, { tiers: TIERS, activities: { review: {} } });
  const rule = { ...review, expires: { by_tier: { gold: 'never' } } };
  assert.match(mistakes({ ...listening, earning: [rule] })[0]?.[1] ?? '', /A tier decides orders only/);
});

test('a mistake in pending, expiry or a reminder is told with its place, in a sentence', () => {
  const at = '/earning/0';
  const cases: [object, string, RegExp][] = [
    [{ pending: {} }, `${at}/pending`, /Say until when the points wait/],
    [{ pending: 'P14D' }, `${at}/pending`, /Say until when the points wait/],
    [{ pending: { for: 'P200Y' } }, `${at}/pending/for`, /not a duration/],
    [
      { pending: { until: '2026-12-31' } },
      `${at}/pending/until`,
      /Write an instant with date, time and zone/,
    ],
    [{ pending: { until_event: 'Stay ended' } }, `${at}/pending/until_event`, /An event is named/],
    [{ pending: { until_event: 'e', at_latest: 'P0D' } }, `${at}/pending/at_latest`, /not a duration/],
    [
      { pending: { until_event: 'e', otherwise: 'cancel' } },
      `${at}/pending/otherwise`,
      /Say with "at_latest"/,
    ],
    [
      { pending: { until_event: 'e', at_latest: 'P1D', otherwise: 'go' } },
      `${at}/pending/otherwise`,
      /"cancel"/,
    ],
    [{ pending: { for: 'P1D', until: '2026-12-31T00:00:00Z' } }, `${at}/pending`, /Say until when/],
    [{ expires: {} }, `${at}/expires`, /Say when the points expire/],
    [{ expires: { at_end_of: 'week' } }, `${at}/expires/at_end_of`, /"month", "quarter" or "year"/],
    [{ expires: { at_end_of: 'year', plus: '3 months' } }, `${at}/expires/plus`, /Write a duration/],
    [{ expires: { inactivity: 'P0D' } }, `${at}/expires/inactivity`, /not a duration/],
  ];
  for (const [terms, pointer, message] of cases) {
    const [first, ...more] = mistakes(document(terms));
    assert.equal(first?.[0], pointer, JSON.stringify(terms));
    assert.match(first?.[1] ?? '', message, JSON.stringify(terms));
    assert.deepEqual(more, [], JSON.stringify(terms));
  }
  const reminders: [unknown, string, RegExp][] = [
    [['P30D', 'P7D', 'P30D'], '/reminders/2', /Reminder 1 is "P30D" too/],
    [['P0D'], '/reminders/0', /not a duration/],
    ['P30D', '/reminders', /Write a list of durations/],
    [Array.from({ length: 11 }, (_, day) => `P${day + 1}D`), '/reminders', /at most 10/],
  ];
  for (const [value, pointer, message] of reminders) {
    const [first] = mistakes(document({}, { reminders: value }));
    assert.equal(first?.[0], pointer);
    assert.match(first?.[1] ?? '', message);
  }
});
