import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { wireId } from '../ids.ts';
import { MAX_AMOUNT } from '../money.ts';
import { decodeCursor, decodeIdCursor, decodeIdsCursor, encodeCursor, encodeIdCursor } from './cursors.ts';
import * as schemas from './schemas.ts';

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
const refusesAll = (schema: z.ZodType, values: unknown[]) => {
  for (const value of values) assert.equal(takes(schema, value), false, `taken: ${JSON.stringify(value)}`);
};
const NEVER_STRINGS = [undefined, null, 1, 1.5, true, [], {}, ['1']];

test('amounts are read exactly, from 0 to 2^63-1', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, MAX_AMOUNT), value => {
      assert.equal(schemas.amount.parse(String(value)), value);
    }),
  );
  assert.equal(schemas.amount.parse(String(MAX_AMOUNT)), MAX_AMOUNT);
});

test('amounts beyond 2^63-1, below 0 and in any other spelling are refused', () => {
  refusesAll(schemas.amount, [
    ...NEVER_STRINGS,
    ...['', '01', '00', '-0', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '1\n', '0x1', '١', '1_000', '1,000'],
    String(MAX_AMOUNT + 1n),
    '9'.repeat(19),
    '9'.repeat(10_000),
  ]);
  assert.equal(takes(schemas.positiveAmount, '0'), false);
  assert.equal(schemas.positiveAmount.parse('1'), 1n);
});

test('signed amounts are read exactly; minus zero and plus are refused', () => {
  fc.assert(
    fc.property(fc.bigInt(-MAX_AMOUNT, MAX_AMOUNT), value => {
      assert.equal(schemas.signedAmount.parse(String(value)), value);
    }),
  );
  refusesAll(schemas.signedAmount, [
    '-0',
    '+1',
    '--1',
    '-',
    '-01',
    String(-MAX_AMOUNT - 1n),
    String(MAX_AMOUNT + 1n),
  ]);
});

test('any string is either an amount that reads back the same, or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.e ]{0,25}$/)), text => {
      const result = schemas.signedAmount.safeParse(text);
      if (result.success) assert.equal(String(result.data), text);
    }),
  );
});

const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

test('every instant of the years 1 to 9999 reads back, whatever its offset', () => {
  const offset = fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 });
  fc.assert(
    fc.property(fc.integer({ min: FIRST + 86_400_000, max: LAST - 86_400_000 }), offset, (at, minutes) => {
      assert.equal(schemas.parseInstant(schemas.formatInstant(at)), at);
      const sign = minutes < 0 ? '-' : '+';
      const size = Math.abs(minutes);
      const two = (value: number) => String(value).padStart(2, '0');
      const local = new Date(at + minutes * 60_000).toISOString().slice(0, -1);
      assert.equal(
        schemas.parseInstant(`${local}${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`),
        at,
      );
    }),
  );
});

