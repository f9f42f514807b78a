import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mistake } from './mistake.ts';
import { checkDocument } from './mistakes.ts';

const effect = { multiply: '2' };
const segments = {
  dutch: { if: "member.country == 'NL'" },
  lapsed: { if: 'member.orders > 0 && member.last_order_days >= 90 && member.spend >= 10000' },
  golden: { if: "tier == 'gold' && member.enrolled_days > 30" },
};
const tiers = {
  qualify_by: 'spend',
  window: 'lifetime',
  levels: [
    { id: 'bronze', from: '0' },
    { id: 'gold', from: '500' },
  ],
};

function mistakes(document: object): Mistake[] {
  const whole = { currency: 'USD', units: { points: {} }, tiers, ...document };
  const checked = checkDocument(whole, { name: 'shop', units: [], clock: null });
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}
const audience = (own: object) => ({ campaigns: [{ id: 'c', effect, audience: own }] });

test('segments and audiences with every setting are accepted', () => {
  const own = { segments: ['dutch', 'lapsed'], countries: ['NL', 'GB'], lists: ['vip', 'press-2026'] };
  assert.deepEqual(mistakes({ segments, ...audience(own) }), []);
  assert.deepEqual(mistakes({ segments: {} }), []);
});

const cases: [what: string, document: object, pointer: string, message: RegExp][] = [
  [
    'a segment that is not there',
    { segments, ...audience({ segments: ['dutch', 'duch'] }) },
    '/campaigns/0/audience/segments/1',
    /no segment "duch"\. Its segments are dutch, lapsed, golden\./,
  ],
  [
    'a segment of a program that has none',
    audience({ segments: ['dutch'] }),
    '/campaigns/0/audience/segments/0',
    /no segments, so nobody is in "dutch"/,
  ],
  [
    'a code of the United Kingdom that many write',
    audience({ countries: ['NL', 'UK'] }),
    '/campaigns/0/audience/countries/1',
    /Did you mean "GB"\?/,
  ],
  [
    'small letters',
    audience({ countries: ['nl'] }),
    '/campaigns/0/audience/countries/0',
    /Did you mean "NL"\?/,
  ],
  [
    'a country by its name',
    audience({ countries: ['France'] }),
    '/campaigns/0/audience/countries/0',
    /"France" is not a country\. Write its two capital letters/,
  ],
  ['no country at all', audience({ countries: [] }), '/campaigns/0/audience/countries', /Name at least one/],
  [
    'a mistake in a condition',
    { segments: { dutch: { if: "member.contry == 'NL'" } } },
    '/segments/dutch/if',
    /^At character 1 of the condition: .*member\.country/,
  ],
  [
    'a tier that the program does not have',
    { segments: { top: { if: "tier == 'platinum'" } } },
    '/segments/top/if',
    /^At character \d+ of the condition: /,
  ],
  [
    'a segment that reads the order',
    { segments: { big: { if: 'order.total > 5000' } } },
    '/segments/big/if',
    /A segment is about members/,
  ],
  [
    'a segment that reads the lines',
    { segments: { spa: { if: "order.lines.exists(l, l.category == 'spa')" } } },
    '/segments/spa/if',
    /A segment is about members/,
  ],
  [
    'a segment that reads the time',
    { segments: { early: { if: 'time.hour < 9' } } },
    '/segments/early/if',
    /A segment is about members/,
  ],
  [
    'a segment of segments, which could go round in a circle',
    { segments: { a: { if: "'b' in member.segments" }, b: { if: "'a' in member.segments" } } },
    '/segments/a/if',
    /cannot be made of segments/,
  ],
  ['a segment without a rule', { segments: { a: {} } }, '/segments/a/if', /"if" is missing/],
  [
    'a segment with a bad name',
    { segments: { 'A b': segments.dutch } },
    '/segments/A b',
    /A segment is named/,
  ],
  [
    'too many segments',
    { segments: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`s${i}`, segments.dutch])) },
    '/segments',
    /at most 200 segments/,
  ],
];
for (const [what, document, pointer, message] of cases)
  test(`${what} is told with its place`, () => {
    const [first] = mistakes(document);
    assert.equal(first?.pointer, pointer);
    assert.match(first.message, message);
  });
