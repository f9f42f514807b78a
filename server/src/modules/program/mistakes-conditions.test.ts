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
