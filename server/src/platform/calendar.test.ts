import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { addDuration, isTimeZone, parseDuration, startOf } from './calendar.ts';

const add = (at: string, duration: string, timeZone = 'UTC'): string => {
  const parsed = parseDuration(duration);
  assert.ok(parsed, duration);
  return new Date(addDuration(Date.parse(at), parsed, timeZone)).toISOString();
};

test('durations are read into months, days and milliseconds', () => {
  const day = 86_400_000;
  const cases: [string, [number, number, number]][] = [
    ['P12M', [12, 0, 0]],
    ['P1Y', [12, 0, 0]],
    ['P1Y6M', [18, 0, 0]],
    ['P2W', [0, 14, 0]],
    ['P30D', [0, 30, 0]],
    ['P1Y2M3W4DT5H6M7S', [14, 25, 5 * 3_600_000 + 6 * 60_000 + 7_000]],
    ['PT15M', [0, 0, 900_000]],
    ['PT48H', [0, 0, 2 * day]],
    ['P100Y', [1200, 0, 0]],
  ];
  for (const [text, [months, days, milliseconds]] of cases)
    assert.deepEqual(parseDuration(text), { months, days, milliseconds }, text);
});

test('what is no positive duration of at most 100 years is refused', () => {
  const texts = ['', 'P', 'PT', 'P1', '1D', 'P1DT', 'P0D', 'PT0S', '-P1D', 'P-1D', 'P1.5D', 'p1d', 'P1H'];
  texts.push(
    'P1M1Y',
    'PT1S1M',
    'P101Y',
    'P100Y1D',
    'P36526D',
    'P1D ',
    ' P1D',
    'P1D\n',
    'P9999999Y',
    '12 months',
  );
  for (const text of texts) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
});

test('a month that does not have the day ends on its last day', () => {
  assert.equal(add('2026-01-31T10:00:00.000Z', 'P1M'), '2026-02-28T10:00:00.000Z');
  assert.equal(add('2028-01-31T10:00:00.000Z', 'P1M'), '2028-02-29T10:00:00.000Z');
  assert.equal(add('2024-02-29T00:00:00.000Z', 'P12M'), '2025-02-28T00:00:00.000Z');
  assert.equal(add('2024-02-29T00:00:00.000Z', 'P48M'), '2028-02-29T00:00:00.000Z');
  assert.equal(add('2026-08-31T23:59:59.999Z', 'P1M'), '2026-09-30T23:59:59.999Z');
  assert.equal(add('2026-12-31T00:00:00.000Z', 'P2M'), '2027-02-28T00:00:00.000Z');
  assert.equal(add('1969-12-31T23:59:59.999Z', 'P1M'), '1970-01-31T23:59:59.999Z');
});

test('months come first, then days, then time', () => {
  assert.equal(add('2026-01-31T00:00:00.000Z', 'P1M1D'), '2026-03-01T00:00:00.000Z');
  assert.equal(add('2026-01-30T12:00:00.000Z', 'P1MT36H'), '2026-03-02T00:00:00.000Z');
});

test('the month is counted on the calendar of the time zone', () => {
  // At 15:00 UTC it is already the 31st in Tokyo, at 23:30 UTC in Paris.
  assert.equal(add('2026-01-30T15:00:00.000Z', 'P1M', 'Asia/Tokyo'), '2026-02-27T15:00:00.000Z');
  assert.equal(add('2026-01-30T15:00:00.000Z', 'P1M', 'UTC'), '2026-02-28T15:00:00.000Z');
  assert.equal(add('2026-01-30T23:30:00.000Z', 'P1M', 'Europe/Paris'), '2026-02-27T23:30:00.000Z');
});

test('a day keeps the local time when the clocks change, an hour does not', () => {
  assert.equal(add('2026-03-28T11:00:00.000Z', 'P1D', 'Europe/Paris'), '2026-03-29T10:00:00.000Z');
  assert.equal(add('2026-03-28T11:00:00.000Z', 'PT24H', 'Europe/Paris'), '2026-03-29T11:00:00.000Z');
  assert.equal(add('2026-10-24T10:00:00.000Z', 'P1D', 'Europe/Paris'), '2026-10-25T11:00:00.000Z');
  assert.equal(add('2026-03-07T17:00:00.000Z', 'P1D', 'America/New_York'), '2026-03-08T16:00:00.000Z');
  assert.equal(add('2026-10-31T16:00:00.000Z', 'P1D', 'America/New_York'), '2026-11-01T17:00:00.000Z');
  // Lord Howe moves its clocks by half an hour only.
  assert.equal(add('2026-10-03T01:00:00.000Z', 'P1D', 'Australia/Lord_Howe'), '2026-10-04T00:30:00.000Z');
  assert.equal(add('2026-04-04T01:00:00.000Z', 'P1D', 'Australia/Lord_Howe'), '2026-04-05T01:30:00.000Z');
});

