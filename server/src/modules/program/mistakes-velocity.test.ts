import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mistake } from './mistake.ts';
import { checkDocument } from './mistakes.ts';
import { exactLength } from './velocity.ts';

const burst = { id: 'burst', unit: 'points', more_than: '1000', within: 'PT5M', pause: 'PT1H' };

function mistakes(...velocity: object[]): Mistake[] {
  const checked = checkDocument(
    { currency: 'USD', units: { points: {}, nights: {} }, velocity },
    { name: 'shop', units: [], clock: null },
  );
  return checked.ok ? [] : (checked.refusal.errors ?? []);
}

test('checks with every setting are accepted', () => {
  assert.deepEqual(
    mistakes(
      burst,
      { ...burst, id: 'slides', window: 'sliding', action: 'pause', within: 'P31D', pause: 'P366D' },
      { id: 'watch', unit: 'nights', more_than: '0', within: 'PT1S', window: 'tumbling', action: 'flag' },
    ),
    [],
  );
});

const BAD: [what: string, checks: object[], pointer: string, message: RegExp][] = [
  ['a line that is no whole number', [{ ...burst, more_than: '10.5' }], '/velocity/0/more_than', /whole/],
  [
    'a line that is a number and not text',
    [{ ...burst, more_than: 1000 }],
    '/velocity/0/more_than',
    /quotes/,
  ],
  ['a unit that there is not', [{ ...burst, unit: 'miles' }], '/velocity/0/unit', /points, nights/],
  ['months, which differ in length', [{ ...burst, within: 'P1M' }], '/velocity/0/within', /fixed length/],
  ['a window that is too long', [{ ...burst, within: 'P32D' }], '/velocity/0/within', /31 days/],
  ['a pause that is too long', [{ ...burst, pause: 'P367D' }], '/velocity/0/pause', /366 days/],
  ['a year of pause', [{ ...burst, pause: 'P1Y' }], '/velocity/0/pause', /fixed length/],
  ['a pause without a length', [{ ...burst, pause: undefined }], '/velocity/0', /how long/],
  ['a flag with a pause', [{ ...burst, action: 'flag' }], '/velocity/0/pause', /only flags/],
  ['another action', [{ ...burst, action: 'block' }], '/velocity/0/action', /"pause" or "flag"/],
  ['another window', [{ ...burst, window: 'hopping' }], '/velocity/0/window', /"tumbling" or "sliding"/],
  ['two checks of one name', [burst, burst], '/velocity/1/id', /Check 1/],
  ['a setting that there is not', [{ ...burst, limit: 1 }], '/velocity/0/limit', /no such setting/],
];
for (const [what, checks, pointer, message] of BAD)
  test(`${what} is refused where it stands`, () => {
    const [first] = mistakes(...checks);
    assert.equal(first?.pointer, pointer);
    assert.match(first.message, message);
  });

test('a day has 24 hours and a week seven of them, whatever the time zone', () => {
  assert.equal(exactLength('P1W1DT1H1M1S'), (8 * 24 * 3600 + 3661) * 1000);
  assert.equal(exactLength('P1M'), undefined);
  assert.equal(exactLength('PT0S'), undefined);
});
