import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compileVersion } from '../../../test/support/tiers.ts';
import { parseDuration } from './calendar.ts';
import { leavesAt, type Tiers, windowStart, yearStart } from './tiers.ts';

const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'gold', from: '10' },
];
const rolling = (length: string, timeZone: string): Tiers =>
  compileVersion({ qualify_by: 'orders', levels: LEVELS, window: { rolling: length } }, timeZone)
    .tiers as Tiers;
const iso = (at: number): string => new Date(at).toISOString();
const leaves = (length: string, timeZone: string, bought: string): string => {
  const duration = parseDuration(length);
  assert.ok(duration);
  return iso(leavesAt(duration, Date.parse(bought), timeZone));
};

test('a purchase leaves a rolling window at the same time of its day, to the millisecond', () => {
  const cases: [string, string, string, string][] = [
    ['P12M', 'UTC', '2025-02-28T12:00:00.000Z', '2026-02-28T12:00:00.000Z'],
    ['P12M', 'UTC', '2023-02-28T12:00:00.001Z', '2024-02-28T12:00:00.001Z'],
    // Bought on a day that the other year does not have: it is there until that month is over.
    ['P12M', 'UTC', '2024-02-29T12:00:00.000Z', '2025-03-01T00:00:00.000Z'],
    ['P1M', 'UTC', '2026-01-31T12:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['P1M', 'UTC', '2026-02-28T12:00:00.000Z', '2026-03-28T12:00:00.000Z'],
    ['P30D', 'Europe/Paris', '2026-03-15T11:00:00.000Z', '2026-04-14T10:00:00.000Z'],
    ['PT1H', 'Europe/Paris', '2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'],
    // The clocks go back on October 25, 2026: 02:30 comes twice, and the first is meant.
    ['P12M', 'Europe/Paris', '2025-10-25T00:30:00.000Z', '2026-10-25T00:30:00.000Z'],
    // They go forward on March 29: what was bought at 02:30 a day before leaves when they jump over that.
    ['P1D', 'Europe/Paris', '2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z'],
  ];
  for (const [length, timeZone, bought, left] of cases)
    assert.equal(leaves(length, timeZone, bought), left, `${length} ${timeZone} ${bought}`);
});

const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe'];
/** Instants around changes of clocks and ends of months, where calendars are odd. */
const ODD = [
  '2024-02-29T00:00:00Z',
  '2025-03-01T00:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
].map(text => Date.parse(text));
const instant = fc.tuple(fc.constantFrom(...ODD), fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }));
const length = fc.constantFrom('P12M', 'P1M', 'P1M1D', 'P30D', 'P1D', 'PT36H');

test('a window never goes back, and what left it stays out', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      length,
      instant,
      fc.nat(4 * 3_600_000),
      (zone, text, [odd, off], step) => {
        const tiers = rolling(text, zone);
        const at = odd + off;
        const start = windowStart(tiers, at, 0);
        assert.ok(windowStart(tiers, at + step, 0) >= start);
        const { window } = tiers as { window: { rolling: NonNullable<ReturnType<typeof parseDuration>> } };
        const left = leavesAt(window.rolling, at, zone);
        assert.ok(windowStart(tiers, left, 0) >= at, 'it is out');
        assert.ok(windowStart(tiers, left - 1, 0) < at, 'it was in until then');
      },
    ),
    { numRuns: 3_000 },
  );
});

test("a member's year begins at midnight of the enrolment's day, and on each anniversary", () => {
  const tiers = compileVersion(
    { qualify_by: 'orders', levels: LEVELS, window: 'member_year' },
    'Europe/Paris',
  ).tiers as Tiers;
  const enrolled = Date.parse('2024-02-29T15:00:00Z');
  const cases: [string, string, string][] = [
    ['2024-02-28T23:00:00.000Z', '2024-02-28T23:00:00.000Z', '2025-02-27T23:00:00.000Z'],
    ['2024-02-28T22:59:59.999Z', '2023-02-27T23:00:00.000Z', '2024-02-28T23:00:00.000Z'],
    ['2025-02-27T22:59:59.999Z', '2024-02-28T23:00:00.000Z', '2025-02-27T23:00:00.000Z'],
    ['2025-02-27T23:00:00.000Z', '2025-02-27T23:00:00.000Z', '2026-02-27T23:00:00.000Z'],
    ['2028-02-28T22:59:59.999Z', '2027-02-27T23:00:00.000Z', '2028-02-28T23:00:00.000Z'],
    ['2028-02-28T23:00:00.000Z', '2028-02-28T23:00:00.000Z', '2029-02-27T23:00:00.000Z'],
  ];
  for (const [at, begun, next] of cases) {
    assert.equal(iso(yearStart(tiers, Date.parse(at), enrolled)), begun, at);
    assert.equal(iso(yearStart(tiers, Date.parse(at), enrolled, 1)), next, at);
  }
});
