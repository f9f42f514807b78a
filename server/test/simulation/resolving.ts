import { type Fraction, isAbove, whole } from './fractions.ts';
import { type Redemption, type State, walletOf } from './model.ts';
import type {
  AdjustRequest,
  ChangeRequest,
  OrderLine,
  OrderRequest,
  RedeemRequest,
  Request,
  ReturnRequest,
} from './requests.ts';
import type { LineDraft, RequestDraft } from './steps.ts';
import { DAY } from './terms.ts';
import { available, settle } from './wallet.ts';

/* From a draft to a request: what the numbers of the draft mean in the state that was reached. */

export const MEMBERS = ['ann', 'bob', 'cleo'];
const CATEGORIES = ['shoes', 'books', 'food', null];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What resolving reads: the state, and what was accepted so far, for repeats. */
export interface Scene {
  state: State;
  accepted: readonly Request[];
  /** A number that no other request has. */
  next(): number;
  /** Only things of this member. */
  only?: string | undefined;
}

const pickOf = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(list.length, 1)];
const memberOf = (draft: RequestDraft, scene: Scene): string =>
  scene.only ?? (MEMBERS[draft.member % MEMBERS.length] as string);
const share = (of: bigint, size: number): bigint => (of * BigInt(size)) / 1000n;

/** The request that a draft means now. Where there is nothing of the kind yet, one that makes something. */
export function resolve(draft: RequestDraft, scene: Scene): Request {
  const wished = resolvers[draft.kind](draft, scene);
  return wished ?? (draft.kind === 'change' ? redeem(draft, scene) : undefined) ?? order(draft, scene);
}

const lineOf = (draft: LineDraft, place: number): OrderLine => ({
  id: String(place + 1),
  category: CATEGORIES[draft.category] ?? null,
  quantity: draft.quantity,
  amount: BigInt(draft.amount),
});

const AGES = [0, 0, 0, 0, HOUR, DAY, 14 * DAY, 20 * DAY, 200 * DAY, 400 * DAY, -12 * HOUR, -DAY];

function order(draft: RequestDraft, scene: Scene): OrderRequest {
  const source = draft.mode % 5 === 0 ? 'shop' : 'api';
  const lines =
    draft.lines.length > 0
      ? draft.lines
      : [{ category: draft.mode % 4, quantity: 2, amount: 100 + draft.size * 20 }];
  return {
    kind: 'order',
    externalId: `o${scene.next()}`,
    source,
    member: memberOf(draft, scene),
    revision: 1 + (draft.mode % 3),
    occurredAt: Math.max(0, scene.state.now - (AGES[draft.pick % AGES.length] as number)),
    currency: ['USD', 'USD', 'USD', 'EUR', 'JPY', 'KWD'][draft.size % 6] as string,
    channel: draft.size % 3 === 0 ? 'app' : null,
    lines: lines.map(lineOf),
  };
}

function amend(draft: RequestDraft, scene: Scene): OrderRequest | undefined {
  const before = pickOf(draft.mode % 8 > 0 ? ordersOf(scene, true) : closedOf(scene), draft.pick);
  if (before === undefined) return undefined;
  const { request, returned } = before;
  const isBack = (id: string): boolean => (returned.get(id) ?? whole(0n))[0] > 0n;
  const changed: OrderRequest = { ...request, lines: request.lines.map(line => ({ ...line })) };
  changed.revision += draft.mode % 16 === 7 ? -1 : 1 + (draft.mode % 2);
  if (changed.revision < 1) changed.revision = 1;
  const free = changed.lines.filter(line => draft.mode % 12 === 11 || !isBack(line.id));
  free.forEach((line, place) => {
    line.amount = place === 0 ? (line.amount * BigInt(draft.size)) / 400n : line.amount;
  });
  const fresh = draft.lines
    .slice(1)
    .map((line, place): OrderLine => ({ ...lineOf(line, place), id: `x${scene.next()}` }));
  if (draft.mode % 3 === 0) changed.lines.push(...fresh);
  const dropped = free.at(-1);
  if (draft.mode % 4 === 1 && changed.lines.length > 1)
    changed.lines = changed.lines.filter(line => line !== dropped);
  if (draft.mode % 7 === 2) changed.occurredAt = Math.max(0, changed.occurredAt - DAY);
  if (draft.mode === 50) changed.currency = 'CHF';
  if (draft.mode === 60) changed.occurredAt = scene.state.now + DAY + 1;
  return changed;
}

/** Orders of the scene; `open` only those that can still change. */
const ordersOf = (scene: Scene, open: boolean) =>
  [...scene.state.orders.values()].filter(
    own => (scene.only === undefined || own.member === scene.only) && (!open || !own.cancelled),
  );

