import { expiryOf, isActivity } from './inactivity.ts';
import { type ClosingTerms, type LotTerms, type Resumed, waits } from './lot-terms.ts';
import {
  byConsumption,
  type Entry,
  type Hold,
  type IfSpent,
  type Kind,
  type Lot,
  least,
  type Taken,
  type Wallet,
} from './model.ts';
import { type Movement, Overlay } from './overlay.ts';

/** What a clawback did: the five parts sum to what was asked for. */
export interface Clawback {
  cancelled: bigint;
  taken: bigint;
  /** Had expired with the order's own lots: not taken twice. */
  excused: bigint;
  shortfall: bigint;
  debt: bigint;
}

const sum = (lots: readonly { remaining: bigint }[]): bigint =>
  lots.reduce((all, lot) => all + lot.remaining, 0n);
const allocations = (taken: readonly Taken[], sign: bigint) => ({
  lots: taken.map(part => part.seq),
  amounts: taken.map(part => sign * part.amount),
});

/**
 * What one command does to one wallet, worked out without touching the wallet: a refused command just drops
 * its draft. What has fallen due is settled first (ledger rule 1). All methods take points > 0.
 */
export class Draft extends Overlay {
  /** Whether something was due: then the wallet is to be written even if nothing came of it. */
  readonly wasDue: boolean;

  constructor(wallet: Wallet, now: number) {
    super(wallet, now);
    this.wasDue = this.sums.nextDueAt !== null && this.sums.nextDueAt <= this.now;
    if (this.wasDue) this.settle();
  }

  /** Opens a lot. A debt is repaid from it at once: its opening entry then consumes a part of its own lot. */
  credit(
    kind: Kind,
    points: bigint,
    terms: LotTerms,
    occurredAt: number,
    cause: { rule?: string; reason?: string } = {},
  ): Entry {
    const { availableFrom, cancels = false, inactiveAfter = null } = terms;
    const pending = waits(terms, this.now);
    const repaid = pending ? 0n : least(this.sums.debt, points);
    const seq = this.sums.seq + 1;
    this.sums.earned += points;
    if (isActivity({ kind, ofSeq: null })) this.active(occurredAt);
    const expiresAt = expiryOf(
      { expiresAt: terms.expiresAt, inactiveAfter },
      this.sums.activeAt ?? occurredAt,
    );
    const lot = { availableFrom, cancels, expiresAt, inactiveAfter };
    this.put({ seq, remaining: points - repaid, pending, ...lot });
    const entry = this.write(kind, occurredAt, {
      ...(pending ? { pending: points } : { available: points, debt: -repaid }),
      ...lot,
      ...cause,
      lots: repaid > 0n ? [seq] : [],
      amounts: repaid > 0n ? [-repaid] : [],
    });
    // Points of long ago can have expired before they were booked: what is answered must not count them.
    const isPast = (at: number | null) => at !== null && at <= this.now;
    if (isPast(expiresAt) || (pending && isPast(availableFrom))) this.settle();
    return entry;
  }

  /** Makes those of these lots usable that are pending: what they wait for has come. */
  open(lots: readonly number[], occurredAt: number): void {
    const pending = lots.map(seq => this.lot(seq)).filter(lot => lot?.pending === true);
    this.activate(pending as Lot[], occurredAt);
  }

  /**
   * Gives pending lots, which were held back, the terms that they would have had: usable at once, or pending for longer.
   * An `activate` entry of no points says from when on, and until when they live.
   */
  resume(lots: readonly Resumed[], occurredAt: number): void {
    const pending = lots.filter(({ seq }) => this.lot(seq)?.pending === true);
    for (const { seq, closing } of pending) if (closing != null) this.close(seq, closing, occurredAt);
    const usable = pending.filter(({ terms }) => !waits(terms, this.now));
    this.activate(
      usable.map(({ seq }) => this.lot(seq) as Lot),
      occurredAt,
    );
    for (const { seq, terms } of pending) {
      const { availableFrom, cancels = false } = terms;
      if (availableFrom === null || !waits(terms, this.now)) continue;
      this.put({ ...(this.lot(seq) as Lot), availableFrom, cancels });
      this.write('activate', occurredAt, { availableFrom, cancels, lots: [seq], amounts: [0n] });
    }
    if (this.sums.nextDueAt !== null && this.sums.nextDueAt <= this.now) this.settle();
  }

