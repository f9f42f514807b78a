import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_DOCUMENT } from './document.ts';
import type { Mistake } from './mistake.ts';
import { checkDocument, type Setting } from './mistakes.ts';

const SETTING: Setting = { name: 'shop', units: [], clock: null };

const valid = {
  program: 'shop',
  currency: 'USD',
  currencies: {
    EUR: { rate: '1.08' },
    JPY: [
      { from: '2026-01-01T00:00:00Z', rate: '0.0065' },
      { from: '2025-01-01T00:00:00+01:00', rate: '0.0067' },
    ],
  },
  time_zone: 'America/New_York',
  enrolment: 'explicit',
  units: {
    points: { redeemable: true, worth: '0.01' },
    nights: { redeemable: false, qualifying: true },
  },
  rounding: 'half_up',
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1.5' },
      expires: { after: 'P12M' },
    },
    {
      id: 'hotel',
      on: 'order',
      when: { kind: ['hotel'], category: ['room'], sku: ['A'], channel: ['app'], partner: ['p'] },
      earn: { unit: 'nights', fixed: '1' },
      pending: { for: 'P14D' },
    },
  ],
  returns: { if_spent: 'allow_negative' },
  clock: { test: '2026-01-01T00:00:00Z' },
};

const mistakes = (document: unknown, setting: Partial<Setting> = {}): Mistake[] => {
  const checked = checkDocument(document, { ...SETTING, ...setting });
  if (checked.ok) return [];
  assert.equal(checked.refusal.code, 'program_invalid');
  return checked.refusal.errors ?? [];
};

type Json = Record<string, unknown>;

/** The valid document with the value at a path replaced, or left out where it is undefined. */
function changed(path: (string | number)[], value: unknown): Json {
  const document = structuredClone(valid) as Json;
  let place = document;
  for (const step of path.slice(0, -1)) place = place[step] as Json;
  const last = path.at(-1) as string;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return document;
}

test('a document with every setting, and one with only what is required, are accepted as written', () => {
  for (const document of [valid, { currency: 'USD', units: { points: {} } }]) {
    const checked = checkDocument(document, SETTING);
    assert.ok(checked.ok, JSON.stringify(checked));
    assert.deepEqual(checked.value, document);
  }
});

