import type { Pool, Tx } from '#platform/db/client.ts';
import { wireId } from '#platform/ids.ts';
import { spendsOf } from '../../ledger/index.ts';
import {
  enrolmentsOf,
  type FactsQuestion,
  factsOf,
  type MemberFacts,
  type Members,
} from '../../members/index.ts';
import { hasChallenges, type Program, type ProgramVersion, versionAt } from '../../program/index.ts';
import { readChallengeSteps } from '../challenges/challenges.store.ts';
import { type TierGrant, tierGrantsOf } from '../tiers/tier-grants.store.ts';
import { readsEnrolment } from '../tiers/tier-questions.ts';
import { loadTimeline, placeOf } from '../tiers/tiers.ts';
import type { Span } from './backtest.model.ts';
import { type BacktestReport, mostFlagged, Tally } from './backtest.report.ts';
import { Replay } from './backtest.ts';
import { changedOrders, correctedMembers, type Decision, decisions, end } from './history.store.ts';

export interface BacktestDeps {
  pool: Pool;
  members: Members;
}

/** What is to be replayed; without a draft the versions that decided, which must come to the same. */
export interface BacktestInput {
  readonly program: Program;
  readonly draft: ProgramVersion | null;
  readonly span: Span;
}

/** Small enough that live traffic does not wait long for PostgreSQL. */
const PAGE = 300;
const MEMBERS_A_PAGE = 5_000;
const WALLETS_A_PAGE = 1_000;
const NOBODY: ReadonlyMap<number, number> = new Map();

/**
 * Replays everything that was decided until now, and says what the draft would have made of it. `seen` is told after each
 * page how much was replayed; it may throw to end the run. Writes nothing.
 */
export async function runBacktest(
  deps: BacktestDeps,
  { program, draft, span }: BacktestInput,
  seen: (replayed: number) => void,
): Promise<BacktestReport> {
  const { pool } = deps;
  const { last } = await end(pool, program.id);
  const judged = draft ?? versionAt(program, span.to);
  const changed = await changedOrders(pool, program.id);
  const corrected = await correctedMembers(pool, program.id);
  const replayed = { programId: program.id, versions: program.versions, draft, span };
  const replay = new Replay(replayed, changed, corrected);
  const tally = new Tally(judged);
  const wanted = wantedFacts(draft === null ? program.versions : [draft]);
  const owners = new Map<bigint, number>();
  let done = 0;
  for await (const page of decisions(pool, program.id, last, PAGE)) {
    const who = await membersOf(deps, program.id, page, { changed, owners }, wanted);
    replay.know(who.granted, who.enrolled);
    if (hasChallenges(program)) replay.challenges.know(await readChallengeSteps(pool, causesOf(page)));
    for (const decision of page) {
      const memberId = memberOf(decision, owners);
      const externalId = who.names.get(memberId);
      if (externalId === undefined) {
        tally.erased += 1;
        continue;
      }
      for (const outcome of replay.decide(decision, externalId, who.facts))
        if (outcome.occurredAt >= span.from && outcome.occurredAt < span.to) tally.add(outcome);
    }
    done += page.length;
    seen(done);
  }
  const { won, lost } = tally.named();
  const { flagged } = replay.velocity;
  const names = await namesOf(deps, program.id, [
    ...[...won, ...lost].map(({ memberId }) => memberId),
    ...mostFlagged(flagged).map(([memberId]) => memberId),
  ]);
  const isChecked = (draft === null ? program.versions : [draft]).some(({ velocity }) => velocity.length > 0);
  return tally.report(
    span,
    await tiersAt(deps, program, replay, draft, span.to),
    names,
    await failures(pool, tally),
    isChecked ? flagged : null,
  );
}

/** Whose decision it is; `owners` are the members of orders that change later. */
function memberOf(decision: Decision, owners: ReadonlyMap<bigint, number>): number {
  if ('order' in decision) return decision.order.memberId;
  if ('activity' in decision) return decision.activity.memberId;
  if ('corrected' in decision) return decision.corrected.memberId;
  if ('payment' in decision) return decision.payment.memberId;
  if ('referral' in decision) return decision.referral.friendId;
  return owners.get('back' in decision ? decision.back.orderId : decision.again.orderId) as number;
}

/** The orders and activities that the decisions of a page are about. */
const causesOf = (page: readonly Decision[]): bigint[] => [
  ...new Set(
    page.flatMap(decision => {
      if ('order' in decision) return decision.order.id;
      if ('back' in decision) return decision.back.orderId;
      return 'activity' in decision ? decision.activity.id : [];
    }),
  ),
];

/** What has to be known of members beyond their numbers. */
interface Wanted {
  readonly names: boolean;
  readonly profile: boolean;
  readonly lists: readonly string[];
  readonly tiers: boolean;
  readonly enrolment: boolean;
}

const wantedFacts = (versions: readonly ProgramVersion[]): Wanted => {
  const reads = versions.flatMap(({ campaigns, challenges }) =>
    [...campaigns, ...challenges].map(own => own.reads),
  );
  const hasStreaks = versions.some(({ activities }) =>
    [...activities.values()].some(({ streaks }) => streaks.length > 0),
  );
  const profile = hasStreaks || reads.some(read => read.profile);
  return {
    profile,
    lists: [...new Set(reads.flatMap(({ lists }) => lists))],
    names: profile || versions.some(({ holdout }) => holdout !== null),
    tiers: versions.some(({ tiers }) => tiers !== null),
    enrolment: versions.some(readsEnrolment),
  };
};

