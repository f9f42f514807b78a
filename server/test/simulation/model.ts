import {
  type Change,
  changeOrder,
  earned,
  isWhole,
  type ModelOrder,
  type ReturnMistake,
  returned,
} from './earning.ts';
import type {
  AdjustRequest,
  ChangeRequest,
  OrderRequest,
  RedeemRequest,
  Request,
  ReturnRequest,
} from './requests.ts';
import { contentOf, keyOf } from './requests.ts';
import { DAY, RATES, UNITS, type Version } from './terms.ts';
import * as wallets from './wallet.ts';

/*
 * The reference: one program and its members as plain data, decided by plain loops and written from the rules of the
 * ledger without a look at the engine's code. Everything is in one object that structuredClone copies.
 */

export interface Redemption {
  externalId: string;
  member: string;
  unit: string;
  points: bigint;
  state: 'held' | 'captured' | 'voided';
  endsAt: number | null;
  refunded: bigint;
  taken: wallets.Part[];
}

export interface State {
  now: number;
  versions: Version[];
  members: Map<string, Map<string, wallets.Wallet>>;
  /** By `source externalId`. */
  orders: Map<string, ModelOrder>;
  redemptions: Map<string, Redemption>;
  /** What was accepted under each business key (of an order: under its key and revision). */
  keys: Map<string, string>;
}

/** What the engine is to answer. */
export type Expected =
  | { outcome: 'refused'; code: string }
  | { outcome: 'known'; key: string }
  | {
      outcome: 'new';
      key: string;
      member: string;
      effects: wallets.Effect[];
      touched: string[];
      answer: Readonly<Record<string, unknown>>;
    };

type Verdict = Omit<Extract<Expected, { outcome: 'new' }>, 'outcome' | 'key'> | string;

/** The key of the first answer: each revision of an order has one of its own. */
export const answerKey = (request: Request): string =>
  request.kind === 'order' ? `${keyOf(request)} r${request.revision}` : keyOf(request);

export const walletOf = (state: State, member: string, unit: string): wallets.Wallet => {
  const own = state.members.get(member) ?? new Map<string, wallets.Wallet>();
  state.members.set(member, own);
  const wallet = own.get(unit) ?? wallets.newWallet(member, unit);
  own.set(unit, wallet);
  return wallet;
};

/** Carries a request out, and gives the state after it and what the engine is to answer. The state given stays as it is. */
export function carryOut(before: State, request: Request): { state: State; expected: Expected } {
  const key = answerKey(request);
  const known = knownAnswer(before, request, key);
  if (known !== undefined) return { state: before, expected: known };
  const state = structuredClone(before);
  const verdict = decide(state, request);
  if (typeof verdict === 'string') return { state: before, expected: { outcome: 'refused', code: verdict } };
  state.keys.set(key, contentOf(request));
  return { state, expected: { outcome: 'new', key, ...verdict } };
}

function knownAnswer(state: State, request: Request, key: string): Expected | undefined {
  const content = state.keys.get(key);
  if (content === contentOf(request)) return { outcome: 'known', key };
  if (content !== undefined) return { outcome: 'refused', code: 'key_reused' };
  return undefined;
}

function decide(state: State, request: Request): Verdict {
  switch (request.kind) {
    case 'order':
      return takeOrder(state, request);
    case 'return':
      return takeReturn(state, request);
    case 'redeem':
      return redeem(state, request);
    case 'change':
      return changeRedemption(state, request);
    case 'adjust':
      return adjust(state, request);
  }
}

const versionFor = (state: State, occurredAt: number): Version =>
  state.versions.filter(version => version.from <= occurredAt).at(-1) ?? (state.versions[0] as Version);

function takeOrder(state: State, request: OrderRequest): Verdict {
  const name = `${request.source} ${request.externalId}`;
  const before = state.orders.get(name);
  if (before !== undefined) {
    if (before.member !== request.member) return 'key_reused';
    if (request.revision < before.request.revision) return 'revision_outdated';
    if (before.cancelled) return 'order_cancelled';
    for (const [id, part] of before.returned) {
      const [old, now] = [before.request, request].map(order => order.lines.find(line => line.id === id));
      if (part[0] > 0n && (old?.quantity !== now?.quantity || old?.amount !== now?.amount))
        return 'returned_line_changed';
    }
  }
  if (RATES[request.currency] === undefined) return 'currency_unknown';
  if (request.occurredAt > state.now + DAY) return 'occurred_in_future';
  const version = versionFor(state, request.occurredAt);
  const order: ModelOrder = before ?? {
    member: request.member,
    request,
    version,
    given: new Map(),
    returned: new Map(),
    cancelled: false,
  };
  order.request = request;
  order.version = version;
  state.orders.set(name, order);
  for (const unit of UNITS) walletOf(state, request.member, unit);
  const change = moveOrder(state, order);
  return change === null
    ? 'points_already_spent'
    : { member: request.member, ...change, answer: { 'order.revision': request.revision } };
}

