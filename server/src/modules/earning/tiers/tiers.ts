import type { Tx } from '#platform/db/client.ts';
import { enrolmentsOf } from '../../members/index.ts';
import {
  edges,
  type Level,
  type Measure,
  type ProgramVersion,
  placeAt,
  type SumBetween,
  type Tiers,
} from '../../program/index.ts';
import type { Base, Recall, TimelineMemory } from '../memory.model.ts';
import { type TierGrant, tierGrantsOf } from './tier-grants.store.ts';
import { keepTimeline, sumUpTo } from './timeline.memory.ts';
import * as store from './timeline.store.ts';
import { emptyTimeline, type Measures, sumsKey, sumsOf, type TimelineFacts } from './timeline.ts';

/** Whose tier at which instant a batch will ask for. */
export interface TierQuestion {
  readonly programId: number;
  readonly memberId: number;
  readonly at: number;
  readonly version: ProgramVersion;
  /** Whether it is asked as well what the member bought before. */
  readonly history?: boolean;
  /** Left out: by everything that was granted; else by what had been granted or ended before this decision. */
  readonly decidedAs?: bigint;
  /** An order that is decided again: what it gave itself does not count. */
  readonly besides?: bigint;
  /** Of a member whom the batch enrols: when, which is not stored yet. */
  readonly enrolledAt?: number;
}

/** Whether a tier depends on when its member was enrolled. */
export const readsEnrolment = ({ tiers }: ProgramVersion): boolean => tiers?.window === 'member_year';

/** When the member's own years began, as far as it is asked. */
const enrolmentOf = ({ enrolled }: TimelineFacts, { memberId, at, enrolledAt }: TierQuestion): number =>
  enrolled.get(memberId) ?? enrolledAt ?? at;

/** Of the last orders one may be the one that is decided again, in several revisions. */
const LAST_ORDERS = 3;

/** The measures that a question is about, each with the instants up to which its sums are needed. */
function sumsAskedFor(facts: TimelineFacts, question: TierQuestion): Map<Measure, number[]> {
  const { at, version, history } = question;
  const asked = new Map<Measure, number[]>();
  if (version.tiers !== null)
    asked.set(version.tiers.by, edges(version.tiers, at, enrolmentOf(facts, question)));
  if (history) for (const by of ['spend', 'orders'] as const) asked.set(by, [...(asked.get(by) ?? []), at]);
  return asked;
}

/** An instant up to which the sum of a measure is asked for, of a member. */
interface Edge {
  readonly memberId: number;
  readonly by: Measure;
  readonly at: number;
}

/** Whose timelines a batch needs besides those that its questions are about. */
export interface MoreOfTimelines {
  /** Members of whom it is asked what they were granted, whether their programs have tiers or not. */
  readonly grantsOf?: readonly number[];
  /** Members of whom it is asked where their timeline ends. */
  readonly endsOf?: readonly number[];
  /** What is remembered of members; left out, or null: nothing. */
  readonly recall?: Recall | null;
}

/**
 * Reads what the tiers of these members at these instants depend on: one statement a measure for all, and two more (and
 * one before them where members have years of their own); two measures and the last orders where it is asked what was
 * bought before. Where a timeline ends before the instant that a question is about, as it nearly always does, the sum up
 * to it stands in the end.
 */