/** The members of a page: their external ids and facts, as far as they are wanted. Keeps whose orders change later. */
async function membersOf(
  deps: BacktestDeps,
  programId: number,
  page: readonly Decision[],
  { changed, owners }: { changed: ReadonlySet<bigint>; owners: Map<bigint, number> },
  wanted: Wanted,
): Promise<{
  names: ReadonlyMap<number, string>;
  facts: ReadonlyMap<string, MemberFacts>;
  granted: ReadonlyMap<number, TierGrant[]>;
  enrolled: ReadonlyMap<number, number>;
}> {
  const questions: FactsQuestion[] = [];
  const ids = new Set<number>();
  for (const decision of page) {
    const memberId = ownerOf(decision, changed, owners);
    const at = momentOf(decision);
    ids.add(memberId);
    if (at !== null) questions.push({ programId, holderId: memberId, at, decision: decision.id });
  }
  const [names, facts, granted, enrolled] = await Promise.all([
    wanted.names ? namesOf(deps, programId, [...ids]) : new Map([...ids].map(id => [id, ''])),
    factsOf(deps.pool, questions, { profile: wanted.profile, lists: wanted.lists }),
    wanted.tiers ? tierGrantsOf(deps.pool, [...ids]) : new Map<number, TierGrant[]>(),
    wanted.enrolment ? enrolments(deps.pool, programId, ids) : NOBODY,
  ]);
  return { names, facts, granted, enrolled };
}

/** Whose decision it is; keeps whose orders those are that change later. */
function ownerOf(decision: Decision, changed: ReadonlySet<bigint>, owners: Map<bigint, number>): number {
  if ('order' in decision && changed.has(decision.order.id))
    owners.set(decision.order.id, decision.order.memberId);
  return memberOf(decision, owners);
}

/** When that happened of which the decision reads what was known of the member then; null: it reads nothing. */
function momentOf(decision: Decision): number | null {
  if ('order' in decision) return decision.order.order.occurredAt;
  if ('corrected' in decision) return decision.corrected.occurredAt;
  return 'activity' in decision ? decision.activity.activity.occurredAt : null;
}

const enrolments = (tx: Tx, programId: number, ids: Iterable<number>): Promise<Map<number, number>> =>
  enrolmentsOf(
    tx,
    [...ids].map(memberId => ({ programId, memberId })),
  );

async function namesOf(
  deps: BacktestDeps,
  programId: number,
  ids: readonly number[],
): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const asked = ids.map(id => ({ programId, member: wireId('mem', BigInt(id)), enrol: false }));
  // Nobody is enrolled, so that no time is needed.
  const found = await deps.members.locate(deps.pool, asked, 0);
  return new Map(found.flatMap(own => (own.ok ? [[Number(own.value.id), own.value.externalId]] : [])));
}

/** How many members have each tier at `at`: really, and by the replay. */
async function tiersAt(
  { pool, members }: BacktestDeps,
  program: Program,
  replay: Replay,
  draft: ProgramVersion | null,
  at: number,
): Promise<Map<string, { actual: number; draft: number }>> {
  const actual = versionAt(program, at);
  const counts = new Map<string, { actual: number; draft: number }>();
  const count = (side: 'actual' | 'draft', version: ProgramVersion, place: number | null) => {
    const id = place === null ? undefined : version.tiers?.levels[place]?.id;
    if (id === undefined) return;
    const own = counts.get(id) ?? { actual: 0, draft: 0 };
    counts.set(id, own);
    own[side] += 1;
  };
  if (actual.tiers === null && (draft ?? actual).tiers === null) return counts;
  const isDated = readsEnrolment(draft ?? actual);
  for (let after = 0n; ; ) {
    const page = await members.list(pool, program.id, { after, limit: MEMBERS_A_PAGE, type: 'person' });
    const questions = page.map(({ id }) => ({
      programId: program.id,
      memberId: Number(id),
      at,
      version: actual,
    }));
    const ids = questions.map(({ memberId }) => memberId);
    const facts = await loadTimeline(pool, questions, { grantsOf: ids });
    replay.know(facts.granted, isDated ? await enrolments(pool, program.id, ids) : NOBODY);
    for (const question of questions) {
      count('actual', actual, placeOf(facts, question));
      const version = draft ?? actual;
      count('draft', version, replay.placeAt(question.memberId, at, version));
    }
    if (page.length < MEMBERS_A_PAGE) return counts;
    after = page.at(-1)?.id ?? after;
  }
}

/**
 * Redemptions for which the balance would not have been enough, by the points that the member would have had less then;
 * what one that fails does not take is there for the next, and does not come back. When points become usable and expire is taken as it was.
 */
async function failures(tx: Tx, tally: Tally): Promise<BacktestReport['redemptions']> {
  const losers = [...tally.moves].filter(([, moves]) => moves.some(({ change }) => change < 0n));
  let wouldFail = 0;
  let points = 0n;
  for (let start = 0; start < losers.length; start += WALLETS_A_PAGE) {
    const page = new Map(losers.slice(start, start + WALLETS_A_PAGE));
    const kept = new Map<number, bigint>();
    const failed = new Set<string>();
    for (const spend of await spendsOf(tx, [...page.keys()])) {
      const key = `${spend.wallet} ${spend.taken}`;
      const before = kept.get(spend.wallet) ?? 0n;
      if (spend.points < 0n) {
        if (failed.has(key)) kept.set(spend.wallet, before + spend.points);
        continue;
      }
      let change = before;
      for (const move of page.get(spend.wallet) ?? []) if (move.id < spend.tx) change += move.change;
      if (spend.availableAfter + change >= 0n) continue;
      failed.add(key);
      wouldFail += 1;
      points += spend.points;
      kept.set(spend.wallet, before + spend.points);
    }
  }
  return { would_fail: wouldFail, points: String(points) };
}
