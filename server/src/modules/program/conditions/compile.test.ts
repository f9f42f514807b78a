import assert from 'node:assert/strict';
import test from 'node:test';
import { HOTEL, inputWith } from '../../../../test/support/conditions.ts';
import { compileCondition, MAX_DEPTH, MAX_STEPS } from './compile.ts';

const TIERS = ['bronze', 'gold'];

/** The sentence and what stands at its place. */
function refusal(text: string): [message: string, from: string] {
  const compiled = compileCondition(text, TIERS);
  assert.ok(!compiled.ok, `accepted: ${text}`);
  assert.ok(compiled.at >= 0 && compiled.at <= text.length);
  return [compiled.message, text.slice(compiled.at)];
}

const REFUSED: [name: string, text: string, from: string, message: RegExp][] = [
  // Names
  [
    'a slip in a field',
    `order.chanel == 'app'`,
    'order.chanel ==',
    /^There is no "order.chanel". Did you mean "order.channel"\?$/,
  ],
  [
    'a slip later on',
    `tier == 'gold' && order.chanel == 'app'`,
    'order.chanel ==',
    /Did you mean "order.channel"/,
  ],
  ['a slip in a variable', `ordr.total > 1`, 'ordr', /Did you mean "order.total"/],
  ['a field without its owner', `channel == 'app'`, 'channel', /Did you mean "order.channel"/],
  ['a field of another owner', `order.country == 'NL'`, 'order.country', /Did you mean "member.country"/],
  ['an attribute as a field', `order.nights > 3`, 'order.nights', /order\.attributes\.nights/],
  [
    'a name that nothing resembles',
    `weather == 'rain'`,
    'weather',
    /There is no "weather"\. Conditions know order, member, tier, time\./,
  ],
  ['a name of JavaScript', `constructor == 'x'`, 'constructor', /There is no "constructor"/],
  ['a prototype', `order.__proto__ == 'x'`, 'order', /There is no "order.__proto__"/],
  ['a slip in a line', `order.lines.exists(l, l.catgory == 'x')`, 'l.catgory', /Did you mean "l.category"/],
  [
    'a line outside of its list',
    `order.lines.exists(l, true) && l.sku == 'x'`,
    'l.sku',
    /There is no "l.sku"/,
  ],
  ['a group', `order == 'x'`, 'order', /"order" is not a value by itself\. Write one of order\.external_id/],
  [
    'a line as a value',
    `order.lines.exists(l, l == 'x')`,
    `l ==`,
    /"l" is not a value by itself\. Write one of l\.sku/,
  ],
  [
    'a field of a list',
    `order.lines.sku == 'x'`,
    'order.lines.sku',
    /order\.lines is a list\. Write for example order\.lines\.exists/,
  ],
  ['a field of a number', `order.total.cents == 1`, 'order.total.cents', /"order.total" has nothing inside/],
  ['a place in a list', `order.lines[0].sku == 'x'`, '0]', /In brackets stands the name of an attribute/],
  [
    'a field in brackets',
    `order['total'] > 1`,
    `order[`,
    /Brackets are for the names of attributes\. Write order\.total\./,
  ],
  [
    'a function of JavaScript',
    `order.kind.constructor('x') == 1`,
    'constructor',
    /There is no function "constructor"/,
  ],
  ['another one', `toString(order) == ''`, 'toString', /There is no function "toString"/],
  ['an attribute of an attribute', `order.attributes.a.b == 1`, 'order.attributes.a.b', /nothing inside/],
  // Types
  [
    'decimals beside money',
    'order.total >= 50.00',
    '50.00',
    /order\.total is in minor units \(50\.00 dollars are 5000\)/,
  ],
  [
    'decimals beside a count',
    'member.enrolled_days > 1.5',
    '1.5',
    /is a whole number\. Compare it with a number without decimals/,
  ],
  [
    'text beside a number',
    `order.total == '5000'`,
    'order.total',
    /order\.total \(a whole number\) cannot be compared with '5000' \(text\)/,
  ],
  [
    'a number beside text',
    `order.kind > 3`,
    'order.kind',
    /order\.kind \(text\) cannot be compared with 3 \(a whole number\)/,
  ],
  ['true and false in order', 'true < (order.total > 5)', 'true', /compares numbers and texts/],
  ['a list as a value', `order.lines == 'x'`, 'order.lines', /order\.lines is a list/],
  ['a list of texts as a value', `member.segments == 'vip'`, 'member.segments', /"vip" in member\.segments/],
  ['all attributes as a value', `order.attributes == 'x'`, 'order.attributes', /Name the attribute/],
  ['a list literal as a value', `['a'] == ['a']`, `['a'] ==`, /only to the right of "in"/],
  [
    'a day of the week in capitals',
    `time.weekday == 'Friday'`,
    `'Friday'`,
    /never "Friday"\. Did you mean "friday"\?/,
  ],
  [
    'a day of the week in a list',
    `time.weekday in ['saturday', 'sundey']`,
    `'sundey'`,
    /Did you mean "sunday"/,
  ],
  ['a day on the left', `'freitag' != time.weekday`, `'freitag'`, /time\.weekday is never "freitag"\./],
  ['an unknown tier', `tier == 'godl'`, `'godl'`, /tier is never "godl"\. Did you mean "gold"\?/],
  [
    'a tier that nothing resembles',
    `tier in ['gold', 'platinum']`,
    `'platinum'`,
    /It can be "bronze", "gold"\./,
  ],
  ['null', 'order.kind == null', 'null', /Nothing is null/],
  ['an unsigned number', 'order.total > 5u', '5u', /without a letter/],
  ['bytes', `order.kind == b'x'`, `b'x'`, /without a letter/],
  [
    'a number that is too large',
    'order.total < 9223372036854775808',
    '9223372036854775808',
    /A whole number lies between/,
  ],
  ['a number that is too small', 'order.total > -9223372036854775809', '-9', /A whole number lies between/],
  [
    'a hexadecimal number that is too large',
    'order.total > 0xffffffffffffffff',
    '0xff',
    /A whole number lies between/,
  ],
  // What is not true or false
  ['a text', 'order.kind', 'order.kind', /A condition is true or false\. Compare this/],
  ['a number', '1', '1', /A condition is true or false/],
  [
    'an attribute',
    'order.attributes.vip',
    'order',
    /Compare the attribute with something: order\.attributes\.vip == true/,
  ],
  ['a choice of texts', `tier == 'gold' ? 'a' : 'b'`, 'tier', /true or false/],
  ['a text beside &&', `order.kind && true`, 'order.kind', /on both sides of &&/],
  ['a number behind !', `!order.total`, 'order.total', /after !/],
  ['a number before ?', `order.total ? true : false`, 'order.total', /before \?/],
  ['a text in a list', `order.lines.exists(l, l.sku)`, 'l.sku', /in the parentheses/],
  [
    'a choice of two types',
    `(tier == 'gold' ? 1 : 'b') == 1`,
    `1 : 'b'`,
    /Both values of \? : have one type/,
  ],
  // What could fail or run long
  [
    'division',
    'order.total / order.quantity > 5',
    '/ order',
    /could divide by zero\. Multiply the other side/,
  ],
  ['the rest of a division', 'order.total % 2 == 0', '% 2', /could divide by zero/],
  ['a regular expression', `order.kind.matches('(a+)+$')`, 'matches', /Regular expressions \(matches\)/],
  ['a regular expression as a function', `matches(order.kind, 'a')`, 'matches', /Regular expressions/],
  ['map', `size(order.lines.map(l, l.sku)) > 1`, 'map', /map is not part of conditions/],
  ['filter', `order.lines.filter(l, true).size() > 1`, 'filter', /filter is not part of conditions/],
  [
    'lists inside lists',
    `order.lines.exists(a, order.lines.exists(b, a.sku == b.sku))`,
    'order.lines.exists(b',
    /cannot stand inside/,
  ],
  [
    'a product that may be too large',
    'order.total * order.total > 1',
    'order.total *',
    /can become larger than 9223372036854775807/,
  ],
  [
    'a sum that may be too large',
    'order.total + 9223372036854775807 > 1',
    'order.total +',
    /can become larger/,
  ],
  [
    'a difference that may be too large',
    '(order.total - order.total) * 92000 > 1',
    'order.total -',
    /can become larger/,
  ],
  [
    'a choice that may be too large',
    `(tier == 'gold' ? order.total : 1) * order.total > 1`,
    'tier ==',
    /can become larger/,
  ],
  [
    'many products',
    'order.attributes.a * 9 * 9 * 9 * 9 * 9 * 9 * 9 * 9 * 9 > 1',
    'order.attributes',
    /can become larger/,
  ],
  // Calculation
  [
    'decimals in a sum',
    'order.total + 1.5 > 2',
    '1.5',
    /\+ calculates with whole numbers, and 1\.5 is a number with decimals/,
  ],
  ['texts in a sum', `order.kind + 'x' == 'y'`, 'order.kind', /is text/],
  ['two attributes in a sum', 'order.attributes.a + order.attributes.b > 1', 'order', /both are attributes/],
  ['the minus of a text', `-order.kind == 1`, '-order', /turns the sign of a whole number/],
  ['the minus of an attribute', `-order.attributes.a == 1`, '-order', /turns the sign/],
  // Functions
  [
    'a slip in a function',
    `order.kind.startswith('x')`,
    'startswith',
    /no function "startswith"\. Did you mean "startsWith"/,
  ],
  ['an unknown function', `int(order.kind) == 1`, 'int', /no function "int"\. Conditions know size, has/],
  ['a function of CEL', `timestamp('2026-01-01T00:00:00Z') == 1`, 'timestamp', /no function "timestamp"/],
  ['a namespace of CEL', `cel.bind(x, 1, x > 0)`, 'bind', /no function "bind"/],
  ['a type of CEL', `order.kind == string`, 'string', /There is no "string"/],
  ['has without attribute', 'has(order.kind)', 'order.kind', /has asks whether an attribute is there/],
  [
    'has with brackets',
    `has(order.attributes['room type'])`,
    'order',
    /Write "room type" in order\.attributes\./,
  ],
  ['has of a value', 'has(1)', '1', /has asks whether/],
  ['has of nothing', 'has()', 'has', /with one attribute/],
  ['has as a method', 'order.attributes.nights.has()', 'order', /with one attribute/],
  ['the size of a number', 'size(order.total) > 1', 'order.total', /size counts texts and lists/],
  ['the size of nothing', 'size() > 1', 'size', /one thing to count/],
  ['the size of two', 'size(order.kind, order.kind) > 1', 'size', /one thing to count/],
  ['startsWith of a number', `order.total.startsWith('5')`, 'order.total', /looks into texts/],
  ['startsWith with a number', `order.kind.startsWith(5)`, '5)', /looks into texts/],
  ['contains without text', `order.kind.contains()`, 'order.kind', /with one text/],
  ['contains as a function', `contains(order.kind, 'x')`, 'contains', /with one text/],
  [
    'exists of a literal',
    `['a'].exists(x, x == 'a')`,
    `['a']`,
    /goes through order\.lines or member\.segments/,
  ],
  ['exists of a text', `order.kind.exists(x, x == 'a')`, 'order.kind', /goes through order\.lines/],
  ['exists without a name', `order.lines.exists(1, true)`, '1, true', /Name the line first/],
  ['exists without condition', 'order.lines.exists(l)', 'order', /Write order\.lines\.exists\(line/],
  [
    'exists with the name of a variable',
    `order.lines.exists(order, true)`,
    'order, true',
    /"order" is a variable already/,
  ],
  // in
  ['in a text', `order.kind in 'hotel'`, `'hotel'`, /To the right of "in" stands a list/],
  ['in a variable that is no list', `'x' in order.kind`, 'order.kind', /order\.kind is text/],
  ['in the lines', `'x' in order.lines`, 'order.lines', /look into the lines/],
  ['in an attribute', `'x' in order.attributes.tags`, 'order', /stands a list/],
  ['a number in texts', `order.total in ['a']`, `'a'`, /order\.total is a whole number, and this is text/],
  ['a number in segments', `1 in member.segments`, '1', /holds texts/],
  ['an attribute in segments', `order.attributes.a in member.segments`, 'order.attributes', /holds texts/],
  ['a mixed list', `order.kind in ['a', 1]`, '1]', /all texts, or all whole numbers/],
  ['variables in a list', `'app' in [order.channel, 'web']`, 'order.channel', /as they are/],
  ['a sum in a list', `order.quantity in [1 + 1]`, '1 + 1', /as they are/],
  // Form
  ['nothing', '', '', /Something is missing/],
  ['spaces', '   ', '', /Something is missing/],
  ['half a comparison', 'order.total >', '', /Something is missing at the end/],
  ['one equals sign', 'order.total = 5', '= 5', /Write == to compare/],
  ['and', `order.total > 5 and tier == 'gold'`, 'and', /Write && for "and"/],
  ['or', `order.total > 5 OR tier == 'gold'`, 'OR', /Write \|\| for "or"/],
  ['not', `not (tier == 'gold')`, 'not', /Write ! for "not"/],
  ['not in', `tier not in ['gold']`, 'not in', /for "not in"/],
  ['one &', `order.total > 5 & true`, '&', /Write && for "and"/],
  ['=>', 'order.total => 5', '=>', /Write <= or >=/],
  ['<>', `order.kind <> 'x'`, '>', /Write != for "not equal"/],
  ['curly quotes', 'order.kind == “hotel”', '“', /straight quotes/],
  ['an open text', `order.kind == 'hotel`, `'hotel`, /no closing quote/],
  ['an open parenthesis', `(order.total > 5`, '', /closing parenthesis/],
  ['an open list', `order.kind in ['a', 'b'`, '', /closing bracket/],
  ['a parenthesis too many', `order.total > 5)`, ')', /"\)" does not belong here/],
  ['two conditions', `order.total > 5 tier == 'gold'`, 'tier', /"tier" does not belong here/],
  ['an operator of another language', 'order.total === 5', '= 5', /Write == to compare/],
  ['a half choice', `tier == 'gold' ? true`, '', /with a colon/],
  ['a map', `{'a': 1} == {'a': 1}`, '{', /Braces/],
  ['an optional value', `order.?kind == 'x'`, '?kind', /Optional values/],
  ['a word of CEL', `if == 1`, 'if', /"if" is a word of CEL/],
  ['a wrong escape', `order.kind == '\\q'`, '\\q', /backslash/],
  ['a point too many', 'order.kind. == 1', '== 1', /A name is missing after the point/],
  ['a strange number', 'order.total > 0x', '0x', /not a number/],
];

for (const [name, text, from, message] of REFUSED)
  test(`refused with its place: ${name}`, () => {
    const [sentence, rest] = refusal(text);
    assert.match(sentence, message);
    assert.match(sentence, /^["A-Za-z<>=!?:+*/%&|-].*[.?)"']$/s);
    assert.ok(rest.startsWith(from) && (from !== '' || rest.trim() === ''), `at "${rest}"`);
  });

test('the bounds: characters, depth and steps are accepted up to, and refused beyond', () => {
  const accepted = (text: string) => {
    const compiled = compileCondition(text);
    assert.ok(compiled.ok, `${compiled.ok ? '' : compiled.message}: ${text.slice(0, 60)}`);
    return compiled.condition.holds(HOTEL);
  };
  const padded = (length: number) => `order.kind != '${'x'.repeat(length - "order.kind != ''".length)}'`;
  assert.equal(accepted(padded(2_000)), true);
  assert.match(refusal(padded(2_001))[0], /at most 2000 characters/);

  assert.equal(accepted(`${'!'.repeat(MAX_DEPTH - 1)}true`), false);
  assert.match(refusal(`${'!'.repeat(MAX_DEPTH)}true`)[0], /nested at most 20 deep/);
  assert.equal(accepted(`${'('.repeat(90)}true${')'.repeat(90)}`), true);
  for (const deep of ['('.repeat(900), '!'.repeat(1_990), '-'.repeat(1_990), '['.repeat(1_990)])
    assert.match(refusal(`${deep}true`)[0], /nested/);

  const chain = (clauses: number) => Array.from({ length: clauses }, () => 'time.day > 0').join('&&');
  assert.equal(accepted(chain(66)), true);
  // Three steps a clause, one for the chain, and one for each !.
  assert.equal(accepted(`${chain(65)}&&!(time.day < 0)`), true);
  assert.match(refusal(`${chain(65)}&&!!(time.day > 0)`)[0], new RegExp(`at most ${MAX_STEPS} values`));
  assert.equal(accepted(`order.quantity in [${Array.from({ length: 400 }, (_, i) => i).join(',')}]`), true);
});

test('a condition tells what it reads', () => {
  const cases: [text: string, reads: string[]][] = [
    ['true', []],
    ['order.total > 5', ['order']],
    [`'a' in order.attributes`, ['order']],
    ['size(order.lines) > 1', ['lines']],
    [`order.lines.exists(l, l.sku == 'a')`, ['lines']],
    [`order.lines.exists(l, l.category == order.kind)`, ['lines', 'order']],
    [`member.country == 'NL'`, ['member']],
    [`has(member.attributes.a)`, ['member']],
    [`'vip' in member.segments`, ['member', 'segments']],
    ['member.orders == 0 || member.spend > 5 || member.last_order_days > 5', ['history']],
    [`tier == 'gold' || time.hour < 12`, ['tier', 'time']],
  ];
  for (const [text, reads] of cases) {
    const compiled = compileCondition(text);
    assert.ok(compiled.ok);
    assert.deepEqual([...compiled.condition.reads].sort(), reads, text);
  }
});

test('only what a condition comes to is asked of its input', () => {
  const lines = () => assert.fail('asked for the lines');
  const lazy = inputWith({});
  Object.defineProperty(lazy.order, 'lines', { get: lines });
  Object.defineProperty(lazy, 'member', { get: lines });
  const compiled = compileCondition(
    `order.kind == 'flight' && order.lines.exists(l, l.sku == member.country)`,
  );
  assert.ok(compiled.ok);
  assert.equal(compiled.condition.holds(lazy), false);
});

test('without the names of the tiers, any tier can be compared with', () => {
  assert.ok(compileCondition(`tier == 'platinum'`).ok);
  const without = compileCondition(`tier == 'gold'`, []);
  assert.ok(!without.ok);
  assert.equal(without.message, 'This program has no tiers, so nobody is "gold".');
  assert.ok(compileCondition(`tier == ''`, []).ok);
});

test('a fault says what is wrong in which part, without values', () => {
  const cases: [text: string, code: string, reason: string, at: number][] = [
    ['true && order.attributes.stars > 3', 'missing', 'order.attributes.stars is missing.', 8],
    ['order.attributes.board > 3', 'wrong_type', 'order.attributes.board is not a number.', 0],
    [`order.attributes.nights < 'x'`, 'wrong_type', 'order.attributes.nights is not text.', 0],
    ['order.attributes.price + 1 > 0', 'wrong_type', 'order.attributes.price is not a whole number.', 0],
    ['!order.attributes.nights', 'wrong_type', 'order.attributes.nights is not true or false.', 1],
    [
      'order.attributes.big * 1000 > 0',
      'overflow',
      'order.attributes.big * 1000 needs more than 9223372036854775807.',
      0,
    ],
  ];
  const input = inputWith({ order: { attributes: { ...HOTEL.order.attributes, big: 2n ** 62n } } });
  for (const [text, code, reason, at] of cases) {
    const compiled = compileCondition(text);
    assert.ok(compiled.ok, text);
    assert.deepEqual(compiled.condition.holds(input), { code, reason, at });
  }
});
