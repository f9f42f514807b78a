import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  apportion,
  compare,
  floorDiv,
  ONE,
  parseDecimal,
  plus,
  type Rational,
  type Rounding,
  rational,
  round,
  times,
  ZERO,
} from './money.ts';

const fraction = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 1n, max: 10_000n }))
  .map(([num, den]) => rational(num, den));
const roundings = fc.constantFrom<Rounding>('floor', 'half_up', 'ceiling');
const sum = (values: readonly Rational[]): Rational => values.reduce(plus, ZERO);
const total = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n);

test('a fraction is in lowest terms with a positive denominator', () => {
  assert.deepEqual(rational(6n, -4n), { num: -3n, den: 2n });
  assert.deepEqual(rational(0n, 7n), { num: 0n, den: 1n });
  assert.throws(() => rational(1n, 0n), RangeError);
});

test('sums and products are exact', () => {
  const large = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
  const any = fc.tuple(large, fc.bigInt({ min: 1n, max: 2n ** 40n })).map(([num, den]) => rational(num, den));
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      assert.equal(compare(plus(a, b), plus(b, a)), 0);
      assert.equal(compare(plus(plus(a, b), c), plus(a, plus(b, c))), 0);
      assert.equal(compare(times(a, plus(b, c)), plus(times(a, b), times(a, c))), 0);
      assert.equal(compare(times(a, ONE), a), 0);
    }),
  );
});

test('a decimal is read exactly, and nothing else is read', () => {
  assert.deepEqual(parseDecimal('1.25'), { num: 5n, den: 4n });
  assert.deepEqual(parseDecimal('-0.1'), { num: -1n, den: 10n });
  assert.deepEqual(parseDecimal('000.500'), { num: 1n, den: 2n });
  for (const text of [
    '',
    '.5',
    '5.',
    '1e3',
    '+1',
    '1,5',
    ' 1',
    '0x10',
    '1'.repeat(19),
    `0.${'1'.repeat(19)}`,
    '١',
  ])
    assert.equal(parseDecimal(text), undefined, text);
});

test('rounding once: down, to the nearest with halves up, up', () => {
  const cases: [bigint, bigint, bigint, bigint, bigint][] = [
    [7n, 2n, 3n, 4n, 4n],
    [10n, 3n, 3n, 3n, 4n],
    [11n, 3n, 3n, 4n, 4n],
    [6n, 3n, 2n, 2n, 2n],
    [-7n, 2n, -4n, -3n, -3n],
  ];
  for (const [num, den, down, nearest, up] of cases) {
    const value = rational(num, den);
    assert.deepEqual(
      [round(value, 'floor'), round(value, 'half_up'), round(value, 'ceiling')],
      [down, nearest, up],
    );
  }
  assert.equal(floorDiv(-1n, 3n), -1n);
  assert.equal(floorDiv(-3n, 3n), -1n);
});

test('the parts sum to the sum rounded once, and each is its own value rounded down or one more', () => {
  fc.assert(
    fc.property(fc.array(fraction, { maxLength: 12 }), roundings, (values, how) => {
      const parts = apportion(values, how);
      assert.equal(total(parts), round(sum(values), how));
      values.forEach((value, place) => {
        const extra = (parts[place] as bigint) - floorDiv(value.num, value.den);
        assert.ok(extra === 0n || extra === 1n);
      });
    }),
  );
});

/** Every way to hand out `left` points to `count` places, at most one each, as lists of 0 and 1. */
function* handouts(count: number, left: number): Generator<bigint[]> {
  if (count === 0) {
    if (left === 0) yield [];
    return;
  }
  if (left > 0) for (const rest of handouts(count - 1, left - 1)) yield [1n, ...rest];
  for (const rest of handouts(count - 1, left)) yield [0n, ...rest];
}

test('of all ways to share out, the largest remainders are served, and of equal ones the earlier', () => {
  const small = fc
    .tuple(fc.bigInt({ min: 0n, max: 30n }), fc.bigInt({ min: 1n, max: 6n }))
    .map(([num, den]) => rational(num, den));
  fc.assert(
    fc.property(fc.array(small, { minLength: 1, maxLength: 6 }), roundings, (values, how) => {
      const whole = values.map(value => floorDiv(value.num, value.den));
      const left = Number(round(sum(values), how) - total(whole));
      // The best handout has the largest sum of remainders; `handouts` gives those first that serve earlier places.
      const rests = values.map(({ num, den }, place) => rational(num - (whole[place] as bigint) * den, den));
      const worth = (extra: readonly bigint[]) => sum(rests.filter((_, place) => extra[place] === 1n));
      let best: bigint[] = [];
      for (const extra of handouts(values.length, left))
        if (best.length === 0 || compare(worth(extra), worth(best)) > 0) best = extra;
      assert.deepEqual(
        apportion(values, how),
        whole.map((part, place) => part + (best[place] as bigint)),
      );
    }),
  );
});
