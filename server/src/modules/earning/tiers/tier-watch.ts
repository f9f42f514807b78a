import type { Pool, Tx } from '#platform/db/client.ts';
import { accept } from '#platform/errors.ts';
import { type Command, type CommandType, IN_ORDER, type Ledger, time } from '../../ledger/index.ts';
import { enrolmentsOf, type Members } from '../../members/index.ts';
import {
  edges,
  type FallsDue,
  hasTiers,
  type Measure,
  type Program,
  type Tiers,
  versionAt,
} from '../../program/index.ts';
import { asNamed } from '../as-named.ts';
import type { ProgramInForce } from '../model.ts';
import { type Announcement, announce, TierCourse } from './tier-course.ts';
import { type TierGrant, tierGrantsOf } from './tier-grants.store.ts';
import { markTiers, markWatched } from './tier-marks.store.ts';
import { readsEnrolment } from './tier-questions.ts';
import * as store from './tier-watch.store.ts';
import { loadTimeline, placeOf } from './tiers.ts';
import { runningSums } from './timeline.store.ts';
import type { Contribution } from './timeline.ts';

/*
 * Nobody decides a tier here: it follows from what was bought and granted. What is decided marks members whose tier can be
 * another by it; `tier_watch` looks at those who are marked or whose time has come, announces what has changed, and notes
 * when to look again.
 */

interface WatchFacts {
  readonly watches: Map<number, store.TierWatch>;
  readonly rows: ReadonlyMap<number, readonly Contribution[]>;
  readonly granted: ReadonlyMap<number, readonly TierGrant[]>;
  readonly enrolled: ReadonlyMap<number, number>;
}

interface Watched {
  readonly id: bigint;
  /** Null: nothing was due. */
  readonly watch: store.TierWatch | null;
}

/** What a member's tier follows from, as far back as it is asked from `from` on. */
function reachOf(
  program: Program,
  memberId: number,
  from: number,
  until: number,
  enrolledAt: number,
): store.Reach {
  let after = from - 1;
  let all: Measure | null = null;
  for (const { tiers, effectiveFrom } of program.versions) {
    if (tiers === null || effectiveFrom > until) continue;
    if (tiers.window === 'lifetime') all = tiers.by;
    else after = Math.min(after, ...edges(tiers, from, enrolledAt));
  }
  return { memberId, after, all, since: from };
}

/** Everything that the courses of these members need, from an instant on for each. */
export async function courseFacts(
  tx: Tx,
  asked: readonly { program: Program; memberId: number; from: number; until: number }[],
): Promise<Pick<WatchFacts, 'rows' | 'granted' | 'enrolled'>> {
  const enrolled = await enrolmentsOf(
    tx,
    asked
      .filter(({ program }) => program.versions.some(readsEnrolment))
      .map(({ program, memberId }) => ({ programId: program.id, memberId })),
  );
  const reaches = asked.map(({ program, memberId, from, until }) =>
    reachOf(program, memberId, from, until, enrolled.get(memberId) ?? from),
  );
  const [rows, granted] = await Promise.all([
    store.tierRows(tx, reaches, async (by, own) => (await runningSums(tx, by, own)).map(({ sum }) => sum)),
    tierGrantsOf(
      tx,
      asked.map(({ memberId }) => memberId),
    ),
  ]);
  return { rows, granted, enrolled };
}

/** The course of one of them. */
export const courseOf = (
  { rows, granted, enrolled }: Pick<WatchFacts, 'rows' | 'granted' | 'enrolled'>,
  program: Program,
  memberId: number,
): TierCourse =>
  new TierCourse({
    memberId,
    program,
    enrolledAt: enrolled.get(memberId) ?? 0,
    rows: rows.get(memberId) ?? [],
    granted: granted.get(memberId) ?? [],
  });

/** A fact as it is published. */
function factOf(told: Announcement) {
  const { at, version } = told;
  const { by } = version.tiers as Tiers;
  if (told.kind === 'changed') {
    const { from, to, reason } = told;
    const data = { from, to, at: time(at), reason, program_version: version.version };
    return { type: 'tier.changed', occurredAt: at, data };
  }
  const { tier, to, before, fall } = told;
  const missing = fall.missing === null ? null : String(fall.missing);
  const data = {
    tier,
    to,
    falls_at: time(fall.at),
    before,
    qualify_by: by,
    missing,
    program_version: version.version,
  };
  return { type: 'tier.expiring', occurredAt: at, data };
}

/** `tier_watch`: announces what has become of a member's tier, each change once. Idempotent by nature: a row says up to when. */
export const watchType: CommandType<null, WatchFacts, Watched, null> = {
  name: 'tier_watch',
  amends: false,
  enrols: () => false,
  needsLots: () => false,
  admit: () => undefined,
  async load(tx, commands, _known, { holders, programs }) {
    const ids = new Map<number, ProgramInForce>();
    for (const index of commands.keys()) {
      const id = holders[index]?.id;
      if (id !== undefined) ids.set(id, programs[index] as ProgramInForce);
    }
    const watches = await store.tierWatches(tx, [...ids.keys()]);
    const asked = [...watches.values()].flatMap(({ memberId, nextAt, seenAt }) => {
      const { program, now } = ids.get(memberId) as ProgramInForce;
      return nextAt === null || nextAt > now
        ? []
        : { program, memberId, from: Math.max(nextAt, seenAt ?? nextAt), until: now };
    });
    return { watches, ...(await courseFacts(tx, asked)) };
  },
  decide(_command, facts, { program, holder, id }) {
    const watch = facts.watches.get(holder.id);
    const { now } = program;
    if (watch === undefined || watch.nextAt === null || watch.nextAt > now)
      return accept({ record: { id, watch: null }, drafts: [], fact: null });
    const course = courseOf(facts, (program as ProgramInForce).program, holder.id);
    const told = announce(course, { ...watch, nextAt: watch.nextAt }, now);
    const [fact = null, ...also] = told.facts.map(factOf);
    const { tier, nextAt } = told;
    return accept({
      record: { id, watch: { ...watch, tier, nextAt, seenAt: now, markedAt: null } },
      drafts: [],
      fact,
      also,
    });
  },
  evolve: ({ watches }, { watch }) => void (watch !== null && watches.set(watch.memberId, watch)),
  store: (tx, decisions) =>
    store.keepTierWatches(
      tx,
      decisions.flatMap(({ stored }) => stored.watch ?? []),
    ),
  find: () => Promise.resolve(new Map()),
  differences: () => [],
  answer: () => null,
};

