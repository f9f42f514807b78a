/** An exact fraction; `den` is positive. Rates, multipliers and shares never pass through floating point. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

export const ZERO: Rational = { num: 0n, den: 1n };
export const ONE: Rational = { num: 1n, den: 1n };

const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
};

/** The fraction in lowest terms. Throws a RangeError for a denominator of 0. */
export function rational(num: bigint, den: bigint): Rational {
  if (den === 0n) throw new RangeError('a fraction needs a denominator other than 0');
  const sign = den < 0n ? -1n : 1n;
  const divisor = gcd(num, den) || 1n;
  return { num: (sign * num) / divisor, den: (sign * den) / divisor };
}

/** Reads a plain decimal such as `1.25` exactly; undefined where the text is something else. */
export function parseDecimal(text: string): Rational | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d{1,18}))?$/.exec(text);
  if (!match) return undefined;
  const fraction = match[3] ?? '';
  const num = BigInt(`${match[2]}${fraction}`);
  return rational(match[1] === '-' ? -num : num, 10n ** BigInt(fraction.length));
}

/** Denominators below this are left as they are: to reduce every product and sum took a tenth of an order's decision. */
const SMALL = 1n << 60n;
const exactly = (num: bigint, den: bigint): Rational => (den < SMALL ? { num, den } : rational(num, den));

/** The sum, not in lowest terms. */
export const plus = (a: Rational, b: Rational): Rational =>
  a.den === b.den
    ? { num: a.num + b.num, den: a.den }
    : exactly(a.num * b.den + b.num * a.den, a.den * b.den);

/** The product, not in lowest terms. */
export const times = (a: Rational, b: Rational): Rational => exactly(a.num * b.num, a.den * b.den);

/** -1, 0 or 1 as a is below, equal to or above b. */
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.num * b.den - b.num * a.den;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** The greatest integer that is not above num/den (den > 0). */
export const floorDiv = (num: bigint, den: bigint): bigint => {
  const quotient = num / den;
  return num < 0n && quotient * den !== num ? quotient - 1n : quotient;
};

export type Rounding = 'floor' | 'half_up' | 'ceiling';

/** One rounding of an exact value to whole units; `half_up` takes halves away from zero for positive values. */
export function round(value: Rational, how: Rounding): bigint {
  if (how === 'floor') return floorDiv(value.num, value.den);
  if (how === 'ceiling') return -floorDiv(-value.num, value.den);
  return floorDiv(2n * value.num + value.den, 2n * value.den);
}

/**
 * Rounds the sum of exact values once and shares it out over them by largest remainder (Hamilton's method):
 * each gets its floor, what is left goes by one to the largest fractions, ties to the earlier value. The parts
 * always sum to the rounded sum.
 */
export function apportion(exact: readonly Rational[], how: Rounding): bigint[] {
  if (exact.length === 1) return [round(exact[0] as Rational, how)];
  const parts = exact.map(value => floorDiv(value.num, value.den));
  const whole = round(
    exact.reduce((sum, value) => (sum === ZERO ? value : plus(sum, value)), ZERO),
    how,
  );
  let left = whole - parts.reduce((sum, part) => sum + part, 0n);
  if (left === 0n) return parts;
  const fractions = exact.map((value, index) => ({
    index,
    rest: { num: value.num - (parts[index] as bigint) * value.den, den: value.den },
  }));
  for (const { index } of fractions.sort((a, b) => compare(b.rest, a.rest) || a.index - b.index)) {
    if (left === 0n) break;
    parts[index] = (parts[index] as bigint) + 1n;
    left -= 1n;
  }
  return parts;
}

/** The largest amount that PostgreSQL's bigint holds. */
export const MAX_AMOUNT = 2n ** 63n - 1n;
