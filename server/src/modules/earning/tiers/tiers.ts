import type { Tx } from '#platform/db/client.ts';
import { enrolmentsOf } from '../../members/index.ts';
import { type Level, placeAt, type SumBetween, type Tiers } from '../../program/index.ts';
import type { Recall } from '../memory.model.ts';
import { type TierGrant, tierGrantsOf } from './tier-grants.store.ts';
import { type Edge, enrolmentOf, readsEnrolment, sumsAskedFor, type TierQuestion } from './tier-questions.ts';
import type { Base } from './timeline.memory.ts';
import { keepTimelines, recallTimelines } from './timeline.recall.ts';
import * as store from './timeline.store.ts';
import { emptyTimeline, type Measures, ReadSums, sumsOf, type TimelineFacts } from './timeline.ts';

/** Of the last orders one may be the one that is decided again, in several revisions. */
const LAST_ORDERS = 3;

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
  const read = new Map<number, ReadSums>();
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
      for (const edge of instants) {
        if (!noteAsked(facts, read, { memberId, by, at: edge })) continue;
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
    readSums(tx, read, now),
  ]);
  for (const [memberId, end] of ends) facts.ends.set(memberId, end);
  await readSums(
    tx,
    read,
    later.filter(edge => !isAtEnd(facts, read, edge)),
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

/** Notes that a sum will be read; false where it was noted already. */
function noteAsked(facts: TimelineFacts, read: Map<number, ReadSums>, { memberId, by, at }: Edge): boolean {
  const known = read.get(memberId) ?? new ReadSums();
  read.set(memberId, known);
  facts.sums.set(memberId, known);
  if (known.upTo(by, at) !== undefined) return false;
  known.note(by, at, 0n);
  return true;
}

/** Reads sums and notes them; gives them with the members that they are of. */
async function readSums(
  tx: Tx,
  noted: ReadonlyMap<number, ReadSums>,
  edges: readonly Edge[],
): Promise<(Base & { memberId: number })[]> {
  const read = [...Map.groupBy(edges, ({ by }) => by)].map(async ([by, own]) => {
    const sums = await store.runningSums(tx, by, own);
    return own.map(({ memberId, at }, index) => {
      const { sum, next } = sums[index] as store.RunningSum;
      noted.get(memberId)?.note(by, at, sum);
      return { memberId, by, at, sum, next: next ?? Number.POSITIVE_INFINITY };
    });
  });
  return (await Promise.all(read)).flat();
}

/** Whether the sum is that of the whole timeline, and then notes it. */
function isAtEnd(
  { ends }: TimelineFacts,
  read: ReadonlyMap<number, ReadSums>,
  { memberId, by, at }: Edge,
): boolean {
  const end = ends.get(memberId);
  if (end === undefined || (end !== null && (end.sums === null || end.anchor > at))) return false;
  if (end !== null) read.get(memberId)?.note(by, at, (end.sums as Measures)[by]);
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
  const before = placeAt(tiers, at, sum, enrolledAt);
  return before < tiers.levels.length - 1 && placeAt(tiers, at, more, enrolledAt) > before;
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
