import { wireId } from '#platform/ids.ts';
import { floorDiv, times } from '#platform/money.ts';
import { holderOf, unitOf, walletId } from '../../ledger/index.ts';
import { localTime, type ProgramVersion } from '../../program/index.ts';
import type { Fault } from '../model.ts';
import type { Given } from './backtest.decided.ts';
import type { Outcome, Span } from './backtest.model.ts';
import type { Flagged } from './backtest.velocity.ts';

/** How many members the lists of winners and losers name. */
const NAMED = 20;

interface Pair {
  actual: bigint;
  draft: bigint;
}

/** One line of the report: what was given, and what the draft gives. */
export interface Line {
  readonly actual: string;
  readonly draft: string;
  readonly difference: string;
}

export interface BacktestReport {
  readonly from: string | null;
  readonly to: string;
  /** Replayed orders, revisions, returns, re-ratings, activities and referrals of the period. */
  readonly decisions: number;
  /** Of members who were erased since; left out. */
  readonly erased: number;
  readonly units: readonly (Line & {
    unit: string;
    money: { currency: string; difference: string } | null;
  })[];
  readonly rules: readonly (Line & { rule: string; unit: string })[];
  /** What campaigns gave beside points: how often, less what came back. */
  readonly gifts: readonly { campaign: string; gives: string; actual: number; draft: number }[];
  /** For how many orders, revisions and activities the condition of a rule had no answer. */
  readonly not_judged: readonly { rule: string; actual: number; draft: number }[];
  readonly tiers: readonly {
    tier: string;
    orders: { actual: number; draft: number };
    members: { actual: number; draft: number };
  }[];
  readonly days: readonly (Line & { day: string; unit: string })[];
  readonly members: {
    readonly winners: number;
    readonly losers: number;
    readonly unchanged: number;
    readonly most_won: readonly { member: string; difference: string }[];
    readonly most_lost: readonly { member: string; difference: string }[];
  };
  readonly redemptions: { readonly would_fail: number; readonly points: string };
  /** What the velocity checks would have flagged and held back; null where there are none. */
  readonly velocity: VelocityReport | null;
}

export interface VelocityReport {
  readonly members: number;
  readonly cases: number;
  readonly pauses: number;
  /** Included in what the draft gives. */
  readonly held: readonly { unit: string; points: string }[];
  /** Those with the most cases. */
  readonly most: readonly { member: string; cases: number }[];
}

const line = ({ actual, draft }: Pair): Line => ({
  actual: String(actual),
  draft: String(draft),
  difference: String(draft - actual),
});

const ruleId = (ref: string): string => ref.replaceAll(/@\d+/g, '');

/** Adds up what a replay says. */
export class Tally {
  decisions = 0;
  erased = 0;
  /** The decision that was added last: it can have several outcomes. */
  private last = 0n;
  private readonly units = new Map<number, Pair>();
  private readonly rules = new Map<string, Pair & { unit: number }>();
  private readonly days = new Map<string, Pair>();
  private readonly gifts = new Map<string, { actual: number; draft: number }>();
  private readonly faults = new Map<string, { actual: number; draft: number }>();
  private readonly orders = new Map<string, { actual: number; draft: number }>();
  /** By wallet: each difference in a unit that is redeemed, with the decision that made it. */
  readonly moves = new Map<number, { id: bigint; change: bigint }[]>();
  private readonly redeemable: readonly number[];
  private readonly seen = new Set<number>();
  private readonly version: ProgramVersion;

  constructor(version: ProgramVersion) {
    this.version = version;
    this.redeemable = [...version.units.values()].flatMap(unit => (unit.redeemable ? unit.number : []));
  }

