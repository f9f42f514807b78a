import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { escapePointer, MAX_DEPTH, parseJson } from './json.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const faultOf = (text: string | Buffer) => {
  const parsed = parseJson(Buffer.from(text));
  assert.equal(parsed.ok, false, `taken: ${String(text).slice(0, 80)}`);
  return parsed.ok ? assert.fail() : parsed.fault;
};
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test('what JSON.parse takes is taken as it is, unless it holds one of the refused things', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8, noUnicodeString: false }), text => {
      const parsed = parse(text);
      if (text.includes('__proto__') || text.includes('\\u0000') || !text.isWellFormed()) return;
      assert.deepEqual(parsed, { ok: true, value: JSON.parse(text) });
    }),
  );
});

test('brackets, colons and quotes inside strings count for nothing', () => {
  const value = { 'a:{[': '}]:"\\', b: ['\\"{', '[[[['.repeat(20)], '': ':' };
  assert.deepEqual(parse(JSON.stringify(value)), { ok: true, value });
});

test('an empty body is no value', () => {
  assert.deepEqual(parse(''), { ok: true, value: undefined });
});

test(`nesting is taken to ${MAX_DEPTH} levels and refused beyond, however deep, without reading it`, () => {
  assert.equal(parse(nested(MAX_DEPTH)).ok, true);
  for (const levels of [MAX_DEPTH + 1, 100_000]) {
    assert.match(faultOf(nested(levels)).detail, /nested deeper than 32/);
    assert.match(faultOf('{"a":'.repeat(levels)).detail, /nested deeper than 32/);
  }
});

test('the property __proto__ is refused, however it is spelled, and named', () => {
  for (const name of ['__proto__', '\\u005f_proto__', '__pr\\u006fto__']) {
    const fault = faultOf(`{"lines":[{"a":1},{"${name}":{"admin":true}}]}`);
    assert.deepEqual(fault.errors, [
      { pointer: '/lines/1/__proto__', message: 'is not a name that can be used' },
    ]);
  }
  assert.equal(parse('{"name":"__proto__"}').ok, true, 'as a value it does no harm');
});

test('a property that is given twice is refused and named, also when it is spelled differently', () => {
  assert.deepEqual(faultOf('{"a":{"x/y":1,"z":[{}],"x/y":2}}').errors, [
    { pointer: '/a/x~1y', message: 'is given twice' },
  ]);
  assert.deepEqual(faultOf('{"amount":"1","\\u0061mount":"2"}').errors, [
    { pointer: '/amount', message: 'is given twice' },
  ]);
  assert.equal(
    parse('[{"a":1},{"a":2},{"b":{"a":3},"a":4}]').ok,
    true,
    'in different objects it is given once',
  );
});

test('NUL and lone surrogates are refused with their place, in values and in names', () => {
  const cases: [string, string, RegExp][] = [
    ['{"lines":[{"id":"a\\u0000b"}]}', '/lines/0/id', /NUL/],
    ['{"a":{"b\\u0000":1}}', '/a/b\0', /NUL/],
    ['["ok","\\ud800"]', '/1', /surrogate/],
    ['{"a":"\\uDFFF"}', '/a', /surrogate/],
    ['{"a":"\\ude00\\ud83d"}', '/a', /surrogate/],
    ['"\\ud83dx"', '', /surrogate/],
  ];
  for (const [text, pointer, message] of cases) {
    const [error] = faultOf(text).errors ?? [];
    assert.equal(error?.pointer, pointer, text);
    assert.match(error?.message ?? '', message);
  }
});

test('escapes that only look like NUL or surrogates are taken', () => {
  assert.deepEqual(parse('{"a":"\\\\u0000","b":"\\ud83d\\ude00","c":"\\\\ud800"}'), {
    ok: true,
    value: { a: '\\u0000', b: '😀', c: '\\ud800' },
  });
});

test('bytes that are not UTF-8 are refused', () => {
  const invalid = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];
  for (const bytes of invalid) {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    assert.match(faultOf(body).detail, /UTF-8/);
  }
});

test('what is not JSON is refused with the position of the mistake, and is not quoted', () => {
  const cases: [string, number][] = [
    ['{"a":secret}', 5],
    ['{"a":1', 6],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{a:1}', 1],
    ['{"a":1}}', 7],
    ['{"a":1]', 6],
    ['"unterminated', 0],
    ['{"a":01}', 6],
    ['{"a":"tab\there"}', 5],
    ['nul', 0],
    ['{"a":"\\x"}', 5],
    [' \n {"a":\n  -}', 11],
    [',', 0],
    ['{"a"}', 4],
  ];
  for (const [text, position] of cases) {
    const { detail } = faultOf(text);
    assert.match(detail, new RegExp(`position ${position}\\)`), text);
    assert.doesNotMatch(detail, /secret/);
  }
  assert.match(faultOf('{\n  "a": x\n}').detail, /line 2, column 8/);
});

test('the position of a mistake is where a valid document was damaged, or where it can first be seen', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), (text, at) => {
      const cut = at % text.length;
      const damaged = `${text.slice(0, cut)}\u0001${text.slice(cut)}`;
      const found = /position ([0-9]+)/.exec(faultOf(damaged).detail);
      assert.ok(Number(found?.[1]) <= cut, `${found?.[1]} is behind ${cut}`);
    }),
  );
});

test('pointers are escaped as RFC 6901 says', () => {
  assert.equal(escapePointer('a/b~c'), 'a~1b~0c');
  assert.equal(escapePointer(3), '3');
});
