import { type ClosingTerms, lapsesAt, type OpeningTerms } from '../ledger/index.ts';
import type { VelocityCheck } from '../program/index.ts';

/*
 * Velocity: how many points a member is given within a window of the time of what earned them. Everything here is pure;
 * the facts are what a batch has loaded, and what it adds to them.
 */

/** How one check was crossed. */
export interface Crossing {
  /** `id@version` of the check. */
  readonly check: string;
  readonly unit: number;
  readonly moreThan: bigint;
  readonly kind: VelocityCheck['window'];
  /** The window that was too full, [from, until), epoch ms. */
  readonly from: number;
  readonly until: number;
  /** What it holds, the points that crossed the line included. */
  readonly points: bigint;
  /** The end of the pause; null: the member is only flagged. */
  readonly pausedUntil: number | null;
  /** In [since, before) a window can hold this crossing too; there the check opens no second case. */
  readonly since: number;
  readonly before: number;
}

export type CaseState = 'open' | 'released' | 'confirmed';

/** What somebody has to look at: one order or activity that crossed one or more lines. */
export interface Case {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  /** The id of what earned the points, as callers see it: `ord_…`. */
  readonly cause: string;
  /** When that happened, epoch ms: the pause begins there. */
  readonly at: number;
  /** By the program's clock, epoch ms. */
  readonly openedAt: number;
  readonly state: CaseState;
  readonly crossings: readonly Crossing[];
}

/** A lot whose points a case holds back. */
export interface Pended {
  readonly wallet: number;
  readonly seq: number;
  readonly caseId: bigint;
  readonly at: number;
  readonly points: bigint;
  /** What the lot gets when the case is released. */
  readonly terms: OpeningTerms;
  /** The event that its points wait for besides; null: none. */
  readonly event: string | null;
  /** When its points expire once they are released; null: the lot says it itself. */
  readonly closing: ClosingTerms | null;
}

/** Points of one unit that a decision has given, and the lots that hold them. */
export interface Credit {
  readonly unit: number;
  readonly points: bigint;
  readonly lots: readonly number[];
}

/** What a decision adds to what velocity knows. */
export interface Addition {
  readonly id: bigint;
  readonly memberId: number;
  readonly cause: string;
  readonly at: number;
  readonly counted: readonly Credit[];
  readonly opened: Case | null;
  readonly pended: readonly Pended[];
}

/** What a batch knows of the windows, cases and pauses of its members. */
export interface FraudFacts {
  /** Points that count, by member and unit, by instant; around every instant that is asked for. */
  readonly counted: Map<string, Map<number, bigint>>;
  readonly cases: Map<bigint, Case>;
  /** What open cases hold back, by `lotKey`; all of it for cases that are decided in this batch. */
  readonly pended: Map<string, Pended>;
}

export const noFraud = (): FraudFacts => ({ counted: new Map(), cases: new Map(), pended: new Map() });
export const lotKey = (wallet: number, seq: number): string => `${wallet}:${seq}`;
const countedKey = (memberId: number, unit: number): string => `${memberId} ${unit}`;

/** Something that earns points, as velocity sees it. */
export interface Watched {
  /** The id of the decision. */
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly cause: string;
  readonly at: number;
  /** The program's clock. */
  readonly now: number;
  readonly checks: readonly VelocityCheck[];
}

/** Where instants lie that can be in one window with `at`: [from, until). */
export function around({ window, within }: VelocityCheck, at: number): { from: number; until: number } {
  if (window === 'sliding') return { from: at - within + 1, until: at + within };
  const from = Math.floor(at / within) * within;
  return { from, until: from + within };
}

/**
 * The case that pauses a member's accrual in a unit at an instant: a confirmed one before open ones, then the oldest. What
 * was released pauses nothing any more.
 */
export function pausedBy(
  { cases }: Pick<FraudFacts, 'cases'>,
  memberId: number,
  unit: number,
  at: number,
  isLeftOut: (each: Case) => boolean = () => false,
): Case | undefined {
  let found: Case | undefined;
  for (const each of cases.values()) {
    if (each.state === 'released' || each.memberId !== memberId) continue;
    if (!isPaused(each, unit, at) || isLeftOut(each)) continue;
    if (found === undefined || rank(each) < rank(found) || (rank(each) === rank(found) && each.id < found.id))
      found = each;
  }
  return found;
}

const rank = ({ state }: Case): number => (state === 'confirmed' ? 0 : 1);

const isPaused = ({ at: begin, crossings }: Case, unit: number, at: number): boolean =>
  at >= begin &&
  crossings.some(({ unit: own, pausedUntil }) => own === unit && pausedUntil !== null && at < pausedUntil);

/** What a decision adds: what counts from now on, the case where it crossed a line, what it had to hold back. */
export function judge(
  facts: FraudFacts,
  watched: Watched,
  credits: readonly Credit[],
  pended: readonly Pended[],
): Addition {
  const { id, programId, memberId, cause, at, now, checks } = watched;
  const counted = credits.filter(({ unit }) => checks.some(check => check.unit === unit));
  const crossings = checks.flatMap((check): Crossing[] => {
    const points = counted.reduce(
      (sum, credit) => sum + (credit.unit === check.unit ? credit.points : 0n),
      0n,
    );
    return points > 0n && !hasCrossed(facts, watched, check) ? crossing(facts, watched, check, points) : [];
  });
  const opened: Case | null =
    crossings.length === 0
      ? null
      : { id, programId, memberId, cause, at, openedAt: now, state: 'open', crossings };
  return { id, memberId, cause, at, counted, opened, pended };
}

const idOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));

