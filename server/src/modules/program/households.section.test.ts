import assert from 'node:assert/strict';
import test from 'node:test';
import { compileHouseholds } from './households.section.ts';
import { checkDocument } from './mistakes.ts';

test('where nothing is said points come by hand, stay when a member leaves, and there are ten members at most', () => {
  assert.equal(compileHouseholds(undefined, 1), null);
  const plain = { ref: 'households@2', automatic: false, givesBack: false, most: 10 };
  assert.deepEqual(compileHouseholds({}, 2), plain);
  assert.deepEqual(compileHouseholds({ contribute: 'by_hand', on_leave: 'keep' }, 2), plain);
  assert.deepEqual(
    compileHouseholds({ contribute: 'automatic', on_leave: 'give_back', maximum_members: 3 }, 7),
    { ref: 'households@7', automatic: true, givesBack: true, most: 3 },
  );
});

const CASES: [said: unknown, pointer: string, message: RegExp][] = [
  ['yes', '', /an object/],
  [{ contribute: 'always' }, '/contribute', /"by_hand" or "automatic"/],
  [{ on_leave: 'split' }, '/on_leave', /"keep" or "give_back"/],
  [{ maximum_members: 1 }, '/maximum_members', /at least 2/],
  [{ maximum_members: 101 }, '/maximum_members', /at most 100/],
  [{ maximum_members: '6' }, '/maximum_members', /whole number/],
  [{ members: 6 }, '/members', /no such setting here/],
];
for (const [said, pointer, message] of CASES)
  test(`${JSON.stringify(said)} is a mistake at ${pointer || 'the section'}`, () => {
    const document = { currency: 'USD', units: { points: {} }, households: said };
    const checked = checkDocument(document, { name: 'shop', units: [], clock: null });
    const found = checked.ok ? [] : (checked.refusal.errors ?? []);
    assert.deepEqual(
      found.map(each => each.pointer),
      [`/households${pointer}`],
    );
    assert.match(found[0]?.message ?? '', message);
  });
