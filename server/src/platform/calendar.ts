import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';

/** A length of time as people agree on it: months and days follow the calendar, the rest is exact. */
export interface Duration {
  months: number;
  days: number;
  milliseconds: number;
}

const DAY = 86_400_000;
const PATTERN =
  /^P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,10})S)?)?$/;

/**
 * Reads an ISO 8601 duration of whole numbers such as `P12M`, `P1Y6M`, `P30D` or `PT15M`: a year is 12
 * months, a week 7 days. Undefined where the text is something else, is zero, or is longer than 100 years.
 */
export function parseDuration(text: string): Duration | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map(part => Number(part ?? 0));
  const duration = {
    months: years * 12 + months,
    days: weeks * 7 + days,
    milliseconds: (hours * 3_600 + minutes * 60 + seconds) * 1_000,
  };
  const inDays = (duration.months / 12) * 365.25 + duration.days + duration.milliseconds / DAY;
  return inDays > 0 && inDays <= 36_525 ? duration : undefined;
}

/**
 * `at` (epoch milliseconds) plus a duration, as a calendar in `timeZone` (IANA) counts. The order is: months
 * (a day that the month does not have becomes its last: January 31 + P1M is February 28 or 29), then days,
 * then exact time. Months and days keep the local time of day; where the clocks skip it the result moves on
 * by what was skipped, where they repeat it the first is meant (what ISO and Temporal call "compatible"). With a
 * `sign` of -1 the duration is taken off in the same order.
 */
export function addDuration(at: number, duration: Duration, timeZone: string, sign: 1 | -1 = 1): number {
  const { months, days, milliseconds } = duration;
  if (months === 0 && days === 0) return at + sign * milliseconds;
  const date = { months: sign * months, days: sign * days };
  if (timeZone === 'UTC') return addDate(at, date) + sign * milliseconds;
  const local = addDate(at + offsetAt(at, timeZone), date);
  return instantOf(local, timeZone) + sign * milliseconds;
}

/**
 * The first instant of the calendar period in `timeZone` that holds `at`, epoch ms, or (`ahead` 1) of the next one.
 * Weeks begin on Monday.
 */
export function startOf(
  period: 'day' | 'week' | 'month' | 'quarter' | 'year',
  at: number,
  timeZone: string,
  ahead: 0 | 1 = 0,
): number {
  const local = new Date(at + offsetAt(at, timeZone));
  const year = local.getUTCFullYear();
  const month = local.getUTCMonth();
  const day = local.getUTCDate();
  const starts = {
    year: () => Date.UTC(year + ahead, 0, 1),
    quarter: () => Date.UTC(year, month - (month % 3) + 3 * ahead, 1),
    month: () => Date.UTC(year, month + ahead, 1),
    week: () => Date.UTC(year, month, day - ((local.getUTCDay() + 6) % 7) + 7 * ahead),
    day: () => Date.UTC(year, month, day + ahead),
  };
  return instantOf(starts[period](), timeZone);
}

/** Months, then days, on a local time that is written as if it were UTC. */
function addDate(local: number, duration: Pick<Duration, 'months' | 'days'>): number {
  if (duration.months === 0) return local + duration.days * DAY;
  const date = new Date(local);
  const month = date.getUTCMonth() + duration.months;
  const year = date.getUTCFullYear();
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  const timeOfDay = ((local % DAY) + DAY) % DAY;
  return Date.UTC(year, month, day) + timeOfDay + duration.days * DAY;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** What calendars and clocks in `timeZone` show at `at` (epoch ms). */
export function localTime(at: number, timeZone: string) {
  const local = new Date(at + offsetAt(at, timeZone));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    weekday: WEEKDAYS[local.getUTCDay()] as (typeof WEEKDAYS)[number],
  };
}

/** The instant at which clocks in the zone show `local`; see addDuration for skipped and repeated times. */
function instantOf(local: number, timeZone: string): number {
  // No zone changes its clocks twice within two days, and none is further than a day from UTC.
  const before = offsetAt(local - DAY, timeZone);
  const after = offsetAt(local + DAY, timeZone);
  if (before === after) return local - before;
  // With the offset before the change a repeated time is the first, and a skipped one moves on.
  const first = local - before;
  if (offsetAt(first, timeZone) === before) return first;
  const second = local - after;
  return offsetAt(second, timeZone) === after ? second : first;
}

/** One year (UTC) of a zone: from `starts[i]` on, `offsets[i]` is the distance from UTC in milliseconds. */
interface ZoneYear {
  starts: number[];
  offsets: number[];
}

/*
 * Temporal adds a duration in 36 microseconds, a tenth of what a whole order may cost; with a year's clock
 * changes kept, addDuration takes less than one. 1,024 years of zones are more than live traffic touches.
 */
const years = new LRUCache<string, ZoneYear>({ max: 1_024 });

/** How far clocks in the zone are ahead of UTC at `at`, in milliseconds. */
export function offsetAt(at: number, timeZone: string): number {
  const year = new Date(at).getUTCFullYear();
  const key = `${year} ${timeZone}`;
  let zone = years.get(key);
  if (zone === undefined) {
    zone = readYear(year, timeZone);
    years.set(key, zone);
  }
  let index = zone.starts.length - 1;
  while (index > 0 && (zone.starts[index] as number) > at) index -= 1;
  return zone.offsets[index] as number;
}

function readYear(year: number, timeZone: string): ZoneYear {
  const start = Date.UTC(year, 0, 1);
  const end = Date.UTC(year + 1, 0, 1);
  let time: Temporal.ZonedDateTime | null =
    Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone);
  const zone: ZoneYear = { starts: [], offsets: [] };
  while (time !== null && time.epochMilliseconds < end) {
    zone.starts.push(time.epochMilliseconds);
    zone.offsets.push(time.offsetNanoseconds / 1_000_000);
    time = time.getTimeZoneTransition('next');
  }
  return zone;
}

/** True for a time zone of the IANA database by name (`Europe/Paris`, `UTC`), not for an offset (`+01:00`). */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