test('an instant is read as Date.parse reads it, wherever both take it', () => {
  const part = (most: number) =>
    fc.integer({ min: 0, max: most }).map(value => String(value).padStart(2, '0'));
  const year = fc.integer({ min: 0, max: 9999 }).map(value => String(value).padStart(4, '0'));
  fc.assert(
    fc.property(
      year,
      part(13),
      part(32),
      part(25),
      part(61),
      part(61),
      (y, month, day, hour, minute, second) => {
        const text = `${y}-${month}-${day}T${hour}:${minute}:${second}Z`;
        const at = schemas.parseInstant(text);
        const date = new Date(text);
        const real =
          !Number.isNaN(date.getTime()) &&
          date.toISOString().slice(0, 10) === text.slice(0, 10) &&
          y !== '0000';
        assert.equal(at, real && hour !== '24' ? date.getTime() : undefined, text);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('digits beyond milliseconds are cut off, not rounded', () => {
  const cases: [string, number][] = [
    ['2026-11-21T10:00:00.1Z', 100],
    ['2026-11-21T10:00:00.12Z', 120],
    ['2026-11-21T10:00:00.1239999Z', 123],
    ['2026-11-21T10:00:00.999999999999Z', 999],
    ['2026-11-21t10:00:00.5z', 500],
    ['2026-11-21T12:30:00.25+02:30', 250],
    ['1969-12-31T23:59:59.9999Z', 999],
  ];
  for (const [text, milliseconds] of cases)
    assert.equal((((schemas.parseInstant(text) ?? Number.NaN) % 1000) + 1000) % 1000, milliseconds, text);
});

test('what is not a date and time with offset is refused', () => {
  refusesAll(schemas.instant, [
    ...NEVER_STRINGS,
    ...['', '2026-11-21', '2026-11-21T10:00:00', '2026-11-21 10:00:00Z', '2026-11-21T10:00Z', '21.11.2026'],
    ...['2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z'],
    ...['1900-02-29T00:00:00Z', '2026-11-21T24:00:00Z', '2026-11-21T10:00:60Z', '2026-11-21T10:00:00+24:00'],
    ...['2026-11-21T10:00:00.Z', '+002026-11-21T10:00:00Z', '2026-11-21T10:00:00ZZ', '٢٠٢٦-11-21T10:00:00Z'],
    ...['0000-12-31T00:00:00Z', '0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01'],
  ]);
  assert.equal(takes(schemas.instant, '2000-02-29T00:00:00Z'), true);
});

test('names are printable texts of 1 to 200 characters, counted as people count them', () => {
  const printable = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter(text => !/\p{Cc}/u.test(text));
  fc.assert(fc.property(printable, text => takes(schemas.externalId, text)));
  assert.equal(takes(schemas.externalId, '😀'.repeat(200)), true);
  refusesAll(schemas.externalId, [
    '',
    'x'.repeat(201),
    '😀'.repeat(201),
    'a\nb',
    'a\0',
    'a\x7f',
    'a\x85b',
    ...NEVER_STRINGS,
  ]);
});

test('sources, programs and currencies keep to their alphabet', () => {
  for (const good of ['shop', 'a', '0', 'web.shop_1-x', 'a'.repeat(64)])
    assert.ok(takes(schemas.sourceName, good));
  refusesAll(schemas.sourceName, ['', '-a', '.a', 'A', 'a b', 'a'.repeat(65), 'ä', 'a\n', '*']);
  for (const good of ['travel', '1st', 'a-b', 'a'.repeat(63)]) assert.ok(takes(schemas.programName, good));
  refusesAll(schemas.programName, ['', '-a', 'a_b', 'a.b', 'Travel', 'a'.repeat(64), 'a\n']);
  assert.ok(takes(schemas.currency, 'EUR'));
  refusesAll(schemas.currency, ['', 'eur', 'EU', 'EURO', 'EUR\n', 'ÉUR']);
});

test('a reference is an id of ours or ext: and one of the caller', () => {
  const member = schemas.reference('mem');
  fc.assert(
    fc.property(fc.bigInt(0n, MAX_AMOUNT), id => assert.deepEqual(member.parse(wireId('mem', id)), { id })),
  );
  assert.deepEqual(member.parse('ext:mem_1:ext:'), { externalId: 'mem_1:ext:' });
  refusesAll(member, [
    'ext:',
    `ext:${'x'.repeat(201)}`,
    '42',
    'mem_',
    'ord_0000000000001',
    'mem_zzzzzzzzzzzzz',
    'MEM_0000000000001',
  ]);
});

test('a page has 1 to 1,000 rows, 100 when nothing is said', () => {
  assert.deepEqual(schemas.pageQuery.parse({}), { limit: 100 });
  assert.equal(schemas.limit.parse('1000'), 1000);
  refusesAll(schemas.limit, ['0', '1001', '-1', '1.5', '', '01', 'ten', ['1', '2'], 10]);
});

test('a cursor gives back what it holds, and anything else is no cursor', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(
        text.filter(each => !each.includes('\0')),
        { maxLength: 4 },
      ),
      parts => {
        const cursor = encodeCursor(...parts);
        assert.deepEqual(decodeCursor(cursor, parts.length), parts);
        assert.equal(decodeCursor(cursor, parts.length + 1), undefined);
      },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), text => {
      const parts = decodeCursor(text, 2);
      assert.ok(parts === undefined || parts.length === 2);
    }),
  );
  assert.equal(decodeIdCursor(encodeIdCursor(MAX_AMOUNT)), MAX_AMOUNT);
  for (const wrong of ['-1', '1.5', '', 'x', String(MAX_AMOUNT + 1n)])
    assert.equal(decodeIdCursor(encodeCursor(wrong)), undefined);
  assert.deepEqual(decodeIdsCursor(encodeCursor('0', String(MAX_AMOUNT)), 2), [0n, MAX_AMOUNT]);
  assert.equal(decodeIdsCursor(encodeCursor(String(MAX_AMOUNT + 1n), '0'), 2), undefined);
  assert.equal(decodeIdsCursor(encodeCursor('0'), 2), undefined);
  assert.equal(decodeCursor(encodeCursor('a\0b'), 1), undefined);
});

test('the JSON Schema of each part takes what the part takes', () => {
  const parts = {
    amount: '1299',
    signedAmount: '-5',
    positiveAmount: '1',
    externalId: 'Ä 1',
    sourceName: 'shop',
  } as const;
  for (const [name, example] of Object.entries(parts)) {
    const json = z.toJSONSchema(schemas[name as keyof typeof parts], { io: 'input' });
    assert.equal(json.type, 'string');
    assert.match(example, new RegExp(String(json.pattern), 'u'), name);
    for (const shown of json.examples ?? [])
      assert.ok(takes(schemas[name as keyof typeof parts], shown), name);
  }
});
