import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  changed,
  differing,
  EMPTY_PROFILE,
  extended,
  insert,
  type Profile,
  type ProfileChange,
  type ProfileRow,
} from './profile.ts';

const change = (fields: Omit<ProfileChange, 'replaces'>, replaces = false): ProfileChange => ({
  replaces,
  ...fields,
});

const name = fc.constantFrom('size', 'vip', 'a b', '__proto__', 'constructor', '7');
const value = fc.constantFrom<string | number | boolean | null>('L', 'M', 3, 3.5, true, false, null);
const changes: fc.Arbitrary<ProfileChange> = fc.record(
  {
    replaces: fc.boolean(),
    country: fc.constantFrom('NL', 'BE', null),
    birthDate: fc.constantFrom('1984-02-29', null),
    timeZone: fc.constantFrom('Europe/Paris', null),
    attributes: fc.array(fc.tuple(name, value), { maxLength: 3 }).map(pairs => Object.fromEntries(pairs)),
  },
  { requiredKeys: ['replaces'] },
);

/** The profile at `at` by the plainest of rules: every change up to then, in the order of time, then of arrival. */
function replayed(all: readonly { change: ProfileChange; at: number }[], at: number): Profile {
  return all
    .map((each, arrival) => ({ ...each, arrival }))
    .filter(each => each.at <= at)
    .sort((a, b) => a.at - b.at || a.arrival - b.arrival)
    .reduce((profile, each) => changed(profile, each.change), EMPTY_PROFILE);
}

const holding = (history: readonly ProfileRow[], at: number): Profile =>
  history.findLast(row => row.validFrom <= at)?.profile ?? EMPTY_PROFILE;

test('in whatever order changes come, the profile at an instant is what replaying those up to then gives', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ change: changes, at: fc.integer({ min: 0, max: 6 }) })), arrivals => {
      let history: ProfileRow[] = [];
      const kept: typeof arrivals = [];
      for (const each of arrivals) {
        const added = insert(history, each.change, each.at);
        // What changes nothing at its instant is not kept, so that sending it again does not fill the history.
        if (added.length > 0) kept.push(each);
        else assert.deepEqual(replayed([...kept, each], each.at), replayed(kept, each.at));
        history = extended(history, added);
        for (let at = -1; at <= 7; at += 1) assert.deepEqual(holding(history, at), replayed(kept, at));
      }
      const places = history.map(row => row.validFrom * 1_000 + row.nr);
      assert.deepEqual(
        places,
        [...new Set(places)].sort((a, b) => a - b),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('the same change at the same instant changes nothing, whatever came later', () => {
  fc.assert(
    fc.property(changes, fc.array(changes, { maxLength: 5 }), (first, later) => {
      const history = later.reduce(
        (rows, each, index) => extended(rows, insert(rows, each, 10 + index)),
        extended([], insert([], first, 5)),
      );
      assert.deepEqual(insert(history, first, 5), []);
    }),
  );
});

test('a change says what it makes unknown, and a whole profile everything that it leaves out', () => {
  const profile = changed(
    EMPTY_PROFILE,
    change({ country: 'NL', birthDate: '1984-02-29', attributes: { b: 1, a: 'x' } }),
  );
  const cases: [change: ProfileChange, differs: string[]][] = [
    [change({}), []],
    [change({ country: 'NL', attributes: { a: 'x' } }), []],
    [change({ country: null }), ['country']],
    [change({ attributes: { a: null, c: false } }), ['attributes.a', 'attributes.c']],
    [change({ attributes: { b: '1' } }), ['attributes.b']],
    [change({}, true), ['country', 'birth_date', 'attributes.a', 'attributes.b']],
    [change({ country: 'NL', birthDate: '1984-02-29', attributes: { b: 1, a: 'x', c: null } }, true), []],
    [change({ timeZone: 'Europe/Paris' }), ['time_zone']],
  ];
  for (const [each, differs] of cases)
    assert.deepEqual(differing(profile, changed(profile, each)), differs, JSON.stringify(each));
});