export async function loadTimeline(
  tx: Tx,
  all: readonly TierQuestion[],
  { grantsOf = [], endsOf = [], recall = null }: MoreOfTimelines = {},
): Promise<TimelineFacts> {
  const facts = emptyTimeline();
  const ended = new Set(endsOf);
  const questions = recall === null ? all : recallTimelines(recall, facts, all, ended);
  const dependent = questions.filter(({ version }) => readsEnrolment(version));
  for (const [memberId, at] of await enrolmentsOf(tx, dependent)) facts.enrolled.set(memberId, at);
  const since = new Map<number, number>();
  const grantees = new Set(grantsOf);
  const now: Edge[] = [];
  const later: Edge[] = [];
  const histories: { memberId: number; at: number }[] = [];
  for (const question of questions) {
    const { memberId, at } = question;
    const sums = sumsAskedFor(facts, question);
    if (sums.size === 0) continue;
    for (const [by, instants] of sums) {
      const key = sumsKey(memberId, by);
      const known = facts.sums.get(key) ?? new Map<number, bigint>();
      facts.sums.set(key, known);
      for (const edge of instants) {
        if (known.has(edge)) continue;
        known.set(edge, 0n);
        (edge === at && ended.has(memberId) ? later : now).push({ memberId, by, at: edge });
      }
    }
    if (question.history) histories.push({ memberId, at });
    since.set(memberId, Math.min(at, since.get(memberId) ?? at));
    if (question.version.tiers !== null) grantees.add(memberId);
  }
  if (since.size === 0 && grantees.size === 0 && ended.size === 0) return facts;
  const [ends, granted, returns, last, bases] = await Promise.all([
    store.timelineEnds(tx, [...ended]),
    tierGrantsOf(tx, [...grantees]),
    since.size === 0 ? [] : store.laterReturns(tx, since),
    histories.length === 0 ? [] : store.lastOrders(tx, histories, LAST_ORDERS),
    readSums(tx, facts, now),
  ]);
  for (const [memberId, end] of ends) facts.ends.set(memberId, end);
  await readSums(
    tx,
    facts,
    later.filter(edge => !isAtEnd(facts, edge)),
  );
  for (const [memberId, own] of granted) facts.granted.set(memberId, own);
  facts.later.push(...returns);
  if (recall !== null) keepTimelines(recall, facts, ended, since, bases);
  for (const [index, { memberId, at }] of histories.entries()) {
    const own = facts.lastOrders.get(memberId) ?? new Map();
    facts.lastOrders.set(memberId, own.set(at, last[index] ?? []));
  }
  return facts;
}

/** Reads sums and notes them; gives them with the members that they are of. */
async function readSums(
  tx: Tx,
  facts: TimelineFacts,
  edges: readonly Edge[],
): Promise<(Base & { memberId: number })[]> {
  const read = [...Map.groupBy(edges, ({ by }) => by)].map(async ([by, own]) => {
    const sums = await store.runningSums(tx, by, own);
    return own.map(({ memberId, at }, index) => {
      const { sum, next } = sums[index] as store.RunningSum;
      facts.sums.get(sumsKey(memberId, by))?.set(at, sum);
      return { memberId, by, at, sum, next: next ?? Number.POSITIVE_INFINITY };
    });
  });
  return (await Promise.all(read)).flat();
}

/** Notes what is remembered of members, takes them out of `ended`, and gives the questions about all others. */
function recallTimelines(
  recall: Recall,
  facts: TimelineFacts,
  questions: readonly TierQuestion[],
  ended: Set<number>,
): readonly TierQuestion[] {
  const unknown = new Set<number>();
  const known: (Edge & { sum: bigint })[] = [];
  for (const question of questions) {
    const sums = sumsKnownFor(recall.of(question.memberId)?.timeline, facts, question);
    if (sums === undefined) unknown.add(question.memberId);
    else known.push(...sums);
  }
  if (unknown.size === questions.length) return questions;
  for (const { memberId } of questions) {
    if (unknown.has(memberId) || !ended.delete(memberId)) continue;
    facts.ends.set(memberId, recall.of(memberId)?.timeline?.end ?? null);
  }
  for (const { memberId, by, at, sum } of known) {
    const key = sumsKey(memberId, by);
    const sums = facts.sums.get(key) ?? new Map<number, bigint>();
    facts.sums.set(key, sums.set(at, sum));
  }
  return questions.filter(({ memberId }) => unknown.has(memberId));
}

/** The sums that a question is about, where what is remembered answers it. */
function sumsKnownFor(
  known: TimelineMemory | undefined,
  facts: TimelineFacts,
  question: TierQuestion,
): (Edge & { sum: bigint })[] | undefined {
  const { memberId, at, version, history } = question;
  if (known === undefined || history || readsEnrolment(version)) return undefined;
  const found: (Edge & { sum: bigint })[] = [];
  for (const [by, instants] of sumsAskedFor(facts, question)) {
    if (at < known.quietFrom) return undefined;
    for (const edge of instants) {
      const sum = sumUpTo(known, by, edge);
      if (sum === undefined) return undefined;
      found.push({ memberId, by, at: edge, sum });
    }
  }
  return found;
}