const MISTAKES: [
  name: string,
  path: (string | number)[],
  value: unknown,
  pointer: string,
  message: RegExp,
][] = [
  ['no currency', ['currency'], undefined, '/currency', /"currency" is missing/],
  ['a currency as a number', ['currency'], 840, '/currency', /in quotes, for example "USD"/],
  ['a currency in lower case', ['currency'], 'usd', '/currency', /three capital letters/],
  ['a currency that does not exist', ['currency'], 'ABC', '/currency', /not a currency of ISO 4217/],
  ['gold', ['currency'], 'XAU', '/currency', /not a currency of ISO 4217/],
  ['an unknown other currency', ['currencies', 'ABC'], { rate: '1' }, '/currencies/ABC', /not a currency/],
  ['a malformed other currency', ['currencies', 'Euro'], { rate: '1' }, '/currencies/Euro', /three capital/],
  [
    "a rate for the program's own currency",
    ['currencies', 'USD'],
    { rate: '1' },
    '/currencies/USD',
    /own currency/,
  ],
  ['a rate as a number', ['currencies', 'EUR', 'rate'], 1.08, '/currencies/EUR/rate', /as text in quotes/],
  ['a negative rate', ['currencies', 'EUR', 'rate'], '-1', '/currencies/EUR/rate', /not negative/],
  ['a rate of 0', ['currencies', 'EUR', 'rate'], '0.000', '/currencies/EUR/rate', /more than 0/],
  ['a decimal comma', ['currencies', 'EUR', 'rate'], '1,08', '/currencies/EUR/rate', /a point for decimals/],
  [
    'a rate that is only text',
    ['currencies', 'EUR'],
    '1.08',
    '/currencies/EUR',
    /\{ "rate": "1.08" \}, or a list/,
  ],
  ['an empty list of rates', ['currencies', 'JPY'], [], '/currencies/JPY', /at least one rate/],
  [
    'a dated rate without date',
    ['currencies', 'JPY', 0, 'from'],
    undefined,
    '/currencies/JPY/0/from',
    /missing/,
  ],
  [
    'two rates from one instant',
    ['currencies', 'JPY', 1, 'from'],
    '2026-01-01T01:00:00+01:00',
    '/currencies/JPY/1/from',
    /Rate 1 of JPY begins at the same instant/,
  ],
  [
    'a zero among dated rates',
    ['currencies', 'JPY', 1, 'rate'],
    '0',
    '/currencies/JPY/1/rate',
    /more than 0/,
  ],
  [
    'a date without time',
    ['currencies', 'JPY', 0, 'from'],
    '2026-01-01',
    '/currencies/JPY/0/from',
    /an instant with date, time and zone/,
  ],
  [
    'a day that does not exist',
    ['currencies', 'JPY', 0, 'from'],
    '2026-02-30T00:00:00Z',
    '/currencies/JPY/0/from',
    /an instant/,
  ],
  [
    'the year 0',
    ['currencies', 'JPY', 0, 'from'],
    '0000-01-01T00:00:00Z',
    '/currencies/JPY/0/from',
    /1900 to 9799/,
  ],
  ['the year 9999', ['clock', 'test'], '9999-01-01T00:00:00Z', '/clock/test', /1900 to 9799/],
  [
    'a time zone that does not exist',
    ['time_zone'],
    'Europe/Pari',
    '/time_zone',
    /"Europe\/Pari" is not a time zone/,
  ],
  ['an offset as a time zone', ['time_zone'], '+01:00', '/time_zone', /IANA/],
  ['another way to enrol', ['enrolment'], 'auto', '/enrolment', /"automatic" or "explicit"/],
  ['no units', ['units'], undefined, '/units', /"units" is missing/],
  ['an empty object of units', ['units'], {}, '/units', /at least one unit/],
  ['a list of units', ['units'], ['points'], '/units', /an object/],
  ['a unit with a capital letter', ['units', 'Points'], {}, '/units/Points', /lower-case letters/],
  [
    'an unknown setting of a unit',
    ['units', 'points', 'color'],
    'red',
    '/units/points/color',
    /no such setting here. Known are "redeemable", "qualifying", "worth"/,
  ],
  ['"yes" for true', ['units', 'points', 'redeemable'], 'yes', '/units/points/redeemable', /true or false/],
  [
    'worth of what cannot be spent',
    ['units', 'nights', 'worth'],
    '1',
    '/units/nights/worth',
    /cannot spend "nights"/,
  ],
  ['a negative worth', ['units', 'points', 'worth'], '-0.01', '/units/points/worth', /not negative/],
  ['an unknown rounding', ['rounding'], 'round', '/rounding', /"floor", "half_up" or "ceiling"/],
  ['rules that are no list', ['earning'], {}, '/earning', /a list of earning rules/],
  [
    'a rule without id',
    ['earning', 0, 'id'],
    undefined,
    '/earning/0/id',
    /"id" is missing. Give the rule an id/,
  ],
  ['a rule id with a blank', ['earning', 0, 'id'], 'my rule', '/earning/0/id', /lower-case letters/],
  ['two rules with one id', ['earning', 1, 'id'], 'base', '/earning/1/id', /Rule 1 has the id "base" too/],
  ['a rule on what is not known', ['earning', 0, 'on'], 'visit', '/earning/0/on', /Write "order"/],
  [
    'an unknown condition',
    ['earning', 1, 'when', 'color'],
    ['red'],
    '/earning/1/when/color',
    /Known are "category", "sku"/,
  ],
  [
    'a condition that is no list',
    ['earning', 1, 'when', 'kind'],
    'hotel',
    '/earning/1/when/kind',
    /a list of texts/,
  ],
  [
    'an empty condition',
    ['earning', 1, 'when', 'kind'],
    [],
    '/earning/1/when/kind',
    /leave the condition out/,
  ],
  ['a number in a condition', ['earning', 1, 'when', 'sku'], [5], '/earning/1/when/sku/0', /text in quotes/],
  [
    'NUL in a condition',
    ['earning', 1, 'when', 'sku'],
    ['a\0b'],
    '/earning/1/when/sku/0',
    /without line breaks/,
  ],
  [
    'half of a surrogate pair',
    ['earning', 1, 'when', 'sku'],
    ['\ud800'],
    '/earning/1/when/sku/0',
    /1 to 200/,
  ],
  [
    'a unit that is not there',
    ['earning', 0, 'earn', 'unit'],
    'poinst',
    '/earning/0/earn/unit',
    /no unit "poinst". Its units are points, nights/,
  ],
  [
    'a unit named as a property of every object',
    ['earning', 0, 'earn', 'unit'],
    'constructor',
    '/earning/0/earn/unit',
    /no unit "constructor"/,
  ],
  [
    'nothing that is earned',
    ['earning', 0, 'earn'],
    { unit: 'points' },
    '/earning/0/earn',
    /"per_currency_unit": "1".*or.*"fixed": "50"/,
  ],
  [
    'both ways of earning',
    ['earning', 0, 'earn'],
    { unit: 'points', fixed: '1', per_currency_unit: '1' },
    '/earning/0/earn',
    /Say what is earned/,
  ],
  [
    'a negative rate of points',
    ['earning', 0, 'earn', 'per_currency_unit'],
    '-1',
    '/earning/0/earn/per_currency_unit',
    /not negative/,
  ],
  [
    'points as a number',
    ['earning', 0, 'earn', 'per_currency_unit'],
    2,
    '/earning/0/earn/per_currency_unit',
    /as text in quotes/,
  ],
  [
    'fractional fixed points',
    ['earning', 1, 'earn', 'fixed'],
    '0.5',
    '/earning/1/earn/fixed',
    /a whole number/,
  ],
  ['negative fixed points', ['earning', 1, 'earn', 'fixed'], '-5', '/earning/1/earn/fixed', /not negative/],
  [
    'an expiry that is no duration',
    ['earning', 0, 'expires', 'after'],
    '12 months',
    '/earning/0/expires/after',
    /"P12M" \(12 months\)/,
  ],
  [
    'an expiry of nothing',
    ['earning', 0, 'expires', 'after'],
    'P0D',
    '/earning/0/expires/after',
    /more than zero/,
  ],
  [
    'an expiry in 101 years',
    ['earning', 0, 'expires', 'after'],
    'P101Y',
    '/earning/0/expires/after',
    /at most 100 years/,
  ],
  [
    'a malformed waiting time',
    ['earning', 1, 'pending', 'for'],
    'PDT',
    '/earning/1/pending/for',
    /Write "P12M"/,
  ],
  ['an unknown policy', ['returns', 'if_spent'], 'forgive', '/returns/if_spent', /"clamp_to_zero"/],
  ['an unknown clock', ['clock'], 'sundial', '/clock', /Write "wall", or/],
  ['an unknown setting', ['levels'], [], '/levels', /no such setting here/],
  ['a setting whose name needs escapes', ['a/b~c'], 1, '/a~1b~0c', /no such setting/],
  ['another program', ['program'], 'other', '/program', /for the program "other", the address for "shop"/],
];

