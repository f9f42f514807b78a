import { grouped } from '../output.ts';

/**
 * Decimal places of the currencies in ISO 4217 as published on 2026-01-01, with the codes withdrawn since 2018,
 * because orders of earlier years are imported too. A table rather than `Intl`, because the same file must give the
 * same amounts whatever the data of the Node that reads it; a test keeps it equal to the engine's.
 */
const CODES_BY_EXPONENT: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
      CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
      GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
      MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
      PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
      TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_EXPONENT).flatMap(([exponent, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, Number(exponent)]),
  ),
);

/** Decimal places of a currency's minor unit: 2 for USD, 0 for JPY, 3 for KWD; undefined for an unknown code. */
export function exponentOf(currency: string): number | undefined {
  return EXPONENTS.get(currency);
}

/** What is wrong with a value of a row: a stable code for programs and a sentence for people. */
export interface Flaw {
  code: string;
  detail: string;
}

const MAX_AMOUNT = 2n ** 63n - 1n;
const ZERO = 48;
const NINE = 57;
const DOT = 46;
const MINUS = 45;

/**
 * Turns a plain decimal such as `11.77` into a whole number of minor units (`1177` for two decimal places).
 * Exact: nothing is rounded, so more decimal places than the currency has are a flaw, unless they are zeros.
 * Written as one walk over the characters because it runs once for every row of a file.
 */
export function toMinorUnits(text: string, exponent: number): string | Flaw {
  const length = text.length;
  if (length === 0) return { code: 'amount_missing', detail: 'the row has no amount' };
  if (text.charCodeAt(0) === MINUS) {
    return {
      code: 'amount_negative',
      detail: `${text} is below 0; send what came back as a return of its order`,
    };
  }
  let dot = -1;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c >= ZERO && c <= NINE) continue;
    if (c !== DOT || dot !== -1) return notAnAmount(text);
    dot = i;
  }
  if (dot === length - 1) return notAnAmount(text);
  let whole = dot === -1 ? text : text.slice(0, dot);
  let fraction = dot === -1 ? '' : text.slice(dot + 1);
  while (fraction.length > exponent && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  if (fraction.length > exponent) {
    const places = exponent === 1 ? '1 decimal place' : `${exponent} decimal places`;
    return { code: 'amount_too_precise', detail: `${text} has more than the currency's ${places}` };
  }
  while (fraction.length < exponent) fraction += '0';
  whole += fraction;
  let zeros = 0;
  while (zeros < whole.length - 1 && whole.charCodeAt(zeros) === ZERO) zeros++;
  const digits = zeros === 0 ? whole : whole.slice(zeros);
  if (digits.length > 18 && BigInt(digits) > MAX_AMOUNT) {
    return {
      code: 'amount_too_large',
      detail: `${text} is more than the largest amount, 2^63 - 1 minor units`,
    };
  }
  return digits;
}

function notAnAmount(text: string): Flaw {
  return {
    code: 'amount_invalid',
    detail: `${text} is not a plain decimal number (digits, and a point before the decimals)`,
  };
}

/** `-1177` cents as `-11.77 USD`. */
export function amountText(minor: string, currency: string): string {
  const decimals = exponentOf(currency) ?? 0;
  const digits = minor.replace('-', '').padStart(decimals + 1, '0');
  const whole = grouped(digits.slice(0, digits.length - decimals));
  const sign = minor.startsWith('-') ? '-' : '';
  return `${sign}${decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`} ${currency}`;
}