  /** Gives a lot its date of expiry. */
  private close(seq: number, { expiresAt, inactiveAfter }: ClosingTerms, occurredAt: number): void {
    const lot = this.lot(seq) as Lot;
    const at = expiryOf({ expiresAt, inactiveAfter }, this.sums.activeAt ?? occurredAt);
    this.put({ ...lot, expiresAt: at, inactiveAfter });
    const { availableFrom, cancels } = lot;
    const stays = { availableFrom, cancels, lots: [seq], amounts: [0n] };
    this.write('activate', occurredAt, { ...stays, expiresAt: at, inactiveAfter });
  }

  /** Lets pending lots go for good: what they held has lapsed and is not taken from others when their order comes back. */
  giveUp(lots: readonly number[], occurredAt: number): void {
    const pending = lots.map(seq => this.lot(seq)).filter(lot => lot?.pending === true);
    this.lapse(pending as Lot[], occurredAt);
  }

  /** Takes points by rule 3. The caller has checked that `balance.available` covers them. */
  debit(
    kind: Kind,
    points: bigint,
    occurredAt: number,
    reason: string | null = null,
    rule: string | null = null,
  ): Entry {
    if (isActivity({ kind, ofSeq: null })) this.active(occurredAt);
    const taken = this.take(points);
    if (kind === 'redeem') this.sums.redeemed += points;
    return this.write(kind, occurredAt, { available: -points, reason, rule, ...allocations(taken, -1n) });
  }

  /**
   * Moves points to another wallet, out of the lots `first`, then by rule 3; the two entries sum to zero. Each lot that gives opens one there, with
   * the date that it has now: one that moved with its member's activity stands still from then on, or two members could
   * keep each other's points alive. The caller has checked that `balance.available` covers them.
   */
  send(
    points: bigint,
    to: Draft,
    occurredAt: number,
    cause: { rule: string; reason?: string },
    first: readonly Lot[] = [],
  ): void {
    const taken = this.take(points, first.toSorted(byConsumption));
    this.write('transfer', occurredAt, { available: -points, ...cause, ...allocations(taken, -1n) });
    for (const { amount, expiresAt } of taken)
      to.credit('transfer', amount, { availableFrom: null, expiresAt }, occurredAt, cause);
  }

  /** Reserves points until `expiresAt`. The caller has checked that `balance.available` covers them. */
  reserve(points: bigint, occurredAt: number, expiresAt: number): Entry {
    this.active(occurredAt);
    const taken = this.take(points);
    const entry = this.write('hold', occurredAt, {
      available: -points,
      held: points,
      expiresAt,
      ...allocations(taken, -1n),
    });
    this.holds.set(entry.seq, { seq: entry.seq, points, expiresAt, taken });
    this.due(expiresAt);
    return entry;
  }

  /** Turns a hold into a redemption. */
  capture(hold: Hold, occurredAt: number): Entry {
    this.holds.set(hold.seq, null);
    this.sums.redeemed += hold.points;
    return this.write('redeem', occurredAt, { held: -hold.points, ofSeq: hold.seq });
  }

  /** Ends a hold: its lots get back what it took, and what has expired meanwhile lapses at once. */
  release(hold: Hold, occurredAt: number): void {
    this.holds.set(hold.seq, null);
    this.reopen('release', hold.taken, occurredAt, { held: -hold.points, ofSeq: hold.seq });
  }

