import { parseDuration } from '#platform/calendar.ts';
import type { ProgramDocument } from './document.ts';
import type { Unit } from './units.ts';

/** A check of how fast a member earns. */
export interface VelocityCheck {
  readonly id: string;
  /** `id@version`, as cases cite it. */
  readonly ref: string;
  /** The number of the unit that it counts. */
  readonly unit: number;
  /** The line: the sum of a window must be more than this. */
  readonly moreThan: bigint;
  /** How long a window is, ms. */
  readonly within: number;
  readonly window: 'tumbling' | 'sliding';
  /** How long accrual is paused, ms; null: the member is only flagged. */
  readonly pause: number | null;
}

const DAY = 86_400_000;

/** The exact length of a duration without months, ms; undefined for another. */
export function exactLength(text: string): number | undefined {
  const duration = parseDuration(text);
  if (duration === undefined || duration.months > 0) return undefined;
  return duration.days * DAY + duration.milliseconds;
}

/** Compiles the checks of a stored, valid document. */
export const compileVelocity = (
  { velocity }: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
): VelocityCheck[] =>
  (velocity ?? []).map(check => ({
    id: check.id,
    ref: `${check.id}@${version}`,
    unit: (units.get(check.unit) as Unit).number,
    moreThan: BigInt(check.more_than),
    within: exactLength(check.within) as number,
    window: check.window ?? 'tumbling',
    pause: check.pause === undefined ? null : (exactLength(check.pause) as number),
  }));
