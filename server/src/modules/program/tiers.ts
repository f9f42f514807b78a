import { LRUCache } from 'lru-cache';
import { madeOnce } from '#platform/made-once.ts';
import type { Rational } from '#platform/money.ts';
import { ONE, parseDecimal, rational } from '#platform/money.ts';
import { addDuration, type Duration, localTime, offsetAt, parseDuration, startOf } from './calendar.ts';
import type { ProgramDocument } from './document.ts';

/** One level of the tiers. */
export interface Level {
  readonly id: string;
  /** `id@version`, as entries cite it. */
  readonly ref: string;
  /** From which sum on, in the measure's whole units (spend: minor units of the program's currency); null: invited. */
  readonly from: bigint | null;
  readonly multiplier: Rational;
}

export type Measure = 'spend' | 'orders' | 'nights' | 'points';

export interface Tiers {
  readonly by: Measure;
  readonly window: { readonly rolling: Duration } | 'calendar_year' | 'member_year' | 'lifetime';
  readonly grace: Duration | null;
  readonly downgrade: 'to_reached' | 'one_level';
  readonly lowerAfterReturn: boolean;
  /** How long before a fall its member is told, as it is written (`P30D`) and as a length. */
  readonly notice: readonly { readonly before: string; readonly length: Duration }[];
  /** Lowest first. */
  readonly levels: readonly Level[];
  readonly timeZone: string;
}

/** The sum of a member's measure over (after, until], epoch ms; `after` is -Infinity for the beginning. */
export type SumBetween = (after: number, until: number) => bigint;

/** Compiles the tiers of a stored, valid document; `exponent` is that of the program's currency. */
export function compileTiers(document: ProgramDocument, version: number, exponent: number): Tiers | null {
  const { tiers } = document;
  if (tiers === undefined) return null;
  const scale = tiers.qualify_by === 'spend' ? 10n ** BigInt(exponent) : 1n;
  return {
    by: tiers.qualify_by,
    window:
      typeof tiers.window === 'object'
        ? { rolling: parseDuration(tiers.window.rolling) as Duration }
        : tiers.window,
    grace: tiers.grace === undefined ? null : (parseDuration(tiers.grace) as Duration),
    downgrade: tiers.downgrade ?? 'to_reached',
    lowerAfterReturn: tiers.after_return !== 'keep',
    notice: (tiers.notice ?? []).map(before => ({ before, length: parseDuration(before) as Duration })),
    levels: tiers.levels.map(level => ({
      id: level.id,
      ref: `${level.id}@${version}`,
      from: level.from === undefined ? null : wholes(level.from, scale),
      multiplier: level.multiplier === undefined ? ONE : (parseDecimal(level.multiplier) as Rational),
    })),
    timeZone: document.time_zone ?? 'UTC',
  };
}

const wholes = (text: string, scale: bigint): bigint => {
  const { num, den } = parseDecimal(text) as Rational;
  const scaled = rational(num * scale, den);
  return scaled.num / scaled.den;
};

/**
 * Where the window that ends at `at` begins; what happened at that very instant is outside. `enrolledAt` counts only for
 * the member's own year.
 */
export function windowStart(tiers: Tiers, at: number, enrolledAt: number): number {
  if (tiers.window === 'lifetime') return Number.NEGATIVE_INFINITY;
  if (typeof tiers.window !== 'object') return yearStart(tiers, at, enrolledAt) - 1;
  const known = startsOf(tiers);
  let start = known.get(at);
  if (start === undefined) {
    start = rollingStart(at, tiers.window.rolling, tiers.timeZone);
    known.set(at, start);
  }
  return start;
}

/** Where windows begin: asked three times for each order, which took 5 us of 100. */
const startsOf = madeOnce((_: Tiers) => new LRUCache<number, number>({ max: 1_024 }));

/** The highest level that a sum reaches; the first level where it reaches none. */
export function levelOf(tiers: Tiers, sum: bigint): number {
  const place = tiers.levels.findLastIndex(({ from }) => from !== null && sum >= from);
  return Math.max(place, 0);
}

/**
 * The place of the level that a member has at `at`, by what is known up to then. Rolling and lifetime: by the sum of the
 * window. A year: up at once; when it ends, down to what it reached (or one level at most), after the grace.
 */
export function placeAt(tiers: Tiers, at: number, sum: SumBetween, enrolledAt: number): number {
  if (typeof tiers.window === 'object' || tiers.window === 'lifetime')
    return levelOf(tiers, sum(windowStart(tiers, at, enrolledAt), at));
  const years = [yearStart(tiers, at, enrolledAt)];
  // A level that was reached before all these years has been lost since, one a year at the slowest.
  while (years.length <= yearsThatCount(tiers))
    years.push(yearStart(tiers, (years.at(-1) as number) - 1, enrolledAt));
  let before = 0;
  let reachedBefore = 0;
  for (const [index, start] of years.toReversed().entries()) {
    const isNow = index === years.length - 1;
    const until = isNow ? at : (years[years.length - 2 - index] as number) - 1;
    const kept = tiers.downgrade === 'one_level' ? Math.max(reachedBefore, before - 1, 0) : reachedBefore;
    const inGrace = isNow && at < graceEnd(tiers, start);
    const reached = levelOf(tiers, sum(start - 1, until));
    before = Math.max(kept, reached, inGrace ? before : 0);
    reachedBefore = reached;
  }
  return before;
}

