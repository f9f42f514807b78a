import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { exponentOf, toMinorUnits } from './currencies.ts';

test('a decimal becomes minor units exactly', () => {
  const cases: [text: string, exponent: number, minor: string][] = [
    ['11.77', 2, '1177'],
    ['77.00', 2, '7700'],
    ['12', 2, '1200'],
    ['0.00', 2, '0'],
    ['0', 0, '0'],
    ['000012.50', 2, '1250'],
    ['.5', 2, '50'],
    ['1.5', 3, '1500'],
    ['1500', 0, '1500'],
    ['1500.000', 0, '1500'],
    ['11.7700', 2, '1177'],
    ['92233720368547758.07', 2, '9223372036854775807'],
  ];
  for (const [text, exponent, minor] of cases) assert.equal(toMinorUnits(text, exponent), minor, text);
});

test('what is not a plain decimal of the currency is a flaw with a code', () => {
  const cases: [text: string, exponent: number, code: string][] = [
    ['', 2, 'amount_missing'],
    ['-5.00', 2, 'amount_negative'],
    ['11.777', 2, 'amount_too_precise'],
    ['1.5', 0, 'amount_too_precise'],
    ['92233720368547758.08', 2, 'amount_too_large'],
    ...['1,234.50', '$5', '5.', '.', '1.2.3', '1e3', '+5', '٣', 'NaN', '1 000', '0x10'].map(
      (text): [string, number, string] => [text, 2, 'amount_invalid'],
    ),
  ];
  for (const [text, exponent, code] of cases) {
    const flaw = toMinorUnits(text, exponent);
    assert.equal(typeof flaw === 'string' ? flaw : flaw.code, code, text);
  }
});

test('any amount written as a decimal is read back the same', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      fc.integer({ min: 0, max: 4 }),
      (minor, exponent) => {
        const digits = String(minor).padStart(exponent + 1, '0');
        const cut = digits.length - exponent;
        const text = exponent === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
        assert.equal(toMinorUnits(text, exponent), String(minor));
      },
    ),
  );
});

test('the table of currencies is the one of the engine', () => {
  const file = new URL('../../../server/src/platform/iso4217.json', import.meta.url);
  const table = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  for (const [code, exponent] of Object.entries(table)) assert.equal(exponentOf(code), exponent, code);
  assert.equal(exponentOf('XXX'), undefined);
});
