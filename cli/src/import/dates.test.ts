import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { createDateReader, type DateReader } from './dates.ts';

async function reader(format: string, zone = 'UTC'): Promise<DateReader> {
  const made = await createDateReader(format, zone);
  assert.ok(typeof made !== 'string', String(made));
  return made;
}

test('dates are read as midnight of the zone, times with an offset by their offset', async () => {
  const cases: [format: string, zone: string, text: string, instant: string][] = [
    ['yyyyMMdd', 'UTC', '19970101', '1997-01-01T00:00:00.000Z'],
    ['yyyyMMdd', 'Europe/Amsterdam', '19970701', '1997-06-30T22:00:00.000Z'],
    ['iso', 'UTC', '2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['iso', 'UTC', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['iso', 'Asia/Tokyo', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['iso', 'UTC', '2026-11-21T10:00:00.123456+02:00', '2026-11-21T08:00:00.123Z'],
    ['iso', 'UTC', '2026-11-21 10:00', '2026-11-21T10:00:00.000Z'],
    ['iso', 'America/New_York', '2026-11-21T10:00:00', '2026-11-21T15:00:00.000Z'],
    ['iso', 'UTC', '2026-01-01T00:30:00-0330', '2026-01-01T04:00:00.000Z'],
    ['dd/MM/yyyy HH:mm', 'UTC', '21/11/2026 09:05', '2026-11-21T09:05:00.000Z'],
    ['d.M.yyyy', 'UTC', '1.2.2026', '2026-02-01T00:00:00.000Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", 'UTC', '2026-11-21T10:00:00.500+01:00', '2026-11-21T09:00:00.500Z'],
    ['yyyy-MM-ddTHH:mm:ssXXX', 'UTC', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['iso', 'UTC', '0050-01-01', '0050-01-01T00:00:00.000Z'],
  ];
  for (const [format, zone, text, instant] of cases) {
    const read = await reader(format, zone);
    assert.equal(read(text), instant, text);
    assert.equal(read(text), instant, `${text} for the second time`);
  }
});

test('a time that a clock change skips or repeats is read as Temporal reads it', async () => {
  const read = await reader('iso', 'Europe/Paris');
  assert.equal(read('2026-03-29T02:30:00'), '2026-03-29T01:30:00.000Z');
  assert.equal(read('2026-10-25T02:30:00'), '2026-10-25T00:30:00.000Z');
  assert.equal(read('2026-10-25T03:00:00'), '2026-10-25T02:00:00.000Z');
});

test('what is no date of the calendar is a flaw', async () => {
  const compact = await reader('yyyyMMdd');
  for (const text of [
    '19970230',
    '19971301',
    '19970100',
    '1997010',
    '199701011',
    '1997-01-01',
    'yesterday',
  ]) {
    assert.equal((compact(text) as { code: string }).code, 'date_invalid', text);
  }
  const iso = await reader('iso');
  const wrong = [
    '2026-02-29',
    '2026-11-21T24:00:00Z',
    '2026-11-21T10:60:00Z',
    '2026-11-21T10:00:60Z',
    '21.11.2026',
  ];
  for (const text of [...wrong, '2026-11-21T10:00:00+24:00', '20261121', '2026-11-21x']) {
    assert.equal((iso(text) as { code: string }).code, 'date_invalid', text);
  }
  assert.equal((iso('') as { code: string }).code, 'date_missing');
});

test('a format or a zone that cannot be used is refused with a sentence that names it', async () => {
  for (const [format, zone, named] of [
    ['yyyyMM', 'UTC', 'yyyyMM'],
    ['yyyy-mm-dd', 'UTC', 'MM'],
    ['yyyyyMMdd', 'UTC', 'y'],
    ['yyyyMMddyyyy', 'UTC', 'twice'],
    ['EEE dd MM yyyy', 'UTC', 'has E'],
    ['iso', 'Mars/Olympus', 'Mars/Olympus'],
  ] as const) {
    const made = await createDateReader(format, zone);
    assert.ok(typeof made === 'string' && made.includes(named), `${format} ${zone}: ${String(made)}`);
  }
});

test('local times of any zone equal Temporal, clocks changing or not', async () => {
  const zones = [
    'Europe/Paris',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'America/St_Johns',
  ];
  const readers = await Promise.all(zones.map(zone => reader('iso', zone)));
  const changes = ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-05', '2026-10-04'];
  const day = fc.oneof(
    fc.constantFrom(...changes),
    fc
      .date({ min: new Date('1950-01-01'), max: new Date('2049-12-31'), noInvalidDate: true })
      .map(d => d.toISOString().slice(0, 10)),
  );
  const time = fc.integer({ min: 0, max: 86_399 }).map(s => new Date(s * 1000).toISOString().slice(11, 19));
  fc.assert(
    fc.property(day, time, fc.nat(zones.length - 1), (date, clock, index) => {
      const text = `${date}T${clock}`;
      const expected = Temporal.PlainDateTime.from(text).toZonedDateTime(
        zones[index] ?? '',
      ).epochMilliseconds;
      assert.equal(readers[index]?.(text), new Date(expected).toISOString());
    }),
    { numRuns: 500 },
  );
});
