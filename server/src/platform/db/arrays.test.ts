import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { testDatabase } from '../../../test/support/database.ts';
import { booleans, bytes, type Column, instants, numbers, texts } from './arrays.ts';
import { Pool, statement } from './client.ts';

const database = await testDatabase();
const pool = new Pool(database.appUrl, 'arrays', 2);
after(async () => {
  await pool.close();
  await database.close();
});

const asNumbers = statement(
  'test_numbers',
  'select u from unnest($1::bigint[]) with ordinality as t(u, n) order by n',
);
const asTexts = statement(
  'test_texts',
  'select u from unnest($1::text[]) with ordinality as t(u, n) order by n',
);
const asBooleans = statement(
  'test_booleans',
  'select u from unnest($1::boolean[]) with ordinality as t(u, n) order by n',
);
const asInstants = statement(
  'test_instants',
  'select u from unnest($1::timestamptz[]) with ordinality as t(u, n) order by n',
);
const asIntegers = statement(
  'test_integers',
  'select u from unnest($1::integer[]) with ordinality as t(u, n) order by n',
);
const asSmallints = statement(
  'test_smallints',
  'select u from unnest($1::smallint[]) with ordinality as t(u, n) order by n',
);
const asUuids = statement(
  'test_uuids',
  `select replace(u::text, '-', '') from unnest($1::uuid[]) with ordinality as t(u, n) order by n`,
);
const asBytes = statement(
  'test_bytes',
  'select u from unnest($1::bytea[]) with ordinality as t(u, n) order by n',
);
const asNumerics = statement(
  'test_numerics',
  'select u::text from unnest($1::numeric[]) with ordinality as t(u, n) order by n',
);
const asInstantTexts = statement(
  'test_instant_texts',
  'select u::text from unnest($1::timestamptz[]) with ordinality as t(u, n) order by n',
);
const undeclared = statement('test_undeclared', 'select $1');

const readBack = async (query: typeof asTexts, column: Column): Promise<unknown[]> =>
  (await pool.run(query, [column])).map(([value]) => value);
const runs = { numRuns: 60 };

/** Text of everything that stands for something in an array literal, in SQL or in JSON, and of all of Unicode but NUL. */
const hostile = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        '"',
        '\\',
        '{',
        '}',
        ',',
        "'",
        ' ',
        'null',
        'NULL',
        '\n',
        '\r',
        '\t',
        '$1',
        '--',
        ';',
        '\u001e',
        '\u001f',
        '\u00a0',
        'é',
        '🎟',
        '\u202e',
        '\u0001',
      ),
      { maxLength: 8 },
    )
    .map(parts => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map(text => text.replaceAll('\0', '')),
);

test('numbers come back as they were, to the limits of bigint', async () => {
  const value = fc.option(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 20 }), async values => {
      const expected = values.map(own => (own === null ? null : BigInt(own)));
      assert.deepEqual(await readBack(asNumbers, numbers(values)), expected);
    }),
    runs,
  );
});

test('texts come back as they were, whatever stands in them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(hostile), { maxLength: 12 }), async values => {
      assert.deepEqual(await readBack(asTexts, texts(values)), values);
    }),
    runs,
  );
});

test('no element and no text are told apart from null', async () => {
  assert.deepEqual(await readBack(asTexts, texts([])), []);
  assert.deepEqual(await readBack(asTexts, texts(['', null, 'null'])), ['', null, 'null']);
});

test('booleans and instants come back as they were', async () => {
  assert.deepEqual(await readBack(asBooleans, booleans([true, false, false])), [true, false, false]);
  const instant = fc.option(fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31) }));
  await fc.assert(
    fc.asyncProperty(fc.array(instant, { maxLength: 20 }), async values => {
      // Neighbours that are equal are written from one text.
      const twice = values.flatMap(value => [value, value]);
      assert.deepEqual(await readBack(asInstants, instants(twice)), twice);
    }),
    runs,
  );
});

test('numbers of the smaller types come back as they were, to their limits', async () => {
  for (const [query, bits] of [
    [asIntegers, 32],
    [asSmallints, 16],
  ] as const) {
    const value = fc.option(fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 20 }), async values => {
        assert.deepEqual(await readBack(query, numbers(values)), values);
      }),
      runs,
    );
  }
});

test('a number that does not fit its type is refused as PostgreSQL refuses it, never cut', async () => {
  const cases: [typeof asTexts, number | bigint][] = [
    [asNumbers, 2n ** 63n],
    [asNumbers, -(2n ** 63n) - 1n],
    [asNumbers, 2 ** 53],
    [asNumbers, 1.5],
    [asIntegers, 2 ** 31],
    [asIntegers, -(2 ** 31) - 1],
    [asIntegers, Number.NaN],
    [asSmallints, 2 ** 15],
  ];
  for (const [query, value] of cases)
    await assert.rejects(readBack(query, numbers([1, value])), { code: '22003' }, `${value}`);
});

test('UUIDs, bytes and exact numbers come back as they were', async () => {
  const uuids = ['00000000000000000000000000000000', 'ffffffffffffffffffffffffffffffff', null];
  assert.deepEqual(await readBack(asUuids, texts(uuids)), uuids);
  assert.deepEqual(await readBack(asUuids, texts(['0189aBcD-0000-7000-8000-0000000000Ff'])), [
    '0189abcd0000700080000000000000ff',
  ]);
  await assert.rejects(readBack(asUuids, texts(['0189'])), /not 32 hexadecimal digits/);
  await assert.rejects(readBack(asUuids, texts([`${'0'.repeat(31)}g`])), /not 32 hexadecimal digits/);
  const buffers = [Buffer.from([0, 255, 123, 125, 92, 34]), Buffer.alloc(0), null, Buffer.alloc(100_000, 7)];
  assert.deepEqual(await readBack(asBytes, bytes(buffers)), buffers);
  const exact = [10n ** 30n, -(10n ** 30n), 0n, null];
  assert.deepEqual(
    await readBack(asNumerics, numbers(exact)),
    exact.map(value => value?.toString() ?? null),
  );
});

test('the ends of time, and instants in microseconds beyond what a double holds, come back as they were', async () => {
  const texts = await readBack(
    asInstantTexts,
    instants([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Date.UTC(9999, 11, 31, 23, 59, 59, 999),
      -1,
    ]),
  );
  assert.deepEqual(texts, [
    '-infinity',
    'infinity',
    '9999-12-31 23:59:59.999+00',
    '1969-12-31 23:59:59.999+00',
  ]);
  await assert.rejects(readBack(asInstantTexts, instants([Number.NaN])), /not a number/);
});

test('columns larger than any before come back as they were', async () => {
  const long = Array.from({ length: 3000 }, (_, index) => `${index} é🎟 ${'x'.repeat(index % 97)}`);
  assert.deepEqual(await readBack(asTexts, texts(long)), long);
});

test('a statement that does not say what its parameter is an array of is refused', async () => {
  await assert.rejects(
    readBack(undeclared, texts(['a'])),
    /test_undeclared does not say what \$1 is an array of/,
  );
});
