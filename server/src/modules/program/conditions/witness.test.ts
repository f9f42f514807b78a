import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { golden, inputWith, witnessed } from '../../../../test/support/conditions.ts';
import { compileCondition } from './compile.ts';
import type { Attribute, ConditionInput } from './variables.ts';

/*
 * Conditions that nobody thought of, held against another engine for CEL.
 */

const RUNS = 3_000;
/** Overflows when doubled, yet nothing makes -(2n ** 63n) of it, whose opposite the other engine gets wrong. */
const LARGE = 3n * 2n ** 61n;

const word = fc.constantFrom('', 'a', 'b', 'ab', 'app', 'hotel', 'é');
const smallNumber = fc.integer({ min: -3, max: 3 });
const money = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  fc.constant(LARGE),
);
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  smallNumber,
  fc.constantFrom(0.5, 1.5, -2.25, 1e300, 2 ** 60),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.constant(LARGE),
  fc.boolean(),
  word,
);
const attributes = fc.dictionary(fc.constantFrom('n', 'd', 's', 'toString', '__proto__'), attribute);

const input: fc.Arbitrary<ConditionInput> = fc.record({
  order: fc.record({
    external_id: word,
    kind: word,
    channel: word,
    partner: word,
    currency: word,
    total: money,
    quantity: smallNumber,
    lines: fc.array(fc.record({ sku: word, category: word, quantity: smallNumber, amount: money }), {
      maxLength: 3,
    }),
    attributes,
  }),
  member: fc.record({
    external_id: word,
    enrolled_days: smallNumber,
    country: word,
    attributes,
    segments: fc.array(word, { maxLength: 3 }),
    orders: smallNumber,
    spend: money,
    last_order_days: smallNumber,
  }),
  tier: word,
  time: fc.record({
    year: smallNumber,
    month: smallNumber,
    day: smallNumber,
    hour: smallNumber,
    minute: smallNumber,
    weekday: fc.constantFrom('monday', 'sunday'),
  }),
});

const join = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map(part => (typeof part === 'string' ? fc.constant(part) : part)))
    .map(texts => texts.join(''));

/** Conditions over the lines too where `line` stands for one. */
const conditions = (line: boolean) =>
  fc.letrec<{ bool: string; int: string; text: string; any: string }>(tie => ({
    any: fc.constantFrom(
      'order.attributes.n',
      'order.attributes.s',
      'member.attributes.d',
      "order.attributes['n']",
    ),
    text: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('order.kind', 'order.channel', 'member.country', 'tier') },
      { weight: 2, arbitrary: word.map(text => `'${text}'`) },
      { weight: line ? 4 : 0, arbitrary: fc.constantFrom('l.sku', 'l.category') },
    ),
    int: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('order.total', 'order.quantity', 'time.hour', 'size(order.lines)', '1', '2', '-1'),
      line ? fc.constantFrom('l.amount', 'l.quantity') : fc.constant('size(order.kind)'),
      join('(', tie('int'), fc.constantFrom(' + ', ' - ', ' * '), tie('int'), ')'),
      join('(', tie('any'), fc.constantFrom(' + ', ' - ', ' * '), tie('int'), ')'),
      join('-(', tie('int'), ')'),
      join('(', tie('bool'), ' ? ', tie('int'), ' : ', tie('int'), ')'),
    ),
    bool: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        'true',
        'false',
        'has(order.attributes.n)',
        "'vip' in member.segments",
        "'n' in order.attributes",
      ),
      join(tie('int'), fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= '), tie('int')),
      join(tie('text'), fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= '), tie('text')),
      join(
        tie('any'),
        fc.constantFrom(' == ', ' != ', ' < ', ' >= '),
        fc.oneof(tie('any'), tie('text'), tie('int')),
      ),
      join(tie('any'), fc.constantFrom(' == ', ' > '), fc.constantFrom('0.5', '2.0')),
      join(fc.oneof(tie('text'), tie('any')), fc.constantFrom(" in ['a', 'hotel']", " in ['']")),
      join(fc.oneof(tie('int'), tie('any')), fc.constantFrom(' in [1, -2]', ' in []')),
      join(tie('any'), fc.constantFrom(' in [0.5, 2.0]', ".startsWith('a')", ' == true')),
      join(tie('text'), fc.constantFrom(".contains('p')", ".endsWith('')", ".startsWith('a')")),
      join('(', tie('bool'), fc.constantFrom(' && ', ' || '), fc.oneof(tie('bool'), tie('any')), ')'),
      join('(', fc.oneof(tie('bool'), tie('any')), fc.constantFrom(' && ', ' || '), tie('bool'), ')'),
      join('!(', tie('bool'), ')'),
      join('(', tie('bool'), ' ? ', tie('bool'), ' : ', tie('bool'), ')'),
    ),
  })).bool;

