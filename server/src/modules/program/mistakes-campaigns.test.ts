import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mistake } from './mistake.ts';
import { checkDocument } from './mistakes.ts';

const DOUBLE = { multiply: '2' };
const FIXED = { earn: { unit: 'points', fixed: '50' } };
const DOCUMENT = {
  rewards: [
    { id: 'cinema', cost: { unit: 'points', points: '5' }, gives: { voucher: 'films' } },
    { id: 'mug', cost: { unit: 'points', points: '5' }, gives: { product: 'MUG' } },
  ],
  currency: 'USD',
  time_zone: 'Europe/Paris',
  units: { points: { worth: '0.01' }, stars: { redeemable: false }, miles: { redeemable: true } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  tiers: {
    qualify_by: 'spend',
    window: 'lifetime',
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'gold', from: '500' },
    ],
  },
};

function mistakes(campaigns: object[], more: object = {}): Mistake[] {
  const document = { ...DOCUMENT, campaigns, ...more };
  const checked = checkDocument(document, { name: 'shop', units: [], clock: null });
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}
const weekend = (more: object) => ({ id: 'weekend', effect: DOUBLE, ...more });

test('campaigns with every setting are accepted', () => {
  const every = weekend({
    from: '2026-03-27T18:00',
    until: '2026-03-29T24:00',
    weekdays: ['friday', 'saturday', 'sunday'],
    hours: { from: '18:00', until: '02:00' },
    time_zone: 'America/New_York',
    audience: { tiers: ['gold', 'bronze'], channels: ['app'] },
    effect: { ...FIXED, pending: { for: 'P14D' }, expires: { after: 'P12M' } },
    group: 'weekend',
    limit: { per_member: 1, every: 'month' },
    cooldown: 'P7D',
    cap: { points: '1000', per: 'day' },
    budget: { money: '50000.00', when_short: 'refuse' },
    returns: 'keep',
  });
  const others = [
    weekend({ from: '2028-02-29T00:00:00', until: '2028-02-29T00:00:01' }),
    weekend({ hours: { from: '00:00', until: '24:00' } }),
    weekend({ hours: { from: '22:00', until: '00:00' }, limit: { per_member: 3 } }),
    weekend({ effect: { multiply: '1000', unit: 'stars' }, budget: { points: '1' } }),
    weekend({ effect: { percent: '12.5' }, budget: { points: '1' }, cap: { points: '9', per: 'order' } }),
    weekend({ effect: { tier: 'gold', for: 'P3M' }, limit: { per_member: 1 }, group: 'gifts' }),
    weekend({ effect: { voucher: 'cinema' }, cooldown: 'P7D' }),
    weekend({ effect: { percent: '99900', unit: 'points' }, budget: { money: '0.01' } }),
    weekend({ effect: { multiply: '0.5', unit: 'points' }, budget: { money: '0.01' } }),
    // Two seconds before the end of a Friday evening, in the last minute of it.
    weekend({
      from: '2026-03-27T21:59:58',
      until: '2026-03-28T18:00',
      hours: { from: '21:59', until: '22:00' },
    }),
  ];
  for (const campaign of [every, ...others])
    assert.deepEqual(mistakes([campaign]), [], JSON.stringify(campaign));
});

