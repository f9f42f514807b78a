import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mistake } from './mistake.ts';
import { checkDocument } from './mistakes.ts';

const tiers = {
  qualify_by: 'spend',
  window: { rolling: 'P12M' },
  after_return: 'lower',
  levels: [
    { id: 'bronze', from: '0' },
    { id: 'silver', from: '200.00', multiplier: '1.25' },
    { id: 'gold', from: '500', multiplier: '1000' },
    { id: 'circle', multiplier: '2' },
  ],
};
const year = { ...tiers, window: 'calendar_year', grace: 'P2M', downgrade: 'one_level' };
const levels = (...from: (string | undefined)[]) => ({
  ...tiers,
  levels: from.map((each, index) => ({ id: `level${index}`, ...(each === undefined ? {} : { from: each }) })),
});
const multiplier = (text: string) => ({
  ...tiers,
  levels: [{ id: 'bronze', from: '0', multiplier: text }],
});

function mistakes(value: unknown, more: object = {}): Mistake[] {
  const document = { currency: 'USD', units: { points: { qualifying: true } }, tiers: value, ...more };
  const checked = checkDocument(document, { name: 'shop', units: [], clock: null });
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}

test('tiers with every setting are accepted', () => {
  const good: [object, object?][] = [
    [tiers],
    [year],
    [levels('0')],
    [levels('0', '1', undefined, '1.01', undefined)],
    [levels('0.00', '0.01')],
    [{ ...levels('0', '1.001'), qualify_by: 'spend' }, { currency: 'KWD' }],
    [{ ...levels('0', '100.00'), qualify_by: 'points' }],
    [{ ...levels('0', '3'), qualify_by: 'nights', window: 'lifetime' }],
  ];
  for (const [value, more] of good) assert.deepEqual(mistakes(value, more), [], JSON.stringify(value));
});

const MISTAKES: [name: string, tiers: object, pointer: string, message: RegExp, more?: object][] = [
  [
    'a rolling window of nothing',
    { ...tiers, window: { rolling: 'P0M' } },
    '/tiers/window/rolling',
    /"P0M" is not a duration of more than zero/,
  ],
  ['a grace that is no duration', { ...year, grace: 'P1X' }, '/tiers/grace', /duration/],
  ['a grace of 101 years', { ...year, grace: 'P101Y' }, '/tiers/grace', /at most 100 years/],
  [
    'a grace in a rolling window',
    { ...tiers, grace: 'P1M' },
    '/tiers/grace',
    /"grace" follows the end of a year, but in a rolling window a member falls at the instant/,
  ],
  [
    'a downgrade over a lifetime',
    { ...tiers, window: 'lifetime', downgrade: 'one_level' },
    '/tiers/downgrade',
    /over a lifetime a member never falls/,
  ],
  ['no levels', { ...tiers, levels: [] }, '/tiers/levels', /at least one level/],
  [
    'a first level by invitation only',
    levels(undefined, '0'),
    '/tiers/levels/0',
    /first level is the one that everybody has, so it cannot be by invitation only/,
  ],
  ['a first level from 1', levels('1', '2'), '/tiers/levels/0/from', /begins at "0".*it says "1"/],
  [
    'two levels from the same sum',
    levels('0', '500', '500.00'),
    '/tiers/levels/2/from',
    /The levels overlap: "level2" begins at 500.00, but "level1" before it at 500/,
  ],
  ['two levels from 0', levels('0', '0.00'), '/tiers/levels/1/from', /overlap/],
  ['a lower level after a higher one', levels('0', '500', '200'), '/tiers/levels/2/from', /lowest first/],
  [
    'a lower level after one by invitation',
    levels('0', '500', undefined, '200'),
    '/tiers/levels/3/from',
    /"level1" before it at 500/,
  ],
  [
    'a tenth of a cent',
    levels('0', '500.001'),
    '/tiers/levels/1/from',
    /USD has 2 decimals, so "500.001" cannot be reached exactly/,
  ],
  [
    'cents of a currency that has none',
    levels('0', '500.5'),
    '/tiers/levels/1/from',
    /JPY has no decimals/,
    { currency: 'JPY' },
  ],
  [
    'half an order',
    { ...levels('0', '1.5'), qualify_by: 'orders' },
    '/tiers/levels/1/from',
    /There is no part of orders: write a whole number, not "1.5"/,
  ],
  [
    'half a night',
    { ...levels('0', '0.5'), qualify_by: 'nights' },
    '/tiers/levels/1/from',
    /no part of nights/,
  ],
  [
    'points, but no unit that counts',
    { ...levels('0', '100'), qualify_by: 'points' },
    '/tiers/qualify_by',
    /No unit counts towards a tier/,
    { units: { points: {}, miles: { qualifying: false } } },
  ],
  ['a multiplier of 0', multiplier('0.0'), '/tiers/levels/0/multiplier', /multiplied by 0 are none/],
  [
    'a multiplier just above the bound',
    multiplier('1000.000000000000000001'),
    '/tiers/levels/0/multiplier',
    /at most 1000/,
  ],
  [
    'two levels with one id',
    {
      ...tiers,
      levels: [
        { id: 'a', from: '0' },
        { id: 'a', from: '1' },
      ],
    },
    '/tiers/levels/1/id',
    /Level 1 has the id "a" too. Give each level its own/,
  ],
  [
    'a level with the id of a rule',
    levels('0'),
    '/tiers/levels/0/id',
    /Rule 1 has the id "level0" too/,
    { earning: [{ id: 'level0', on: 'order', earn: { unit: 'points', fixed: '1' } }] },
  ],
];

for (const [name, value, pointer, message, more] of MISTAKES)
  test(`refused with its place and a sentence: ${name}`, () => {
    const found = mistakes(value, more);
    assert.deepEqual(
      found.map(mistake => mistake.pointer),
      [pointer],
      JSON.stringify(found),
    );
    assert.match(found[0]?.message ?? '', message);
  });