/** Whether a window around this instant was found too full by the check before. */
const hasCrossed = ({ cases }: FraudFacts, { memberId, at }: Watched, { id }: VelocityCheck): boolean =>
  [...cases.values()].some(
    each =>
      each.memberId === memberId &&
      each.crossings.some(({ check, since, before }) => idOf(check) === id && at >= since && at < before),
  );

/** The first window that these points make too full. */
function crossing(
  { counted }: FraudFacts,
  { memberId, at }: Watched,
  check: VelocityCheck,
  points: bigint,
): Crossing[] {
  const { ref, unit, moreThan, within, window: kind, pause } = check;
  const known = counted.get(countedKey(memberId, unit)) ?? new Map<number, bigint>();
  const { from, until } = around(check, at);
  const starts = kind === 'tumbling' ? [from] : endsOf(known, at, until).map(end => end - within + 1);
  for (const start of starts) {
    let sum = points;
    for (const [instant, given] of known) if (instant >= start && instant < start + within) sum += given;
    if (sum > moreThan)
      return [
        {
          check: ref,
          unit,
          moreThan,
          kind,
          from: start,
          until: start + within,
          points: sum,
          pausedUntil: pause === null ? null : at + pause,
          since: from,
          before: until,
        },
      ];
  }
  return [];
}

/** The last instants of the sliding windows to look at: with a late order also those that end with a later one. */
const endsOf = (known: ReadonlyMap<number, bigint>, at: number, until: number): number[] => [
  at,
  ...[...known.keys()].filter(instant => instant > at && instant < until).sort((a, b) => a - b),
];

/** Makes an addition visible to the later commands of the batch. */
export function addTo(facts: FraudFacts, { memberId, at, counted, opened, pended }: Addition): void {
  for (const { unit, points } of counted) count(facts, memberId, unit, at, points);
  if (opened !== null) facts.cases.set(opened.id, opened);
  for (const lot of pended)
    if (facts.cases.get(lot.caseId)?.state === 'open') facts.pended.set(lotKey(lot.wallet, lot.seq), lot);
}

function count(facts: FraudFacts, memberId: number, unit: number, at: number, points: bigint): void {
  const own = instantsOf(facts, memberId, unit);
  own.set(at, (own.get(at) ?? 0n) + points);
}

/** What counts of a member and unit, by instant. */
export function instantsOf(
  { counted }: Pick<FraudFacts, 'counted'>,
  memberId: number,
  unit: number,
): Map<number, bigint> {
  const key = countedKey(memberId, unit);
  const own = counted.get(key) ?? new Map<number, bigint>();
  counted.set(key, own);
  return own;
}

/** From when until when a case has to be known. */
export const spanOf = ({ at, crossings }: Case): { since: number; until: number } => ({
  since: Math.min(at, ...crossings.map(({ since }) => since)),
  until: Math.max(at + 1, ...crossings.map(({ before, pausedUntil }) => Math.max(before, pausedUntil ?? at))),
});

/** What becomes of what a case holds back when it is released. */
export interface Release {
  /** Free, with their own terms. */
  readonly free: readonly Pended[];
  /** Held back by another case that is open. */
  readonly moved: readonly Pended[];
  /** Of another pause that was confirmed. */
  readonly gone: readonly Pended[];
}

/** Sorts what a case holds back: the pauses of other cases go on. */
export function release(facts: FraudFacts, of: Case, unitOf: (wallet: number) => number): Release {
  const sorted = { free: [] as Pended[], moved: [] as Pended[], gone: [] as Pended[] };
  for (const lot of heldBy(facts, of.id)) {
    const other = pausedBy(facts, of.memberId, unitOf(lot.wallet), lot.at, ({ id }) => id === of.id);
    if (other === undefined) sorted.free.push(lot);
    else if (other.state === 'confirmed') sorted.gone.push(lot);
    else sorted.moved.push({ ...lot, caseId: other.id });
  }
  return sorted;
}

/** What a case holds back, in the order in which it was given. */
export const heldBy = ({ pended }: FraudFacts, caseId: bigint): Pended[] =>
  [...pended.values()]
    .filter(lot => lot.caseId === caseId)
    .sort((a, b) => a.wallet - b.wallet || a.seq - b.seq);

/** Makes the end of a case visible to the later commands of the batch. */
export function endCase(facts: FraudFacts, caseId: bigint, state: CaseState, moved: readonly Pended[]): void {
  const found = facts.cases.get(caseId);
  if (found !== undefined) facts.cases.set(caseId, { ...found, state });
  for (const lot of heldBy(facts, caseId)) facts.pended.delete(lotKey(lot.wallet, lot.seq));
  for (const lot of moved) facts.pended.set(lotKey(lot.wallet, lot.seq), lot);
}

/** What a lot that is held back waits for has happened: only its case holds it from now on. */
export const arrived = (lot: Pended): Pended => ({ ...lot, event: null, terms: { availableFrom: null } });

/**
 * When points expire that are released at `now`: as they would have; where that has passed while they were held back, after as
 * long a life from now on as they would have had.
 */
export function lifeAfter(
  { at, closing }: Pick<Pended, 'at' | 'closing'>,
  now: number,
  activeAt: number | null,
): ClosingTerms | null {
  if (closing === null) return null;
  const { expiresAt, inactiveAfter } = closing;
  if (inactiveAfter !== null)
    return lapsesAt(inactiveAfter, activeAt ?? at) > now
      ? closing
      : { expiresAt: lapsesAt(inactiveAfter, now), inactiveAfter: null };
  return expiresAt === null || expiresAt > now
    ? closing
    : { expiresAt: now + (expiresAt - at), inactiveAfter: null };
}