test('a skipped local time moves on, a repeated one is the first', () => {
  // 02:30 does not exist in Paris on March 29, and is there twice on October 25.
  assert.equal(add('2026-03-28T01:30:00.000Z', 'P1D', 'Europe/Paris'), '2026-03-29T01:30:00.000Z');
  assert.equal(add('2026-10-24T00:30:00.000Z', 'P1D', 'Europe/Paris'), '2026-10-25T00:30:00.000Z');
  assert.equal(add('2026-03-07T07:30:00.000Z', 'P1D', 'America/New_York'), '2026-03-08T07:30:00.000Z');
  assert.equal(add('2026-10-31T05:30:00.000Z', 'P1D', 'America/New_York'), '2026-11-01T05:30:00.000Z');
});

test('addDuration equals Temporal in every zone, clocks changing or not', () => {
  const zones = 'UTC Europe/Paris America/New_York Australia/Lord_Howe Asia/Kolkata Africa/Casablanca'.split(
    ' ',
  );
  zones.push('Pacific/Apia', 'America/St_Johns', 'Europe/London', 'Pacific/Kiritimati', 'Etc/GMT+12');
  const near = fc.constantFrom(
    '2026-03-29T01:00Z',
    '2026-10-25T01:00Z',
    '2026-03-08T07:00Z',
    '2026-11-01T06:00Z',
    '2011-12-30T10:00Z',
  );
  const instant = fc.oneof(
    fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2100, 0, 1) }),
    // Within a day and a half of a change of clocks, where a mistake would hide.
    fc
      .tuple(near, fc.integer({ min: -36 * 60, max: 36 * 60 }))
      .map(([at, minutes]) => Date.parse(at) + minutes * 60_000),
  );
  const part = (max: number) =>
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max }));
  const duration = fc.record({ months: part(1200), days: part(800), milliseconds: part(3 * 86_400_000) });
  fc.assert(
    fc.property(instant, duration, fc.constantFrom(...zones), (at, length, zone) => {
      const expected = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add(length);
      assert.equal(addDuration(at, length, zone), expected.epochMilliseconds);
    }),
    { numRuns: 3_000 },
  );
});

test('a time zone is a name of the IANA database', () => {
  for (const name of ['UTC', 'Europe/Paris', 'America/Argentina/Ushuaia', 'Asia/Kolkata', 'Etc/GMT+5'])
    assert.equal(isTimeZone(name), true, name);
  for (const name of ['', '+01:00', '-05', 'Mars/Olympus', 'Europe/Pari', 'Europe/Paris '])
    assert.equal(isTimeZone(name), false, name);
});

test('a month, a quarter and a year end at the first instant of the next one', () => {
  const cases: [Parameters<typeof startOf>[0], string, string, string][] = [
    ['month', '2026-01-31T22:59:59.999Z', 'Europe/Paris', '2026-01-31T23:00:00.000Z'],
    ['month', '2026-01-31T23:00:00.000Z', 'Europe/Paris', '2026-02-28T23:00:00.000Z'],
    // The clocks go forward on March 29 and back on October 25.
    ['month', '2026-03-10T12:00:00.000Z', 'Europe/Paris', '2026-03-31T22:00:00.000Z'],
    ['quarter', '2026-10-01T00:00:00.000Z', 'Europe/Paris', '2026-12-31T23:00:00.000Z'],
    ['quarter', '2026-03-31T21:59:59.999Z', 'Europe/Paris', '2026-03-31T22:00:00.000Z'],
    ['quarter', '2026-03-31T22:00:00.000Z', 'Europe/Paris', '2026-06-30T22:00:00.000Z'],
    ['year', '2026-12-31T23:30:00.000Z', 'UTC', '2027-01-01T00:00:00.000Z'],
    ['year', '2026-12-31T23:30:00.000Z', 'Europe/Paris', '2027-12-31T23:00:00.000Z'],
    ['year', '2024-02-29T00:00:00.000Z', 'Pacific/Auckland', '2024-12-31T11:00:00.000Z'],
    // On October 1, 2017, midnight was skipped in Asuncion: the month began at 01:00.
    ['month', '2017-09-15T12:00:00.000Z', 'America/Asuncion', '2017-10-01T04:00:00.000Z'],
  ];
  for (const [period, at, zone, end] of cases)
    assert.equal(
      new Date(startOf(period, Date.parse(at), zone, 1)).toISOString(),
      end,
      `${period} of ${at} in ${zone}`,
    );
});

test('ends of months, quarters and years are those of Temporal, in any zone', () => {
  const zones = [
    'UTC',
    'Europe/Paris',
    'America/New_York',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Asia/Gaza',
  ];
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2060, 0, 1) }),
      fc.constantFrom(...zones),
      fc.constantFrom('month', 'quarter', 'year'),
      (at, zone, period) => {
        const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
        const first = { month: local.month, quarter: local.month - ((local.month - 1) % 3), year: 1 }[period];
        const next = local
          .toPlainDate()
          .with({ month: first, day: 1 })
          .add({ months: { month: 1, quarter: 3, year: 12 }[period] });
        assert.equal(startOf(period, at, zone, 1), next.toZonedDateTime(zone).epochMilliseconds);
      },
    ),
    { numRuns: 2_000 },
  );
});
