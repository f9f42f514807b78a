import { madeOnce } from '#platform/made-once.ts';
import {
  apportion,
  compare,
  floorDiv,
  ONE,
  plus,
  type Rational,
  rational,
  times,
  ZERO,
} from '#platform/money.ts';
import type { ProgramFacts } from '../ledger/index.ts';
import type { Campaign, EarningRule, Program, ProgramVersion, Unit } from '../program/index.ts';
import { campaignsOf, type Part, partsOf } from './campaigns/effects.ts';
import { includes, rulesFor } from './orders/order-rules.ts';
import type { Fault, Line, Order } from './orders/orders.model.ts';

export type { Fault, Line, Order } from './orders/orders.model.ts';

/** A program in force, as the lanes carry it. */
export interface ProgramInForce extends ProgramFacts {
  readonly program: Program;
}

/** What gives points: a rule, or (`bonus`) what a multiplier adds to a rule or a campaign gives by itself. */
export interface Source extends Pick<EarningRule, 'id' | 'unit' | 'terms'> {
  /** As entries cite it: `base@3`, `base@3*gold@3` for what the level adds to the rule, `welcome@3` of a campaign. */
  readonly ref: string;
  readonly bonus?: boolean;
}

/** What one line earns by one rule; cells of an order and unit sum to the rounded exact sum. */
export interface Cell {
  readonly line: number;
  readonly rule: Source;
  readonly points: bigint;
}

/** A multiplier that counts for an order. */
export interface Multiplier {
  /** `id@version` of the level or campaign. */
  readonly ref: string;
  readonly by: Rational;
  /** The number of the unit that it multiplies; null: every redeemable one. */
  readonly unit: number | null;
}

/**
 * What an order is decided by besides its lines and the version. It is stored, so that returns, amendments and
 * explanations years later compute with the very same.
 */
export interface Applied {
  /** The id of the level that the member had; null where the program has no tiers. */
  readonly tier: string | null;
  /** In the order in which they multiply. */
  readonly multipliers: readonly Multiplier[];
  /** The campaigns (`id@version`) that give something of their own: points, or a part of what the rules give. */
  readonly campaigns: readonly string[];
  /** How many points a campaign gives at most, where a cap or a budget made it less. */
  readonly bounds: ReadonlyMap<string, bigint>;
  /** Whether the order came after something later of its member, or later than the program takes for granted. */
  readonly late: boolean;
  /** Conditions that could not be judged, and count as not met. */
  readonly faults: readonly Fault[];
}

export const NOTHING_APPLIED: Applied = {
  tier: null,
  multipliers: [],
  campaigns: [],
  bounds: new Map(),
  faults: [],
  late: false,
};

/** What an order earns under a version of the program, without regard to anything that happened since. */
export function rate(order: Order, version: ProgramVersion, applied: Applied = NOTHING_APPLIED): Cell[] {
  const campaigns = campaignsOf(version, applied.campaigns);
  const givers = giversOf(order, version, campaigns);
  const parts = partsOf(campaigns, version);
  const cells: Cell[] = [];
  for (const unit of version.units.values()) {
    const own = givers.filter(giver => giver.source.unit === unit);
    if (own.length === 0) continue;
    const exact = exactCells(order, version, own, {
      multipliers: forUnit(unit, applied.multipliers),
      parts: forUnit(unit, parts),
    });
    const points = apportion(
      exact.map(cell => cell.value),
      version.rounding,
    );
    for (const [index, { line, rule }] of exact.entries()) {
      if (points[index] !== 0n) cells.push({ line, rule, points: points[index] as bigint });
    }
  }
  return bounded(cells, applied.bounds);
}

/** Something that gives points to lines: a rule, or a campaign with points of its own, which nothing multiplies. */
interface Giver {
  readonly source: Source;
  readonly earn: EarningRule['earn'];
  readonly when: EarningRule['when'];
  readonly isMultiplied: boolean;
}

