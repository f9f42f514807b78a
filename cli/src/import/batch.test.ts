import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createBatch } from './batch.ts';

test('the body of a call is the JSON of any orders put in, whatever their characters, without those left out', () => {
  const order = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(order, { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.boolean()),
      (texts, coins) => {
        const batch = createBatch();
        for (const [index, text] of texts.entries()) batch.add(JSON.stringify({ text }), index + 1, text);
        assert.equal(batch.count, texts.length);
        const left = new Set(texts.keys().filter(index => index > 0 && (coins.next().value ?? false)));
        const body = JSON.parse(batch.body(0, texts.length, left).toString('utf8')) as {
          orders: { text: string }[];
        };
        const kept = texts.filter((_, index) => !left.has(index));
        assert.deepEqual(
          body.orders,
          kept.map(text => ({ text })),
        );
      },
    ),
  );
});

test('a call with old orders says so', () => {
  const batch = createBatch(true);
  batch.add('{"a":1}', 1, 'x');
  batch.add('{"a":2}', 2, 'y');
  const body = JSON.parse(batch.body(0, 2, new Set([1])).toString('utf8'));
  assert.deepEqual(body, { historical: true, orders: [{ a: 1 }] });
});

test('a batch grows with its orders, and keeps the rows that each was made of', () => {
  const batch = createBatch();
  const long = '\u20ac'.repeat(100_000);
  for (let row = 1; row <= 5; row++) batch.add(JSON.stringify(long), row, row === 3 ? ['a', 'b'] : long);
  const { orders } = JSON.parse(batch.body(1, 4, new Set()).toString('utf8')) as { orders: string[] };
  assert.deepEqual(orders, [long, long, long]);
  assert.deepEqual(batch.origin(2), { row: 3, texts: ['a', 'b'] });
  assert.deepEqual(batch.origin(4), { row: 5, texts: [long] });
});
