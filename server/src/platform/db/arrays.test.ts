import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { testDatabase } from '../../../test/support/database.ts';
import { booleans, instants, jsons, numbers, texts } from './arrays.ts';
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
const asJson = statement(
  'test_json',
  'select u from unnest(string_to_array($1::text, chr(30), chr(31))) with ordinality as t(u, n) order by n',
);

const readBack = async (query: typeof asTexts, literal: string): Promise<unknown[]> =>
  (await pool.run(query, [literal])).map(([value]) => value);
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

test('JSON texts come back as they were, whatever stands in their strings', async () => {
  const json = fc
    .oneof(hostile, fc.dictionary(hostile, hostile, { maxKeys: 3 }))
    .map(value => JSON.stringify(value));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(json), { minLength: 1, maxLength: 8 }), async values => {
      assert.deepEqual(await readBack(asJson, jsons(values)), values);
    }),
    runs,
  );
});
