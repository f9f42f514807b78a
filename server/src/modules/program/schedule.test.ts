import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ProgramDocument } from './document.ts';
import { compileSchedule } from './schedule.ts';

type Campaign = NonNullable<ProgramDocument['campaigns']>[number];
type When = Pick<Campaign, 'from' | 'until' | 'weekdays' | 'hours' | 'time_zone'>;

const SECOND = 1_000;
const compile = (when: When, zone = 'UTC') => compileSchedule(when, zone);

/** Open exactly in the times [from, until), to the millisecond at each edge and to the hour between. */
function assertOpen(schedule: ReturnType<typeof compile>, times: [from: string, until: string][]): void {
  const open = (at: number) => schedule.open(at);
  let before = Date.parse((times[0] as [string, string])[0]) - 12 * 3_600 * SECOND;
  for (const [fromText, untilText] of times) {
    const [from, until] = [Date.parse(fromText), Date.parse(untilText)];
    for (let at = before; at < from; at += 3_600 * SECOND) assert.equal(open(at), false, iso(at));
    for (let at = from; at < until; at += 1_800 * SECOND) assert.equal(open(at), true, iso(at));
    for (const [at, expected] of [
      [from - SECOND, false],
      [from - 1, false],
      [from, true],
      [from + SECOND, true],
      [until - SECOND, true],
      [until - 1, true],
      [until, false],
      [until + SECOND, false],
    ] as const)
      assert.equal(open(at), expected, `${iso(at)} of ${fromText} to ${untilText}`);
    before = until;
  }
}
const iso = (at: number) => new Date(at).toISOString();

