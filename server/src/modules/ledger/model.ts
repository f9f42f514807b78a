/** Kinds of entries; `issue` to `escheat` belong to gift cards. */
export type Kind =
  | 'earn'
  | 'bonus'
  | 'activate'
  | 'cancel'
  | 'hold'
  | 'release'
  | 'redeem'
  | 'refund'
  | 'clawback'
  | 'expire'
  | 'adjust'
  | 'transfer'
  | 'opening';

/** What a credit opened and what is left of it. `seq` is that of the entry that opened it. */
export interface Lot {
  readonly seq: number;
  readonly remaining: bigint;
  readonly pending: boolean;
  /** When a pending lot becomes usable, epoch ms. */
  readonly availableFrom: number | null;
  /** At `availableFrom` the points are cancelled and not activated: what they wait for has not come. */
  readonly cancels: boolean;
  /** From this instant on the lot is expired, epoch ms; null: never. */
  readonly expiresAt: number | null;
  /** `P6M Europe/Paris`: `expiresAt` is so long after the member was last active, and moves with it. */
  readonly inactiveAfter: string | null;
}

/** What a debit took from one lot, with the date that the points keep when they come back. */
export interface Taken {
  readonly seq: number;
  readonly amount: bigint;
  readonly expiresAt: number | null;
  readonly inactiveAfter: string | null;
}

/** Points reserved by a hold; `seq` is that of the entry that took them, `taken` in the order of consumption. */
export interface Hold {
  readonly seq: number;
  readonly points: bigint;
  readonly expiresAt: number;
  readonly taken: readonly Taken[];
}

/** One immutable movement of one wallet. Amounts are changes; `…After` the sums behind it. */
export interface Entry {
  readonly wallet: number;
  readonly seq: number;
  readonly kind: Kind;
  readonly available: bigint;
  readonly pending: bigint;
  readonly held: bigint;
  readonly availableAfter: bigint;
  readonly pendingAfter: bigint;
  readonly heldAfter: bigint;
  readonly debtAfter: bigint;
  readonly shortfallAfter: bigint;
  readonly occurredAt: number;
  readonly bookedAt: number;
  /** `rule@version` that gave the points. */
  readonly rule: string | null;
  readonly availableFrom: number | null;
  readonly cancels: boolean;
  /** Of a lot, or for a hold the instant at which it ends by itself. */
  readonly expiresAt: number | null;
  /** Of a lot whose date moves with the member's activity; `expiresAt` is then the date as it stood at first. */
  readonly inactiveAfter: string | null;
  /** The entry that this one follows from: the hold of a capture, the redemption of a refund. */
  readonly ofSeq: number | null;
  /** Lots that this entry changed, and by how much; in an `activate` entry the lots that became usable. */
  readonly lots: readonly number[];
  readonly amounts: readonly bigint[];
  readonly reason: string | null;
}

/** The sums of a wallet. */
export interface Sums {
  seq: number;
  available: bigint;
  pending: bigint;
  held: bigint;
  /** Points below zero, repaid by the next credit (policy `allow_negative`). */
  debt: bigint;
  /** What a clawback could not take, netted against later refunds, releases and activations. */
  shortfall: bigint;
  earned: bigint;
  redeemed: bigint;
  expired: bigint;
  /** The earliest instant at which something falls due; may be too early, never too late. */
  nextDueAt: number | null;
  /** When the member last earned or redeemed in this wallet; never goes back. */
  activeAt: number | null;
  bookedAt: number;
}

/** A wallet as a batch has it in hand. */
export interface Wallet extends Sums {
  readonly id: number;
  readonly programId: number;
  /** Open lots by seq; where `dueBeyond` is set only those that this batch opened. */
  readonly lots: Map<number, Lot>;
  /** Written through `holdsOf`. */
  holds: ReadonlyMap<number, Hold>;
  /** What this batch has let expire, by lot; written through `lapsedOf`. */
  lapsed: ReadonlyMap<number, bigint>;
  /** The stored due instant of lots and holds that were not loaded, because nothing of them is due yet. */
  readonly dueBeyond: number | null;
  /** Whether one of its lots expires by inactivity. */
  movable: boolean;
}

const UNITS = 64;

/** A wallet's id is its holder's number times 64 plus the number of its unit: nobody has to look it up. */
export const walletId = (holder: number, unit: number): number => holder * UNITS + unit;
export const holderOf = (wallet: number): number => Math.floor(wallet / UNITS);
export const unitOf = (wallet: number): number => wallet % UNITS;

/** What most wallets have in hand of holds, and of lots that expired: all of them share it. */
const NONE: ReadonlyMap<number, never> = new Map<number, never>();

/** The holds of a wallet, to be written. */
export function holdsOf(wallet: Wallet): Map<number, Hold> {
  if (wallet.holds === NONE) wallet.holds = new Map();
  return wallet.holds as Map<number, Hold>;
}

/** What a wallet has let expire, to be written. */
export function lapsedOf(wallet: Wallet): Map<number, bigint> {
  if (wallet.lapsed === NONE) wallet.lapsed = new Map();
  return wallet.lapsed as Map<number, bigint>;
}

export const emptyWallet = (id: number, programId: number): Wallet => ({
  id,
  programId,
  seq: 0,
  available: 0n,
  pending: 0n,
  held: 0n,
  debt: 0n,
  shortfall: 0n,
  earned: 0n,
  redeemed: 0n,
  expired: 0n,
  nextDueAt: null,
  activeAt: null,
  bookedAt: Number.NEGATIVE_INFINITY,
  lots: new Map(),
  holds: NONE,
  lapsed: NONE,
  dueBeyond: null,
  movable: false,
});

/** Earliest expiry first, then oldest; lots without expiry last (ledger rule 3). */
export const byConsumption = (a: Lot, b: Lot): number =>
  (a.expiresAt ?? Number.POSITIVE_INFINITY) - (b.expiresAt ?? Number.POSITIVE_INFINITY) || a.seq - b.seq;

/** What happens to points that a clawback cannot take any more. */
export type IfSpent = 'clamp_to_zero' | 'allow_negative' | 'refuse';

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The earliest instant at which a hold of the wallet ends or one of its lots opens or expires; null where nothing will. */
export function nextDue(wallet: Pick<Wallet, 'lots' | 'holds'>): number | null {
  let earliest = Number.POSITIVE_INFINITY;
  for (const hold of wallet.holds.values()) earliest = Math.min(earliest, hold.expiresAt);
  for (const lot of wallet.lots.values()) {
    if (lot.pending && lot.availableFrom !== null) earliest = Math.min(earliest, lot.availableFrom);
    if (lot.expiresAt !== null) earliest = Math.min(earliest, lot.expiresAt);
  }
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}
