import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { choose, isOutdated, leftOf, SHARDS, type Shard, Stock, shareOut } from './stock.ts';

const total = (shards: readonly Shard[]): number => shards.reduce((sum, shard) => sum + shard.remaining, 0);
const shardsOf = (remaining: readonly number[], version = 1): Shard[] =>
  remaining.map((units, shard) => ({ shard, version, granted: 0, remaining: units }));

test('however a stock is shared out, its parts hold what it has less what was granted', () => {
  const granted = fc.array(fc.nat(50), { minLength: SHARDS, maxLength: SHARDS });
  fc.assert(
    fc.property(granted, fc.nat(1_000), (taken, stock) => {
      const before = taken.map((units, shard) => ({ shard, version: 1, granted: units, remaining: 7 }));
      const after = shareOut(before, { version: 2, stock });
      const sum = taken.reduce((all, units) => all + units, 0);
      assert.equal(total(after), stock - sum);
      assert.deepEqual(
        after.map(shard => shard.granted),
        taken,
      );
      assert.equal(leftOf(after, 0), Math.max(0, stock - sum));
      assert.ok(stock < sum || after.every(shard => shard.remaining >= 0));
    }),
  );
});

test('a stock that nobody has used is shared out as it is', () => {
  assert.equal(total(shareOut([], { version: 1, stock: 10 })), 10);
  assert.equal(isOutdated([], null), true);
  const shards = shareOut([], { version: 3, stock: 10 });
  assert.equal(isOutdated(shards, { version: 3, stock: 10 }), false);
  assert.equal(isOutdated(shards, { version: 4, stock: 10 }), true);
  assert.equal(isOutdated(shards, { version: 2, stock: 99 }), false, 'who is late does not set it back');
});

test('one part is chosen where it has plenty, beginning with the preferred one, else all', () => {
  const plenty = shardsOf([100, 100, 0, 100, 100, 100, 100, 100]);
  assert.deepEqual(choose(plenty, 10, 1), [1]);
  assert.deepEqual(choose(plenty, 10, 2), [3]);
  assert.deepEqual(choose(plenty, 26, 1).length, SHARDS);
  assert.deepEqual(choose(shardsOf([-1, 100, 100, 100, 100, 100, 100, 100]), 1, 1).length, SHARDS);
  assert.deepEqual(choose([], 1, 1).length, SHARDS);
});

test('units are granted until nothing is left, those of ended holds too, from their instant on', () => {
  const stock = new Stock(shardsOf([1, 0, 1]), [{ id: 7n, shard: 5, endedAt: 1_000 }]);
  const take = (now: number) => {
    const unit = stock.next(now);
    if (unit !== undefined) stock.take(unit);
    return unit;
  };
  assert.deepEqual(take(999), { shard: 0, lapsed: null });
  assert.deepEqual(take(999), { shard: 2, lapsed: null });
  assert.equal(take(999), undefined);
  assert.deepEqual(take(1_000), { shard: 5, lapsed: 7n });
  assert.equal(take(1_000), undefined);
  stock.giveBack(2);
  assert.deepEqual(take(1_000), { shard: 2, lapsed: null });
});

test('where more was granted than there is, what comes back is not granted again before the rest is made good', () => {
  const stock = new Stock(shardsOf([-2, 0]), [{ id: 7n, shard: 1, endedAt: 0 }]);
  assert.equal(stock.next(0), undefined);
  stock.giveBack(1);
  assert.equal(stock.next(0), undefined);
  stock.giveBack(1);
  assert.deepEqual(stock.next(0), { shard: 1, lapsed: null });
});