/** Gives and takes what the order is now short of or ahead of. */
function moveOrder(
  state: State,
  order: ModelOrder,
): { effects: wallets.Effect[]; touched: string[]; change: Change } | null {
  const effects: wallets.Effect[] = [];
  const settled = new Set<string>();
  const walletFor = (unit: string): wallets.Wallet => {
    const wallet = walletOf(state, order.member, unit);
    if (!settled.has(unit)) effects.push(...wallets.settle(wallet, state.now));
    settled.add(unit);
    return wallet;
  };
  const change = changeOrder(order, earned(order.request, order.version), walletFor, state.now);
  if (change === null) return null;
  effects.push(...change.effects);
  return { effects, touched: [...new Set(effects.map(effect => effect.unit))], change };
}

const MISTAKES: Readonly<Record<ReturnMistake, string>> = {
  unknown: 'line_unknown',
  exceeds: 'return_exceeds_order',
};

function takeReturn(state: State, request: ReturnRequest): Verdict {
  const order = state.orders.get(request.order);
  if (order === undefined) return 'order_not_found';
  if (request.occurredAt > state.now + DAY) return 'occurred_in_future';
  if (order.cancelled) return 'order_cancelled';
  const isAllBack = order.request.lines.every(({ id }) => isWhole(order.returned.get(id)));
  const parts = request.cancels && isAllBack ? order.returned : returned(order, request.lines);
  if (typeof parts === 'string') return MISTAKES[parts];
  order.returned = parts;
  order.cancelled = request.cancels;
  const change = moveOrder(state, order);
  if (change === null) return 'points_already_spent';
  const clawed = change.change.back.map(({ rule, decided, result }) => ({
    rule,
    decided: String(decided),
    cancelled: String(result.cancelled),
    taken: String(result.taken),
    expired_before: String(result.excused),
    shortfall: String(result.shortfall),
    debt: String(result.debt),
  }));
  return {
    member: order.member,
    effects: change.effects,
    touched: change.touched,
    answer: { 'return.cancels': request.cancels, 'return.clawed_back': clawed },
  };
}

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** A redemption as the API shows it right after a change. */
const redemptionAnswer = (redemption: Redemption) => ({
  'redemption.state': redemption.state,
  'redemption.points': String(redemption.points),
  'redemption.unit': redemption.unit,
  'redemption.refunded': String(redemption.refunded),
  'redemption.hold_expires_at': instant(redemption.endsAt),
  'redemption.money_off':
    redemption.unit === 'points' ? { amount: String(redemption.points / 2n), currency: 'USD' } : null,
});

function redeem(state: State, request: RedeemRequest): Verdict {
  if (!state.members.has(request.member)) return 'member_not_found';
  if (request.unit === 'nights') return 'unit_not_redeemable';
  if (!(UNITS as readonly string[]).includes(request.unit)) return 'unit_unknown';
  const wallet = walletOf(state, request.member, request.unit);
  const effects = wallets.settle(wallet, state.now);
  if (wallets.available(wallet) < request.points) return 'insufficient_balance';
  const endsAt = request.capture ? null : state.now + request.holdFor;
  const taken =
    endsAt === null
      ? wallets.debit(wallet, 'redeem', request.points)
      : wallets.reserve(wallet, request.externalId, request.points, endsAt);
  const { externalId, member, unit, points } = request;
  const redemption: Redemption = {
    externalId,
    member,
    unit,
    points,
    state: request.capture ? 'captured' : 'held',
    endsAt,
    refunded: 0n,
    taken: taken.parts,
  };
  state.redemptions.set(externalId, redemption);
  return {
    member,
    effects: [...effects, taken.effect],
    touched: [unit],
    answer: redemptionAnswer(redemption),
  };
}