/** Until when what the year before had is kept in a year that begins at `start`. */
const graceEnd = ({ grace, timeZone }: Tiers, start: number): number =>
  grace === null ? start : addDuration(start, grace, timeZone);

/** How many years before the present one can still hold a level up. */
const yearsThatCount = ({ downgrade, levels }: Tiers): number =>
  downgrade === 'one_level' ? levels.length : 2;

/** The instants at whose running sums `placeAt` looks for a member at `at`. */
export function edges(tiers: Tiers, at: number, enrolledAt: number): number[] {
  if (typeof tiers.window === 'object') return [windowStart(tiers, at, enrolledAt), at];
  const found = new Set<number>();
  const note = (after: number, until: number) => {
    if (after !== Number.NEGATIVE_INFINITY) found.add(after);
    found.add(until);
    return 0n;
  };
  placeAt(tiers, at, note, enrolledAt);
  return [...found];
}

/** The instants after `at` at which a level can be lost because a year ends, or its grace: until none is left to lose. */
export function yearEnds(tiers: Tiers, at: number, enrolledAt: number): number[] {
  const ends: number[] = [];
  let start = yearStart(tiers, at, enrolledAt);
  for (let years = 0; years <= yearsThatCount(tiers) + 1; years += 1) {
    const end = graceEnd(tiers, start);
    if (end > at) ends.push(end);
    start = yearStart(tiers, start, enrolledAt, 1);
    if (tiers.grace !== null) ends.push(start);
  }
  return [...new Set(ends)].filter(end => end > at).sort((a, b) => a - b);
}

/** The first instant of the year of `tiers` that holds `at`, or (`ahead` 1) of the next one. */
export function yearStart(
  { window, timeZone }: Tiers,
  at: number,
  enrolledAt: number,
  ahead: 0 | 1 = 0,
): number {
  if (window !== 'member_year') return startOf('year', at, timeZone, ahead);
  const first = startOf('day', enrolledAt, timeZone);
  const anniversary = (years: number): number => {
    if (years === 0) return first;
    const length = { months: 12 * Math.abs(years), days: 0, milliseconds: 0 };
    return addDuration(first, length, timeZone, years < 0 ? -1 : 1);
  };
  const years = localTime(at, timeZone).year - localTime(first, timeZone).year;
  const begun = anniversary(years) <= at ? years : years - 1;
  return anniversary(begun + ahead);
}

const DAY = 86_400_000;
const QUARTER = 900_000;
/** No zone sets its clocks back by more within a few hours. */
const MOST_STEPS = 12;

/**
 * Where a rolling window begins. It never goes back while time goes on, so what has left it does not come in again: on a
 * day that the month of its beginning does not have, all of that month is out; and while clocks that were set back show
 * an hour twice, the window stands.
 */
function rollingStart(at: number, length: Duration, timeZone: string): number {
  const start = plainStart(at, length, timeZone);
  if (timeZone === 'UTC' || (isSteady(at, timeZone) && isSteady(start, timeZone))) return start;
  const aligned = at - (((at % QUARTER) + QUARTER) % QUARTER) - 1;
  let latest = start;
  for (let step = 0; step < MOST_STEPS; step += 1)
    latest = Math.max(latest, plainStart(aligned - step * QUARTER, length, timeZone));
  return latest;
}

const isSteady = (at: number, timeZone: string): boolean =>
  offsetAt(at - DAY, timeZone) === offsetAt(at + DAY, timeZone);

function plainStart(at: number, length: Duration, timeZone: string): number {
  if (length.months === 0) return addDuration(at, length, timeZone, -1);
  const { months, ...rest } = length;
  const shifted = addDuration(at, { months, days: 0, milliseconds: 0 }, timeZone, -1);
  if (localTime(shifted, timeZone).day === localTime(at, timeZone).day)
    return addDuration(at, length, timeZone, -1);
  return addDuration(startOf('day', shifted, timeZone, 1) - 1, { months: 0, ...rest }, timeZone, -1);
}

/** A day that a month does not have, and the change of a clock, move an end by less. */
const SLACK = 5 * DAY;

/** When what happened at `anchor` leaves a rolling window: the first instant at which the window begins there or later. */
export function leavesAt(length: Duration, anchor: number, timeZone: string): number {
  const about = addDuration(anchor, length, timeZone);
  let [inside, outside] = [about - SLACK, about + SLACK];
  if (rollingStart(about, length, timeZone) >= anchor) {
    outside = about;
    if (rollingStart(about - 1, length, timeZone) < anchor) return about;
  }
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (rollingStart(middle, length, timeZone) >= anchor) outside = middle;
    else inside = middle;
  }
  return outside;
}