/** Keeps what was read of the members of these questions. */
function keepTimelines(
  recall: Recall,
  facts: TimelineFacts,
  ended: ReadonlySet<number>,
  since: ReadonlyMap<number, number>,
  read: readonly (Base & { memberId: number })[],
): void {
  const bases = Map.groupBy(read, ({ memberId }) => memberId);
  keepTimeline(
    recall,
    facts,
    [...ended].map(memberId => ({
      memberId,
      quietFrom: since.get(memberId) ?? Number.POSITIVE_INFINITY,
      bases: (bases.get(memberId) ?? []).map(({ by, at, next, sum }) => ({ by, at, next, sum })),
    })),
  );
}

/** Whether the sum is that of the whole timeline, and then notes it. */
function isAtEnd({ ends, sums }: TimelineFacts, { memberId, by, at }: Edge): boolean {
  const end = ends.get(memberId);
  if (end === undefined || (end !== null && (end.sums === null || end.anchor > at))) return false;
  if (end !== null) sums.get(sumsKey(memberId, by))?.set(at, (end.sums as Measures)[by]);
  return true;
}

/**
 * The place of the level that a member has just before what happens at `at`: the higher of what the member qualifies for
 * and what was granted. Null where the program has no tiers.
 */
export function placeOf(facts: TimelineFacts, question: TierQuestion): number | null {
  const { memberId, at, version } = question;
  const { tiers } = version;
  if (tiers === null) return null;
  const qualified = placeAt(tiers, at, sumsOf(facts, memberId, tiers.by, at), enrolmentOf(facts, question));
  return Math.max(qualified, grantedTo(facts, question)?.place ?? 0);
}

/** Whether what is added at that time raises what its member qualifies for. */
export function raises(facts: TimelineFacts, question: TierQuestion, change: Measures): boolean {
  const { memberId, at, version } = question;
  const { tiers } = version;
  if (tiers === null || change[tiers.by] <= 0n) return false;
  const enrolledAt = enrolmentOf(facts, question);
  const sum = sumsOf(facts, memberId, tiers.by, at);
  const more: SumBetween = (after, until) =>
    sum(after, until) + (at > after && at <= until ? change[tiers.by] : 0n);
  return placeAt(tiers, at, more, enrolledAt) > placeAt(tiers, at, sum, enrolledAt);
}

/** Above every id. */
const LAST = 1n << 63n;

/** A level that is granted, with the instant from which on it is not any more. */
interface Granted {
  readonly grant: TierGrant;
  readonly place: number;
  readonly until: number;
}

/** The highest level that is granted at `at`; undefined where none is, or none that the version has. */
export function grantedTo(
  { granted }: Pick<TimelineFacts, 'granted'>,
  { memberId, at, version, decidedAs = LAST, besides }: Omit<TierQuestion, 'programId'>,
): Granted | undefined {
  let highest: Granted | undefined;
  for (const grant of granted.get(memberId) ?? []) {
    if (grant.orderId !== null && grant.orderId === besides) continue;
    const place = version.tiers?.levels.findIndex(({ id }) => id === grant.tier) ?? -1;
    const until = endOf(grant, decidedAs);
    const isValid = grant.id < decidedAs && grant.from <= at && at < until;
    if (isValid && place > (highest?.place ?? -1)) highest = { grant, place, until };
  }
  return highest;
}

const endOf = ({ until, end }: TierGrant, decidedAs: bigint): number =>
  Math.min(
    until ?? Number.POSITIVE_INFINITY,
    end !== null && end.id < decidedAs ? end.at : Number.POSITIVE_INFINITY,
  );

/** The level that a member has just before what happens at `at`; null where the program has no tiers. */
export function levelAt(facts: TimelineFacts, question: TierQuestion): Level | null {
  const place = placeOf(facts, question);
  return place === null ? null : ((question.version.tiers as Tiers).levels[place] as Level);
}