function changeRedemption(state: State, request: ChangeRequest): Verdict {
  const redemption = state.redemptions.get(request.redemption);
  if (redemption === undefined) return 'redemption_not_found';
  const wallet = walletOf(state, redemption.member, redemption.unit);
  const effects = wallets.settle(wallet, state.now);
  const isOver = redemption.state === 'held' && (redemption.endsAt as number) <= state.now;
  const now = isOver ? 'expired' : redemption.state;
  if (request.change === 'refund') {
    if (now !== 'captured') return 'redemption_not_captured';
    const left = redemption.points - redemption.refunded;
    const points = request.points ?? left;
    if (left === 0n || points > left) return 'refund_exceeds_redemption';
    effects.push(...wallets.refund(wallet, redemption.taken, redemption.refunded, points, state.now));
    redemption.refunded += points;
  } else {
    if (now !== 'held') return `redemption_${now}`;
    const hold = wallet.holds.find(open => open.redemption === redemption.externalId) as wallets.Hold;
    if (request.change === 'capture') effects.push(wallets.capture(wallet, hold));
    else effects.push(...wallets.release(wallet, hold, state.now));
    redemption.state = request.change === 'capture' ? 'captured' : 'voided';
  }
  return {
    member: redemption.member,
    effects,
    touched: [redemption.unit],
    answer: redemptionAnswer(redemption),
  };
}

function adjust(state: State, request: AdjustRequest): Verdict {
  const { member, unit, points } = request;
  if (!(UNITS as readonly string[]).includes(unit)) return 'unit_unknown';
  if (!state.members.has(member)) return 'member_not_found';
  const wallet = walletOf(state, member, unit);
  const effects = wallets.settle(wallet, state.now);
  if (points < 0n && wallets.available(wallet) < -points) return 'insufficient_balance';
  if (points > 0n) {
    const terms = { opensAt: null, endsAt: request.expiresAt, rule: null };
    effects.push(...wallets.credit(wallet, 'adjust', points, state.now, terms).effects);
  } else effects.push(wallets.debit(wallet, 'adjust', -points).effect);
  return {
    member,
    effects,
    touched: [unit],
    answer: { 'adjustment.points': String(points), 'adjustment.reason': request.reason },
  };
}

/** Settles everything, as the sweep does, and says what it did. */
export function sweep(before: State): {
  state: State;
  report: {
    expired: Record<string, string>;
    activated: Record<string, string>;
    released: Record<string, string>;
    wallets: number;
    entries: number;
  };
} {
  const state = structuredClone(before);
  const sums = {
    expire: new Map<string, bigint>(),
    activate: new Map<string, bigint>(),
    release: new Map<string, bigint>(),
  };
  let entries = 0;
  let due = 0;
  for (const own of state.members.values()) {
    for (const wallet of own.values()) {
      const next = wallets.nextInstant(wallet);
      if (next !== null && next <= state.now) due += 1;
      for (const effect of wallets.settle(wallet, state.now)) {
        entries += 1;
        const sum = sums[effect.type as keyof typeof sums];
        sum?.set(effect.unit, (sum.get(effect.unit) ?? 0n) + effect.points);
      }
    }
  }
  const named = (sum: ReadonlyMap<string, bigint>, sign: bigint) =>
    Object.fromEntries(
      [...sum].filter(([, points]) => points !== 0n).map(([unit, points]) => [unit, String(sign * points)]),
    );
  return {
    state,
    report: {
      wallets: due,
      entries,
      expired: named(sums.expire, -1n),
      activated: named(sums.activate, 1n),
      released: named(sums.release, 1n),
    },
  };
}

/** The balances of a member at an instant not before the state's, as the API shows them. */
export function balancesAt(state: State, member: string, at: number): Record<string, unknown>[] {
  const own = structuredClone(state.members.get(member)) ?? new Map<string, wallets.Wallet>();
  return UNITS.map(unit => {
    const wallet = own.get(unit) ?? wallets.newWallet(member, unit);
    wallets.settle(wallet, at);
    const dates = new Map<number, bigint>();
    for (const lot of wallet.lots)
      if (lot.endsAt !== null && lot.left > 0n)
        dates.set(lot.endsAt, (dates.get(lot.endsAt) ?? 0n) + lot.left);
    return {
      unit,
      available: String(wallets.available(wallet)),
      pending: String(wallets.pending(wallet)),
      held: String(wallets.held(wallet)),
      debt: String(wallet.debt),
      shortfall: String(wallet.shortfall),
      lifetime: {
        earned: String(wallet.earned),
        redeemed: String(wallet.redeemed),
        expired: String(wallet.expired),
      },
      next_due_at: instant(wallets.nextInstant(wallet)),
      expiring: [...dates]
        .sort((a, b) => a[0] - b[0])
        .slice(0, 20)
        .map(([endsAt, points]) => ({ expires_at: instant(endsAt), points: String(points) })),
    };
  });
}
