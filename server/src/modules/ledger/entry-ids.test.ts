import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { entryId, parseEntryId } from './entry-ids.ts';

const place = fc.record(
  { wallet: fc.maxSafeNat(), seq: fc.integer({ min: 1, max: 2 ** 31 - 1 }) },
  { noNullPrototype: true },
);

test('an entry’s id reads back as its wallet and number', () => {
  fc.assert(fc.property(place, own => assert.deepEqual(parseEntryId(entryId(own.wallet, own.seq)), own)));
});

test('ids of a wallet sort as its entries do', () => {
  fc.assert(
    fc.property(place, place, ({ wallet, seq: a }, { seq: b }) => {
      const [first, second] = [entryId(wallet, a), entryId(wallet, b)];
      assert.equal(first < second, a < b);
      assert.equal(first === second, a === b);
    }),
  );
});

test('what is no entry’s id is read as none', () => {
  const id = entryId(64, 7);
  for (const text of [
    '',
    'ent_',
    id.slice(1),
    id.slice(0, -1),
    `${id}0`,
    id.replace('ent', 'ord'),
    id.toUpperCase(),
    id.replace(/.$/, 'u'),
  ])
    assert.equal(parseEntryId(text), undefined, text);
  // The highest digits are beyond what a number counts exactly, or beyond an entry's number.
  assert.equal(parseEntryId(`ent_7zzzzzzzzzzzz0000001`), undefined);
  assert.equal(parseEntryId(`${id.slice(0, 17)}zzzzzzz`), undefined);
  fc.assert(fc.property(fc.string(), text => assert.equal(parseEntryId(text), undefined)));
});
