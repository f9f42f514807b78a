import type { Policy } from './terms.ts';

/*
 * One wallet of the model: lots in an array, every question answered by a loop over them. Nothing is cached, so
 * that nothing can be forgotten.
 */

export interface Lot {
  /** The order in which lots were opened. */
  nr: number;
  left: bigint;
  /** Earned but not usable yet. */
  waiting: boolean;
  opensAt: number | null;
  endsAt: number | null;
  /** How much of it has expired so far. */
  lapsed: bigint;
  /** Of member, unit and number: what the engine's id of the lot is remembered by. */
  name: string;
}

export interface Part {
  lot: Lot;
  points: bigint;
}

export interface Hold {
  redemption: string;
  nr: number;
  points: bigint;
  endsAt: number;
  parts: Part[];
}

export interface Wallet {
  member: string;
  unit: string;
  lots: Lot[];
  holds: Hold[];
  debt: bigint;
  shortfall: bigint;
  earned: bigint;
  redeemed: bigint;
  expired: bigint;
  /** Counts lots and holds. */
  nr: number;
}

/** One movement that the engine is to answer with. */
export interface Effect {
  type: string;
  unit: string;
  points: bigint;
  rule: string | null;
  /** The lot that the movement opens. */
  opens: Lot | null;
  parts: Part[];
  availableAt: number | null;
  expiresAt: number | null;
}

export const newWallet = (member: string, unit: string): Wallet => ({
  member,
  unit,
  lots: [],
  holds: [],
  debt: 0n,
  shortfall: 0n,
  earned: 0n,
  redeemed: 0n,
  expired: 0n,
  nr: 0,
});

const NEVER = Number.MAX_SAFE_INTEGER;
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const total = (lots: readonly Lot[]): bigint => lots.reduce((sum, lot) => sum + lot.left, 0n);

export const usable = (wallet: Wallet): bigint => total(wallet.lots.filter(lot => !lot.waiting));
export const available = (wallet: Wallet): bigint => usable(wallet) - wallet.debt;
export const pending = (wallet: Wallet): bigint => total(wallet.lots.filter(lot => lot.waiting));
export const held = (wallet: Wallet): bigint => wallet.holds.reduce((sum, hold) => sum + hold.points, 0n);

/** When the next hold ends or the next lot opens or expires. */
export function nextInstant(wallet: Wallet): number | null {
  let next = NEVER;
  for (const hold of wallet.holds) next = Math.min(next, hold.endsAt);
  for (const lot of wallet.lots) {
    if (lot.left === 0n) continue;
    if (lot.endsAt !== null) next = Math.min(next, lot.endsAt);
    if (lot.waiting && lot.opensAt !== null) next = Math.min(next, lot.opensAt);
  }
  return next === NEVER ? null : next;
}

/** What can be consumed first: the earliest to expire, then the oldest. */
const inOrder = (lots: readonly Lot[]): Lot[] =>
  [...lots].sort((a, b) => (a.endsAt ?? NEVER) - (b.endsAt ?? NEVER) || a.nr - b.nr);

/** Takes up to `points` from these lots, one after the other. */
function take(lots: readonly Lot[], points: bigint): Part[] {
  const parts: Part[] = [];
  let missing = points;
  for (const lot of lots) {
    const taken = least(lot.left, missing);
    if (taken === 0n) continue;
    lot.left -= taken;
    missing -= taken;
    parts.push({ lot, points: taken });
  }
  return parts;
}

const minus = (parts: readonly Part[]): Part[] => parts.map(({ lot, points }) => ({ lot, points: -points }));
const effect = (wallet: Wallet, type: string, points: bigint, more: Partial<Effect> = {}): Effect => ({
  type,
  unit: wallet.unit,
  points,
  rule: null,
  opens: null,
  parts: [],
  availableAt: null,
  expiresAt: null,
  ...more,
});

