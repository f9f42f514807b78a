import { Draft } from '#modules/ledger/draft.ts';
import { type Entry, emptyWallet, type IfSpent, type Taken, type Wallet } from '#modules/ledger/model.ts';

export const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
/** Midnight of a day of the test's calendar. */
export const at = (day: number): number => START + day * DAY;

/** A wallet, its journal and the debits that can be refunded. */
export class Book {
  wallet: Wallet = emptyWallet(64, 1);
  readonly entries: Entry[] = [];
  readonly redeemed: { seq: number; taken: Taken[]; points: bigint; refunded: bigint }[] = [];

  /** Does something on a day; gives the entries that it wrote. */
  on(day: number, act: (draft: Draft) => unknown): Entry[] {
    const draft = new Draft(this.wallet, at(day));
    act(draft);
    draft.apply();
    this.entries.push(...draft.entries);
    return draft.entries;
  }

  earn(day: number, points: bigint, terms: { opens?: number; expires?: number } = {}): number {
    const { opens, expires } = terms;
    let seq = 0;
    this.on(day, draft => {
      const lot = {
        availableFrom: opens === undefined ? null : at(opens),
        expiresAt: expires === undefined ? null : at(expires),
      };
      seq = draft.credit('earn', points, lot, at(day)).seq;
    });
    return seq;
  }

  redeem(day: number, points: bigint): number {
    const [entry] = this.on(day, draft => draft.debit('redeem', points, at(day))).slice(-1);
    const { seq, lots, amounts } = entry as Entry;
    const taken = lots.map(
      (lot, place): Taken => ({
        seq: lot,
        amount: -(amounts[place] as bigint),
        expiresAt: this.expiryOf(lot),
        inactiveAfter: null,
      }),
    );
    this.redeemed.push({ seq, taken, points, refunded: 0n });
    return seq;
  }

  refund(day: number, points: bigint, which = 0): Entry[] {
    const redemption = this.redeemed[which] as Book['redeemed'][number];
    const entries = this.on(day, draft =>
      draft.refund(redemption.seq, redemption.taken, redemption.refunded, points, at(day)),
    );
    redemption.refunded += points;
    return entries;
  }

  hold(day: number, points: bigint, until: number): number {
    const entry = this.on(day, draft => draft.reserve(points, at(day), at(until))).at(-1) as Entry;
    return entry.seq;
  }

  clawback(day: number, points: bigint, own: number[], policy: IfSpent = 'clamp_to_zero', expired = 0n) {
    let result: ReturnType<Draft['clawback']>;
    this.on(day, draft => {
      result = draft.clawback(points, own, expired, policy, at(day));
    });
    return result;
  }

  private expiryOf(lot: number): number | null {
    return this.entries.find(entry => entry.seq === lot)?.expiresAt ?? null;
  }

  /** Available, pending, held, debt, shortfall. */
  get sums(): bigint[] {
    const { available, pending, held, debt, shortfall } = this.wallet;
    return [available, pending, held, debt, shortfall];
  }

  get lots(): [seq: number, remaining: bigint][] {
    return [...this.wallet.lots.values()]
      .map(lot => [lot.seq, lot.remaining] as [number, bigint])
      .sort((a, b) => a[0] - b[0]);
  }
}
