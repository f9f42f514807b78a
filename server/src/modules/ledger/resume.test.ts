import assert from 'node:assert/strict';
import test from 'node:test';
import { Draft } from './draft.ts';
import { replay } from './history.ts';
import type { LotTerms, OpeningTerms } from './lot-terms.ts';
import { type Entry, emptyWallet, type Wallet } from './model.ts';

const HELD: LotTerms = { availableFrom: null, waits: true, expiresAt: 1000 };

/** A wallet with 100 points that are held back, and a way to do something with it; entries are kept. */
function held(terms: LotTerms = HELD) {
  const wallet: Wallet = { ...emptyWallet(64, 1), bookedAt: 0 };
  const entries: Entry[] = [];
  const at = (now: number, what: (draft: Draft) => void): Entry[] => {
    const draft = new Draft(wallet, now);
    what(draft);
    entries.push(...draft.entries);
    draft.apply();
    const again = replay(64, 1, entries);
    assert.deepEqual(
      [again.lots, again.pending, again.nextDueAt],
      [wallet.lots, wallet.pending, wallet.nextDueAt],
    );
    return draft.entries;
  };
  at(10, draft => draft.credit('earn', 100n, terms, 10));
  return { wallet, at };
}
const resumed = (terms: OpeningTerms, now = 20) => {
  const { wallet, at } = held();
  const entries = at(now, draft => draft.resume([{ seq: 1, terms }], now));
  return { wallet, at, kinds: entries.map(({ kind }) => kind) };
};

test('points that are held back stay pending for ever, and expire as they would have', () => {
  const { wallet, at } = held();
  assert.deepEqual([wallet.pending, wallet.nextDueAt], [100n, 1000]);
  at(999, () => undefined);
  assert.equal(wallet.pending, 100n);
  at(1000, () => undefined);
  assert.deepEqual([wallet.pending, wallet.expired], [0n, 100n]);
});

const CASES: [what: string, terms: OpeningTerms, kinds: string[], available: bigint, pending: bigint][] = [
  ['points that would be usable are', { availableFrom: null }, ['activate'], 100n, 0n],
  ['points whose time has come are usable', { availableFrom: 20 }, ['activate'], 100n, 0n],
  ['points whose time has not come go on waiting', { availableFrom: 21 }, ['activate'], 0n, 100n],
  ['points that wait for an event alone change nothing', { availableFrom: null, waits: true }, [], 0n, 100n],
  [
    'points that wait for an event until a day go on waiting',
    { availableFrom: 21, waits: true, cancels: true },
    ['activate'],
    0n,
    100n,
  ],
  [
    'points that would have been given up meanwhile are',
    { availableFrom: 15, waits: true, cancels: true },
    ['activate', 'cancel'],
    0n,
    0n,
  ],
];
for (const [what, terms, kinds, available, pending] of CASES)
  test(`resumed, ${what}`, () => {
    const found = resumed(terms);
    assert.deepEqual(found.kinds, kinds);
    assert.deepEqual([found.wallet.available, found.wallet.pending], [available, pending]);
  });

test('what goes on waiting becomes usable at its own time, by itself', () => {
  const { wallet, at } = resumed({ availableFrom: 50 });
  assert.equal(wallet.nextDueAt, 50);
  at(49, () => undefined);
  assert.equal(wallet.available, 0n);
  at(50, () => undefined);
  assert.equal(wallet.available, 100n);
});

test('what is usable already, or gone, is not resumed twice', () => {
  const { wallet, at } = resumed({ availableFrom: null });
  assert.deepEqual(
    at(30, draft => draft.resume([{ seq: 1, terms: { availableFrom: 90 } }], 30)),
    [],
  );
  at(40, draft => draft.debit('redeem', 100n, 40));
  assert.deepEqual(
    at(50, draft => draft.resume([{ seq: 1, terms: { availableFrom: null } }], 50)),
    [],
  );
  assert.equal(wallet.available, 0n);
});

test('what is given up is gone once, and counts as lapsed: its order does not pay it again', () => {
  const { wallet, at } = held();
  at(5, draft => draft.credit('earn', 40n, { availableFrom: null, expiresAt: null }, 5));
  const [cancel] = at(20, draft => draft.giveUp([1, 2], 20));
  assert.deepEqual([cancel?.kind, cancel?.rule, cancel?.pending], ['cancel', null, -100n]);
  assert.deepEqual([wallet.available, wallet.pending], [40n, 0n]);
  assert.deepEqual(
    at(21, draft => draft.giveUp([1], 21)),
    [],
  );
  let result: unknown;
  at(30, draft => {
    result = draft.clawback(100n, [1], draft.lapsed(1), 'clamp_to_zero', 30, 'base@1');
  });
  assert.deepEqual(result, { cancelled: 0n, taken: 0n, excused: 100n, shortfall: 0n, debt: 0n });
  assert.equal(wallet.available, 40n);
});
