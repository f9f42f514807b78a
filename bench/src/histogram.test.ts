import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

const milliseconds = fc.integer({ min: 0, max: 900_000_000 }).map(microseconds => microseconds / 1000);

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test('a percentile is never below the exact one and at most 0.8 % above it', () => {
  fc.assert(
    fc.property(
      fc.array(milliseconds, { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const exact = values.toSorted((a, b) => a - b)[
          Math.ceil((percent / 100) * values.length) - 1
        ] as number;
        const read = histogramOf(values).percentile(percent);
        assert.ok(read >= exact && read <= exact * 1.008 + 0.001, `${read} for ${exact}`);
      },
    ),
  );
});

test('a histogram that was stored and read back answers the same', () => {
  fc.assert(
    fc.property(fc.array(milliseconds, { maxLength: 100 }), values => {
      const histogram = histogramOf(values);
      const again = Histogram.of(structuredClone(histogram.stored()));
      assert.equal(again.count, values.length);
      for (const percent of [0, 50, 95, 99, 100])
        assert.equal(again.percentile(percent), histogram.percentile(percent));
    }),
  );
});

test('times below a quarter of a millisecond are kept to the microsecond', () => {
  assert.equal(histogramOf([0.001, 0.137, 0.255]).percentile(50), 0.137);
});

test('what lasts longer than can be counted counts as the longest, and no time is below zero', () => {
  const histogram = histogramOf([1e12, -5]);
  assert.equal(histogram.percentile(100), (2 ** 30 - 1) / 1000);
  assert.equal(histogram.percentile(1), 0);
});

test('without values there is no percentile', () => {
  assert.ok(Number.isNaN(new Histogram().percentile(99)));
});
