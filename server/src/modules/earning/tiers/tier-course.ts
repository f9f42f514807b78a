import {
  addDuration,
  leavesAt,
  levelOf,
  type Program,
  type ProgramVersion,
  placeAt,
  type Tiers,
  versionAt,
  windowStart,
  yearEnds,
} from '../../program/index.ts';
import type { TierGrant } from './tier-grants.store.ts';
import { TierSums } from './tier-sums.ts';
import { grantedTo } from './tiers.ts';
import type { Contribution } from './timeline.ts';

/*
 * The course of a member's tier through time: what it is at an instant by what was known then, when it falls if nothing
 * more happens, and what is to be announced of a stretch of time.
 */

/** What a member's tier follows from. */
export interface TierFacts {
  readonly memberId: number;
  readonly program: Program;
  readonly enrolledAt: number;
  /** The member's orders and returns in the order of time, as far back as any window reaches. */
  readonly rows: readonly Contribution[];
  readonly granted: readonly TierGrant[];
}

/** A tier and what it is due to. */
interface Standing {
  readonly place: number;
  /** By what was bought alone. */
  readonly qualified: number;
}

/** What is to come if nothing more is bought. */
export interface Fall {
  readonly at: number;
  /** The place from then on. */
  readonly place: number;
  /** What is missing to keep the present level beyond that; null: it is by invitation only. */
  readonly missing: bigint | null;
}

const NEVER = Number.POSITIVE_INFINITY;

/** More often no tier changes by itself: each time a year ends, an order leaves the window or a grant begins or ends. */
const MOST_LOOKS = 1_000;

export class TierCourse {
  private readonly facts: TierFacts;
  private readonly sums: TierSums;

  constructor(facts: TierFacts) {
    this.facts = facts;
    this.sums = new TierSums(facts.rows);
  }

  versionAt(at: number): ProgramVersion {
    return versionAt(this.facts.program, at);
  }

  /** What the member has at `at` under a version, by what was known at `known`; null without tiers. */
  standingAt(at: number, version = this.versionAt(at), known = at): Standing | null {
    const { tiers } = version;
    if (tiers === null) return null;
    const qualified = placeAt(tiers, at, this.sums.between(tiers.by, known), this.facts.enrolledAt);
    return { qualified, place: Math.max(qualified, this.grantedAt(at, version, known)) };
  }

  /** When the member falls by the rules in force at `at` if nothing more happens; null: not by itself. */
  fallAfter(at: number): Fall | null {
    const version = this.versionAt(at);
    const present = this.standingAt(at, version);
    if (present === null) return null;
    let instant = at;
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      instant = Math.min(this.declineAfter(instant, version, at), this.grantEdgeAfter(instant, at));
      if (instant === NEVER) return null;
      const { place } = this.standingAt(instant, version, at) as Standing;
      if (place < present.place)
        return { at: instant, place, missing: this.missing(instant, present.place, version, at) };
    }
    return null;
  }

  /** The first instant after `at` at which anything can change, by what has arrived: what was bought later as well. */
  nextAfter(at: number): number {
    let next = Math.min(this.sums.nextAfter(at), this.grantEdgeAfter(at, NEVER));
    for (const { effectiveFrom } of this.facts.program.versions)
      if (effectiveFrom > at) next = Math.min(next, effectiveFrom);
    return Math.min(next, this.declineAfter(at, this.versionAt(at), at));
  }

  /** Whether other rules are in force from `at` on. */
  isTurned(at: number): boolean {
    return this.versionAt(at) !== this.versionAt(at - 1);
  }

  hasBackAt(at: number): boolean {
    return this.sums.hasBackAt(at);
  }

  /** Whether a grant ends at that very instant. */
  hasEndAt(at: number): boolean {
    return this.facts.granted.some(({ until, end }) => until === at || end?.at === at);
  }

  /** When what was bought gives a lower level than at `at`. */
  private declineAfter(at: number, { tiers }: ProgramVersion, known: number): number {
    if (tiers === null || tiers.window === 'lifetime') return NEVER;
    const sum = this.sums.between(tiers.by, known);
    const { enrolledAt } = this.facts;
    const present = placeAt(tiers, at, sum, enrolledAt);
    if (present === 0) return NEVER;
    if (typeof tiers.window === 'object') {
      const keeps = (without: number) => levelOf(tiers, sum(without, known)) >= present;
      const from = windowStart(tiers, at, enrolledAt);
      const last = this.sums.firstWithout(from, known, keeps);
      return last === undefined ? NEVER : leavesAt(tiers.window.rolling, last, tiers.timeZone);
    }
    const ends = yearEnds(tiers, at, enrolledAt);
    return ends.find(end => placeAt(tiers, end, sum, enrolledAt) < present) ?? NEVER;
  }

  private grantedAt(at: number, version: ProgramVersion, known: number): number {
    const { memberId, granted } = this.facts;
    if (granted.length === 0) return 0;
    const own = granted
      .filter(grant => knownFrom(grant) <= known)
      .map(grant => (grant.end !== null && grant.end.at > known ? { ...grant, end: null } : grant));
    const found = grantedTo({ granted: new Map([[memberId, own]]) }, { memberId, at, version });
    return found?.place ?? 0;
  }

  /** The first instant after `at` at which a grant begins or ends, of those known at `known`. */
  private grantEdgeAfter(at: number, known: number): number {
    let next = NEVER;
    for (const grant of this.facts.granted) {
      if (knownFrom(grant) > known) continue;
      const { from, until, end } = grant;
      for (const edge of [from, until, end !== null && end.at <= known ? end.at : null])
        if (edge !== null && edge > at) next = Math.min(next, edge);
    }
    return next;
  }

  /** What has to be bought more to keep a place beyond an instant at which it would be lost. */
  private missing(at: number, place: number, { tiers }: ProgramVersion, known: number): bigint | null {
    const { by, levels, window } = tiers as Tiers;
    const from = levels[place]?.from ?? null;
    if (from === null) return null;
    // A year is decided by what it holds until it ends, a window by what it holds then.
    const end = typeof window === 'object' ? at : at - 1;
    const after = windowStart(tiers as Tiers, end, this.facts.enrolledAt);
    const missing = from - this.sums.between(by, known)(after, end);
    return missing > 0n ? missing : 0n;
  }
}