const TABLE: [name: string, when: When, times: [from: string, until: string][]][] = [
  [
    'a weekend in Paris when the clocks go forward: 53 hours',
    { from: '2026-03-27T18:00', until: '2026-03-29T24:00', time_zone: 'Europe/Paris' },
    [['2026-03-27T17:00:00Z', '2026-03-29T22:00:00Z']],
  ],
  [
    'a weekend in Paris when the clocks go back: 55 hours',
    { from: '2026-10-23T18:00', until: '2026-10-25T24:00', time_zone: 'Europe/Paris' },
    [['2026-10-23T16:00:00Z', '2026-10-25T23:00:00Z']],
  ],
  [
    'an ordinary weekend in Paris: 54 hours, with seconds',
    { from: '2026-06-05T18:00:00', until: '2026-06-07T23:59:59', time_zone: 'Europe/Paris' },
    [['2026-06-05T16:00:00Z', '2026-06-07T21:59:59Z']],
  ],
  [
    'the same end written as the next midnight',
    { from: '2026-10-23T18:00', until: '2026-10-26T00:00', time_zone: 'Europe/Paris' },
    [['2026-10-23T16:00:00Z', '2026-10-25T23:00:00Z']],
  ],
  [
    'a weekend on Lord Howe when the clocks go forward by half an hour',
    { from: '2026-10-02T18:00', until: '2026-10-04T24:00', time_zone: 'Australia/Lord_Howe' },
    [['2026-10-02T07:30:00Z', '2026-10-04T13:00:00Z']],
  ],
  [
    'a weekend on Lord Howe when the clocks go back by half an hour',
    { from: '2026-04-03T18:00', until: '2026-04-05T24:00', time_zone: 'Australia/Lord_Howe' },
    [['2026-04-03T07:00:00Z', '2026-04-05T13:30:00Z']],
  ],
  [
    'a zone of half an hour that never changes',
    { from: '2026-03-27T18:00', until: '2026-03-29T24:00', time_zone: 'Asia/Kolkata' },
    [['2026-03-27T12:30:00Z', '2026-03-29T18:30:00Z']],
  ],
  [
    'from and until a time that the clocks skip: the instant of the change',
    { from: '2026-03-28T02:30', until: '2026-03-29T02:30', time_zone: 'Europe/Paris' },
    [['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z']],
  ],
  [
    'from a time that the clocks skip',
    { from: '2026-03-29T02:59:59', until: '2026-03-29T04:00', time_zone: 'Europe/Paris' },
    [['2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z']],
  ],
  [
    'from a time that is there twice: the first; until: the second',
    { from: '2026-10-25T02:30', until: '2026-10-25T02:45', time_zone: 'Europe/Paris' },
    [['2026-10-25T00:30:00Z', '2026-10-25T01:45:00Z']],
  ],
  [
    'half an hour that is there twice on Lord Howe',
    { from: '2026-04-05T01:45', until: '2026-04-05T01:45:01', time_zone: 'Australia/Lord_Howe' },
    [['2026-04-04T14:45:00Z', '2026-04-04T15:15:01Z']],
  ],
  [
    'a midnight that is there twice in Havana: 24:00 is the first, 00:00 the second',
    { from: '2026-10-31T12:00', until: '2026-10-31T24:00', time_zone: 'America/Havana' },
    [['2026-10-31T16:00:00Z', '2026-11-01T04:00:00Z']],
  ],
  [
    'until the second midnight in Havana',
    { from: '2026-10-31T12:00', until: '2026-11-01T00:00', time_zone: 'America/Havana' },
    [['2026-10-31T16:00:00Z', '2026-11-01T05:00:00Z']],
  ],
  [
    'Saturdays and Sundays in Paris, the days of both changes',
    { from: '2026-03-25T00:00', until: '2026-04-01T00:00', weekdays: ['saturday', 'sunday'] },
    [['2026-03-27T23:00:00Z', '2026-03-29T22:00:00Z']],
  ],
  [
    'Sundays in Paris, a day of 25 hours',
    { from: '2026-10-20T00:00', until: '2026-10-30T00:00', weekdays: ['sunday'] },
    [['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z']],
  ],
  [
    'a Sunday in Havana that begins twice',
    {
      from: '2026-10-30T12:00',
      until: '2026-11-03T00:00',
      weekdays: ['sunday'],
      time_zone: 'America/Havana',
    },
    [['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z']],
  ],
  [
    'a Saturday in Havana before the Sunday that begins twice',
    {
      from: '2026-10-29T12:00',
      until: '2026-11-03T00:00',
      weekdays: ['saturday'],
      time_zone: 'America/Havana',
    },
    [['2026-10-31T04:00:00Z', '2026-11-01T04:00:00Z']],
  ],
  [
    'a Friday in Cairo that begins at 01:00',
    { from: '2026-04-20T00:00', until: '2026-04-27T00:00', weekdays: ['friday'], time_zone: 'Africa/Cairo' },
    [['2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z']],
  ],
  [
    'the Friday that Apia skipped',
    {
      from: '2011-12-27T00:00',
      until: '2012-01-03T00:00',
      weekdays: ['thursday', 'friday', 'saturday'],
      time_zone: 'Pacific/Apia',
    },
    [['2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z']],
  ],
  [
    'an evening, each day, across a change',
    { from: '2026-03-28T00:00', until: '2026-03-31T00:00', hours: { from: '18:00', until: '22:00' } },
    [
      ['2026-03-28T17:00:00Z', '2026-03-28T21:00:00Z'],
      ['2026-03-29T16:00:00Z', '2026-03-29T20:00:00Z'],
      ['2026-03-30T16:00:00Z', '2026-03-30T20:00:00Z'],
    ],
  ],
  [
    'a night that began on Saturday goes on into Sunday, and is an hour shorter in March',
    {
      from: '2026-03-25T00:00',
      until: '2026-04-03T00:00',
      weekdays: ['saturday'],
      hours: { from: '22:00', until: '06:00' },
    },
    [['2026-03-28T21:00:00Z', '2026-03-29T04:00:00Z']],
  ],
  [
    'the same night is an hour longer in October',
    {
      from: '2026-10-22T00:00',
      until: '2026-10-30T00:00',
      weekdays: ['saturday'],
      hours: { from: '22:00', until: '06:00' },
    },
    [['2026-10-24T20:00:00Z', '2026-10-25T05:00:00Z']],
  ],
  [
    'a night is cut by the campaign',
    {
      from: '2026-06-06T23:00',
      until: '2026-06-07T01:00',
      weekdays: ['saturday'],
      hours: { from: '22:00', until: '06:00' },
    },
    [['2026-06-06T21:00:00Z', '2026-06-06T23:00:00Z']],
  ],
  [
    'hours of which the clocks skip a part',
    {
      from: '2026-03-28T12:00',
      until: '2026-03-30T00:00',
      hours: { from: '02:30', until: '03:30' },
    },
    [['2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z']],
  ],
  [
    'hours that the clocks skip are not there that day',
    {
      from: '2026-03-28T00:00',
      until: '2026-03-31T00:00',
      hours: { from: '02:10', until: '02:50' },
    },
    [
      ['2026-03-28T01:10:00Z', '2026-03-28T01:50:00Z'],
      ['2026-03-30T00:10:00Z', '2026-03-30T00:50:00Z'],
    ],
  ],
  [
    'hours that are there twice last from the first time to the second',
    {
      from: '2026-10-24T12:00',
      until: '2026-10-26T00:00',
      hours: { from: '02:00', until: '02:30' },
    },
    [['2026-10-25T00:00:00Z', '2026-10-25T01:30:00Z']],
  ],
  [
    'hours until 24:00 end with the day',
    {
      from: '2026-10-25T12:00',
      until: '2026-10-27T00:00',
      hours: { from: '20:00', until: '24:00' },
    },
    [
      ['2026-10-25T19:00:00Z', '2026-10-25T23:00:00Z'],
      ['2026-10-26T19:00:00Z', '2026-10-26T23:00:00Z'],
    ],
  ],
];

