import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mistake } from './mistake.ts';
import { checkDocument } from './mistakes.ts';

const LEVELS = {
  qualify_by: 'spend',
  window: 'lifetime',
  levels: [
    { id: 'basic', from: '0' },
    { id: 'gold', from: '500' },
  ],
};

function mistakes(conditions: string[], tiers?: object): Mistake[] {
  const campaigns = conditions.map((text, i) => ({ id: `c${i}`, if: text, effect: { multiply: '2' } }));
  const document = { currency: 'USD', units: { points: {} }, ...(tiers && { tiers }), campaigns };
  const checked = checkDocument(document, { name: 'shop', units: [], clock: null });
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}

test('campaigns with conditions are accepted', () => {
  assert.deepEqual(
    mistakes([`order.kind == 'hotel' && member.country in ['NL', 'BE']`, `tier == 'gold'`], LEVELS),
    [],
  );
});

test('a mistake in a condition is told with its campaign, its place in the text and a suggestion', () => {
  assert.deepEqual(mistakes(['order.total > 5', `tier != '' && order.chanel == 'app'`]), [
    {
      pointer: '/campaigns/1/if',
      message: 'At character 15 of the condition: There is no "order.chanel". Did you mean "order.channel"?',
    },
  ]);
});

test('every campaign is looked at', () => {
  const found = mistakes(['order.total / 2 > 1', 'true', `order.kind.matches('a')`]);
  assert.deepEqual(
    found.map(({ pointer }) => pointer),
    ['/campaigns/0/if', '/campaigns/2/if'],
  );
});

test('conditions are held against the tiers of their own document', () => {
  assert.match(
    mistakes([`tier == 'gould'`], LEVELS)[0]?.message ?? '',
    /tier is never "gould"\. Did you mean "gold"\?$/,
  );
  assert.match(
    mistakes([`tier == 'gold'`])[0]?.message ?? '',
    /This program has no tiers, so nobody is "gold"\.$/,
  );
});

/** The mistakes of a rule with this condition, as `pointer sentence`. */
function ofRule(on: string, text: string): string[] {
  const earn = { unit: 'points', fixed: '5' };
  const document = {
    currency: 'USD',
    units: { points: {} },
    activities: { review: { attributes: { stars: 'integer', product: 'text' } }, login: {} },
    earning: [
      { id: 'base', on: 'order', earn },
      { id: 'more', on, if: text, earn },
    ],
    tiers: LEVELS,
  };
  const checked = checkDocument(document, { name: 'shop', units: [], clock: null });
  return checked.ok
    ? []
    : (checked.refusal.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
}

test('a rule has conditions on what it rates', () => {
  assert.deepEqual(ofRule('order', `order.lines.exists(l, l.category == 'spa') && time.hour < 12`), []);
  assert.deepEqual(ofRule('activity:review', `activity.attributes.stars >= 4 && time.hour < 12`), []);
  assert.deepEqual(ofRule('activity:login', `time.weekday == 'friday'`), []);
});

test('what a rule cannot ask is told with the place and where it belongs', () => {
  const orders =
    'A rule on orders is decided by the order alone, so it reads "order" and "time" only. Make what depends on';
  const activities =
    'A rule on an activity is decided by the activity alone: it reads "activity" and "time" only, and not';
  const cases: [on: string, text: string, at: number, message: string][] = [
    ['order', `tier == 'gold'`, 1, `${orders} "tier" a campaign, which can have this condition.`],
    [
      'order',
      'order.total > 0 && member.orders == 0',
      20,
      `${orders} "member" a campaign, which can have this condition.`,
    ],
    [
      'order',
      `'vip' in member.segments`,
      10,
      `${orders} "member" a campaign, which can have this condition.`,
    ],
    [
      'order',
      `activity.type == 'review'`,
      1,
      'A rule on orders knows no activity. It reads "order" and "time" only.',
    ],
    ['order', `order.chanel == 'app'`, 1, 'There is no "order.chanel". Did you mean "order.channel"?'],
    ['order', `weather == 'rain'`, 1, 'There is no "weather". Conditions know order, time.'],
    ['activity:review', 'order.total > 5', 1, `${activities} "order".`],
    ['activity:review', `true || tier == 'gold'`, 9, `${activities} "tier".`],
    [
      'activity:review',
      'activity.attributes.star > 3',
      1,
      'The activity "review" has no attribute "star". Did you mean "stars"?',
    ],
    [
      'activity:review',
      'has(activity.attributes.weather)',
      5,
      'The activity "review" has no attribute "weather". Its attributes are stars, product.',
    ],
    ['activity:login', 'activity.attributes.stars > 3', 1, 'The activity "login" has no attributes.'],
    [
      'activity:review',
      `activity.attributes.product > 3`,
      1,
      'activity.attributes.product (text) cannot be compared with 3 (a whole number).',
    ],
    [
      'activity:review',
      `activity.type == 'reviews'`,
      18,
      'activity.type is never "reviews". Did you mean "review"?',
    ],
    [
      'activity:review',
      'activity.attributes.stars',
      1,
      'A condition is true or false. Compare this with something, for example time.hour < 12.',
    ],
    [
      'activity:review',
      'activity.attributes.all(a, true)',
      1,
      'all goes through lists, and there are none here.',
    ],
  ];
  for (const [on, text, at, message] of cases)
    assert.deepEqual(ofRule(on, text), [`/earning/1/if At character ${at} of the condition: ${message}`]);
});

test('of an activity that there is not only that is told', () => {
  const found = ofRule('activity:share', 'activity.attributes.stars > 3');
  assert.deepEqual(
    found.map(mistake => mistake.split(' ')[0]),
    ['/earning/1/on'],
  );
});
