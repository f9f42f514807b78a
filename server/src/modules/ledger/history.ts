import { Draft } from './draft.ts';
import { expiryOf, isActivity } from './inactivity.ts';
import { type Entry, emptyWallet, holdsOf, type Lot, nextDue, type Taken, type Wallet } from './model.ts';

/**
 * A wallet as its entries make it, from the first to the last given: the reference that lots and sums are
 * held against, and the answer to `as_of`. Entries must be those of one wallet, in order, without a gap.
 */
export function replay(id: number, programId: number, entries: readonly Entry[]): Wallet {
  const wallet = emptyWallet(id, programId);
  const terms = new Map<number, Entry>();
  for (const entry of entries) {
    wallet.seq = entry.seq;
    wallet.available = entry.availableAfter;
    wallet.pending = entry.pendingAfter;
    wallet.held = entry.heldAfter;
    wallet.debt = entry.debtAfter;
    wallet.shortfall = entry.shortfallAfter;
    wallet.bookedAt = entry.bookedAt;
    count(wallet, entry);
    if (isActivity(entry)) wallet.activeAt = Math.max(wallet.activeAt ?? entry.occurredAt, entry.occurredAt);
    moveLots(wallet, entry, terms);
  }
  for (const lot of wallet.lots.values()) {
    if (lot.inactiveAfter === null) continue;
    wallet.movable = true;
    wallet.lots.set(lot.seq, { ...lot, expiresAt: expiryOf(lot, wallet.activeAt) });
  }
  wallet.nextDueAt = nextDue(wallet);
  return wallet;
}

/** Whether an entry opens a lot. */
export const opensLot = (entry: Pick<Entry, 'kind' | 'available' | 'pending'>): boolean =>
  entry.kind === 'earn' ||
  entry.kind === 'bonus' ||
  entry.kind === 'opening' ||
  entry.kind === 'transfer' ||
  entry.kind === 'adjust'
    ? entry.available + entry.pending > 0n
    : false;

function count(wallet: Wallet, entry: Entry): void {
  if (opensLot(entry)) wallet.earned += entry.available + entry.pending;
  else if (entry.kind === 'expire') wallet.expired -= entry.available + entry.pending;
  else if (entry.kind === 'redeem') wallet.redeemed -= entry.available + entry.held;
  else if (entry.kind === 'refund') wallet.redeemed -= entry.available;
}

function moveLots(wallet: Wallet, entry: Entry, terms: Map<number, Entry>): void {
  if (opensLot(entry)) {
    const { seq, availableFrom, cancels, expiresAt, inactiveAfter } = entry;
    terms.set(seq, entry);
    wallet.lots.set(seq, {
      seq,
      remaining: entry.available + entry.pending,
      pending: entry.pending > 0n,
      availableFrom,
      cancels,
      expiresAt,
      inactiveAfter,
    });
  }
  const closing = (seq: number) => {
    const { expiresAt = null, inactiveAfter = null } = terms.get(seq) ?? {};
    return { expiresAt, inactiveAfter };
  };
  entry.lots.forEach((seq, index) => {
    const open = wallet.lots.get(seq);
    const reopened = { seq, remaining: 0n, pending: false, availableFrom: null, cancels: false };
    const lot: Lot = open ?? { ...reopened, ...closing(seq) };
    const remaining = lot.remaining + (entry.amounts[index] as bigint);
    const { kind, availableFrom, cancels } = entry;
    if (remaining === 0n) wallet.lots.delete(seq);
    // Its points were held back, and have the terms now that they would have had.
    else if (kind === 'activate' && entry.pending === 0n) {
      const expiresAt = entry.expiresAt ?? lot.expiresAt;
      const inactiveAfter = entry.inactiveAfter ?? lot.inactiveAfter;
      wallet.lots.set(seq, { ...lot, availableFrom, cancels, expiresAt, inactiveAfter });
      terms.set(seq, { ...(terms.get(seq) as Entry), expiresAt, inactiveAfter });
    } else wallet.lots.set(seq, { ...lot, remaining, pending: lot.pending && kind !== 'activate' });
  });
  if (entry.kind === 'hold') {
    const taken = entry.lots.map(
      (seq, index): Taken => ({ seq, amount: -(entry.amounts[index] as bigint), ...closing(seq) }),
    );
    holdsOf(wallet).set(entry.seq, {
      seq: entry.seq,
      points: entry.held,
      expiresAt: entry.expiresAt as number,
      taken,
    });
  } else if (entry.ofSeq !== null) holdsOf(wallet).delete(entry.ofSeq);
}

/** A wallet as it is at an instant: what has fallen due by then is done, without writing it. */
export function settledAt(wallet: Wallet, now: number): Wallet {
  const copy: Wallet = {
    ...wallet,
    lots: new Map(wallet.lots),
    holds: new Map(wallet.holds),
    lapsed: new Map(),
  };
  new Draft(copy, now).apply();
  return copy;
}