/** Does everything that has fallen due by `now`, instant by instant: holds end, then lots open, then lots expire. */
export function settle(wallet: Wallet, now: number): Effect[] {
  const effects: Effect[] = [];
  for (;;) {
    const at = nextInstant(wallet);
    if (at === null || at > now) return effects;
    for (const hold of wallet.holds.filter(({ endsAt }) => endsAt === at).sort((a, b) => a.nr - b.nr))
      effects.push(...release(wallet, hold, at));
    const opening = wallet.lots.filter(
      lot => lot.left > 0n && lot.waiting && lot.opensAt === at && (lot.endsAt === null || lot.endsAt > at),
    );
    if (opening.length > 0) effects.push(...open(wallet, opening));
    const ending = wallet.lots.filter(lot => lot.left > 0n && lot.endsAt !== null && lot.endsAt <= at);
    if (ending.length > 0) effects.push(expire(wallet, ending));
  }
}

function open(wallet: Wallet, lots: readonly Lot[]): Effect[] {
  const points = total(lots);
  for (const lot of lots) lot.waiting = false;
  const repaid = repay(wallet, lots, points);
  const parts = lots.map(lot => ({ lot, points: -(repaid.find(part => part.lot === lot)?.points ?? 0n) }));
  const cost = repaid.reduce((sum, part) => sum + part.points, 0n);
  return [effect(wallet, 'activate', points, { parts }), ...net(wallet, lots, points - cost)];
}

function repay(wallet: Wallet, lots: readonly Lot[], points: bigint): Part[] {
  const parts = take(inOrder(lots), least(wallet.debt, points));
  for (const part of parts) wallet.debt -= part.points;
  return parts;
}

/** An open shortfall is taken from points that have just become usable. */
function net(wallet: Wallet, lots: readonly Lot[], points: bigint): Effect[] {
  const owed = least(wallet.shortfall, points);
  if (owed === 0n) return [];
  wallet.shortfall -= owed;
  return [effect(wallet, 'clawback', -owed, { parts: minus(take(inOrder(lots), owed)) })];
}

function expire(wallet: Wallet, lots: readonly Lot[]): Effect {
  const parts: Part[] = [];
  for (const lot of lots) {
    parts.push({ lot, points: -lot.left });
    lot.lapsed += lot.left;
    wallet.expired += lot.left;
    lot.left = 0n;
  }
  return effect(
    wallet,
    'expire',
    parts.reduce((sum, part) => sum + part.points, 0n),
    { parts },
  );
}

/** Gives points a lot of their own. A debt is repaid from it at once; points of long ago may have expired already. */
export function credit(
  wallet: Wallet,
  type: string,
  points: bigint,
  now: number,
  terms: { opensAt: number | null; endsAt: number | null; rule: string | null },
): { effects: Effect[]; lot: Lot } {
  const waiting = terms.opensAt !== null && terms.opensAt > now;
  wallet.nr += 1;
  const lot: Lot = {
    nr: wallet.nr,
    left: points,
    waiting,
    opensAt: terms.opensAt,
    endsAt: terms.endsAt,
    lapsed: 0n,
    name: `${wallet.member} ${wallet.unit} ${wallet.nr}`,
  };
  wallet.lots.push(lot);
  wallet.earned += points;
  const repaid = waiting ? [] : repay(wallet, [lot], points);
  const parts = repaid.length > 0 ? minus(repaid) : [{ lot, points }];
  const more = { rule: terms.rule, opens: lot, parts, availableAt: terms.opensAt, expiresAt: terms.endsAt };
  const credited = effect(wallet, type, points, more);
  return { lot, effects: [credited, ...settle(wallet, now)] };
}

/** Takes points by the order of consumption; the caller has seen that they are there. */
export function debit(wallet: Wallet, type: string, points: bigint): { effect: Effect; parts: Part[] } {
  const parts = take(inOrder(wallet.lots.filter(lot => !lot.waiting)), points);
  if (type === 'redeem') wallet.redeemed += points;
  return { parts, effect: effect(wallet, type, -points, { parts: minus(parts) }) };
}

export function reserve(
  wallet: Wallet,
  redemption: string,
  points: bigint,
  endsAt: number,
): { effect: Effect; parts: Part[] } {
  const { parts, effect: taken } = debit(wallet, 'hold', points);
  wallet.nr += 1;
  wallet.holds.push({ redemption, nr: wallet.nr, points, endsAt, parts });
  return { parts, effect: { ...taken, expiresAt: endsAt } };
}

