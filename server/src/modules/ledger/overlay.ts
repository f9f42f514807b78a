import { lapsesAt } from './inactivity.ts';
import {
  byConsumption,
  type Entry,
  type Hold,
  holdsOf,
  type Kind,
  type Lot,
  lapsedOf,
  least,
  nextDue,
  type Sums,
  type Taken,
  type Wallet,
} from './model.ts';

/** What an entry changes; what is left out does not change. */
export interface Movement extends Partial<Omit<Entry, 'wallet' | 'seq' | 'kind' | 'occurredAt'>> {
  debt?: bigint;
  shortfall?: bigint;
}

/** Whether an entry let points go that fell due; a cancellation with a rule took back what an order had earned. */
export const isLapse = ({ kind, rule }: Pick<Entry, 'kind' | 'rule'>): boolean =>
  kind === 'expire' || (kind === 'cancel' && rule === null);

/**
 * A wallet with changes that are not in it yet: it reads through to the wallet's sums, lots and holds and
 * collects entries. `apply` (the ledger's `evolve`) writes them into the wallet.
 */
export class Overlay {
  readonly entries: Entry[] = [];
  protected readonly wallet: Wallet;
  protected readonly sums: Sums;
  protected readonly lots = new Map<number, Lot | null>();
  protected readonly holds = new Map<number, Hold | null>();
  private movable: boolean;

  constructor(wallet: Wallet, now: number) {
    this.wallet = wallet;
    this.movable = wallet.movable;
    const { seq, available, pending, held, debt, shortfall, earned, redeemed, expired } = wallet;
    const { nextDueAt, activeAt } = wallet;
    const bookedAt = Math.max(wallet.bookedAt, now);
    this.sums = {
      seq,
      available,
      pending,
      held,
      debt,
      shortfall,
      earned,
      redeemed,
      expired,
      nextDueAt,
      activeAt,
      bookedAt,
    };
  }

  /** The program's clock, never before what was booked in this wallet. */
  get now(): number {
    return this.sums.bookedAt;
  }

  get balance(): Readonly<Sums> {
    return this.sums;
  }

  get walletId(): number {
    return this.wallet.id;
  }

  lot(seq: number): Lot | undefined {
    const own = this.lots.get(seq);
    return own === null ? undefined : (own ?? this.wallet.lots.get(seq));
  }

  hold(seq: number): Hold | undefined {
    const own = this.holds.get(seq);
    return own === null ? undefined : (own ?? this.wallet.holds.get(seq));
  }

  /** How much of a lot this batch has let go: it expired, or what it waited for did not come. */
  lapsed(seq: number): bigint {
    let points = this.wallet.lapsed.get(seq) ?? 0n;
    for (const entry of this.entries)
      if (isLapse(entry)) points -= entry.amounts[entry.lots.indexOf(seq)] ?? 0n;
    return points;
  }

  /** Every lot that is open, in no order. */
  get openLots(): Lot[] {
    const open: Lot[] = [];
    for (const lot of this.wallet.lots.values()) if (!this.lots.has(lot.seq)) open.push(lot);
    for (const lot of this.lots.values()) if (lot !== null) open.push(lot);
    return open;
  }

  /** Writes what was worked out into the wallet. */
  apply(): void {
    if (this.entries.some(isLapse)) {
      const expired = new Set(this.entries.flatMap(entry => (isLapse(entry) ? entry.lots : [])));
      for (const [seq, points] of [...expired].map(lot => [lot, this.lapsed(lot)] as const))
        lapsedOf(this.wallet).set(seq, points);
    }
    Object.assign(this.wallet, this.sums);
    this.wallet.movable = this.movable;
    for (const [seq, lot] of this.lots) {
      if (lot === null) this.wallet.lots.delete(seq);
      else this.wallet.lots.set(seq, lot);
    }
    for (const [seq, hold] of this.holds) {
      if (hold === null) holdsOf(this.wallet).delete(seq);
      else holdsOf(this.wallet).set(seq, hold);
    }
    const { dueBeyond } = this.wallet;
    const isPast = this.sums.nextDueAt !== null && this.sums.nextDueAt <= this.now;
    if (dueBeyond !== null && (this.entries.length === 0 || !isPast)) return;
    const next = nextDue(this.wallet);
    this.wallet.nextDueAt =
      next !== null && dueBeyond !== null ? Math.min(next, dueBeyond) : (next ?? dueBeyond);
  }