/** Orders that were cancelled, or where there are none, any. */
function closedOf(scene: Scene) {
  const all = ordersOf(scene, false);
  const cancelled = all.filter(own => own.cancelled);
  return cancelled.length > 0 ? cancelled : all;
}

function takeBack(draft: RequestDraft, scene: Scene): ReturnRequest | undefined {
  const open = ordersOf(scene, true).filter(own =>
    own.request.lines.some(line => isAbove(whole(1n), own.returned.get(line.id) ?? whole(0n))),
  );
  const own = pickOf(draft.mode % 8 > 0 ? open : closedOf(scene), draft.pick);
  if (own === undefined) return undefined;
  const { request } = own;
  const left = (line: OrderLine): Fraction => own.returned.get(line.id) ?? whole(0n);
  const line =
    pickOf(
      request.lines.filter(candidate => isAbove(whole(1n), left(candidate))),
      draft.size,
    ) ?? (request.lines[0] as OrderLine);
  const [a, b] = left(line);
  const rest = (of: bigint): bigint => (of * (b - a)) / b;
  const one = (quantity: bigint | null, amount: bigint | null) => ({
    id: line.id,
    quantity: quantity === null ? null : Number(quantity),
    amount,
  });
  const atLeastOne = (value: bigint): bigint => (value < 1n ? 1n : value);
  const quantity = one(atLeastOne(1n + share(rest(BigInt(line.quantity)), draft.size)), null);
  const choices: ReturnRequest['lines'][] = [
    null,
    [quantity],
    [one(1n, null)],
    [one(null, atLeastOne(share(rest(line.amount), draft.size)))],
    [one(null, atLeastOne(rest(line.amount)))],
    [one(null, null)],
    request.lines.map(({ id }) => ({ id, quantity: 1, amount: null })),
    [one(null, atLeastOne(share(rest(line.amount), draft.size))), one(null, 1n)],
  ];
  const lines =
    draft.mode === 90
      ? [{ id: 'none', quantity: 1, amount: null }]
      : draft.mode > 94
        ? [one(BigInt(line.quantity) + 1n, null)]
        : choices[draft.mode % choices.length];
  const cancels = draft.mode % 9 === 8;
  return {
    kind: 'return',
    externalId: `t${scene.next()}`,
    source: draft.size % 2 === 0 ? request.source : 'till',
    order: `${request.source} ${request.externalId}`,
    occurredAt: draft.mode === 91 ? scene.state.now + DAY + 1 : scene.state.now - (draft.size % 3) * HOUR,
    lines: cancels ? null : (lines ?? null),
    cancels,
  };
}

/** The balance as it is now, settled. */
function balance(scene: Scene, member: string, unit: string): bigint {
  const wallet = structuredClone(walletOf(scene.state, member, unit));
  settle(wallet, scene.state.now);
  return available(wallet);
}

function redeem(draft: RequestDraft, scene: Scene): RedeemRequest | undefined {
  const member = scene.only ?? pickOf([...scene.state.members.keys()], draft.member);
  if (member === undefined || !scene.state.members.has(member)) return undefined;
  const unit = draft.mode % 8 === 7 ? 'miles' : 'points';
  const there = balance(scene, member, unit);
  if (there < 1n && draft.mode % 6 > 0) return undefined;
  const amounts = [there, share(there, draft.size), there, share(there, draft.size) / 2n, 1n, there + 1n];
  const points = amounts[draft.mode % amounts.length] as bigint;
  return {
    kind: 'redeem',
    externalId: `r${scene.next()}`,
    member,
    unit,
    points: points < 1n ? 1n : points,
    capture: draft.pick % 3 === 0,
    holdFor: [15 * MINUTE, HOUR, 2 * DAY, 20 * DAY][draft.size % 4] as number,
  };
}

function change(draft: RequestDraft, scene: Scene): ChangeRequest | undefined {
  const all = [...scene.state.redemptions.values()].filter(
    own => scene.only === undefined || own.member === scene.only,
  );
  const isHeld = (own: Redemption) => own.state === 'held' && (own.endsAt as number) > scene.state.now;
  const isRefundable = (own: Redemption) => own.state === 'captured' && own.refunded < own.points;
  const kind = (['capture', 'void', 'refund', 'refund'] as const)[draft.size % 4] as ChangeRequest['change'];
  const fitting = all.filter(kind === 'refund' ? isRefundable : isHeld);
  const own = draft.mode % 8 > 0 ? pickOf(fitting, draft.pick) : pickOf(all, draft.pick);
  if (own === undefined) return undefined;
  const left = own.points - own.refunded;
  const sizes = [
    null,
    share(left, draft.size),
    left / 2n,
    left,
    1n,
    left,
    share(left, draft.size),
    draft.mode > 80 ? left + 1n : null,
  ];
  const points = sizes[draft.mode % sizes.length] ?? null;
  return {
    kind: 'change',
    change: kind,
    externalId: `c${scene.next()}`,
    redemption: own.externalId,
    points: kind !== 'refund' || points === null ? null : points < 1n ? 1n : points,
  };
}

