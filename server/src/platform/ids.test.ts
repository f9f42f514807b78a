import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { base32, createIds, firstIdAt, hash128, idTime, parseBase32, parseWireId, wireId } from './ids.ts';

const NOW = Date.UTC(2026, 10, 21);
const anyId = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

test('ids grow, whatever the clock does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 300 }),
      steps => {
        let now = NOW;
        const ids = createIds(3, { now: () => now });
        let last = ids.next();
        for (const step of steps) {
          now += step;
          const next = ids.next();
          assert.ok(next > last);
          last = next;
        }
      },
    ),
  );
});

test('more ids than a millisecond has places are still different and in order', () => {
  const ids = createIds(1, { now: () => NOW });
  let last = ids.next();
  for (let made = 0; made < 10_000; made += 1) {
    const next = ids.next();
    assert.ok(next > last);
    last = next;
  }
  assert.ok(idTime(last) - NOW <= 3, 'it borrowed no more milliseconds than it needed');
});

test('two writers never make the same id, and an id says when it was made', () => {
  const clock = { now: () => NOW };
  const [one, two] = [createIds(7, clock), createIds(8, clock)];
  const made = new Set(Array.from({ length: 4_096 }, () => [one.next(), two.next()]).flat());
  assert.equal(made.size, 8_192);
  for (const id of made) {
    assert.equal(idTime(id), NOW);
    assert.ok(id >= firstIdAt(NOW) && id < firstIdAt(NOW + 1));
  }
  assert.ok(
    [...made].every(id => id < 2n ** 63n),
    'they fit PostgreSQL’s bigint',
  );
});

test('an id reads back from its wire form', () => {
  fc.assert(fc.property(anyId, id => assert.equal(parseWireId('ord', wireId('ord', id)), id)));
});

test('wire forms sort as the ids do', () => {
  const sign = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0);
  fc.assert(
    fc.property(anyId, anyId, (a, b) => assert.equal(sign(wireId('ord', a), wireId('ord', b)), sign(a, b))),
  );
});

test('what is not a wire id of its kind is none', () => {
  const id = wireId('ord', 123_456_789n);
  const mistakes = [
    '',
    'ord_',
    id.slice(0, -1),
    `${id}0`,
    id.replace('ord', 'red'),
    id.replace('_', '-'),
    id.toUpperCase(),
  ];
  // i, l, o and u are not in the alphabet; the highest first digit is beyond 63 bits.
  for (const text of [
    ...mistakes,
    'ord_000000000000i',
    'ord_8000000000000',
    'ord_zzzzzzzzzzzzz',
    ' ord_0000000000000',
  ])
    assert.equal(parseWireId('ord', text), undefined, text);
  fc.assert(fc.property(fc.string(), text => assert.equal(parseWireId('ord', text), undefined)));
});

test('base 32 keeps every number that fits its length', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 35n - 1n }), value =>
      assert.equal(parseBase32(base32(value, 7)), value),
    ),
  );
  assert.equal(base32(2n ** 63n - 1n, 13), '7zzzzzzzzzzzz');
});

test('lists that differ have different hashes, also where their texts run together alike', () => {
  assert.notEqual(hash128('ab', 'c'), hash128('a', 'bc'));
  assert.notEqual(hash128('1:a'), hash128('', 'a'));
  assert.notEqual(hash128('a'), hash128('a', ''));
  assert.match(hash128('a'), /^[0-9a-f]{32}$/);
  const list = fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(list, list, (a, b) =>
      assert.equal(hash128(...a) === hash128(...b), JSON.stringify(a) === JSON.stringify(b)),
    ),
  );
});
