import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { apportion, parseDecimal, type Rational, type Rounding, rational } from '#platform/money.ts';
import type { EarningRule, ProgramVersion } from '../program/index.ts';
import {
  addReturn,
  type Line,
  type Order,
  type OrderState,
  type ReturnLine,
  rate,
  targets,
} from './model.ts';

const points = { name: 'points', number: 0, redeemable: true, qualifying: false, worth: null };
const nights = { ...points, name: 'nights', number: 1 };

const rule = (id: string, earn: EarningRule['earn'], more: Partial<EarningRule> = {}): EarningRule => ({
  id,
  ref: `${id}@1`,
  on: 'order',
  when: null,
  condition: null,
  unit: points,
  earn,
  terms: { pending: null, expires: null },
  ...more,
});
const per = (decimal: string): EarningRule['earn'] => ({
  perCurrencyUnit: parseDecimal(decimal) as Rational,
});
const only = (category: string): EarningRule['when'] => ({
  category: new Set([category]),
  sku: null,
  channel: null,
  partner: null,
  kind: null,
});

/** As much of a version as rating reads. */
const version = (rules: EarningRule[], rounding: Rounding = 'floor'): ProgramVersion =>
  ({
    currency: 'USD',
    rounding,
    units: new Map([points, nights].map(unit => [unit.name, unit])),
    rules,
    minorUnit: rational(1n, 100n),
    rate: (currency: string) => (currency === 'USD' ? rational(1n, 1n) : rational(27n, 25n)),
  }) as unknown as ProgramVersion;

const line = (id: string, amount: number | bigint, more: Partial<Line> = {}): Line => ({
  id,
  sku: null,
  category: null,
  quantity: 1,
  amount: BigInt(amount),
  ...more,
});
const order = (...lines: Line[]): Order => ({
  externalId: 'o',
  source: 'api',
  revision: 1,
  occurredAt: 0,
  currency: 'USD',
  kind: null,
  channel: null,
  partner: null,
  lines,
  attributes: null,
});
const cells = (given: Order, rules: EarningRule[], rounding?: Rounding) =>
  rate(given, version(rules, rounding)).map(
    cell => `${given.lines[cell.line]?.id} ${cell.rule.id} ${cell.points}`,
  );

test('an order is rounded once, not line by line', () => {
  // Three times 0.50 is one point and a half: line by line it would be nothing.
  assert.deepEqual(cells(order(line('a', 50), line('b', 50), line('c', 50)), [rule('base', per('1'))]), [
    'a base 1',
  ]);
  assert.deepEqual(
    cells(order(line('a', 50), line('b', 50), line('c', 50)), [rule('base', per('1'))], 'ceiling'),
    ['a base 1', 'b base 1'],
  );
});

test('what is left over goes to the largest fraction, of equal ones to the earlier line, then the earlier rule', () => {
  assert.deepEqual(cells(order(line('a', 130), line('b', 160), line('c', 110)), [rule('base', per('1'))]), [
    'a base 1',
    'b base 2',
    'c base 1',
  ]);
  assert.deepEqual(
    cells(order(line('a', 50), line('b', 50)), [rule('one', per('0.5')), rule('two', per('0.5'))]),
    ['a one 1'],
  );
});

test('units are rounded apart from each other', () => {
  const rules = [rule('base', per('0.75')), rule('night', per('0.75'), { unit: nights })];
  assert.deepEqual(cells(order(line('a', 200)), rules), ['a base 1', 'a night 1']);
});

test('fixed points are spread over the lines that match, by their amounts, and are given once', () => {
  const rules = [rule('welcome', { fixed: 10n }, { when: only('shoes') })];
  const shoes = { category: 'shoes' };
  assert.deepEqual(cells(order(line('a', 100, shoes), line('b', 300, shoes), line('c', 900)), rules), [
    'a welcome 3',
    'b welcome 7',
  ]);
  assert.deepEqual(
    cells(order(line('a', 0, shoes), line('b', 0, shoes)), rules),
    ['a welcome 10'],
    'free lines: the first has it all',
  );
  assert.deepEqual(cells(order(line('c', 900)), rules), [], 'no line matches');
});

test('other currencies are converted exactly', () => {
  assert.deepEqual(cells({ ...order(line('a', 10_000)), currency: 'EUR' }, [rule('base', per('1'))]), [
    'a base 108',
  ]);
  assert.deepEqual(cells({ ...order(line('a', 1)), currency: 'EUR' }, [rule('base', per('100'))]), [
    'a base 1',
  ]);
});

const anyLine = (id: number): fc.Arbitrary<Line> =>
  fc
    .record({
      amount: fc.bigInt({ min: 0n, max: 100_000n }),
      quantity: fc.integer({ min: 1, max: 12 }),
      shoes: fc.boolean(),
    })
    .map(own =>
      line(String(id), own.amount, { quantity: own.quantity, category: own.shoes ? 'shoes' : null }),
    );
const anyOrder = fc
  .integer({ min: 1, max: 4 })
  .chain(count => fc.tuple(...Array.from({ length: count }, (_, id) => anyLine(id))))
  .map(lines => order(...lines));
