import assert from 'node:assert/strict';
import test from 'node:test';
import type { ProgramDocument } from './document.ts';
import { canonical, compile, type Program, programNow, versionAt } from './model.ts';

const SMALLEST: ProgramDocument = { currency: 'USD', units: { points: {} } };
const version = (document: Partial<ProgramDocument> = {}, number = 1, effectiveFrom: number | null = null) =>
  compile(
    { version: number, effectiveFrom, publishedAt: 0, document: { ...SMALLEST, ...document } },
    new Map([
      ['points', 0],
      ['nights', 1],
      ['miles', 2],
    ]),
  );

test('what a document leaves out has its default', () => {
  const compiled = version();
  assert.equal(compiled.timeZone, 'UTC');
  assert.equal(compiled.rounding, 'floor');
  assert.equal(compiled.enrolment, 'automatic');
  assert.equal(compiled.ifSpent, 'clamp_to_zero');
  assert.deepEqual(compiled.rules, []);
  const points = { name: 'points', number: 0, redeemable: true, qualifying: false, worth: null };
  assert.deepEqual([...compiled.units.values()], [points]);
  assert.equal(compiled.effectiveFrom, Number.NEGATIVE_INFINITY);
});

test('what a document says is compiled exactly', () => {
  const compiled = version(
    {
      units: { points: { worth: '0.015' }, nights: { redeemable: false, qualifying: true } },
      rounding: 'half_up',
      enrolment: 'explicit',
      time_zone: 'Europe/Paris',
      returns: { if_spent: 'refuse' },
      earning: [
        {
          id: 'base',
          on: 'order',
          when: { sku: ['a', 'b'], kind: ['hotel'] },
          earn: { unit: 'points', per_currency_unit: '1.25' },
          pending: { for: 'P14D' },
          expires: { after: 'P1Y' },
        },
        { id: 'stay', on: 'order', earn: { unit: 'nights', fixed: '900719925474099' } },
      ],
    },
    7,
    1_000,
  );
  assert.deepEqual(compiled.units.get('points')?.worth, { num: 3n, den: 200n });
  assert.deepEqual([compiled.rounding, compiled.enrolment], ['half_up', 'explicit']);
  assert.deepEqual(
    [compiled.timeZone, compiled.ifSpent, compiled.effectiveFrom],
    ['Europe/Paris', 'refuse', 1_000],
  );
  const [base, stay] = compiled.rules;
  assert.equal(base?.ref, 'base@7');
  assert.equal(base?.unit, compiled.units.get('points'));
  assert.deepEqual(base?.earn, { perCurrencyUnit: { num: 5n, den: 4n } });
  assert.deepEqual(base?.when?.sku, new Set(['a', 'b']));
  assert.equal(base?.when?.category, null);
  assert.deepEqual(base?.terms.pending, { for: { months: 0, days: 14, milliseconds: 0 } });
  assert.deepEqual(base?.terms.expires, { after: { months: 12, days: 0, milliseconds: 0 } });
  assert.deepEqual(stay?.earn, { fixed: 900719925474099n });
  assert.deepEqual([stay?.when, stay?.terms], [null, { pending: null, expires: null }]);
});

test('the unit that is meant is the redeemable one with the lowest number, whatever the order of the document', () => {
  const units = { miles: {}, points: {}, nights: { redeemable: false } };
  assert.equal(version({ units }).defaultUnit.name, 'points');
  assert.deepEqual([...version({ units }).units.keys()], ['points', 'nights', 'miles']);
  assert.equal(version({ units: { nights: { redeemable: false }, miles: {} } }).defaultUnit.name, 'miles');
  assert.equal(version({ units: { nights: { redeemable: false } } }).defaultUnit.name, 'nights');
});

test('a unit without a number cannot be compiled', () => {
  assert.throws(() => version({ units: { stars: {} } }), /stars has no number/);
});

test('a rate is between minor units, exactly', () => {
  const compiled = version({
    currencies: { EUR: { rate: '1.08' }, JPY: { rate: '0.0065' }, KWD: { rate: '3.25' } },
  });
  assert.deepEqual(compiled.rate('USD', 0), { num: 1n, den: 1n });
  assert.deepEqual(compiled.rate('EUR', 0), { num: 27n, den: 25n });
  // 1 yen is 0.0065 dollars, 0.65 cents; 1 fils is a thousandth of 3.25 dollars, 0.325 cents.
  assert.deepEqual(compiled.rate('JPY', 0), { num: 13n, den: 20n });
  assert.deepEqual(compiled.rate('KWD', 0), { num: 13n, den: 40n });
  assert.equal(compiled.rate('CHF', 0), undefined);
  assert.deepEqual([compiled.exponent('USD'), compiled.exponent('JPY'), compiled.exponent('KWD')], [2, 0, 3]);
  assert.throws(() => compiled.exponent('ABC'), RangeError);
});

test('a dated rate holds from its instant, to the millisecond, and there is none before the first', () => {
  const at = Date.UTC(2026, 0, 1);
  const compiled = version({
    currencies: {
      EUR: [
        { from: '2026-02-01T00:00:00Z', rate: '3' },
        { from: '2026-01-01T00:00:00Z', rate: '2' },
        { from: '2026-03-01T01:00:00+01:00', rate: '4' },
      ],
    },
  });
  const rate = (instant: number) => compiled.rate('EUR', instant)?.num;
  assert.equal(rate(at - 1), undefined);
  assert.deepEqual([rate(at), rate(Date.UTC(2026, 1, 1) - 1)], [2n, 2n]);
  assert.deepEqual([rate(Date.UTC(2026, 1, 1)), rate(Date.UTC(2026, 2, 1) - 1)], [3n, 3n]);
  assert.deepEqual([rate(Date.UTC(2026, 2, 1)), rate(Date.UTC(2126, 0, 1))], [4n, 4n]);
});

const program = (...starts: (number | null)[]): Program => ({
  id: 1,
  name: 'shop',
  revision: 1,
  clock: { kind: 'wall' },
  versions: starts.map((from, index) => version({}, index + 1, from)),
});

test('the version of an instant changes exactly at effective_from, and the first covers all earlier time', () => {
  const three = program(null, 1_000, 2_000);
  const at = (instant: number) => versionAt(three, instant).version;
  assert.deepEqual([Number.NEGATIVE_INFINITY, -1, 0, 999].map(at), [1, 1, 1, 1]);
  assert.deepEqual([1_000, 1_001, 1_999].map(at), [2, 2, 2]);
  assert.deepEqual([2_000, 9e15].map(at), [3, 3]);
});

test('of two versions from the same instant the later publication counts', () => {
  assert.equal(versionAt(program(null, 1_000, 1_000), 1_000).version, 3);
});

test('a version that is published for now replaces one that was to begin later', () => {
  const replaced = program(null, 5_000, 1_000);
  assert.deepEqual(
    [999, 1_000, 4_999, 5_000, 6_000].map(at => versionAt(replaced, at).version),
    [1, 3, 3, 3, 3],
  );
});

test("a test program's time is its own", () => {
  assert.equal(programNow(program(null), 5), 5);
  assert.equal(programNow({ ...program(null), clock: { kind: 'test', now: 3 } }, 5), 3);
});

test('documents are equal whatever the order of properties, and different by the order of lists', () => {
  assert.equal(
    canonical({ b: 1, a: { d: [1, 2], c: null } }),
    canonical({ a: { c: null, d: [1, 2] }, b: 1 }),
  );
  assert.notEqual(canonical({ a: [1, 2] }), canonical({ a: [2, 1] }));
  assert.notEqual(canonical({ a: '1' }), canonical({ a: 1 }));
});