  /**
   * Gives back `points` of a redemption to the very lots that it consumed, the last consumed first (they
   * live longest), after skipping the `already` points that earlier refunds gave back.
   */
  refund(seq: number, taken: readonly Taken[], already: bigint, points: bigint, occurredAt: number): void {
    let skip = already;
    let left = points;
    const back: Taken[] = [];
    for (const part of taken.toReversed()) {
      const skipped = least(skip, part.amount);
      skip -= skipped;
      const amount = least(part.amount - skipped, left);
      left -= amount;
      if (amount > 0n) back.push({ ...part, amount });
    }
    this.sums.redeemed -= points;
    this.reopen('refund', back, occurredAt, { ofSeq: seq });
  }

  /**
   * Takes back what was earned: from the order's own lots first (pending ones are cancelled), then what
   * had expired with them is excused, then by rule 3, then by the policy. Undefined where the policy refuses.
   */
  clawback(
    points: bigint,
    own: readonly number[],
    expired: bigint,
    policy: IfSpent,
    occurredAt: number,
    rule: string | null = null,
  ): Clawback | undefined {
    const result: Clawback = { cancelled: 0n, taken: 0n, excused: 0n, shortfall: 0n, debt: 0n };
    const ownLots = own.map(seq => this.lot(seq)).filter(lot => lot !== undefined);
    result.cancelled = this.cancel(
      points,
      ownLots.filter(lot => lot.pending),
      occurredAt,
      rule,
    );
    let left = points - result.cancelled;
    const usableOwn = ownLots.filter(lot => !lot.pending);
    result.excused = least(left - least(left, sum(usableOwn)), expired);
    left -= result.excused;
    result.taken = least(left, this.sums.available + this.sums.debt);
    const missing = left - result.taken;
    if (missing > 0n && policy === 'refuse') return undefined;
    if (policy === 'allow_negative') result.debt = missing;
    else result.shortfall = missing;
    if (left === 0n) return result;
    const taken = result.taken > 0n ? this.take(result.taken, usableOwn) : [];
    this.write('clawback', occurredAt, {
      available: -result.taken - result.debt,
      debt: result.debt,
      shortfall: result.shortfall,
      rule,
      ...allocations(taken, -1n),
    });
    return result;
  }

  private cancel(points: bigint, lots: readonly Lot[], occurredAt: number, rule: string | null): bigint {
    const cancelled: Taken[] = [];
    let left = points;
    for (const lot of lots) {
      const amount = least(left, lot.remaining);
      if (amount === 0n) break;
      left -= amount;
      this.put({ ...lot, remaining: lot.remaining - amount });
      cancelled.push({ ...lot, amount });
    }
    if (cancelled.length > 0)
      this.write('cancel', occurredAt, { pending: left - points, rule, ...allocations(cancelled, -1n) });
    return points - left;
  }

  /**
   * Puts points back into their lots. A debt is repaid and a shortfall netted from them first, the earliest
   * expiry first, also from what has expired since: an earn, redeem, return, refund leaves nothing behind.
   */
  private reopen(
    kind: 'release' | 'refund',
    back: readonly Taken[],
    occurredAt: number,
    movement: Movement,
  ): void {
    const points = back.reduce((all, part) => all + part.amount, 0n);
    const repaid = least(this.sums.debt, points);
    for (const part of back) {
      const open = this.lot(part.seq);
      this.put({
        seq: part.seq,
        remaining: (open?.remaining ?? 0n) + part.amount,
        pending: false,
        availableFrom: open?.availableFrom ?? null,
        cancels: open?.cancels ?? false,
        expiresAt: expiryOf(part, this.sums.activeAt),
        inactiveAfter: part.inactiveAfter,
      });
    }
    const reopened = () => back.map(part => this.lot(part.seq)).filter(lot => lot !== undefined);
    const consumed = new Map(
      (repaid > 0n ? this.takeFrom(repaid, reopened()) : []).map(part => [part.seq, part.amount]),
    );
    this.write(kind, occurredAt, {
      ...movement,
      available: points,
      debt: -repaid,
      lots: back.map(part => part.seq),
      amounts: back.map(part => part.amount - (consumed.get(part.seq) ?? 0n)),
    });
    this.net(points - repaid, reopened(), occurredAt);
    this.expire(
      reopened().filter(lot => lot.expiresAt !== null && lot.expiresAt <= occurredAt),
      occurredAt,
    );
  }