for (const [name, when, times] of TABLE)
  test(`a schedule to the second: ${name}`, () => {
    // Asked in order, and backwards by an instance that knows nothing yet: what is kept never decides.
    assertOpen(compile(when, 'Europe/Paris'), times);
    for (const time of times.toReversed()) {
      const schedule = compile(when, 'Europe/Paris');
      const [from, until] = time.map(text => Date.parse(text)) as [number, number];
      assert.deepEqual(
        [until, until - 1, from, from - 1].map(at => schedule.open(at)),
        [false, true, true, false],
      );
    }
  });

test('a campaign without dates, days and hours is always open', () => {
  for (const at of [-8e15, 0, 8e15]) assert.equal(compile({}).open(at), true);
});

test('the zone of the campaign goes before that of the program', () => {
  const when: When = { from: '2026-06-01T00:00' };
  assert.equal(compile(when, 'Europe/Paris').open(Date.parse('2026-05-31T22:00:00Z')), true);
  assert.equal(compile(when, 'UTC').open(Date.parse('2026-05-31T22:00:00Z')), false);
  assert.equal(
    compile({ ...when, time_zone: 'UTC' }, 'Europe/Paris').open(Date.parse('2026-05-31T22:00:00Z')),
    false,
  );
});

/*
 * The reference knows nothing but what clocks show (Intl): an edge is the first or last instant that shows the
 * local time, or the first that shows a later one.
 */
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks show, in milliseconds as if it were UTC. */
function shown(at: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      ...parts,
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = part as Record<string, number>;
  return Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
}

const HALF_HOUR = 1_800 * SECOND;