for (const [name, path, value, pointer, message] of MISTAKES)
  test(`refused with its place and a sentence: ${name}`, () => {
    const found = mistakes(changed(path, value));
    assert.deepEqual(
      found.map(mistake => mistake.pointer),
      [pointer],
      JSON.stringify(found),
    );
    assert.match(found[0]?.message ?? '', message);
  });

test('what is no document at all is refused', () => {
  for (const input of [undefined, null, 1, 'text', [], [valid], true]) {
    const found = mistakes(input);
    assert.deepEqual(
      found.map(mistake => mistake.pointer),
      [''],
      JSON.stringify(input),
    );
    assert.match(found[0]?.message ?? '', /A program is an object/);
  }
});

test('several mistakes are reported together, at most 50', () => {
  const document = changed(['earning', 0, 'earn', 'unit'], 'x');
  document.time_zone = 'Nowhere';
  assert.deepEqual(
    mistakes(document).map(mistake => mistake.pointer),
    ['/time_zone', '/earning/0/earn/unit'],
  );
  const rules = Array.from({ length: 100 }, () => ({
    id: 'X',
    on: 'order',
    earn: { unit: 'points', fixed: '1' },
  }));
  assert.equal(mistakes({ ...valid, earning: rules }).length, 50);
});

test('what is too much is refused: units, rules, values of a condition, the document', () => {
  const units = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`u${index}`, {}]));
  assert.match(mistakes({ ...valid, earning: [], units })[0]?.message ?? '', /at most 16 units/);
  const rule = (index: number) => ({ id: `r${index}`, on: 'order', earn: { unit: 'points', fixed: '1' } });
  assert.deepEqual(
    mistakes({ ...valid, earning: Array.from({ length: 200 }, (_, index) => rule(index)) }),
    [],
  );
  const tooMany = Array.from({ length: 201 }, (_, index) => rule(index));
  assert.match(mistakes({ ...valid, earning: tooMany })[0]?.message ?? '', /at most 200/);
  const values = Array.from({ length: 1_001 }, (_, index) => `c${index}`);
  assert.match(mistakes(changed(['earning', 1, 'when', 'sku'], values))[0]?.message ?? '', /at most 1000/);
  assert.match(mistakes({ text: 'x'.repeat(MAX_DOCUMENT) })[0]?.message ?? '', /characters of JSON/);
});

test('a unit of an earlier version must stay', () => {
  assert.deepEqual(mistakes(valid, { units: ['points', 'nights'] }), []);
  const found = mistakes(valid, { units: ['points', 'miles'] });
  assert.deepEqual(
    found.map(mistake => mistake.pointer),
    ['/units'],
  );
  assert.match(found[0]?.message ?? '', /The unit "miles" of an earlier version is missing/);
});

test('the kind of clock stays: it may be repeated or left out, not changed', () => {
  const without = changed(['clock'], undefined);
  const wall = changed(['clock'], 'wall');
  assert.deepEqual(mistakes(valid, { clock: 'test' }), []);
  assert.deepEqual(mistakes(without, { clock: 'test' }), []);
  assert.deepEqual(mistakes(wall, { clock: 'wall' }), []);
  assert.deepEqual(mistakes(without, { clock: 'wall' }), []);
  assert.match(
    mistakes(wall, { clock: 'test' })[0]?.message ?? '',
    /made with a test clock, which cannot become a wall/,
  );
  assert.match(
    mistakes(valid, { clock: 'wall' })[0]?.message ?? '',
    /made with a wall clock, which cannot become a test/,
  );
});
