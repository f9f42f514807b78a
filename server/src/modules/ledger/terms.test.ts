import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Draft } from './draft.ts';
import { replay, settledAt } from './history.ts';
import { lapsesAt } from './inactivity.ts';
import type { LotTerms } from './lot-terms.ts';
import { type Entry, emptyWallet, type Wallet } from './model.ts';

const DAY = 86_400_000;
const at = (day: number): number => day * DAY;

test('inactivity counts on the calendar of its zone, over month ends and clock changes', () => {
  const cases: [string, string, string][] = [
    ['P6M Europe/Paris', '2026-08-31T10:00:00.000Z', '2027-02-28T11:00:00.000Z'],
    ['P6M UTC', '2026-08-31T10:00:00.000Z', '2027-02-28T10:00:00.000Z'],
    ['P1M America/New_York', '2026-02-28T12:00:00.000Z', '2026-03-28T11:00:00.000Z'],
    ['PT24H Europe/Paris', '2026-03-28T12:00:00.000Z', '2026-03-29T12:00:00.000Z'],
    ['P1D Europe/Paris', '2026-03-28T12:00:00.000Z', '2026-03-29T11:00:00.000Z'],
  ];
  for (const [term, active, lapses] of cases)
    assert.equal(
      new Date(lapsesAt(term, Date.parse(active))).toISOString(),
      lapses,
      `${term} after ${active}`,
    );
});

/** What one step of a sequence does, `wait` days after the one before it. */
type Step = { wait: number } & (
  | { kind: 'earn'; points: number; late: number; opens: Opening; closes: Closing }
  | { kind: 'redeem'; points: number; days: number }
  | { kind: 'hold'; points: number; days: number }
  | { kind: 'event'; which: number }
  | { kind: 'capture' | 'release'; which: number }
);
type Opening =
  | { kind: 'now' }
  | { kind: 'after'; days: number }
  | { kind: 'event'; days: number | null; cancels: boolean };
type Closing = { kind: 'never' } | { kind: 'after' | 'inactivity'; days: number };

interface PlainLot {
  left: number;
  pending: boolean;
  opens: number | null;
  cancels: boolean;
  closes: Closing;
  from: number;
}

/** The reference: lots in a list, and every day lived through, one after the other. */
class Plain {
  readonly lots: PlainLot[] = [];
  readonly holds: { end: number; parts: [PlainLot, number][] }[] = [];
  private today = 0;
  private active = Number.NEGATIVE_INFINITY;

  expiry({ closes, from }: PlainLot): number {
    if (closes.kind === 'never') return Number.POSITIVE_INFINITY;
    return (closes.kind === 'after' ? from : this.active) + closes.days;
  }

  live(until: number): void {
    for (; this.today < until; this.today += 1) this.day(this.today + 1);
  }

  private day(day: number): void {
    for (const hold of this.holds.filter(open => open.end === day)) this.release(hold);
    for (const lot of this.lots) {
      const isOver = this.expiry(lot) <= day;
      if (!isOver && lot.pending && lot.opens !== null && lot.opens <= day) {
        if (lot.cancels) lot.left = 0;
        lot.pending = false;
      }
      if (isOver) lot.left = 0;
    }
  }

  release(hold: Plain['holds'][number]): void {
    this.holds.splice(this.holds.indexOf(hold), 1);
    for (const [lot, points] of hold.parts) lot.left += points;
  }

  earn(day: number, { points, late, opens, closes }: Extract<Step, { kind: 'earn' }>): void {
    const from = day - late;
    this.active = Math.max(this.active, from);
    const start = opens.kind === 'now' || opens.days === null ? null : from + opens.days;
    const cancels = opens.kind === 'event' && opens.cancels;
    const waits = opens.kind === 'event' ? start === null || cancels || start > day : (start ?? day) > day;
    this.lots.push({ left: points, pending: waits, opens: start, cancels, closes, from });
    this.day(day);
  }

  get available(): number {
    return this.lots.reduce((sum, lot) => sum + (lot.pending ? 0 : lot.left), 0);
  }
  get pending(): number {
    return this.lots.reduce((sum, lot) => sum + (lot.pending ? lot.left : 0), 0);
  }

  take(day: number, points: number): [PlainLot, number][] {
    this.active = Math.max(this.active, day);
    const parts: [PlainLot, number][] = [];
    let left = points;
    for (const lot of this.lots
      .filter(({ pending }) => !pending)
      .sort((a, b) => (this.expiry(a) === this.expiry(b) ? 0 : this.expiry(a) - this.expiry(b)))) {
      const part = Math.min(left, lot.left);
      lot.left -= part;
      left -= part;
      if (part > 0) parts.push([lot, part]);
    }
    return parts;
  }
}

const opening = fc.oneof(
  fc.constant<Opening>({ kind: 'now' }),
  fc.integer({ min: 1, max: 12 }).map((days): Opening => ({ kind: 'after', days })),
  fc
    .tuple(fc.option(fc.integer({ min: 1, max: 20 })), fc.boolean())
    .map(([days, cancels]): Opening => ({ kind: 'event', days, cancels: cancels && days !== null })),
);
const closing = fc.oneof(
  fc.constant<Closing>({ kind: 'never' }),
  fc.record({ kind: fc.constantFrom('after', 'inactivity'), days: fc.integer({ min: 1, max: 25 }) }),
);
const wait = fc.integer({ min: 0, max: 9 });
const points = fc.integer({ min: 1, max: 60 });
const which = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('earn' as const),
    wait,
    points,
    late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15 })),
    opens: opening,
    closes: closing,
  }),
  fc.record({
    kind: fc.constantFrom('redeem' as const, 'hold' as const),
    wait,
    points,
    days: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ kind: fc.constantFrom('capture' as const, 'release' as const, 'event' as const), wait, which }),
);