function adjust(draft: RequestDraft, scene: Scene): AdjustRequest | undefined {
  const member = scene.only ?? pickOf([...scene.state.members.keys()], draft.member);
  if (member === undefined || !scene.state.members.has(member)) return undefined;
  const unit = ['points', 'points', 'points', 'miles', 'nights'][draft.mode % 5] as string;
  const there = balance(scene, member, unit);
  const points = [
    BigInt(1 + draft.size),
    -1n - share(there < 0n ? 0n : there, draft.size),
    BigInt(1 + draft.size * 3),
    -(there < 1n ? 5n : there),
  ][draft.pick % 4] as bigint;
  const { now } = scene.state;
  const expiresAt =
    points < 0n
      ? null
      : ([null, now + DAY, now + 30 * DAY, now - HOUR, now + 365 * DAY][draft.size % 5] as number | null);
  return {
    kind: 'adjust',
    externalId: `a${scene.next()}`,
    member,
    unit,
    points,
    reason: `reason ${draft.pick % 3}`,
    expiresAt,
  };
}

const ownerOf = (request: Request, state: State): string | undefined =>
  request.kind === 'return'
    ? state.orders.get(request.order)?.member
    : request.kind === 'change'
      ? state.redemptions.get(request.redemption)?.member
      : request.member;

const acceptedIn = (scene: Scene) =>
  scene.accepted.filter(own => scene.only === undefined || ownerOf(own, scene.state) === scene.only);
const repeat = (draft: RequestDraft, scene: Scene): Request | undefined =>
  pickOf(acceptedIn(scene), draft.pick * 10 + draft.mode);

/** The same key with another content. */
function conflict(draft: RequestDraft, scene: Scene): Request | undefined {
  const own = repeat(draft, scene);
  if (own === undefined) return undefined;
  switch (own.kind) {
    case 'order':
      if (draft.size % 5 === 0)
        return { ...own, lines: own.lines.map(line => ({ ...line, quantity: line.quantity + 1 })) };
      return { ...own, lines: own.lines.map(line => ({ ...line, amount: line.amount + 1n })) };
    case 'return':
      return { ...own, occurredAt: own.occurredAt - 1 };
    case 'redeem':
      return draft.size % 2 === 0 ? { ...own, points: own.points + 1n } : { ...own, capture: !own.capture };
    case 'change':
      return own.change === 'refund'
        ? { ...own, points: (own.points ?? 0n) + 1n }
        : { ...own, change: own.change === 'void' ? 'capture' : 'void' };
    case 'adjust':
      return draft.size % 2 === 0
        ? { ...own, points: own.points + (own.points > 0n ? 1n : -1n) }
        : { ...own, reason: 'another reason' };
  }
}

/** Requests that no state makes acceptable. */
function stray(draft: RequestDraft, scene: Scene): Request | undefined {
  const { now } = scene.state;
  const some = order(draft, scene);
  const member = scene.only ?? 'nobody';
  const enrolled = scene.state.members.keys().next().value;
  switch (draft.mode % 7) {
    case 0:
      return { ...some, occurredAt: now + DAY + 1 };
    case 1:
      return { ...some, currency: 'CHF' };
    case 2:
      return {
        kind: 'return',
        externalId: some.externalId,
        source: 'api',
        order: 'api none',
        occurredAt: now,
        lines: null,
        cancels: false,
      };
    case 3:
      return member === 'nobody'
        ? {
            kind: 'redeem',
            externalId: some.externalId,
            member,
            unit: 'points',
            points: 1n,
            capture: true,
            holdFor: HOUR,
          }
        : some;
    case 4:
      return {
        kind: 'change',
        change: 'void',
        externalId: some.externalId,
        redemption: 'none',
        points: null,
      };
    case 5:
      if (enrolled === undefined) return some;
      return {
        kind: 'redeem',
        externalId: some.externalId,
        member: enrolled,
        unit: draft.size % 2 === 0 ? 'nights' : 'stars',
        points: 1n,
        capture: true,
        holdFor: HOUR,
      };
    default:
      if (enrolled === undefined) return some;
      return {
        kind: 'adjust',
        externalId: some.externalId,
        member: draft.size % 2 === 0 ? enrolled : 'nobody',
        unit: draft.size % 2 === 0 ? 'stars' : 'points',
        points: 1n,
        reason: 'stray',
        expiresAt: null,
      };
  }
}

const resolvers: Readonly<
  Record<RequestDraft['kind'], (draft: RequestDraft, scene: Scene) => Request | undefined>
> = {
  order,
  amend,
  return: takeBack,
  redeem,
  change,
  adjust,
  repeat,
  conflict,
  stray,
};
