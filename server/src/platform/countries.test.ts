import assert from 'node:assert/strict';
import test from 'node:test';
import { isCountry } from './countries.ts';

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

test('the 249 codes of ISO 3166-1 are countries, each with a name, and nothing else is', () => {
  const all = LETTERS.flatMap(first => LETTERS.map(second => first + second)).filter(isCountry);
  assert.equal(all.length, 249);
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  assert.deepEqual(
    all.filter(code => names.of(code) === undefined),
    [],
  );
  for (const code of ['UK', 'EU', 'XX', 'nl', '', 'NLD']) assert.equal(isCountry(code), false, code);
});
