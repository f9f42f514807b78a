import assert from 'node:assert/strict';
import test from 'node:test';
import { at, Book } from '../../../test/support/book.ts';
import { Draft } from './draft.ts';
import { settledAt } from './history.ts';
import type { Entry } from './model.ts';

const told = (entries: readonly Entry[]) =>
  entries.map(({ kind, available, pending, lots, amounts }) => [
    kind,
    available + pending,
    lots.map((lot, place) => [lot, amounts[place]]),
  ]);

test('debits take the earliest expiry first, then the oldest, and what never expires last', () => {
  const book = new Book();
  book.earn(0, 10n);
  book.earn(0, 10n, { expires: 30 });
  book.earn(0, 10n, { expires: 20 });
  book.earn(0, 10n, { expires: 20 });
  assert.deepEqual(told(book.on(1, draft => draft.debit('adjust', 35n, at(1)))), [
    [
      'adjust',
      -35n,
      [
        [3, -10n],
        [4, -10n],
        [2, -10n],
        [1, -5n],
      ],
    ],
  ]);
});

test('points are usable until the instant of their expiry and not at it', () => {
  const book = new Book();
  book.earn(0, 10n, { expires: 20 });
  assert.equal(settledAt(book.wallet, at(20) - 1).available, 10n);
  assert.equal(settledAt(book.wallet, at(20)).available, 0n);
  assert.deepEqual(told(book.on(25, () => undefined)), [['expire', -10n, [[1, -10n]]]]);
  assert.equal(book.entries.at(-1)?.occurredAt, at(20), 'it happened when it fell due');
  assert.equal(book.entries.at(-1)?.bookedAt, at(25), 'and was booked when somebody looked');
});

test('pending points become usable at their instant and not before', () => {
  const book = new Book();
  book.earn(0, 10n, { opens: 14 });
  assert.deepEqual(book.sums, [0n, 10n, 0n, 0n, 0n]);
  assert.equal(settledAt(book.wallet, at(14) - 1).available, 0n);
  assert.equal(settledAt(book.wallet, at(14)).available, 10n);
  assert.equal(settledAt(book.wallet, at(14)).pending, 0n);
});

test('points that expired before they were booked lapse with the command that booked them', () => {
  const book = new Book();
  book.earn(30, 10n, { expires: 20 });
  assert.deepEqual(told(book.entries), [
    ['earn', 10n, []],
    ['expire', -10n, [[1, -10n]]],
  ]);
  assert.deepEqual(book.sums, [0n, 0n, 0n, 0n, 0n]);
});

test('a hold keeps points from expiring; given back they lapse at once if their date is past', () => {
  const book = new Book();
  book.earn(0, 10n, { expires: 20 });
  book.earn(0, 10n, { expires: 40 });
  const seq = book.hold(1, 15n, 35);
  assert.deepEqual(book.sums, [5n, 0n, 15n, 0n, 0n]);
  assert.equal(settledAt(book.wallet, at(30)).held, 15n);
  const hold = book.wallet.holds.get(seq);
  assert.ok(hold);
  assert.deepEqual(told(book.on(30, draft => draft.release(hold, at(30)))), [
    [
      'release',
      15n,
      [
        [1, 10n],
        [2, 5n],
      ],
    ],
    ['expire', -10n, [[1, -10n]]],
  ]);
  assert.deepEqual(book.sums, [10n, 0n, 0n, 0n, 0n]);
});

test('a hold ends by itself, and before what expires at the same instant', () => {
  const book = new Book();
  book.earn(0, 10n, { expires: 20 });
  book.hold(1, 4n, 20);
  assert.equal(settledAt(book.wallet, at(20) - 1).held, 4n);
  assert.equal(settledAt(book.wallet, at(20)).held, 0n);
  assert.deepEqual(told(book.on(22, () => undefined)), [
    ['release', 4n, [[1, 4n]]],
    ['expire', -10n, [[1, -10n]]],
  ]);
});

test('a refund reopens the very lots that were consumed, last consumed first, with their dates', () => {
  const book = new Book();
  book.earn(0, 10n, { expires: 20 });
  book.earn(0, 10n, { expires: 40 });
  book.redeem(1, 18n);
  assert.deepEqual(told(book.refund(2, 10n)), [
    [
      'refund',
      10n,
      [
        [2, 8n],
        [1, 2n],
      ],
    ],
  ]);
  assert.deepEqual(book.lots, [
    [1, 2n],
    [2, 10n],
  ]);
  assert.equal(book.wallet.lots.get(2)?.expiresAt, at(40));
  assert.deepEqual(told(book.refund(30, 8n)).slice(-2), [
    ['refund', 8n, [[1, 8n]]],
    ['expire', -8n, [[1, -8n]]],
  ]);
  assert.equal(book.wallet.redeemed, 0n);
});

test('a clawback takes pending points, the own lots, excuses what expired with them, then takes others', () => {
  const book = new Book();
  book.earn(0, 100n, { expires: 90 });
  const own = [book.earn(0, 10n, { expires: 20 }), book.earn(0, 10n, { opens: 60 })];
  book.on(1, draft => draft.debit('adjust', 4n, at(1)));
  book.on(30, () => undefined);
  assert.deepEqual(book.clawback(30, 20n, own, 'clamp_to_zero', 6n), {
    cancelled: 10n,
    excused: 6n,
    taken: 4n,
    shortfall: 0n,
    debt: 0n,
  });
  assert.deepEqual(book.sums, [96n, 0n, 0n, 0n, 0n]);
});

test('what was spent is a shortfall that later refunds and activations settle', () => {
  const book = new Book();
  const own = [book.earn(0, 100n, { expires: 90 })];
  book.redeem(1, 100n);
  assert.deepEqual(book.clawback(2, 100n, own), {
    cancelled: 0n,
    excused: 0n,
    taken: 0n,
    shortfall: 100n,
    debt: 0n,
  });
  assert.deepEqual(book.sums, [0n, 0n, 0n, 0n, 100n]);
  assert.deepEqual(told(book.refund(3, 100n)), [
    ['refund', 100n, [[1, 100n]]],
    ['clawback', -100n, [[1, -100n]]],
  ]);
  assert.deepEqual(book.sums, [0n, 0n, 0n, 0n, 0n], 'earn, redeem, return, refund leaves nothing behind');
});

test('a debt is repaid from the next points, whatever they are', () => {
  const book = new Book();
  const own = [book.earn(0, 100n)];
  book.redeem(1, 100n);
  book.clawback(2, 100n, own, 'allow_negative');
  assert.deepEqual(book.sums, [-100n, 0n, 0n, 100n, 0n]);
  book.earn(3, 30n);
  assert.deepEqual(book.sums, [-70n, 0n, 0n, 70n, 0n]);
  book.refund(4, 50n);
  assert.deepEqual(book.sums, [-20n, 0n, 0n, 20n, 0n]);
  book.earn(5, 30n, { opens: 20 });
  assert.deepEqual(book.sums, [-20n, 30n, 0n, 20n, 0n]);
  book.on(20, () => undefined);
  assert.deepEqual(book.sums, [10n, 0n, 0n, 0n, 0n]);
});

test('where the program refuses, nothing happens', () => {
  const book = new Book();
  const own = [book.earn(0, 100n)];
  book.redeem(1, 60n);
  const before = structuredClone(book.wallet);
  const draft = new Draft(book.wallet, at(2));
  assert.equal(draft.clawback(100n, own, 0n, 'refuse', at(2)), undefined);
  assert.deepEqual(book.wallet, before);
});