  /** Consumes usable points: `first` in its order, then by rule 3. The caller has checked the balance. */
  protected take(points: bigint, first: readonly Lot[] = []): Taken[] {
    const taken = this.takeFrom(points, first, true);
    const left = points - taken.reduce((all, part) => all + part.amount, 0n);
    if (left === 0n) return taken;
    const usable = this.openLots.filter(lot => !lot.pending);
    // Most debits fit into one lot: finding it is one pass, sorting thousands of lots would not be.
    const next = usable.reduce<Lot | undefined>(
      (best, lot) => (best === undefined || byConsumption(lot, best) < 0 ? lot : best),
      undefined,
    );
    return [...taken, ...this.takeFrom(left, next !== undefined && next.remaining >= left ? [next] : usable)];
  }

  protected takeFrom(points: bigint, lots: readonly Lot[], inOrder = false): Taken[] {
    const taken: Taken[] = [];
    let left = points;
    for (const lot of inOrder ? lots : lots.toSorted(byConsumption)) {
      if (left === 0n) break;
      const amount = least(left, lot.remaining);
      left -= amount;
      this.put({ ...lot, remaining: lot.remaining - amount });
      taken.push({ seq: lot.seq, amount, expiresAt: lot.expiresAt, inactiveAfter: lot.inactiveAfter });
    }
    if (left > 0n && !inOrder)
      throw new Error(`wallet ${this.wallet.id}: its lots hold ${left} points less than its balance`);
    return taken;
  }

  protected put(lot: Lot): void {
    this.lots.set(lot.seq, lot.remaining === 0n ? null : lot);
    if (lot.inactiveAfter !== null) this.movable = true;
    if (lot.remaining > 0n) this.dueOf(lot);
  }

  /** The member earned or redeemed at `at`: lots that expire by inactivity live on from there. */
  protected active(at: number): void {
    const { sums } = this;
    if (sums.activeAt !== null && at <= sums.activeAt) return;
    sums.activeAt = at;
    if (!this.movable) return;
    for (const lot of this.openLots)
      if (lot.inactiveAfter !== null) this.put({ ...lot, expiresAt: lapsesAt(lot.inactiveAfter, at) });
  }

  protected dueOf(lot: Lot): void {
    if (lot.pending && lot.availableFrom !== null) this.due(lot.availableFrom);
    if (lot.expiresAt !== null) this.due(lot.expiresAt);
  }

  protected due(at: number): void {
    const { sums } = this;
    if (sums.nextDueAt === null || at < sums.nextDueAt) sums.nextDueAt = at;
  }

  protected get openHolds(): Hold[] {
    const open: Hold[] = [];
    for (const hold of this.wallet.holds.values()) if (!this.holds.has(hold.seq)) open.push(hold);
    for (const hold of this.holds.values()) if (hold !== null) open.push(hold);
    return open;
  }

  protected write(kind: Kind, occurredAt: number, movement: Movement): Entry {
    const { sums } = this;
    sums.seq += 1;
    sums.available += movement.available ?? 0n;
    sums.pending += movement.pending ?? 0n;
    sums.held += movement.held ?? 0n;
    sums.debt += movement.debt ?? 0n;
    sums.shortfall += movement.shortfall ?? 0n;
    const entry: Entry = {
      wallet: this.wallet.id,
      seq: sums.seq,
      kind,
      available: movement.available ?? 0n,
      pending: movement.pending ?? 0n,
      held: movement.held ?? 0n,
      availableAfter: sums.available,
      pendingAfter: sums.pending,
      heldAfter: sums.held,
      debtAfter: sums.debt,
      shortfallAfter: sums.shortfall,
      occurredAt,
      bookedAt: sums.bookedAt,
      rule: movement.rule ?? null,
      availableFrom: movement.availableFrom ?? null,
      cancels: movement.cancels ?? false,
      expiresAt: movement.expiresAt ?? null,
      inactiveAfter: movement.inactiveAfter ?? null,
      ofSeq: movement.ofSeq ?? null,
      lots: movement.lots ?? [],
      amounts: movement.amounts ?? [],
      reason: movement.reason ?? null,
    };
    this.entries.push(entry);
    return entry;
  }
}
