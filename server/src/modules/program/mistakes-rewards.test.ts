import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';

const NEW = { name: 'shop', units: [], clock: null };
const TEN_OFF = { id: 'ten-off', cost: { unit: 'points', points: '1000' }, gives: { money_off: '10.00' } };

const document = (...rewards: object[]) => ({
  currency: 'USD',
  units: { points: {}, miles: {}, nights: { redeemable: false } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  tiers: {
    qualify_by: 'spend',
    window: 'lifetime',
    levels: [
      { id: 'basic', from: '0' },
      { id: 'gold', from: '500.00' },
    ],
  },
  segments: { students: { if: "member.country == 'NL'" } },
  rewards,
});

/** The mistakes of a document with this reward: pointers, and the sentences. */
function mistakes(...rewards: object[]): { pointer: string; message: string }[] {
  const checked = checkDocument(document(...rewards), NEW);
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}

test('a reward of each kind is accepted', () => {
  const gives = [
    { money_off: '10.00' },
    { percent_off: '12.5' },
    { percent_off: '100' },
    { product: 'MUG' },
    { voucher: 'cinema' },
    { points: { unit: 'miles', points: '500', expires_after: 'P12M' } },
  ];
  const rewards = gives.map((given, nr) => ({ ...TEN_OFF, id: `r${nr}`, gives: given }));
  assert.deepEqual(mistakes(...rewards), []);
  const all = {
    ...TEN_OFF,
    name: 'Ten off',
    cost: [
      { tiers: ['gold'], unit: 'points', points: '800' },
      { segments: ['students'], unit: 'points', points: '900' },
      { unit: 'miles', points: '1000' },
    ],
    audience: { tiers: ['gold', 'basic'], segments: ['students'] },
    from: '2026-01-01T00:00:00Z',
    until: '2027-01-01T00:00:00Z',
    stock: 0,
    limit: { per_member: 2, every: 'month' },
    minimum: { order_total: '50.00' },
    refund: 'keep',
  };
  assert.deepEqual(mistakes(all), []);
});

for (const [what, change, pointer, sentence] of [
  ['an id of an earning rule', { id: 'base' }, '/id', /Rule 1 has the id "base" too/],
  ['an unknown unit', { cost: { unit: 'stars', points: '1' } }, '/cost/unit', /no unit "stars"/],
  [
    'a unit that nobody spends',
    { cost: { unit: 'nights', points: '1' } },
    '/cost/unit',
    /cannot spend "nights"/,
  ],
  ['no points', { cost: { unit: 'points', points: '0' } }, '/cost/points', /at least 1/],
  ['an empty list of prices', { cost: [] }, '/cost', /at least one price/],
  [
    'a price that is never asked for',
    {
      cost: [
        { unit: 'points', points: '1' },
        { tiers: ['gold'], unit: 'points', points: '2' },
      ],
    },
    '/cost/1',
    /Price 1 is for everybody/,
  ],
  [
    'a price for an unknown tier',
    { cost: [{ tiers: ['silver'], unit: 'points', points: '1' }] },
    '/cost/0/tiers/0',
    /no tier "silver". Its tiers are basic, gold/,
  ],
  [
    'an unknown tier as audience',
    { audience: { tiers: ['gold', 'vip'] } },
    '/audience/tiers/1',
    /no tier "vip"/,
  ],
  [
    'a price for an unknown segment',
    { cost: [{ segments: ['pupils'], unit: 'points', points: '1' }] },
    '/cost/0/segments/0',
    /no segment "pupils". Its segments are students/,
  ],
  [
    'an unknown segment as audience',
    { audience: { segments: ['students', 'pupils'] } },
    '/audience/segments/1',
    /no segment "pupils"/,
  ],
  [
    'a price behind one for everybody, though it is for a segment',
    {
      cost: [
        { unit: 'points', points: '2' },
        { segments: ['students'], unit: 'points', points: '1' },
      ],
    },
    '/cost/1',
    /Price 1 is for everybody/,
  ],
  ['money off of nothing', { gives: { money_off: '0.00' } }, '/gives/money_off', /more than 0/],
  ['parts of a cent', { gives: { money_off: '0.005' } }, '/gives/money_off', /USD has 2 decimals/],
  ['0 per cent', { gives: { percent_off: '0' } }, '/gives/percent_off', /more than 0 and at most 100/],
  ['more than 100 per cent', { gives: { percent_off: '100.01' } }, '/gives/percent_off', /at most 100/],
  ['two gifts', { gives: { product: 'A', voucher: 'b' } }, '/gives', /Say what the reward gives/],
  [
    'a pool that cannot be in an address',
    { gives: { voucher: 'Cinema 1' } },
    '/gives/voucher',
    /pool of codes/,
  ],
  [
    'stock of vouchers',
    { gives: { voucher: 'cinema' }, stock: 5 },
    '/stock',
    /as many vouchers as the pool "cinema"/,
  ],
  [
    'points for the same points',
    { gives: { points: { unit: 'points', points: '5' } } },
    '/gives/points/unit',
    /costs "points" and gives "points"/,
  ],
  [
    'points of no unit',
    { gives: { points: { unit: 'stars', points: '5' } } },
    '/gives/points/unit',
    /no unit "stars"/,
  ],
  [
    'points that expire never soon enough',
    { gives: { points: { unit: 'miles', points: '5', expires_after: 'P0D' } } },
    '/gives/points/expires_after',
    /not a duration of more than zero/,
  ],
  [
    'an end before the beginning',
    { from: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00+01:00' },
    '/until',
    /ends before it begins/,
  ],
  ['half a piece', { stock: 1.5 }, '/stock', /whole number/],
  ['less than nothing', { stock: -1 }, '/stock', /not negative/],
  ['a limit of none', { limit: { per_member: 0 } }, '/limit/per_member', /at least 1/],
  ['a limit per quarter', { limit: { per_member: 1, every: 'quarter' } }, '/limit/every', /"day", "week"/],
  ['a minimum of nothing', { minimum: { order_total: '0' } }, '/minimum/order_total', /more than 0/],
  ['a setting that does not exist', { price: '5' }, '/price', /no such setting/],
] as const)
  test(`${what} is refused at its place with a sentence`, () => {
    const found = mistakes({ ...TEN_OFF, ...change });
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.equal(found[0]?.pointer, `/rewards/0${pointer}`);
    assert.match(found[0]?.message ?? '', sentence);
  });

test('two rewards of one id are refused', () => {
  assert.deepEqual(
    mistakes(TEN_OFF, TEN_OFF).map(({ pointer }) => pointer),
    ['/rewards/1/id'],
  );
});
