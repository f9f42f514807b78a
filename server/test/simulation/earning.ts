import { add, ceiling, type Fraction, floor, isAbove, multiply, nearest, rest, whole } from './fractions.ts';
import type { OrderRequest, ReturnRequest } from './requests.ts';
import { addMonths, DAY, RATES, type Rule, type Version } from './terms.ts';
import { credit, type Effect, type Lot, type TakenBack, takeBack, type Wallet } from './wallet.ts';

/** What an order gave by one rule. */
export interface Given {
  rule: string;
  unit: string;
  earned: bigint;
  takenBack: bigint;
  excused: bigint;
  lots: Lot[];
}

export interface ModelOrder {
  member: string;
  request: OrderRequest;
  /** In force for the latest revision. */
  version: Version;
  given: Map<string, Given>;
  /** Which part of each line has come back. */
  returned: Map<string, Fraction>;
  cancelled: boolean;
}

/** What one line earns by one rule. */
export interface Cell {
  line: string;
  rule: Rule;
  points: bigint;
}

const matches = (values: readonly string[] | null, value: string | null): boolean =>
  values === null || (value !== null && values.includes(value));

/** What an order earns: for each unit the exact sum is rounded once and shared out by the largest remainders. */
export function earned(order: OrderRequest, version: Version): Cell[] {
  const cells: Cell[] = [];
  for (const unit of ['points', 'miles', 'nights']) {
    const exact: { line: string; rule: Rule; value: Fraction }[] = [];
    for (const line of order.lines) {
      for (const rule of version.rules) {
        if (
          rule.unit !== unit ||
          !matches(rule.channels, order.channel) ||
          !matches(rule.categories, line.category)
        )
          continue;
        exact.push({ line: line.id, rule, value: exactPoints(order, line, rule) });
      }
    }
    const points = shareOut(
      exact.map(cell => cell.value),
      version.rounding,
    );
    exact.forEach(
      ({ line, rule }, place) => void cells.push({ line, rule, points: points[place] as bigint }),
    );
  }
  return cells;
}

function exactPoints(order: OrderRequest, line: OrderRequest['lines'][number], rule: Rule): Fraction {
  if ('fixed' in rule.gives) {
    const matching = order.lines.filter(other => matches(rule.categories, other.category));
    const sum = matching.reduce((total, other) => total + other.amount, 0n);
    if (sum === 0n) return matching[0] === line ? whole(rule.gives.fixed) : whole(0n);
    return [rule.gives.fixed * line.amount, sum];
  }
  const { value, decimals } = RATES[order.currency] as { value: Fraction; decimals: number };
  return multiply(rule.gives.perUnit, multiply(value, [line.amount, 10n ** BigInt(decimals)]));
}

/** Rounds the sum once; each value keeps its whole part, and what is left goes one by one to the largest rest, the earlier first. */
export function shareOut(values: readonly Fraction[], rounding: Version['rounding']): bigint[] {
  const sum = values.reduce(add, whole(0n));
  const rounded = { floor, ceiling, half_up: nearest }[rounding](sum);
  const parts = values.map(floor);
  const open = new Set(values.keys());
  for (let given = parts.reduce((total, part) => total + part, 0n); given < rounded; given += 1n) {
    let best = -1;
    for (const place of open)
      if (best < 0 || isAbove(rest(values[place] as Fraction), rest(values[best] as Fraction))) best = place;
    parts[best] = (parts[best] as bigint) + 1n;
    open.delete(best);
  }
  return parts;
}

export type ReturnMistake = 'unknown' | 'exceeds';

/** Whether all of a line has come back. */
export const isWhole = (part: Fraction | undefined): boolean => part !== undefined && part[0] === part[1];

/** Which part of each line will have come back. */
export function returned(
  order: ModelOrder,
  lines: ReturnRequest['lines'],
): Map<string, Fraction> | ReturnMistake {
  const parts = new Map(order.returned);
  const soFar = (id: string): Fraction => parts.get(id) ?? whole(0n);
  if (lines === null) {
    const open = order.request.lines.filter(line => !isWhole(soFar(line.id)));
    if (open.length === 0) return 'exceeds';
    for (const line of open) parts.set(line.id, whole(1n));
    return parts;
  }
  for (const { id, quantity, amount } of lines) {
    const line = order.request.lines.find(candidate => candidate.id === id);
    if (line === undefined) return 'unknown';
    const before = soFar(id);
    if (amount !== null && line.amount === 0n) return 'exceeds';
    let after: Fraction = whole(1n);
    if (quantity !== null) after = add(before, [BigInt(quantity), BigInt(line.quantity)]);
    else if (amount !== null) after = add(before, [amount, line.amount]);
    if (isWhole(before) || isAbove(after, whole(1n))) return 'exceeds';
    parts.set(id, after);
  }
  return parts;
}

export interface Change {
  effects: Effect[];
  back: { rule: string; decided: bigint; result: TakenBack }[];
}

/**
 * Brings an order from what it gave so far to what it should have given: first what is too much is taken back, then what
 * is missing is given. What came back of a line takes its share of each cell, rounded down over all that came back so far.
 * Null where the policy refuses.
 */
export function changeOrder(
  order: ModelOrder,
  cells: readonly Cell[],
  walletFor: (unit: string) => Wallet,
  now: number,
): Change | null {
  const change: Change = { effects: [], back: [] };
  const wanted = new Map<string, { rule: Rule; points: bigint }>();
  for (const { line, rule, points } of cells) {
    if (points === 0n) continue;
    const ref = `${rule.id}@${order.version.number}`;
    const share = floor(multiply(whole(points), order.returned.get(line) ?? whole(0n)));
    const target = wanted.get(ref) ?? { rule, points: 0n };
    target.points += points - share;
    wanted.set(ref, target);
  }
  for (const [ref, given] of order.given) {
    const excess = given.earned - given.takenBack - (wanted.get(ref)?.points ?? 0n);
    if (excess <= 0n) continue;
    const wallet = walletFor(given.unit);
    const lapsed = given.lots.reduce((sum, lot) => sum + lot.lapsed, 0n) - given.excused;
    const result = takeBack(wallet, excess, given.lots, lapsed, order.version.policy, ref);
    if (result === null) return null;
    given.takenBack += excess;
    given.excused += result.excused;
    change.effects.push(...result.effects);
    change.back.push({ rule: ref, decided: excess, result });
  }
  for (const [ref, { rule, points }] of wanted) {
    const given = order.given.get(ref) ?? {
      rule: ref,
      unit: rule.unit,
      earned: 0n,
      takenBack: 0n,
      excused: 0n,
      lots: [],
    };
    const missing = points - (given.earned - given.takenBack);
    if (missing <= 0n) continue;
    const { occurredAt } = order.request;
    const { effects, lot } = credit(walletFor(rule.unit), 'earn', missing, now, {
      opensAt: rule.pendingDays === null ? null : occurredAt + rule.pendingDays * DAY,
      endsAt: rule.expiresMonths === null ? null : addMonths(occurredAt, rule.expiresMonths),
      rule: ref,
    });
    given.earned += missing;
    given.lots.push(lot);
    order.given.set(ref, given);
    change.effects.push(...effects);
  }
  return change;
}