const anyRules = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.boolean(), fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  })
  .map(list =>
    list.map(([rateOf, shoes, fixed], nr) =>
      rule(
        `rule-${nr}`,
        fixed ? { fixed: BigInt(rateOf % 100) } : { perCurrencyUnit: rational(BigInt(rateOf), 10_000n) },
        shoes ? { when: only('shoes') } : {},
      ),
    ),
  );
const anyRounding = fc.constantFrom<Rounding>('floor', 'half_up', 'ceiling');

test('the cells of an order sum to its exact points rounded once', () => {
  fc.assert(
    fc.property(anyOrder, anyRules, anyRounding, (given, rules, rounding) => {
      let exact = rational(0n, 1n);
      for (const own of rules) {
        const lines = given.lines.filter(({ category }) => own.when === null || category === 'shoes');
        const amount = lines.reduce((sum, { amount: part }) => sum + part, 0n);
        const value =
          'fixed' in own.earn
            ? rational(lines.length > 0 ? own.earn.fixed : 0n, 1n)
            : rational(amount * own.earn.perCurrencyUnit.num, 100n * own.earn.perCurrencyUnit.den);
        exact = rational(exact.num * value.den + value.num * exact.den, exact.den * value.den);
      }
      const sum = rate(given, version(rules, rounding)).reduce((all, cell) => all + cell.points, 0n);
      assert.equal(sum, apportion([exact], rounding)[0]);
    }),
  );
});

/** A return in numbers that are taken as shares of what is left. */
const anyReturn = fc.record({
  line: fc.nat(3),
  way: fc.constantFrom('quantity', 'amount', 'rest'),
  share: fc.integer({ min: 1, max: 100 }),
});

test('any sequence of partial returns takes back exactly what the order earned, and never more on the way', () => {
  fc.assert(
    fc.property(
      anyOrder,
      anyRules,
      anyRounding,
      fc.array(anyReturn, { maxLength: 25 }),
      (given, rules, rounding, returns) => {
        const earned = rate(given, version(rules, rounding));
        const total = earned.reduce((sum, cell) => sum + cell.points, 0n);
        let state: Pick<OrderState, 'order' | 'returned'> = { order: given, returned: new Map() };
        const kept = () =>
          [...targets(state, earned).values()].reduce((sum, target) => sum + target.points, 0n);
        assert.equal(kept(), total);
        for (const { line: pick, way, share } of returns) {
          const own = given.lines[pick % given.lines.length] as Line;
          const part = (of: bigint): bigint => (of * BigInt(share)) / 100n;
          const back: ReturnLine = {
            id: own.id,
            quantity: way === 'quantity' ? Math.max(1, Number(part(BigInt(own.quantity)))) : null,
            amount: way === 'amount' ? part(own.amount) + 1n : null,
          };
          const returned = addReturn(state, [back]);
          const before = kept();
          if (!(returned instanceof Map)) {
            assert.match(returned.what, /exceeds|worthless/);
            continue;
          }
          state = { order: given, returned };
          assert.ok(kept() <= before && kept() >= 0n, 'what is kept only falls');
        }
        const rest = addReturn(state, null);
        if (rest instanceof Map) state = { order: given, returned: rest };
        assert.equal(kept(), 0n, 'nothing is left of what the order earned');
      },
    ),
  );
});

test('a return counts on from what came back before, by quantity and by amount alike', () => {
  const given = order(line('a', 1_000, { quantity: 4 }), line('b', 500));
  const state = (returned: ReadonlyMap<string, Rational>) => ({ order: given, returned });
  const half = addReturn(state(new Map()), [{ id: 'a', quantity: 2, amount: null }]) as Map<string, Rational>;
  assert.deepEqual(half.get('a'), { num: 1n, den: 2n });
  const more = addReturn(state(half), [{ id: 'a', quantity: null, amount: 250n }]) as Map<string, Rational>;
  assert.deepEqual(more.get('a'), { num: 3n, den: 4n });
  assert.deepEqual(addReturn(state(more), [{ id: 'a', quantity: 2, amount: null }]), {
    line: 'a',
    what: 'exceeds',
  });
  assert.deepEqual(addReturn(state(more), [{ id: 'a', quantity: null, amount: 251n }]), {
    line: 'a',
    what: 'exceeds',
  });
  assert.deepEqual(addReturn(state(more), [{ id: 'c', quantity: 1, amount: null }]), {
    line: 'c',
    what: 'unknown',
  });
  const all = addReturn(state(more), null) as Map<string, Rational>;
  assert.deepEqual([all.get('a'), all.get('b')], [rational(1n, 1n), rational(1n, 1n)]);
  assert.deepEqual(addReturn(state(all), null), { line: 'a', what: 'exceeds' });
  assert.deepEqual(addReturn(state(all), [{ id: 'a', quantity: null, amount: null }]), {
    line: 'a',
    what: 'exceeds',
  });
});

test('the same line twice in one return counts twice', () => {
  const given = order(line('a', 1_000, { quantity: 4 }));
  const twice = [1, 2].map(quantity => ({ id: 'a', quantity, amount: null }));
  const returned = addReturn({ order: given, returned: new Map() }, twice) as Map<string, Rational>;
  assert.deepEqual(returned.get('a'), { num: 3n, den: 4n });
  assert.deepEqual(addReturn({ order: given, returned: new Map() }, [...twice, ...twice]), {
    line: 'a',
    what: 'exceeds',
  });
});
