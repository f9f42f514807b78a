import { minorUnitExponent } from '#platform/currency.ts';
import { parseDecimal, type Rational } from '#platform/money.ts';
import { type Bonus, compileBonus } from './activities.ts';
import { type Duration, parseDuration } from './calendar.ts';
import type { ProgramDocument } from './document.ts';
import type { Unit } from './units.ts';

/** What a program gives for friends. */
export interface Referrals {
  readonly referrer: Bonus | null;
  readonly friend: Bonus | null;
  /** What the friend's order is worth at least, minor units of the program's currency. */
  readonly minimum: bigint;
  /** Null: without end. */
  readonly within: Duration | null;
  readonly takeBack: boolean;
}

/** Compiles the referrals of a stored, valid document; null where there are none. */
export function compileReferrals(
  { referrals, currency }: ProgramDocument,
  version: number,
  units: ReadonlyMap<string, Unit>,
): Referrals | null {
  if (referrals === undefined) return null;
  const { id, referrer, friend, minimum, within, returns } = referrals;
  const least = parseDecimal(minimum ?? '0') as Rational;
  return {
    referrer: referrer ? compileBonus(id, referrer, version, units) : null,
    friend: friend ? compileBonus(id, friend, version, units) : null,
    minimum: (least.num * 10n ** BigInt(minorUnitExponent(currency) ?? 0)) / least.den,
    within: within === undefined ? null : (parseDuration(within) as Duration),
    takeBack: returns !== 'keep',
  };
}