  add(outcome: Outcome): void {
    const { decision, memberId, occurredAt, actual, draft } = outcome;
    if (decision.id !== this.last) this.decisions += 1;
    this.last = decision.id;
    this.seen.add(memberId);
    this.count('actual', actual, occurredAt);
    this.count('draft', draft, occurredAt);
    if ('order' in decision) {
      this.tier(outcome.actualTier).actual += 1;
      this.tier(outcome.draftTier).draft += 1;
    }
    for (const unit of this.redeemable) {
      const change = pointsOf(draft, unit) - pointsOf(actual, unit);
      if (change === 0n) continue;
      pairOf(this.moves, walletId(memberId, unit), () => []).push({ id: decision.id, change });
    }
    for (const [side, changes] of [
      ['actual', outcome.actualGifts],
      ['draft', outcome.draftGifts],
    ] as const)
      for (const [key, by] of changes) pairOf(this.gifts, key, () => ({ actual: 0, draft: 0 }))[side] += by;
    this.miss('actual', outcome.actualFaults);
    this.miss('draft', outcome.draftFaults);
  }

  private miss(side: 'actual' | 'draft', faults: readonly Fault[]): void {
    for (const { ref } of faults)
      pairOf(this.faults, ruleId(ref), () => ({ actual: 0, draft: 0 }))[side] += 1;
  }

  private tier(id: string | null): { actual: number; draft: number } {
    const name = id ?? '';
    const own = this.orders.get(name) ?? { actual: 0, draft: 0 };
    this.orders.set(name, own);
    return own;
  }

  private count(side: 'actual' | 'draft', points: ReadonlyMap<string, Given>, at: number): void {
    if (points.size === 0) return;
    const { year, month, day } = localTime(at, this.version.timeZone);
    const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    for (const [ref, { unit, points: own }] of points) {
      pairOf(this.units, unit, () => ({ actual: 0n, draft: 0n }))[side] += own;
      pairOf(this.days, `${date} ${unit}`, () => ({ actual: 0n, draft: 0n }))[side] += own;
      pairOf(this.rules, `${ruleId(ref)} ${unit}`, () => ({ unit, actual: 0n, draft: 0n }))[side] += own;
    }
  }

  /** What each member has won or lost in all, in the unit that is redeemed by default. */
  differences(): { memberId: number; change: bigint }[] {
    const { number } = this.version.defaultUnit;
    return [...this.moves].flatMap(([wallet, moves]) =>
      unitOf(wallet) === number
        ? { memberId: holderOf(wallet), change: moves.reduce((sum, move) => sum + move.change, 0n) }
        : [],
    );
  }