interface WatchDeps {
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly members: Members;
}

/** How many members one step looks up. */
const STEP = 500;
const MEMBERS_A_PAGE = 5_000;

/** Announces what is due in a program by its clock. Interrupted or run twice, it announces nothing twice. */
async function announceDue(deps: WatchDeps, { id, now }: ProgramInForce): Promise<void> {
  const { pool, ledger } = deps;
  for (let after: store.DuePlace | null = null; ; ) {
    const due = await store.dueTiers(pool, id, now, after, STEP);
    const names = await asNamed(
      deps,
      due.map(({ memberId }) => ({ programId: id, memberId })),
      now,
    );
    const commands = names.map(
      (member): Command<null> => ({
        ...{ type: watchType.name, programId: id, member },
        ...{ key: null, payload: null, body: null },
      }),
    );
    for (let start = 0; start < commands.length; start += IN_ORDER)
      await ledger.run(commands.slice(start, start + IN_ORDER));
    after = due.at(-1) ?? null;
    if (after === null || due.length < STEP) return;
  }
}

/** What a version says about tiers, to be compared with what another says. */
const rulesOf = (program: Program, version: number): string => {
  const { tiers, time_zone, currency } = program.versions[version - 1]?.document ?? {};
  return JSON.stringify([tiers, time_zone, currency]);
};

/** Where the rules of the tiers have changed, marks everybody whose tier is another by them: once for each version. */
async function passOver(deps: WatchDeps, { program, now }: ProgramInForce, pass: store.Pass | undefined) {
  const { pool, members } = deps;
  const version = versionAt(program, now);
  const { version: number, effectiveFrom } = version;
  if (pass?.version === number && pass.after === null) return;
  const isSame = pass?.after === null && rulesOf(program, pass.version) === rulesOf(program, number);
  const at = pass === undefined || !Number.isFinite(effectiveFrom) ? now : effectiveFrom;
  let after = pass?.version === number ? (pass.after ?? 0n) : 0n;
  for (let isLast = isSame || version.tiers === null; !isLast; ) {
    const page = await members.list(pool, program.id, { after, limit: MEMBERS_A_PAGE, type: 'person' });
    isLast = page.length < MEMBERS_A_PAGE;
    after = page.at(-1)?.id ?? after;
    const questions = page.map(({ id }) => ({
      programId: program.id,
      memberId: Number(id),
      at: now,
      version,
    }));
    const facts = await loadTimeline(pool, questions);
    const raised = questions.filter(question => placeOf(facts, question) !== 0);
    const place = { version: number, after };
    await pool.transaction(async tx => {
      const ids = questions.map(({ memberId }) => memberId);
      const watched = await store.tierWatches(tx, ids);
      await markWatched(tx, [...watched.keys()], at);
      await markTiers(
        tx,
        raised.flatMap(({ programId, memberId }) =>
          watched.has(memberId) ? [] : { programId, memberId, at, happenedAt: at },
        ),
      );
      await store.keepPass(tx, program.id, place);
    });
  }
  await store.keepPass(pool, program.id, { version: number, after: null });
}

/** What announces the changes of tiers: for many programs by a job, for a test program while its time passes. */
export interface TierWatcher extends FallsDue {
  announce(programs: readonly ProgramInForce[]): Promise<void>;
}

export function createTierWatcher(deps: WatchDeps): TierWatcher {
  const { pool, ledger } = deps;
  const one = async (id: number): Promise<ProgramInForce> => {
    const found = (await ledger.directory.programs(pool, [id])).get(id);
    if (found === undefined) throw new Error(`program ${id} is gone`);
    return found as ProgramInForce;
  };
  const announceAll = async (programs: readonly ProgramInForce[]) => {
    const own = programs.filter(({ program }) => hasTiers(program));
    if (own.length === 0) return;
    const passes = await store.passesOf(
      pool,
      own.map(({ id }) => id),
    );
    for (const program of own) await passOver(deps, program, passes.get(program.id));
    const due = await store.programsDue(pool, own);
    for (const program of own) if (due.has(program.id)) await announceDue(deps, program);
  };
  return {
    announce: announceAll,
    run: async id => announceAll([await one(id)]),
    async next(id, until) {
      const { program, now } = await one(id);
      if (!hasTiers(program)) return null;
      const turns = program.versions.flatMap(({ effectiveFrom }) =>
        effectiveFrom > now && effectiveFrom <= until ? effectiveFrom : [],
      );
      const next = await store.nextTier(pool, id, now, until);
      const instants = next === null ? turns : [...turns, next];
      return instants.length === 0 ? null : Math.min(...instants);
    },
  };
}
