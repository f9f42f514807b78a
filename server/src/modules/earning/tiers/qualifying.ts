import { madeOnce } from '#platform/made-once.ts';
import { floorDiv, ONE, plus, type Rational, rational, times, ZERO } from '#platform/money.ts';
import type { ProgramVersion } from '../../program/index.ts';
import type { OrderState } from '../model.ts';
import type { Decided } from '../posting.ts';
import type { Contribution, Measures } from './timeline.ts';

const MAX_NIGHTS = 10_000;
/** The most that one order counts for, so that the sums of a lifetime stay within 64 bits. */
const MOST = 10n ** 15n;
const atMost = (value: bigint): bigint => (value > MOST ? MOST : value < -MOST ? -MOST : value);

/** What an order counts for towards a tier, less what of it has come back. Points come from the decision. */
export function measures(
  { order, returned }: Pick<OrderState, 'order' | 'returned'>,
  version: ProgramVersion,
): Omit<Measures, 'points'> {
  let kept: Rational = ZERO;
  let all = returned.size > 0;
  if (returned.size === 0) kept = { num: order.lines.reduce((sum, line) => sum + line.amount, 0n), den: 1n };
  else
    for (const line of order.lines) {
      const back = returned.get(line.id) ?? ZERO;
      const part = rational(back.den - back.num, back.den);
      if (part.num > 0n) all = false;
      kept = plus(kept, times({ num: line.amount, den: 1n }, part));
    }
  const rate = version.rate(order.currency, order.occurredAt) ?? ONE;
  const spend = rate === ONE ? kept : times(kept, rate);
  const nights = order.attributes?.['nights'];
  return {
    spend: atMost(floorDiv(spend.num, spend.den)),
    orders: all ? 0n : 1n,
    nights:
      !all && typeof nights === 'number' && nights > 0
        ? BigInt(Math.floor(Math.min(nights, MAX_NIGHTS)))
        : 0n,
  };
}

/** The numbers of the units that count towards a tier. */
export const qualifyingUnits = madeOnce(
  (version: ProgramVersion): ReadonlySet<number> =>
    new Set([...version.units.values()].filter(unit => unit.qualifying).map(unit => unit.number)),
);

/** What a decision earned in qualifying units, less what it took back. */
export function qualifyingPoints({ earned, clawed }: Decided, version: ProgramVersion): bigint {
  const counts = qualifyingUnits(version);
  if (counts.size === 0) return 0n;
  let points = 0n;
  for (const own of earned) if (counts.has(own.unit)) points += own.points;
  for (const own of clawed) if (counts.has(own.unit)) points -= own.decided;
  return atMost(points);
}

/** The state of an order before or after a decision, as far as qualifying goes. */
type Qualifying = Pick<OrderState, 'order' | 'returned'>;

/**
 * What a decision adds to its member's timeline: of a new order everything, of a revision or a return the difference.
 * `happenedAt` is later than the order for a return. Empty where nothing changes.
 */
export function contributions(
  who: Pick<Contribution, 'memberId' | 'orderId' | 'isSummed'>,
  before: Qualifying | undefined,
  after: Qualifying,
  version: ProgramVersion,
  decided: Decided,
  happenedAt: number,
): Contribution[] {
  const now = { ...measures(after, version), points: qualifyingPoints(decided, version) };
  const anchor = after.order.occurredAt;
  const row = (at: number, change: Measures): Contribution => ({
    ...who,
    anchor: at,
    happenedAt: Math.max(happenedAt, at),
    change,
  });
  if (before === undefined) return [row(anchor, now)];
  const old = { ...measures(before, version), points: 0n };
  if (before.order.occurredAt !== anchor)
    return [
      row(before.order.occurredAt, less({ spend: 0n, orders: 0n, nights: 0n, points: 0n }, old)),
      row(anchor, now),
    ];
  const change = less(now, old);
  return Object.values(change).some(value => value !== 0n) ? [row(anchor, change)] : [];
}

const less = (a: Measures, b: Measures): Measures => ({
  spend: a.spend - b.spend,
  orders: a.orders - b.orders,
  nights: a.nights - b.nights,
  points: a.points - b.points,
});
