import type { Rational } from '#platform/money.ts';
import { ONE, parseDecimal, rational } from '#platform/money.ts';
import { addDuration, type Duration, parseDuration, startOf } from './calendar.ts';
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
  readonly window: { readonly rolling: Duration } | 'calendar_year' | 'lifetime';
  readonly grace: Duration | null;
  readonly downgrade: 'to_reached' | 'one_level';
  readonly lowerAfterReturn: boolean;
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

/** Where the window that ends at `at` begins; what happened at that very instant is outside. */
export function windowStart({ window, timeZone }: Tiers, at: number): number {
  if (window === 'lifetime') return Number.NEGATIVE_INFINITY;
  if (typeof window === 'object') return addDuration(at, window.rolling, timeZone, -1);
  return startOf('year', at, timeZone) - 1;
}

/** The highest level that a sum reaches; the first level where it reaches none. */
export function levelOf(tiers: Tiers, sum: bigint): number {
  let place = 0;
  for (const [index, { from }] of tiers.levels.entries()) if (from !== null && sum >= from) place = index;
  return place;
}

/**
 * The place of the level that a member has at `at`, by what is known up to then. Rolling and lifetime: by the sum of the
 * window. A year: up at once; when it ends, down to what it reached (or one level at most), after the grace.
 */
export function placeAt(tiers: Tiers, at: number, sum: SumBetween): number {
  if (typeof tiers.window === 'object' || tiers.window === 'lifetime')
    return levelOf(tiers, sum(windowStart(tiers, at), at));
  const years = [startOf('year', at, tiers.timeZone)];
  // A level that was reached before all these years has been lost since, one a year at the slowest.
  while (years.length <= yearsThatCount(tiers))
    years.push(startOf('year', (years.at(-1) as number) - 1, tiers.timeZone));
  let before = 0;
  let reachedBefore = 0;
  for (const [index, start] of years.toReversed().entries()) {
    const isNow = index === years.length - 1;
    const until = isNow ? at : (years[years.length - 2 - index] as number) - 1;
    const kept = tiers.downgrade === 'one_level' ? Math.max(reachedBefore, before - 1, 0) : reachedBefore;
    const inGrace = isNow && tiers.grace !== null && at < addDuration(start, tiers.grace, tiers.timeZone);
    const reached = levelOf(tiers, sum(start - 1, until));
    before = Math.max(kept, reached, inGrace ? before : 0);
    reachedBefore = reached;
  }
  return before;
}

/** How many years before the present one can still hold a level up. */
const yearsThatCount = ({ downgrade, levels }: Tiers): number =>
  downgrade === 'one_level' ? levels.length : 2;

/** The instants at whose running sums `placeAt` looks for a member at `at`. */
export function edges(tiers: Tiers, at: number): number[] {
  const found = new Set<number>();
  placeAt(tiers, at, (after, until) => {
    if (after !== Number.NEGATIVE_INFINITY) found.add(after);
    found.add(until);
    return 0n;
  });
  return [...found];
}
