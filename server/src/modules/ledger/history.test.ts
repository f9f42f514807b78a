import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { at, Book, DAY } from '../../../test/support/book.ts';
import { Draft } from './draft.ts';
import { replay, settledAt } from './history.ts';
import type { IfSpent, Wallet } from './model.ts';

/** One thing to do, in numbers that are taken modulo what there is. */
interface Act {
  what: 'earn' | 'debit' | 'redeem' | 'hold' | 'capture' | 'release' | 'refund' | 'clawback' | 'wait';
  days: number;
  size: number;
  pick: number;
  policy: IfSpent;
}

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom(
    'earn',
    'earn',
    'earn',
    'debit',
    'redeem',
    'hold',
    'hold',
    'capture',
    'release',
    'refund',
    'refund',
    'clawback',
    'clawback',
    'wait',
  ),
  days: fc.constantFrom(0, 0, 0, 1, 5, 14, 40),
  size: fc.nat(200),
  pick: fc.nat(20),
  policy: fc.constantFrom('clamp_to_zero', 'allow_negative', 'refuse'),
});

/** Does what can be done of it. */
function perform(book: Book, day: number, { what, size, pick, policy }: Act): void {
  const { wallet } = book;
  const settled = settledAt(wallet, at(day));
  const points = BigInt(size % 100) + 1n;
  const affordable = settled.available < points ? settled.available : points;
  if (what === 'earn') {
    const opens = pick % 3 === 0 ? { opens: day + (pick % 20) - 4 } : {};
    const expires = pick % 4 > 0 ? { expires: day + (size % 60) - 6 } : {};
    book.earn(day, points, { ...opens, ...expires });
  } else if (what === 'debit' && affordable > 0n)
    book.on(day, draft => draft.debit('adjust', affordable, at(day)));
  else if (what === 'redeem' && affordable > 0n) book.redeem(day, affordable);
  else if (what === 'hold' && affordable > 0n) book.hold(day, affordable, day + 1 + (pick % 30));
  else if (what === 'capture' || what === 'release') {
    const hold = [...settled.holds.values()][pick % Math.max(settled.holds.size, 1)];
    if (hold !== undefined)
      book.on(day, draft =>
        what === 'capture' ? draft.capture(hold, at(day)) : draft.release(hold, at(day)),
      );
  } else if (what === 'refund') {
    const which = pick % Math.max(book.redeemed.length, 1);
    const left = (book.redeemed[which]?.points ?? 0n) - (book.redeemed[which]?.refunded ?? 0n);
    if (left > 0n) book.refund(day, left < points ? left : points, which);
  } else if (what === 'clawback') {
    const lots = book.entries.filter(entry => entry.kind === 'earn').map(entry => entry.seq);
    book.clawback(
      day,
      points,
      lots.length === 0 ? [] : [lots[pick % lots.length] as number],
      policy,
      BigInt(pick % 7),
    );
  } else book.on(day, () => undefined);
}

const story = fc.array(act, { minLength: 1, maxLength: 60, size: 'max' });
/** What two wallets are compared by; looking at one books nothing, so when that was does not count. */
const facts = ({ lots, holds, lapsed: _, dueBeyond: __, bookedAt: ___, ...sums }: Wallet) => ({
  ...sums,
  lots: new Map([...lots].sort((a, b) => a[0] - b[0])),
  holds,
});

test('the wallet after any movements is the one that its entries make', () => {
  fc.assert(
    fc.property(story, acts => {
      const book = new Book();
      let day = 0;
      for (const own of acts) {
        day += own.days;
        perform(book, day, own);
        const { lots, debt } = book.wallet;
        const usable = [...lots.values()].reduce((sum, lot) => sum + (lot.pending ? 0n : lot.remaining), 0n);
        assert.equal(book.wallet.available, usable - debt, 'available = usable lots - debt');
        assert.ok([...lots.values()].every(lot => lot.remaining > 0n));
      }
      if (book.entries.length > 0) assert.deepEqual(facts(book.wallet), facts(replay(64, 1, book.entries)));
    }),
    { numRuns: 300 },
  );
});

test('settling in many steps does what settling in one does', () => {
  fc.assert(
    fc.property(story, fc.array(fc.nat(40 * DAY), { maxLength: 5 }), (acts, pauses) => {
      const book = new Book();
      let day = 0;
      for (const own of acts) {
        day += own.days;
        perform(book, day, own);
      }
      const last = at(day) + pauses.reduce((sum, pause) => sum + pause, 0);
      let stepwise = book.wallet;
      let now = at(day);
      for (const pause of pauses) {
        now += pause;
        stepwise = settledAt(stepwise, now);
      }
      const { seq: _, ...ended } = facts(settledAt(stepwise, last));
      const { seq: __, ...once } = facts(settledAt(book.wallet, last));
      assert.deepEqual(ended, once);
    }),
    { numRuns: 200 },
  );
});

test('a draft that is not applied changes nothing', () => {
  fc.assert(
    fc.property(story, fc.nat(100), (acts, later) => {
      const book = new Book();
      let day = 0;
      for (const own of acts) {
        day += own.days;
        perform(book, day, own);
      }
      const before = structuredClone(book.wallet);
      const draft = new Draft(book.wallet, at(day + later));
      draft.credit('earn', 5n, { availableFrom: null, expiresAt: null }, at(day));
      if (draft.balance.available > 0n) draft.debit('adjust', draft.balance.available, at(day));
      draft.clawback(1_000n, [...book.wallet.lots.keys()], 0n, 'allow_negative', at(day));
      assert.deepEqual(book.wallet, before);
    }),
    { numRuns: 200 },
  );
});

test('credits to a wallet whose lots were not loaded give the same sums, lots and next instant', () => {
  const credits = fc.array(fc.tuple(fc.integer({ min: -10, max: 80 }), fc.bigInt({ min: 1n, max: 50n })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(story, credits, (acts, points) => {
      const book = new Book();
      let day = 0;
      for (const own of acts) {
        day += own.days;
        perform(book, day, own);
      }
      // Lots are left out only where nothing of them is due.
      const settled = settledAt(book.wallet, at(day));
      const bare: Wallet = {
        ...settled,
        lots: new Map(),
        holds: new Map(),
        lapsed: new Map(),
        dueBeyond: settled.nextDueAt,
      };
      for (const [expires, amount] of points) {
        for (const wallet of [settled, bare]) {
          const draft = new Draft(wallet, at(day));
          draft.credit('earn', amount, { availableFrom: null, expiresAt: at(day + expires) }, at(day));
          draft.apply();
        }
      }
      const { lots, holds: _, ...sums } = facts(settled);
      const { lots: own, holds: __, ...bareSums } = facts(bare);
      assert.deepEqual(bareSums, sums);
      for (const [seq, lot] of own) assert.deepEqual(lots.get(seq), lot);
    }),
    { numRuns: 200 },
  );
});
