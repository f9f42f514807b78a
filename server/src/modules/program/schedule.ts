import { offsetAt } from './calendar.ts';
import type { ProgramDocument } from './document.ts';

/** What has a schedule: a campaign, a challenge. */
type Campaign = Pick<
  NonNullable<ProgramDocument['campaigns']>[number],
  'from' | 'until' | 'weekdays' | 'hours' | 'time_zone'
>;

/** When a campaign is in force. */
export interface Schedule {
  /** Before `start` and from `end` on (epoch ms, or infinite) it is never open. */
  readonly start: number;
  readonly end: number;
  /** Whether `at` (epoch ms) is within it. */
  open(at: number): boolean;
}

const DAY = 86_400_000;
/** In the order of the week; 1970-01-01, day 0 of all local days, was a Thursday. */
const WEEK = ['thursday', 'friday', 'saturday', 'sunday', 'monday', 'tuesday', 'wednesday'] as const;

/*
 * All times of a schedule are local. Where the clocks change they mean:
 * - a time that the clocks skip: the instant at which they skip it;
 * - a time that they show twice: for `from` the first, for `until` the second, so that what people read as
 *   "until 02:30" is not over when the clocks show 02:15 once more;
 * - a day begins at the first instant of its date and ends (`24:00`) where the next one begins.
 * `hours` that end before they begin go on into the next day and belong to the day on which they began.
 */

/** Compiles the schedule of a valid campaign; `programTimeZone` is for campaigns without a zone of their own. */
export function compileSchedule(campaign: Campaign, programTimeZone: string): Schedule {
  const zone = campaign.time_zone ?? programTimeZone;
  const start =
    campaign.from === undefined
      ? Number.NEGATIVE_INFINITY
      : instantOf(localTime(campaign.from), zone, 'from');
  const end =
    campaign.until === undefined
      ? Number.POSITIVE_INFINITY
      : instantOf(localTime(campaign.until), zone, 'until');
  if (campaign.weekdays === undefined && campaign.hours === undefined)
    return { start, end, open: at => at >= start && at < end };
  const recurring = compileRecurring(campaign, zone);
  return { start, end, open: at => at >= start && at < end && recurring(at) };
}

/** A local time: milliseconds since 1970 as if the zone were UTC; the end of a day is kept as such. */
interface LocalTime {
  at: number;
  isEndOfDay: boolean;
}

/** Reads a checked date and time such as `2026-03-29T24:00` or `2026-03-27T18:00:30`. */
function localTime(text: string): LocalTime {
  const isEndOfDay = text.slice(11, 16) === '24:00';
  const at = isEndOfDay ? Date.parse(`${text.slice(0, 10)}T00:00Z`) + DAY : Date.parse(`${text}Z`);
  return { at, isEndOfDay };
}

/** The instant that an edge of a schedule means; see the rules above. */
function instantOf({ at: local, isEndOfDay }: LocalTime, zone: string, edge: 'from' | 'until'): number {
  const before = offsetAt(local - DAY, zone);
  const after = offsetAt(local + DAY, zone);
  if (before === after) return local - before;
  const first = local - before;
  const second = local - after;
  const showsAtFirst = offsetAt(first, zone) === before;
  const showsAtSecond = offsetAt(second, zone) === after;
  if (showsAtFirst && showsAtSecond) return edge === 'from' || isEndOfDay ? first : second;
  if (showsAtFirst) return first;
  return showsAtSecond ? second : change(second, first, zone);
}

/** The instant of the change of clocks within (low, high]. */
function change(low: number, high: number, zone: string): number {
  const before = offsetAt(low, zone);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, zone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** What repeats each week: milliseconds of the local day; `until` is later than `from`, also past midnight. */
interface Hours {
  from: number;
  until: number;
  /** By days since 1970 modulo 7. */
  days: readonly boolean[];
}

function compileRecurring({ weekdays, hours }: Campaign, zone: string): (at: number) => boolean {
  const from = timeOfDay(hours?.from ?? '00:00');
  const until = timeOfDay(hours?.until ?? '24:00');
  const rule: Hours = {
    from,
    until: until > from ? until : until + DAY,
    days: WEEK.map(day => weekdays === undefined || weekdays.includes(day)),
  };
  let day = Number.NaN;
  let offset: number | null = null;
  let piece: Piece = { from: 0, until: 0, isOpen: false };
  return at => {
    // Orders come with times close to each other, so what is known of the last day is mostly what is needed.
    const utcDay = Math.floor(at / DAY);
    if (utcDay !== day) {
      day = utcDay;
      offset = calmOffset(utcDay, zone);
    }
    if (offset !== null) return isWithin(rule, at + offset);
    if (at < piece.from || at >= piece.until) piece = pieceAround(rule, at, zone);
    return piece.isOpen;
  };
}

const timeOfDay = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * 60_000;

/** The zone's distance from UTC, if its clocks do not change within a day of this UTC day; else null. */
function calmOffset(utcDay: number, zone: string): number | null {
  if (zone === 'UTC') return 0;
  const offset = offsetAt((utcDay - 1) * DAY, zone);
  const isCalm =
    offsetAt((utcDay + 1) * DAY, zone) === offset && offsetAt((utcDay + 2) * DAY, zone) === offset;
  return isCalm ? offset : null;
}

/** For a local time that no change of clocks is near. */
function isWithin({ from, until, days }: Hours, local: number): boolean {
  const day = Math.floor(local / DAY);
  const time = local - day * DAY;
  return (
    (time >= from && time < until && isListed(days, day)) || (time < until - DAY && isListed(days, day - 1))
  );
}

const isListed = (days: readonly boolean[], day: number): boolean => days[((day % 7) + 7) % 7] as boolean;

/** A time without an edge in it. */
interface Piece {
  from: number;
  until: number;
  isOpen: boolean;
}

/** The piece that holds `at`, by the instants at which the hours of the days around it begin and end. */
function pieceAround(rule: Hours, at: number, zone: string): Piece {
  const today = Math.floor((at + offsetAt(at, zone)) / DAY);
  const midnight = (day: number) => instantOf({ at: day * DAY, isEndOfDay: true }, zone, 'from');
  const piece = { from: midnight(today), until: midnight(today + 2), isOpen: false };
  for (const day of [today - 2, today - 1, today, today + 1]) {
    if (!isListed(rule.days, day)) continue;
    const from = instantOf({ at: day * DAY + rule.from, isEndOfDay: false }, zone, 'from');
    const isEndOfDay = rule.until === DAY;
    const until = instantOf({ at: day * DAY + rule.until, isEndOfDay }, zone, 'until');
    if (at >= from && at < until) return { from, until, isOpen: true };
    if (until <= at) piece.from = Math.max(piece.from, until);
    else if (from > at) piece.until = Math.min(piece.until, from);
  }
  return piece;
}
