import assert from 'node:assert/strict';
import test from 'node:test';
import type { Program } from '../program/index.ts';
import { lotTerms, waitsFor } from './terms.ts';

const NONE: ReadonlySet<string> = new Set();
const months = (count: number) => ({ months: count, days: 0, milliseconds: 0 });
const days = (count: number) => ({ months: 0, days: count, milliseconds: 0 });
const at = (text: string): number => Date.parse(text);

test('lots get the dates of their rule, over month ends and both changes of the clocks', () => {
  const paris = 'Europe/Paris';
  const cases: [string, Parameters<typeof lotTerms>[0], string, ReturnType<typeof lotTerms>][] = [
    [
      'at once, for ever',
      { pending: null, expires: null },
      '2026-03-28T12:00:00Z',
      { availableFrom: null, expiresAt: null },
    ],
    [
      'a day over the spring change has 23 hours',
      { pending: { for: days(1) }, expires: { after: months(1) } },
      '2026-03-28T12:00:00Z',
      { availableFrom: at('2026-03-29T11:00:00Z'), expiresAt: at('2026-04-28T11:00:00Z') },
    ],
    [
      'a day over the autumn change has 25 hours',
      { pending: { for: days(1) }, expires: { after: months(12) } },
      '2026-10-24T12:00:00Z',
      { availableFrom: at('2026-10-25T13:00:00Z'), expiresAt: at('2027-10-24T12:00:00Z') },
    ],
    [
      'a month from January 31 ends on the last day of February',
      { pending: null, expires: { after: months(1) } },
      '2028-01-31T10:00:00Z',
      { availableFrom: null, expiresAt: at('2028-02-29T10:00:00Z') },
    ],
    [
      'the last instant of a year in Paris belongs to it',
      { pending: null, expires: { atEndOf: 'year', plus: null } },
      '2026-12-31T22:59:59.999Z',
      { availableFrom: null, expiresAt: at('2026-12-31T23:00:00Z') },
    ],
    [
      'the first instant of the next one does not',
      { pending: null, expires: { atEndOf: 'year', plus: months(3) } },
      '2026-12-31T23:00:00Z',
      { availableFrom: null, expiresAt: at('2028-03-31T22:00:00Z') },
    ],
    [
      'a quarter that ends after the clocks went forward',
      { pending: { until: at('2026-03-29T01:00:00Z') }, expires: { atEndOf: 'quarter', plus: days(1) } },
      '2026-01-01T00:00:00Z',
      { availableFrom: at('2026-03-29T01:00:00Z'), expiresAt: at('2026-04-01T22:00:00Z') },
    ],
    [
      'an event without a deadline, inactivity',
      {
        pending: { event: 'stay.completed', atLatest: null, otherwise: 'activate' },
        expires: { inactivity: 'P6M' },
      },
      '2026-01-01T00:00:00Z',
      {
        availableFrom: null,
        waits: true,
        cancels: false,
        expiresAt: null,
        inactiveAfter: 'P6M Europe/Paris',
      },
    ],
    [
      'an event with a deadline, after which they are cancelled',
      { pending: { event: 'stay.completed', atLatest: months(1), otherwise: 'cancel' }, expires: null },
      '2026-03-01T00:00:00Z',
      { availableFrom: at('2026-03-31T23:00:00Z'), waits: true, cancels: true, expiresAt: null },
    ],
  ];
  for (const [what, terms, occurredAt, expected] of cases)
    assert.deepEqual(lotTerms(terms, at(occurredAt), paris, NONE), expected, what);
});

test('of a tier of its own the life of the points counts, else that of all', () => {
  const byTier = new Map([
    ['gold', { after: months(24) }],
    ['black', null],
  ]);
  const terms = { pending: null, expires: { after: months(12) }, byTier };
  const expiry = (tier: string | null) =>
    lotTerms(terms, at('2024-02-29T12:00:00Z'), 'UTC', NONE, tier).expiresAt;
  assert.equal(expiry('gold'), at('2026-02-28T12:00:00Z'));
  assert.equal(expiry('black'), null);
  for (const tier of ['silver', null]) assert.equal(expiry(tier), at('2025-02-28T12:00:00Z'));
});

test('points do not wait for what has happened already', () => {
  const pending = { event: 'stay.completed', atLatest: months(1), otherwise: 'cancel' } as const;
  const terms = (happened: string) =>
    lotTerms({ pending, expires: null }, 0, 'UTC', new Set([happened])).waits === true;
  assert.deepEqual([terms('stay.completed'), terms('stay.begun')], [false, true]);
});

test('what points wait for is said by the version that gave them, also for what a multiplier added', () => {
  const version = (number: number, event: string | null) => ({
    version: number,
    rules: [
      {
        ref: `base@${number}`,
        terms: {
          pending: event === null ? null : { event, atLatest: null, otherwise: 'activate' },
          expires: null,
        },
      },
    ],
    campaigns: [
      { ref: `trip@${number}`, effect: { terms: { pending: { event: 'trip.ended' }, expires: null } } },
    ],
  });
  const program = { versions: [version(1, 'stay.completed'), version(2, null)] } as unknown as Program;
  const cases: [string, string | undefined][] = [
    ['base@1', 'stay.completed'],
    ['base@2', undefined],
    ['base@1*gold@1', 'stay.completed'],
    ['trip@2', 'trip.ended'],
    ['gone@1', undefined],
    ['base@3', undefined],
  ];
  for (const [ref, event] of cases) assert.equal(waitsFor(program, ref), event, ref);
});
