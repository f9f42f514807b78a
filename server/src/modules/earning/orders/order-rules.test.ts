import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compileDraft, type Program, type ProgramVersion } from '../../program/index.ts';
import { type Fault, type Order, rate } from '../model.ts';
import { noteFaultsOfRules, rulesFor } from './order-rules.ts';

const NONE = {
  name: 'shop',
  clock: { kind: 'wall' },
  versions: [{ version: 0, units: new Map(), publishedAt: 0 }],
};

function faultsOfRules(order: Order, version: ProgramVersion): Fault[] {
  const faults: Fault[] = [];
  noteFaultsOfRules(order, version, faults);
  return faults;
}

function version(earning: object[]): ProgramVersion {
  const document = { currency: 'USD', time_zone: 'Europe/Paris', units: { points: {} }, earning };
  const drafted = compileDraft(NONE as unknown as Program, document);
  assert.ok(drafted.ok, 'the document is refused');
  return drafted.value;
}

const rule = (id: string, fixed: number, more: object = {}) => ({
  id,
  on: 'order',
  earn: { unit: 'points', fixed: String(fixed) },
  ...more,
});

const order = (amount: number, more: Partial<Order> = {}): Order => ({
  externalId: 'o',
  source: 'api',
  revision: 1,
  occurredAt: Date.UTC(2026, 2, 2, 10, 59),
  currency: 'USD',
  kind: null,
  channel: null,
  partner: null,
  lines: [{ id: '1', sku: null, category: null, quantity: 2, amount: BigInt(amount) }],
  attributes: null,
  ...more,
});

test('a rule gives its points to the orders that meet its condition, and each is rated as without the others', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300), { maxLength: 5 }),
      fc.nat(300),
      fc.constantFrom(null, 'app', 'web'),
      (thresholds, amount, channel) => {
        const bought = order(amount, { channel });
        const of = (index: number, more?: object) => rule(`r${index}`, index + 1, more);
        const conditional = version(
          thresholds.map((from, index) =>
            of(index, { if: `order.total >= ${from} && order.channel != 'web'` }),
          ),
        );
        const met = thresholds.flatMap((from, index) =>
          amount >= from && channel !== 'web' ? of(index) : [],
        );
        const told = (own: ProgramVersion) =>
          rate(bought, own).map(({ line, rule: { ref }, points }) => [line, ref, points]);
        assert.deepEqual(told(conditional), told(version(met)));
        assert.deepEqual(faultsOfRules(bought, conditional), []);
      },
    ),
  );
});

test('a condition beside "when" is asked only of orders that match it, and one without answer gives nothing', () => {
  const rules = version([
    rule('nights', 30, { when: { kind: ['hotel'] }, if: 'order.attributes.nights >= 3' }),
    rule('morning', 1, { if: `time.hour < 12 && time.weekday == 'monday'` }),
  ]);
  const given = (more: Partial<Order>) => rulesFor(order(100, more), rules).map(({ id }) => id);
  const faults = (more: Partial<Order>) => faultsOfRules(order(100, more), rules);
  assert.deepEqual(given({}), ['morning']);
  assert.deepEqual(faults({}), []);
  // 12:00 in Paris.
  assert.deepEqual(given({ occurredAt: Date.UTC(2026, 2, 2, 11) }), []);
  assert.deepEqual(given({ kind: 'hotel', attributes: { nights: 3 } }), ['nights', 'morning']);
  assert.deepEqual(given({ kind: 'hotel', attributes: { nights: 2 } }), ['morning']);
  assert.deepEqual(given({ kind: 'hotel' }), ['morning']);
  assert.deepEqual(faults({ kind: 'hotel' }), [
    { ref: 'nights@1', reason: 'order.attributes.nights is missing.' },
  ]);
  assert.deepEqual(faults({ kind: 'hotel', attributes: { nights: 'three' } }), [
    { ref: 'nights@1', reason: 'order.attributes.nights is not a number.' },
  ]);
});

test('a program without conditions asks nothing of the lines of an order', () => {
  const bought = order(100);
  Object.defineProperty(bought, 'lines', { get: () => assert.fail('asked for the lines') });
  const plain = version([rule('base', 5), rule('app', 1, { when: { channel: ['app'] } })]);
  assert.deepEqual(
    rulesFor(bought, plain).map(({ id }) => id),
    ['base'],
  );
  assert.deepEqual(faultsOfRules(bought, plain), []);
});
