import assert from 'node:assert/strict';
import test from 'node:test';
import { currencyCodes, minorUnitExponent } from './currency.ts';

test('a currency has the decimals of ISO 4217, which are not those of display', () => {
  const expected = { USD: 2, EUR: 2, JPY: 0, KWD: 3, HUF: 2, IQD: 3, ISK: 0, CLF: 4, UYW: 4, XOF: 0, VND: 0 };
  for (const [code, exponent] of Object.entries(expected))
    assert.equal(minorUnitExponent(code), exponent, code);
});

test('what is not paid with is no currency: unknown codes, lower case, metals, names of object properties', () => {
  for (const code of ['ABC', 'usd', '', 'XAU', 'XXX', 'constructor', '__proto__'])
    assert.equal(minorUnitExponent(code), undefined, code);
});

test('the table is complete, in order and well formed', () => {
  const codes = currencyCodes();
  assert.equal(codes.length, 165 + 6);
  assert.deepEqual(codes, [...codes].sort());
  for (const code of codes) {
    assert.match(code, /^[A-Z]{3}$/);
    assert.ok([0, 2, 3, 4].includes(minorUnitExponent(code) ?? -1), code);
  }
});