const termsOf = (day: number, { late, opens, closes }: Extract<Step, { kind: 'earn' }>): LotTerms => {
  const from = day - late;
  return {
    availableFrom: opens.kind === 'now' || opens.days === null ? null : at(from + opens.days),
    ...(opens.kind === 'event' ? { waits: true, cancels: opens.cancels } : {}),
    expiresAt: closes.kind === 'after' ? at(from + closes.days) : null,
    ...(closes.kind === 'inactivity' ? { inactiveAfter: `P${closes.days}D UTC` } : {}),
  };
};

/** The engine's wallet, kept as its tables keep it: an order that meets nothing due does without the lots. */
class Kept {
  wallet: Wallet = emptyWallet(64, 1);
  readonly entries: Entry[] = [];

  on<T>(day: number, needsLots: boolean, act: (draft: Draft) => T): T {
    const isDue = this.wallet.nextDueAt !== null && this.wallet.nextDueAt <= at(day);
    const all = this.wallet;
    if (!needsLots && !isDue)
      this.wallet = {
        ...all,
        lots: new Map(),
        holds: new Map(),
        lapsed: new Map(),
        dueBeyond: all.nextDueAt,
        movable: false,
      };
    const draft = new Draft(this.wallet, at(day));
    const result = act(draft);
    draft.apply();
    this.entries.push(...draft.entries);
    if (this.wallet !== all) this.reload(all);
    return result;
  }

  /** What a later batch reads: sums from the wallet, lots from their rows, dates from the last activity. */
  private reload(all: Wallet): void {
    const lots = new Map([...all.lots, ...this.wallet.lots]);
    this.wallet = { ...this.wallet, lots, holds: all.holds, dueBeyond: null };
    for (const lot of lots.values())
      if (lot.inactiveAfter !== null) {
        const expiresAt = lapsesAt(lot.inactiveAfter, this.wallet.activeAt as number);
        lots.set(lot.seq, { ...lot, expiresAt });
        this.wallet.movable = true;
      }
  }
}

test('pending, events, deadlines, expiry by date and by inactivity give what living through every day gives', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const plain = new Plain();
      const kept = new Kept();
      const lotsOf: number[] = [];
      const holds: number[] = [];
      const plainHolds: Plain['holds'][number][] = [];
      let day = 100;
      const seen: [number, bigint, bigint][] = [];
      for (const own of steps) {
        day += own.wait;
        plain.live(day);
        if (own.kind === 'earn') {
          plain.earn(day, own);
          lotsOf.push(
            kept.on(day, false, draft =>
              draft.credit('earn', BigInt(own.points), termsOf(day, own), at(day - own.late)),
            ).seq,
          );
        } else if (own.kind === 'redeem' || own.kind === 'hold') {
          if (plain.available < own.points) continue;
          const parts = plain.take(day, own.points);
          kept.on(day, true, draft => {
            assert.equal(draft.balance.available >= BigInt(own.points), true);
            if (own.kind === 'redeem') return draft.debit('redeem', BigInt(own.points), at(day));
            return draft.reserve(BigInt(own.points), at(day), at(day + own.days));
          });
          if (own.kind === 'hold') {
            const hold = { end: day + own.days, parts };
            plain.holds.push(hold);
            plainHolds.push(hold);
            holds.push(kept.entries.at(-1)?.seq as number);
          }
        } else if (own.kind === 'event') {
          const lot = plain.lots[own.which];
          if (lot === undefined) continue;
          lot.pending = false;
          kept.on(day, true, draft => draft.open([lotsOf[own.which] as number], at(day)));
        } else {
          const hold = plainHolds[own.which];
          if (hold === undefined || !plain.holds.includes(hold)) continue;
          if (own.kind === 'capture') plain.holds.splice(plain.holds.indexOf(hold), 1);
          else {
            plain.release(hold);
            for (const [lot] of hold.parts) if (plain.expiry(lot) <= day) lot.left = 0;
          }
          kept.on(day, true, draft => {
            const open = draft.hold(holds[own.which] as number);
            assert.ok(open);
            if (own.kind === 'capture') draft.capture(open, at(day));
            else draft.release(open, at(day));
          });
        }
        const now = settledAt(kept.wallet, at(day));
        assert.deepEqual(
          [Number(now.available), Number(now.pending)],
          [plain.available, plain.pending],
          `day ${day}, after ${JSON.stringify(own)}`,
        );
        assert.deepEqual(
          lotsOf.map(seq => Number(now.lots.get(seq)?.remaining ?? 0n)),
          plain.lots.map(lot => lot.left),
        );
        seen.push([day, now.available, now.pending]);
      }
      // The entries alone give the same at each of these days, and what is kept gives the same as they do.
      for (const [then, available, pending] of new Map(seen.map(row => [row[0], row])).values()) {
        const past = settledAt(
          replay(
            64,
            1,
            kept.entries.filter(entry => entry.bookedAt <= at(then)),
          ),
          at(then),
        );
        assert.deepEqual([past.available, past.pending], [available, pending], `as of day ${then}`);
      }
      const again = replay(64, 1, kept.entries);
      const inOrder = ({ lots }: Wallet) => [...lots.values()].sort((a, b) => a.seq - b.seq);
      assert.deepEqual(inOrder(again), inOrder(kept.wallet));
      assert.equal(again.activeAt, kept.wallet.activeAt);
    }),
    { numRuns: 5_000 },
  );
});