function edge(local: number, zone: string, which: 'first' | 'last'): number {
  const offsets = new Set<number>();
  for (let at = local - 26 * 2 * HALF_HOUR; at <= local + 26 * 2 * HALF_HOUR; at += 2 * HALF_HOUR)
    offsets.add(shown(at, zone) - at);
  const found = [...offsets].map(offset => local - offset).filter(at => shown(at, zone) === local);
  if (found.length > 0) return which === 'first' ? Math.min(...found) : Math.max(...found);
  let at = local - Math.max(...offsets);
  while (shown(at, zone) < local) at += 60 * SECOND;
  return at;
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const DAY = 86_400 * SECOND;
const local = (text: string) =>
  text.includes('T24:00') ? Date.parse(`${text.slice(0, 10)}T00:00Z`) + DAY : Date.parse(`${text}Z`);

function isOpen(when: When, zone: string, at: number): boolean {
  const { from, until, weekdays, hours } = when;
  if (from !== undefined && at < edge(local(from), zone, 'first')) return false;
  if (until !== undefined) {
    const which = until.includes('T24:00') ? 'first' : 'last';
    if (at >= edge(local(until), zone, which)) return false;
  }
  const begin = local(`1970-01-01T${hours?.from ?? '00:00'}`);
  let end = local(`1970-01-01T${hours?.until ?? '24:00'}`);
  if (end <= begin) end += DAY;
  const today = Math.floor(shown(at, zone) / DAY) * DAY;
  return [today - 2 * DAY, today - DAY, today, today + DAY].some(
    day =>
      (weekdays ?? DAYS).includes(DAYS[new Date(day).getUTCDay()] as (typeof DAYS)[number]) &&
      at >= edge(day + begin, zone, 'first') &&
      at < edge(day + end, zone, end === DAY ? 'first' : 'last'),
  );
}

test('a schedule is open exactly when a plain reading of the clocks says so', () => {
  const zones = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana'];
  zones.push('Africa/Cairo', 'Asia/Kolkata', 'Pacific/Apia', 'America/Asuncion', 'America/St_Johns');
  const changes = ['2026-03-29T01:00Z', '2026-10-25T01:00Z', '2026-04-04T15:00Z', '2026-10-03T15:30Z'];
  changes.push('2026-03-08T05:00Z', '2026-11-01T05:00Z', '2011-12-30T10:00Z', '2010-11-07T02:31Z');
  changes.push('2026-04-23T22:00Z', '2026-10-29T21:00Z');
  const near = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -3 * 24 * 60, max: 3 * 24 * 60 }))
    .map(([at, minutes]) => Date.parse(at) + minutes * 60 * SECOND);
  const instant = fc.oneof(near, fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2040, 0, 1) }));
  const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 1, 15, 30, 45, 59));
  const timeText = time.map(([hour, minute]) =>
    [hour, minute].map(n => String(n).padStart(2, '0')).join(':'),
  );
  const until = fc.oneof({ weight: 4, arbitrary: timeText }, { weight: 1, arbitrary: fc.constant('24:00') });
  const date = (around: number) =>
    fc
      .tuple(fc.integer({ min: -3, max: 3 }), until)
      .map(([days, clock]) => `${iso(around + days * DAY).slice(0, 10)}T${clock}`);
  const schedule = instant.chain(at =>
    fc.record({
      // A step of a millisecond before and after each edge is asked as well.
      at: fc.constantFrom(at, at - 1, at + 1),
      zone: fc.constantFrom(...zones),
      steps: fc.array(fc.integer({ min: -3 * DAY, max: 3 * DAY }), { minLength: 3, maxLength: 3 }),
      when: fc.record(
        {
          from: date(at),
          until: date(at),
          weekdays: fc.subarray([...DAYS], { minLength: 1 }),
          hours: fc.record({ from: timeText, until }).filter(hours => hours.from !== hours.until),
        },
        { requiredKeys: [] },
      ),
    }),
  );
  fc.assert(
    fc.property(schedule, ({ at, zone, when, steps }) => {
      const compiled = compile(when, zone);
      assert.equal(compiled.open(at), isOpen(when, zone, Math.floor(at / SECOND) * SECOND));
      // What is kept of one instant does not decide another.
      for (const step of steps)
        assert.equal(compiled.open(at + step), compile(when, zone).open(at + step), iso(at + step));
    }),
    { numRuns: 2_000 },
  );
});