/** From when on a grant is known: what an order gave counts from the order on, however late that came. */
const knownFrom = ({ from, grantedAt }: TierGrant): number => Math.min(from, grantedAt);

/** Why a tier is another. */
export type Reason =
  | 'qualified'
  | 'granted'
  | 'grant_ended'
  | 'returned'
  | 'window_passed'
  | 'period_ended'
  | 'program_changed';

/** Something that is to be announced of a member's tier. */
export type Announcement =
  | {
      readonly kind: 'changed';
      readonly at: number;
      readonly version: ProgramVersion;
      readonly from: string;
      readonly to: string;
      readonly reason: Reason;
    }
  | {
      readonly kind: 'expiring';
      readonly at: number;
      readonly version: ProgramVersion;
      readonly before: string;
      readonly tier: string;
      readonly to: string;
      readonly fall: Fall;
    };

/** What was announced of a member so far. */
export interface Announced {
  /** The level that was announced last; null: the first one, which nobody announces. */
  readonly tier: string | null;
  /** Up to when it was looked at; null: never. */
  readonly seenAt: number | null;
  /** From when on it can be another. */
  readonly nextAt: number;
  /** When the last thing happened that made somebody look; null: time passed. */
  readonly markedAt: number | null;
}

/**
 * Everything that is to be announced until `now`, in the order of time, and when to look again. What has changed before
 * the time up to which it was looked at already, because it came late, is one change.
 */
export function announce(
  course: TierCourse,
  announced: Announced,
  now: number,
): { facts: Announcement[]; tier: string | null; nextAt: number | null } {
  const { seenAt, nextAt, markedAt } = announced;
  const facts: Announcement[] = [];
  let { tier } = announced;
  let at = Math.max(nextAt, seenAt ?? nextAt);
  let isNew = seenAt === null || at > seenAt;
  let isFirst = true;
  for (;;) {
    const isLate = isFirst && markedAt !== null && markedAt < at;
    const change = changeTo(course, at, tier, isLate ? markedAt : at, isLate || !isNew);
    if (change !== null) facts.push(change);
    tier = tierAt(course, at, tier);
    if (isNew) facts.push(...noticesAt(course, at));
    const next = Math.min(course.nextAfter(at), nextNotice(course, at));
    if (next > now) return { facts, tier, nextAt: next === NEVER ? null : next };
    at = next;
    isNew = true;
    isFirst = false;
  }
}

/** The level at an instant, null for the first one; as before where there are no tiers. */
function tierAt(course: TierCourse, at: number, before: string | null): string | null {
  const place = course.standingAt(at)?.place;
  if (place === undefined) return before;
  return place === 0 ? null : levelId(course.versionAt(at), place);
}

const levelId = ({ tiers }: ProgramVersion, place: number): string =>
  (tiers as Tiers).levels[place]?.id as string;

function changeTo(
  course: TierCourse,
  at: number,
  before: string | null,
  when: number,
  isLate: boolean,
): Announcement | null {
  const standing = course.standingAt(at);
  if (standing === null || tierAt(course, at, before) === before) return null;
  const version = course.versionAt(at);
  const from = before ?? levelId(version, 0);
  const to = levelId(version, standing.place);
  const placeBefore = (version.tiers as Tiers).levels.findIndex(({ id }) => id === from);
  const isUp = standing.place > placeBefore;
  const reason = isUp ? reasonOfRise(course, at, standing) : reasonOfFall(course, at, when, isLate);
  return { kind: 'changed', at: when, version, from, to, reason };
}

function reasonOfRise(course: TierCourse, at: number, { place, qualified }: Standing): Reason {
  if (course.isTurned(at)) return 'program_changed';
  return place > qualified ? 'granted' : 'qualified';
}

function reasonOfFall(course: TierCourse, at: number, when: number, isLate: boolean): Reason {
  if (course.isTurned(at)) return 'program_changed';
  if (course.hasEndAt(when)) return 'grant_ended';
  if (isLate || course.hasBackAt(when)) return 'returned';
  return typeof course.versionAt(at).tiers?.window === 'object' ? 'window_passed' : 'period_ended';
}

/** The instants at which a member is told of the fall that is known at `at`. */
function noticesOf(course: TierCourse, at: number): { at: number; before: string; fall: Fall }[] {
  const { tiers } = course.versionAt(at);
  if (tiers === null || tiers.notice.length === 0) return [];
  const fall = course.fallAfter(at);
  if (fall === null) return [];
  return tiers.notice.map(({ before, length }) => ({
    at: addDuration(fall.at, length, tiers.timeZone, -1),
    before,
    fall,
  }));
}

const nextNotice = (course: TierCourse, at: number): number =>
  Math.min(NEVER, ...noticesOf(course, at).flatMap(notice => (notice.at > at ? notice.at : [])));

function noticesAt(course: TierCourse, at: number): Announcement[] {
  const version = course.versionAt(at);
  const tier = tierAt(course, at, null);
  return noticesOf(course, at)
    .filter(notice => notice.at === at && tier !== null)
    .map(({ before, fall }) => ({
      kind: 'expiring',
      at,
      version,
      before,
      tier: tier as string,
      to: levelId(version, fall.place),
      fall,
    }));
}