function giversOf(order: Order, version: ProgramVersion, campaigns: readonly Campaign[]): Giver[] {
  const givers = rulesFor(order, version).map(
    (rule): Giver => ({ source: rule, earn: rule.earn, when: rule.when, isMultiplied: true }),
  );
  for (const { id, ref, effect } of campaigns) {
    if (!('earn' in effect)) continue;
    const { earn, unit, terms } = effect;
    const source = { id, ref, unit: version.units.get(unit) as Unit, terms, bonus: true };
    givers.push({ source, earn, when: null, isMultiplied: false });
  }
  return givers;
}

/** The campaign (`id@version`) or level whose points a source cites; of a rule the rule itself. */
export const citedBy = (ref: string): string => ref.slice(ref.lastIndexOf('*') + 1);

/** The cells with no more points of a campaign than it may give; what is too much is taken from the last lines. */
export function bounded(cells: Cell[], bounds: ReadonlyMap<string, bigint>): Cell[] {
  if (bounds.size === 0) return cells;
  const left = new Map(bounds);
  return cells.flatMap(cell => {
    const most = left.get(citedBy(cell.rule.ref));
    if (most === undefined) return cell;
    const points = cell.points < most ? cell.points : most;
    left.set(citedBy(cell.rule.ref), most - points);
    return points === 0n ? [] : { ...cell, points };
  });
}

const besideRule = madeOnce((_: Source) => new Map<string, Source>());

/** What a multiplier or a part adds to what a rule gives: made once of each rule, because nearly every order has one. */
function besides(rule: Source, ref: string): Source {
  const own = besideRule(rule);
  let added = own.get(ref);
  if (added === undefined) {
    const { id, unit, terms } = rule;
    added = { id, unit, terms, ref: `${rule.ref}*${ref}`, bonus: true };
    own.set(ref, added);
  }
  return added;
}

const forUnit = <T extends Part>(unit: Unit, all: readonly T[]): readonly T[] =>
  all.filter(each => (each.unit === null ? unit.redeemable : each.unit === unit.number));

interface ExactCell {
  line: number;
  rule: Source;
  value: Rational;
}

/**
 * Points per currency unit times the line's amount, and what multipliers add; fixed points spread by the amounts; and of
 * both, before they are multiplied, the parts that campaigns add.
 */
function exactCells(
  order: Order,
  version: ProgramVersion,
  givers: readonly Giver[],
  { multipliers, parts }: { multipliers: readonly Multiplier[]; parts: readonly Part[] },
): ExactCell[] {
  const toProgram = version.rate(order.currency, order.occurredAt) ?? ZERO;
  const cells: ExactCell[] = [];
  for (const { source, earn, when, isMultiplied } of givers) {
    const lines = order.lines
      .map((line, index) => ({ line, index }))
      .filter(({ line }) => matchesLine(when, line));
    const added = (isMultiplied ? parts : []).map(({ ref, by }) => ({ rule: besides(source, ref), by }));
    const give = (line: number, value: Rational) => {
      cells.push({ line, rule: source, value });
      for (const { rule, by } of added) cells.push({ line, rule, value: times(value, by) });
    };
    if ('fixed' in earn) {
      const total = lines.reduce((sum, { line }) => sum + line.amount, 0n);
      for (const [place, { line, index }] of lines.entries()) {
        const part = total > 0n ? rational(line.amount, total) : place === 0 ? ONE : ZERO;
        give(index, times({ num: earn.fixed, den: 1n }, part));
      }
      continue;
    }
    const perMinorUnit = times(times(earn.perCurrencyUnit, toProgram), version.minorUnit);
    const multiplied = (isMultiplied ? multipliers : []).map(({ ref, by }) => ({
      rule: besides(source, ref),
      by,
      more: { num: by.num - by.den, den: by.den },
    }));
    for (const { line, index } of lines) {
      let value = times({ num: line.amount, den: 1n }, perMinorUnit);
      give(index, value);
      for (const { rule, by, more } of multiplied) {
        cells.push({ line: index, rule, value: times(value, more) });
        value = times(value, by);
      }
    }
  }
  return order.lines.length === 1 ? cells : cells.sort((a, b) => a.line - b.line);
}