const condition = fc.oneof(
  conditions(false),
  join(conditions(false), fc.constantFrom(' && ', ' || '), conditions(false), ' || ', conditions(false)),
  join('order.lines.', fc.constantFrom('exists', 'all', 'exists_one'), '(l, ', conditions(true), ')'),
);

test('what is accepted comes to what another engine for CEL says, twice the same, and never throws', () => {
  let accepted = 0;
  const seen = { true: 0, false: 0, fault: 0 };
  fc.assert(
    fc.property(condition, input, (text, given) => {
      const compiled = compileCondition(text);
      if (!compiled.ok) return assert.match(compiled.message, /can become larger|at most|cannot be compared/);
      accepted++;
      const held = compiled.condition.holds(given);
      assert.deepEqual(compiled.condition.holds(given), held);
      const answer = typeof held === 'boolean' ? held : 'fault';
      seen[`${answer}`]++;
      assert.equal(answer, witnessed(text, given), text);
    }),
    { numRuns: RUNS },
  );
  assert.ok(accepted > RUNS / 2, `only ${accepted} accepted`);
  for (const [answer, times] of Object.entries(seen))
    assert.ok(times > RUNS / 50, `${answer} came ${times} times`);
});

test('any text is accepted or refused with a place in it, and what is accepted never throws', () => {
  const texts = [...golden.vectors, ...golden.refused].map(({ condition: text }) => text);
  const piece = fc.oneof(
    fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      ' && ',
      ' || ',
      '!',
      '-',
      '.',
      "'",
      ',',
      '?',
      ':',
      '=',
      '/',
      '1e9',
      'u',
      '0x',
    ),
    fc.constantFrom('order', 'l', 'has(', '.exists(', 'null', 'in', '.__proto__', '[0]', '{', '//', '\\'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const broken = fc
    .tuple(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.nat(60), fc.nat(60), piece)
    .map(([a, b, from, to, inserted]) => a.slice(0, from) + inserted + b.slice(to));
  fc.assert(
    fc.property(fc.oneof(broken, fc.string({ unit: 'binary' })), input, (text, given) => {
      const compiled = compileCondition(text);
      if (!compiled.ok) {
        assert.ok(compiled.message.length > 10);
        return assert.ok(compiled.at >= 0 && compiled.at <= text.length);
      }
      const held = compiled.condition.holds(given);
      assert.deepEqual(compiled.condition.holds(given), held);
      assert.ok(typeof held === 'boolean' || held.at <= text.length);
    }),
    { numRuns: RUNS },
  );
});

test('no order of any size makes a condition throw or run long', () => {
  const lines = Array.from({ length: 500 }, (_, i) => ({
    sku: `${i}`,
    category: 'a'.repeat(100),
    quantity: 1,
    amount: 1n,
  }));
  const slow = Array.from(
    { length: 20 },
    (_, i) => `order.lines.all(l, !l.category.contains('${'a'.repeat(40)}b${i}'))`,
  );
  const compiled = compileCondition(slow.join('&&'));
  assert.ok(compiled.ok);
  const base = inputWith({});
  assert.equal(compiled.condition.holds({ ...base, order: { ...base.order, lines } }), true);
});