  /** Takes an open shortfall from points that have just become usable. */
  private net(points: bigint, lots: readonly Lot[], occurredAt: number): void {
    const amount = least(this.sums.shortfall, points);
    if (amount === 0n) return;
    const taken = this.takeFrom(amount, lots);
    this.write('clawback', occurredAt, {
      available: -amount,
      shortfall: -amount,
      ...allocations(taken, -1n),
    });
  }

  /** Does what has fallen due in the order in which it did; at one instant holds end before lots open or expire. */
  private settle(): void {
    for (;;) {
      const hold = this.openHolds
        .filter(open => open.expiresAt <= this.now)
        .sort((a, b) => a.expiresAt - b.expiresAt || a.seq - b.seq)[0];
      if (hold === undefined) break;
      this.settleLots(hold.expiresAt - 1);
      this.release(hold, hold.expiresAt);
    }
    this.settleLots(this.now);
  }

  private settleLots(until: number): void {
    const instants = new Map<number, { opens: Lot[]; cancels: Lot[]; expires: Lot[] }>();
    const at = (instant: number) => {
      const due = instants.get(instant) ?? { opens: [], cancels: [], expires: [] };
      instants.set(instant, due);
      return due;
    };
    for (const lot of this.openLots.sort((a, b) => a.seq - b.seq)) {
      if (lot.expiresAt !== null && lot.expiresAt <= until) at(lot.expiresAt).expires.push(lot);
      const opens = lot.pending ? lot.availableFrom : null;
      if (opens !== null && opens <= until && opens < (lot.expiresAt ?? Number.POSITIVE_INFINITY))
        at(opens)[lot.cancels ? 'cancels' : 'opens'].push(lot);
    }
    for (const [instant, due] of [...instants].sort((a, b) => a[0] - b[0])) {
      this.activate(due.opens, instant);
      this.lapse(due.cancels, instant);
      this.expire(due.expires, instant);
    }
  }

  /** Cancels pending lots whose time is up: what they waited for has not come. */
  private lapse(lots: readonly Lot[], at: number): void {
    if (lots.length === 0) return;
    for (const lot of lots) this.put({ ...lot, remaining: 0n });
    this.write('cancel', at, {
      pending: -sum(lots),
      lots: lots.map(lot => lot.seq),
      amounts: lots.map(lot => -lot.remaining),
    });
  }

  /** Makes pending lots usable; a debt is repaid from them and a shortfall netted. */
  private activate(due: readonly Lot[], at: number): void {
    const lots = due.map(lot => this.lot(lot.seq)).filter(lot => lot !== undefined);
    if (lots.length === 0) return;
    const points = sum(lots);
    for (const lot of lots) this.put({ ...lot, pending: false });
    const current = () => lots.map(lot => this.lot(lot.seq)).filter(lot => lot !== undefined);
    const repaid = least(this.sums.debt, points);
    const consumed = new Map(
      (repaid > 0n ? this.takeFrom(repaid, current()) : []).map(part => [part.seq, part.amount]),
    );
    this.write('activate', at, {
      available: points,
      pending: -points,
      debt: -repaid,
      lots: lots.map(lot => lot.seq),
      amounts: lots.map(lot => -(consumed.get(lot.seq) ?? 0n)),
    });
    this.net(points - repaid, current(), at);
  }

  private expire(due: readonly Lot[], at: number): void {
    const lots = due.map(lot => this.lot(lot.seq)).filter(lot => lot !== undefined);
    if (lots.length === 0) return;
    const usable = sum(lots.filter(lot => !lot.pending));
    const pending = sum(lots.filter(lot => lot.pending));
    for (const lot of lots) this.put({ ...lot, remaining: 0n });
    this.sums.expired += usable + pending;
    this.write('expire', at, {
      available: -usable,
      pending: -pending,
      lots: lots.map(lot => lot.seq),
      amounts: lots.map(lot => -lot.remaining),
    });
  }
}