export function capture(wallet: Wallet, hold: Hold): Effect {
  wallet.holds = wallet.holds.filter(other => other !== hold);
  wallet.redeemed += hold.points;
  return effect(wallet, 'redeem', -hold.points);
}

export function release(wallet: Wallet, hold: Hold, at: number): Effect[] {
  wallet.holds = wallet.holds.filter(other => other !== hold);
  return giveBack(wallet, 'release', hold.parts, at);
}

/** Gives back a part of what a redemption took, the last lots first, after the `already` points of earlier refunds. */
export function refund(
  wallet: Wallet,
  taken: readonly Part[],
  already: bigint,
  points: bigint,
  at: number,
): Effect[] {
  // Point by point would be the plainest; this is the same with whole parts.
  const back: Part[] = [];
  let from = already;
  let missing = points;
  for (const part of [...taken].reverse()) {
    const skipped = least(from, part.points);
    from -= skipped;
    const given = least(part.points - skipped, missing);
    missing -= given;
    if (given > 0n) back.push({ lot: part.lot, points: given });
  }
  wallet.redeemed -= points;
  return giveBack(wallet, 'refund', back, at);
}

function giveBack(wallet: Wallet, type: 'release' | 'refund', parts: readonly Part[], at: number): Effect[] {
  const lots = parts.map(part => part.lot);
  const points = parts.reduce((sum, part) => sum + part.points, 0n);
  for (const { lot, points: given } of parts) {
    lot.left += given;
    lot.waiting = false;
  }
  const repaid = repay(wallet, lots, points);
  const kept = parts.map(({ lot, points: given }) => ({
    lot,
    points: given - (repaid.find(part => part.lot === lot)?.points ?? 0n),
  }));
  const cost = repaid.reduce((sum, part) => sum + part.points, 0n);
  const effects = [effect(wallet, type, points, { parts: kept }), ...net(wallet, lots, points - cost)];
  const over = lots.filter(lot => lot.left > 0n && lot.endsAt !== null && lot.endsAt <= at);
  if (over.length > 0) effects.push(expire(wallet, over));
  return effects;
}

export interface TakenBack {
  effects: Effect[];
  cancelled: bigint;
  taken: bigint;
  /** Had expired with the order's own lots. */
  excused: bigint;
  shortfall: bigint;
  debt: bigint;
}

/** Takes earned points back; null where the policy refuses. `lapsed` is what expired with the own lots and was not excused yet. */
export function takeBack(
  wallet: Wallet,
  points: bigint,
  own: readonly Lot[],
  lapsed: bigint,
  policy: Policy,
  rule: string,
): TakenBack | null {
  const effects: Effect[] = [];
  const cancelled = take(
    own.filter(lot => lot.waiting),
    points,
  );
  const result: TakenBack = {
    effects,
    cancelled: cancelled.reduce((sum, part) => sum + part.points, 0n),
    taken: 0n,
    excused: 0n,
    shortfall: 0n,
    debt: 0n,
  };
  if (cancelled.length > 0)
    effects.push(effect(wallet, 'cancel', -result.cancelled, { rule, parts: minus(cancelled) }));
  let left = points - result.cancelled;
  const ownUsable = own.filter(lot => !lot.waiting);
  const beyondOwn = left - least(left, total(ownUsable));
  result.excused = least(beyondOwn, lapsed);
  left -= result.excused;
  result.taken = least(left, usable(wallet));
  const missing = left - result.taken;
  if (missing > 0n && policy === 'refuse') return null;
  if (policy === 'allow_negative') result.debt = missing;
  else result.shortfall = missing;
  wallet.debt += result.debt;
  wallet.shortfall += result.shortfall;
  if (left === 0n) return result;
  const fromOwn = take(ownUsable, result.taken);
  const rest = result.taken - fromOwn.reduce((sum, part) => sum + part.points, 0n);
  const parts = [...fromOwn, ...take(inOrder(wallet.lots.filter(lot => !lot.waiting)), rest)];
  effects.push(effect(wallet, 'clawback', -result.taken - result.debt, { rule, parts: minus(parts) }));
  return result;
}