  /** The report; `names` are the external ids of the members that `named` asks for. */
  report(
    span: Span,
    members: ReadonlyMap<string, { actual: number; draft: number }>,
    names: ReadonlyMap<number, string>,
    redemptions: BacktestReport['redemptions'],
    flagged: ReadonlyMap<number, Flagged> | null,
  ): BacktestReport {
    const unitName = (number: number) =>
      [...this.version.units.values()].find(unit => unit.number === number)?.name ?? String(number);
    const differences = this.differences().filter(({ change }) => change !== 0n);
    const { won, lost } = this.named();
    const name = (id: number): string => (names.has(id) ? `ext:${names.get(id)}` : wireId('mem', BigInt(id)));
    const shown = (list: readonly { memberId: number; change: bigint }[]) =>
      list.map(({ memberId, change }) => ({ member: name(memberId), difference: String(change) }));
    const levels = (this.version.tiers?.levels ?? []).map(({ id }) => id);
    const seen = new Set([...this.orders.keys(), ...members.keys()].filter(id => id !== ''));
    const tiers = [
      ...levels.filter(id => seen.has(id)),
      ...[...seen].filter(id => !levels.includes(id)).sort(),
    ];
    return {
      from: span.from === Number.NEGATIVE_INFINITY ? null : new Date(span.from).toISOString(),
      to: new Date(span.to).toISOString(),
      decisions: this.decisions,
      erased: this.erased,
      units: [...this.units]
        .sort(([a], [b]) => a - b)
        .map(([unit, pair]) => ({
          unit: unitName(unit),
          ...line(pair),
          money: this.money(unit, pair.draft - pair.actual),
        })),
      rules: [...this.rules]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, pair]) => ({
          rule: key.slice(0, key.lastIndexOf(' ')),
          unit: unitName(pair.unit),
          ...line(pair),
        })),
      gifts: [...this.gifts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, counts]) => ({
          campaign: key.slice(0, key.indexOf(' ')),
          gives: key.slice(key.indexOf(' ') + 1),
          ...counts,
        })),
      not_judged: [...this.faults]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([rule, counts]) => ({ rule, ...counts })),
      tiers: tiers.map(tier => ({
        tier,
        orders: this.orders.get(tier) ?? { actual: 0, draft: 0 },
        members: members.get(tier) ?? { actual: 0, draft: 0 },
      })),
      days: [...this.days]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, pair]) => ({
          day: key.slice(0, 10),
          unit: unitName(Number(key.slice(11))),
          ...line(pair),
        })),
      members: {
        winners: differences.filter(({ change }) => change > 0n).length,
        losers: differences.filter(({ change }) => change < 0n).length,
        unchanged: this.seen.size - differences.length,
        most_won: shown(won),
        most_lost: shown(lost),
      },
      redemptions,
      velocity:
        flagged === null
          ? null
          : {
              ...sumsOf([...flagged.values()]),
              held: heldBy([...flagged.values()]).map(([unit, points]) => ({
                unit: unitName(unit),
                points: String(points),
              })),
              most: mostFlagged(flagged).map(([id, { cases }]) => ({ member: name(id), cases })),
            },
    };
  }

  /** Those who win and lose most. */
  named(): Record<'won' | 'lost', { memberId: number; change: bigint }[]> {
    const sorted = this.differences().sort((a, b) =>
      a.change < b.change ? -1 : a.change > b.change ? 1 : 0,
    );
    return {
      won: sorted
        .filter(({ change }) => change > 0n)
        .reverse()
        .slice(0, NAMED),
      lost: sorted.filter(({ change }) => change < 0n).slice(0, NAMED),
    };
  }

  /** What a difference in points is worth, in minor units of the program's currency. */
  private money(unit: number, difference: bigint): { currency: string; difference: string } | null {
    const { version } = this;
    const worth = [...version.units.values()].find(own => own.number === unit)?.worth ?? null;
    if (worth === null) return null;
    const exact = times(worth, {
      num: difference * 10n ** BigInt(version.exponent(version.currency)),
      den: 1n,
    });
    return { currency: version.currency, difference: String(floorDiv(exact.num, exact.den)) };
  }
}

const sumsOf = (flagged: readonly Flagged[]) => ({
  members: flagged.filter(({ cases }) => cases > 0).length,
  cases: flagged.reduce((sum, { cases }) => sum + cases, 0),
  pauses: flagged.reduce((sum, { pauses }) => sum + pauses, 0),
});

/** Points that were held back, by unit. */
function heldBy(flagged: readonly Flagged[]): [unit: number, points: bigint][] {
  const sums = new Map<number, bigint>();
  for (const { held } of flagged)
    for (const [unit, points] of held) sums.set(unit, (sums.get(unit) ?? 0n) + points);
  return [...sums];
}

/** The members with the most cases, the earlier members first where they have as many. */
export const mostFlagged = (flagged: ReadonlyMap<number, Flagged>): [number, Flagged][] =>
  [...flagged].sort(([a, one], [b, other]) => other.cases - one.cases || a - b).slice(0, NAMED);

const pointsOf = (given: ReadonlyMap<string, Given>, unit: number): bigint => {
  let points = 0n;
  for (const own of given.values()) if (own.unit === unit) points += own.points;
  return points;
};

function pairOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const own = map.get(key) ?? make();
  map.set(key, own);
  return own;
}