const matchesLine = (when: EarningRule['when'], line: Line): boolean =>
  when === null || (includes(when.category, line.category) && includes(when.sku, line.sku));

/** What an order has earned by one rule so far, over all its revisions and returns. */
export interface Grant {
  readonly rule: string;
  readonly unit: number;
  earned: bigint;
  clawed: bigint;
  excused: bigint;
  readonly lots: number[];
}

/** Of an order that is new: nothing came back of it, and nothing was given for it. */
export const NOTHING_BACK: OrderState['returned'] = new Map();
export const NOTHING_GRANTED: OrderState['grants'] = new Map();

/** An order with everything that has happened to it. */
export interface OrderState {
  readonly id: bigint;
  readonly memberId: number;
  readonly programId: number;
  readonly programVersion: number;
  readonly order: Order;
  readonly grants: ReadonlyMap<string, Grant>;
  readonly applied: Applied;
  /** Which part of each line has come back, by line id: 0 to 1. */
  readonly returned: ReadonlyMap<string, Rational>;
  readonly cancelled: boolean;
  /** The events of the order that came, by type; left out: none. */
  readonly happened?: ReadonlySet<string>;
}

/**
 * What each rule should have given in the end: what the lines earn, less the share of what came back. The
 * share is of everything that is back so far, so that any sequence of partial returns sums exactly.
 */
export function targets(
  state: Pick<OrderState, 'order' | 'returned'>,
  cells: readonly Cell[],
): Map<string, { rule: Source; points: bigint }> {
  const wanted = new Map<string, { rule: Source; points: bigint }>();
  for (const { line, rule, points } of cells) {
    const back = state.returned.get((state.order.lines[line] as Line).id) ?? ZERO;
    const kept = points - floorDiv(points * back.num, back.den);
    const target = wanted.get(rule.ref) ?? { rule, points: 0n };
    target.points += kept;
    wanted.set(rule.ref, target);
  }
  return wanted;
}

/** A part of a line that comes back: by quantity, by amount, or (neither) all that is left. */
export interface ReturnLine {
  readonly id: string;
  readonly quantity: number | null;
  readonly amount: bigint | null;
}

/** Why a return cannot be: the line is not of the order, or more would come back than was bought. */
export type ReturnMistake = { line: string; what: 'unknown' | 'exceeds' | 'worthless' };

/** What will have come back of each line after this return (null: of every line all). */
export function addReturn(
  state: Pick<OrderState, 'order' | 'returned'>,
  lines: readonly ReturnLine[] | null,
): Map<string, Rational> | ReturnMistake {
  const returned = new Map(state.returned);
  if (lines === null) {
    const left = state.order.lines.filter(line => compare(returned.get(line.id) ?? ZERO, ONE) < 0);
    if (left.length === 0) return { line: (state.order.lines[0] as Line).id, what: 'exceeds' };
    for (const line of left) returned.set(line.id, ONE);
    return returned;
  }
  for (const { id, quantity, amount } of lines) {
    const line = state.order.lines.find(candidate => candidate.id === id);
    if (line === undefined) return { line: id, what: 'unknown' };
    const before = returned.get(id) ?? ZERO;
    if (amount !== null && line.amount === 0n) return { line: id, what: 'worthless' };
    const part =
      quantity !== null
        ? rational(BigInt(quantity), BigInt(line.quantity))
        : amount !== null
          ? rational(amount, line.amount)
          : { num: before.den - before.num, den: before.den };
    const sum = plus(before, part);
    const after = rational(sum.num, sum.den);
    if (part.num === 0n || compare(after, ONE) > 0) return { line: id, what: 'exceeds' };
    returned.set(id, after);
  }
  return returned;
}
