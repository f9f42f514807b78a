import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';

const INVITE = {
  id: 'invite',
  referrer: { earn: { unit: 'points', fixed: '500' }, pending: { for: 'P14D' } },
  friend: { earn: { unit: 'points', fixed: '100' }, expires: { after: 'P1Y' } },
  minimum: '50.00',
  within: 'P90D',
  returns: 'keep',
};
const BASE = {
  currency: 'USD',
  units: { points: {} },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
};

/** The mistakes of a program with these referrals, as `pointer sentence`. */
function mistakes(more: object): string[] {
  const document = { ...BASE, referrals: JSON.parse(JSON.stringify({ ...INVITE, ...more })) };
  const outcome = checkDocument(document, { name: 'shop', units: [], clock: null });
  return outcome.ok
    ? []
    : (outcome.refusal.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
}

test('referrals with everything, and with one side alone, are none', () => {
  assert.deepEqual(mistakes({}), []);
  assert.deepEqual(
    mistakes({ friend: undefined, minimum: undefined, within: undefined, returns: undefined }),
    [],
  );
  assert.deepEqual(mistakes({ referrer: undefined }), []);
});

test('each mistake in referrals has a place and a sentence', () => {
  const cases: [found: string[], expected: string][] = [
    [
      mistakes({ referrer: undefined, friend: undefined }),
      '/referrals Say who gets something: "referrer", "friend", or both.',
    ],
    [
      mistakes({ id: 'base' }),
      '/referrals/id Something else in the program has the id "base" too. Give the referrals their own.',
    ],
    [
      mistakes({ friend: { earn: { unit: 'miles', fixed: '1' } } }),
      '/referrals/friend/earn/unit This program has no unit "miles". Its units are points.',
    ],
    [
      mistakes({ referrer: { earn: { unit: 'points', per_currency_unit: '1' } } }),
      '/referrals/referrer/earn/per_currency_unit A referral has no amount. Give a fixed number of points: { "unit": "points", "fixed": "50" }.',
    ],
    [
      mistakes({ friend: { ...INVITE.friend, pending: { until_event: 'stay.completed' } } }),
      '/referrals/friend/pending/until_event A referral has no events of its own that points could wait for. Write { "for": "P14D" } or { "until": … }.',
    ],
    [
      mistakes({ friend: { ...INVITE.friend, expires: { after: 'P0D' } } }),
      '/referrals/friend/expires/after "P0D" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.',
    ],
    [
      mistakes({ within: 'P0D' }),
      '/referrals/within "P0D" is not a duration of more than zero and at most 100 years. Write "P12M" for 12 months, "P30D" for 30 days, "PT15M" for 15 minutes.',
    ],
    [mistakes({ returns: 'lower' }), '/referrals/returns Write "take_back" or "keep".'],
  ];
  for (const [found, expected] of cases) assert.deepEqual(found, [expected]);
  assert.match(mistakes({ minimum: '50.001' })[0] ?? '', /^\/referrals\/minimum /);
});