const MISTAKES: [name: string, campaign: object, pointer: string, message: RegExp][] = [
  ['a day that does not exist', { from: '2026-02-30T18:00' }, '/from', /There is no day 2026-02-30/],
  ['February 29 of another year', { until: '2026-02-29T18:00' }, '/until', /no day 2026-02-29/],
  ['month 13', { from: '2026-13-01T18:00' }, '/from', /no day 2026-13-01/],
  ['an hour that does not exist', { from: '2026-02-01T25:00' }, '/from', /There is no time 25:00/],
  ['a minute after the end of the day', { until: '2026-02-01T24:01' }, '/until', /no time 24:01/],
  ['the year 20260', { until: '9999-02-01T24:00' }, '/until', /1900 to 9799/],
  ['a date with a zone', { from: '2026-02-01T18:00Z' }, '/from', /without a zone/],
  [
    'an end before the beginning',
    { from: '2026-03-29T18:00', until: '2026-03-27T18:00' },
    '/until',
    /ends before it starts: it is from 2026-03-29T18:00 until 2026-03-27T18:00/,
  ],
  [
    'an end at the beginning',
    { from: '2026-03-28T00:00', until: '2026-03-27T24:00' },
    '/until',
    /ends before it starts/,
  ],
  [
    'a night that the clocks skip',
    { from: '2026-03-29T02:00', until: '2026-03-29T03:00' },
    '/until',
    /ends before it starts/,
  ],
  [
    'no Friday between the dates',
    { from: '2026-03-28T00:00', until: '2026-03-30T24:00', weekdays: ['friday'] },
    '/weekdays',
    /none of these days and hours, so the campaign would never be in force/,
  ],
  [
    'no evening between the dates',
    { from: '2026-03-28T08:00', until: '2026-03-28T18:00', hours: { from: '18:00', until: '22:00' } },
    '/hours',
    /none of these hours/,
  ],
  ['no day at all', { weekdays: [] }, '/weekdays', /at least one day/],
  ['a day in another language', { weekdays: ['vendredi'] }, '/weekdays/0', /such as "friday"/],
  [
    'hours of no length',
    { hours: { from: '18:00', until: '18:00' } },
    '/hours',
    /From 18:00 until 18:00 there is no time at all/,
  ],
  ['hours from 24:00', { hours: { from: '24:00', until: '06:00' } }, '/hours/from', /begins at "00:00"/],
  ['half past 24', { hours: { from: '18:00', until: '24:30' } }, '/hours/until', /"00:00" to "24:00"/],
  ['an unknown time zone', { time_zone: 'Paris' }, '/time_zone', /"Paris" is not a time zone.*IANA/],
  [
    'a tier that is not there',
    { audience: { tiers: ['gold', 'platinum'] } },
    '/audience/tiers/1',
    /no tier "platinum". Its tiers are bronze, gold/,
  ],
  ['a multiplier of 0', { effect: { multiply: '0' } }, '/effect/multiply', /multiplied by 0 are none/],
  ['a multiplier of 1001', { effect: { multiply: '1001' } }, '/effect/multiply', /at most 1000; "2" doubles/],
  [
    'a percentage of 0',
    { effect: { percent: '0.00' } },
    '/effect/percent',
    /0 per cent of the points are none/,
  ],
  [
    'a percentage beyond the highest multiplier',
    { effect: { percent: '99900.1' } },
    '/effect/percent',
    /at most 99900 per cent; "12.5" adds an eighth/,
  ],
  ['a percentage with its sign', { effect: { percent: '12.5%' } }, '/effect/percent', /for example "12.5"/],
  [
    'a percentage of an unknown unit',
    { effect: { percent: '5', unit: 'coins' } },
    '/effect/unit',
    /no unit "coins"/,
  ],
  [
    'a voucher of an unknown reward',
    { effect: { voucher: 'theatre' } },
    '/effect/voucher',
    /no reward "theatre". Vouchers give cinema\./,
  ],
  [
    'a voucher of a reward without a pool',
    { effect: { voucher: 'mug' } },
    '/effect/voucher',
    /"mug" has no pool of codes, so there is no voucher to give. Vouchers give cinema\./,
  ],
  [
    'a voucher with a budget in money',
    { effect: { voucher: 'cinema' }, budget: { money: '5' } },
    '/budget',
    /A budget bounds points, and this campaign gives none/,
  ],
  [
    'a tier that nobody has',
    { effect: { tier: 'platinum', for: 'P3M' } },
    '/effect/tier',
    /no tier "platinum". Its tiers are bronze, gold/,
  ],
  ['a tier for nothing', { effect: { tier: 'gold', for: 'P0D' } }, '/effect/for', /more than zero/],
  ['a tier for ever', { effect: { tier: 'gold' } }, '/effect/for', /"for" is missing/],
  [
    'a tier with a cap in points',
    { effect: { tier: 'gold', for: 'P3M' }, cap: { points: '5', per: 'day' } },
    '/cap',
    /A cap bounds points, and this campaign gives none. Say with "limit"/,
  ],
  [
    'a tier with a budget in points',
    { effect: { tier: 'gold', for: 'P3M' }, budget: { points: '5' } },
    '/budget',
    /A budget bounds points/,
  ],
  [
    'a multiplier of an unknown unit',
    { effect: { multiply: '2', unit: 'coins' } },
    '/effect/unit',
    /no unit "coins". Its units are points, stars, miles/,
  ],
  [
    'points of an unknown unit',
    { effect: { earn: { unit: 'constructor', fixed: '50' } } },
    '/effect/earn/unit',
    /no unit "constructor"/,
  ],
  [
    'points that expire after nothing',
    { effect: { ...FIXED, expires: { after: 'P0D' } } },
    '/effect/expires/after',
    /more than zero/,
  ],
  [
    'points that wait for ever',
    { effect: { ...FIXED, pending: { for: 'P200Y' } } },
    '/effect/pending/for',
    /at most 100 years/,
  ],
  [
    'an effect that is none',
    { effect: { double: true } },
    '/effect',
    /Write \{ "multiply": "2" \}, \{ "percent"/,
  ],
  ['a period without a number', { limit: { every: 'day' } }, '/limit/per_member', /"per_member" is missing/],
  ['a limit of 0', { limit: { per_member: 0 } }, '/limit/per_member', /at least 1/],
  ['a cool-down of nothing', { cooldown: 'PT0S' }, '/cooldown', /more than zero/],
  ['a cap of 0', { cap: { points: '0', per: 'day' } }, '/cap/points', /at least 1/],
  ['a budget of nothing', { budget: {} }, '/budget', /Say how much the budget is: "points", or "money"/],
  [
    'a budget of both',
    { budget: { points: '5', money: '5' }, effect: FIXED },
    '/budget',
    /either in "points" or in "money", not in both/,
  ],
  ['a budget of 0.00', { budget: { money: '0.00' }, effect: FIXED }, '/budget/money', /Write more than 0/],
  [
    'a budget of a tenth of a cent',
    { budget: { money: '0.001' }, effect: FIXED },
    '/budget/money',
    /at most 2/,
  ],
  [
    'a budget in money for a unit without worth',
    { budget: { money: '5' }, effect: { earn: { unit: 'miles', fixed: '50' } } },
    '/budget/money',
    /"miles" has no "worth", so it is unknown what its points cost/,
  ],
  [
    'a budget in money for all redeemable units, one without worth',
    { budget: { money: '5' } },
    '/budget/money',
    /"miles" has no "worth"/,
  ],
  ['an id in capitals', { id: 'Weekend' }, '/id', /lower-case letters/],
  ['the id of a rule', { id: 'base' }, '/id', /Rule 1 has the id "base" too. Give each campaign its own/],
  ['the id of a level', { id: 'gold' }, '/id', /Level 2 has the id "gold" too/],
];

for (const [name, campaign, pointer, message] of MISTAKES)
  test(`refused with its place and a sentence: ${name}`, () => {
    const found = mistakes([{ id: 'first', effect: DOUBLE }, weekend(campaign)]);
    assert.deepEqual(
      found.map(mistake => mistake.pointer),
      [`/campaigns/1${pointer}`],
      JSON.stringify(found),
    );
    assert.match(found[0]?.message ?? '', message);
  });

test('two campaigns with one id are refused', () => {
  const found = mistakes([weekend({}), weekend({})]);
  assert.deepEqual(found, [
    {
      pointer: '/campaigns/1/id',
      message: 'Campaign 1 has the id "weekend" too. Give each campaign its own.',
    },
  ]);
});

test('an audience of tiers is refused where there are none', () => {
  const found = mistakes([weekend({ audience: { tiers: ['gold'] } })], { tiers: undefined });
  assert.equal(found[0]?.message, 'This program has no tiers, so nobody is "gold".');
});

test('a wrong zone of the program is told once, not at each campaign', () => {
  const found = mistakes([weekend({ from: '2026-03-27T18:00', until: '2026-03-29T18:00' })], {
    time_zone: 'Paris',
  });
  assert.deepEqual(
    found.map(mistake => mistake.pointer),
    ['/time_zone'],
  );
});
