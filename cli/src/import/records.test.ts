import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type Splitter, splitOnBlanks, splitOnDelimiter } from './records.ts';

interface Seen {
  records: string[][];
  texts: string[];
  broken: string[];
}

/** Feeds a text in pieces that end at line ends, as the file reader does. */
function split(splitter: Splitter, pieces: readonly string[]): Seen {
  const seen: Seen = { records: [], texts: [], broken: [] };
  const taker = {
    record(fields: readonly string[], text: string) {
      seen.records.push([...fields]);
      seen.texts.push(text);
    },
    broken(_code: string, _detail: string, text: string) {
      seen.broken.push(text);
    },
  };
  for (const [index, piece] of pieces.entries()) splitter(piece, index === pieces.length - 1, taker);
  return seen;
}

/** Cuts a text after some of its line ends. */
const cutAtLines = (text: string, choice: (line: number) => boolean): string[] => {
  const pieces = [''];
  for (const [index, line] of text.split(/(?<=\n)/).entries()) {
    pieces[pieces.length - 1] += line;
    if (choice(index)) pieces.push('');
  }
  return pieces;
};

const quoteIfNeeded = (field: string, always: boolean): string =>
  always || /[",;\t\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;

const field = fc.oneof(
  fc.stringMatching(/^[a-z0-9 .é😀-]{0,8}$/u),
  fc
    .array(fc.constantFrom('a', '"', ',', ';', '\t', '\n', '\r\n', ' '), { maxLength: 6 })
    .map(parts => parts.join('')),
);
const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 12 });

test('any rows written as csv are read back the same, wherever the pieces end', () => {
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom(',', ';', '\t'),
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      fc.infiniteStream(fc.boolean()),
      (written, delimiter, always, end, cuts) => {
        // A field of blanks alone at both places makes a line of blanks, which is no row.
        const filled = written.map(row => ['x', ...row]);
        const text = filled
          .map(row => row.map(each => quoteIfNeeded(each, always)).join(delimiter) + end)
          .join('');
        const seen = split(
          splitOnDelimiter(delimiter),
          cutAtLines(text, () => cuts.next().value ?? false),
        );
        assert.deepEqual(seen.records, filled);
        assert.deepEqual(seen.broken, []);
      },
    ),
    { numRuns: 500 },
  );
});

test('well-formed csv is read as csv-parse reads it', () => {
  fc.assert(
    fc.property(rows, fc.boolean(), (written, always) => {
      const filled = written.map(row => ['x', ...row]);
      const text = filled.map(row => row.map(each => quoteIfNeeded(each, always)).join(',')).join('\n');
      const expected = parse(text, { record_delimiter: '\n', relax_column_count: true });
      assert.deepEqual(split(splitOnDelimiter(','), [text]).records, expected);
    }),
    { numRuns: 300 },
  );
});

test('rows divided by blanks are read back the same, with blanks before and behind', () => {
  const word = fc.stringMatching(/^[!-~é]{1,8}$/);
  const blanks = fc.stringMatching(/^[ \t]{1,3}$/);
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 5 }), { maxLength: 12 }),
      blanks,
      fc.constantFrom('\n', '\r\n'),
      (written, blank, end) => {
        const text = written.map(row => blank + row.join(blank) + blank + end).join('');
        assert.deepEqual(split(splitOnBlanks, [text]).records, written);
      },
    ),
  );
});

test('a quote that never closes spoils its own line only', () => {
  const text = 'a,"b,1\nc,d,2\n"e","f",3\n';
  const seen = split(splitOnDelimiter(','), [text]);
  assert.deepEqual(seen.broken, ['a,"b,1']);
  assert.deepEqual(seen.records, [
    ['c', 'd', '2'],
    ['e', 'f', '3'],
  ]);
  assert.deepEqual(split(splitOnDelimiter(','), ['a,b\n', 'c,"d\n', 'e,f\n']).broken, ['c,"d']);
});

test('a quote inside a field that did not begin with one is an ordinary character', () => {
  assert.deepEqual(split(splitOnDelimiter(','), ['5" nail,2\n"6"" nail",3\n']).records, [
    ['5" nail', '2'],
    ['6" nail', '3'],
  ]);
  assert.deepEqual(split(splitOnDelimiter(','), ['"a"b,2\nc,3\n']).broken, ['"a"b,2']);
});

test('empty lines are no rows, and a record keeps its original text', () => {
  const seen = split(splitOnDelimiter(','), ['\n\r\n  \na,"b\nc"\r\n\n', 'd,e\r\n']);
  assert.deepEqual(seen.texts, ['a,"b\nc"', 'd,e']);
  assert.deepEqual(split(splitOnBlanks, ['\n \n a b\r\n']).texts, [' a b']);
});
