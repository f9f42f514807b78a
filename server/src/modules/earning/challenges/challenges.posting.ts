import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { type Context, Draft, walletId } from '../../ledger/index.ts';
import type { Challenge, Goal, ProgramVersion } from '../../program/index.ts';
import { lotTerms, NOTHING_HAPPENED } from '../terms.ts';
import { qualifyingUnits } from '../tiers/qualifying.ts';
import type { Contribution } from '../tiers/timeline.ts';
import { credit, type Watch } from '../velocity.ts';
import type { Planned } from './challenges.decide.ts';
import type { Award, ChallengeStep, Taken } from './challenges.model.ts';
import type { Place } from './challenges.ts';

/** What happened, and when. */
export interface Happening {
  /** The decision. */
  readonly id: bigint;
  /** The order or activity whose time counts, and the one that takes back; epoch ms. */
  readonly at: number;
  readonly happenedAt: number;
  /** The order, return or activity, as callers see it. */
  readonly cause: string;
}

/** How points are given and taken back: in wallets, or only in mind. */
export interface Purse {
  /** The lot that was opened. */
  give(goal: NonNullable<Goal['bonus']>, ref: string): Outcome<number>;
  /** Undefined where the policy refuses. */
  take(award: Award): Omit<Taken, 'award' | 'decided'> | undefined;
}

/** Carries out what was planned. */
export function carryOut(
  planned: readonly Planned[],
  { id, at, happenedAt, cause }: Happening,
  purse: Purse,
): Outcome<ChallengeStep[]> {
  const steps: ChallengeStep[] = [];
  for (const { by, reached, lost, state, ...step } of planned) {
    const taken: Taken[] = [];
    for (const award of lost) {
      const how = award.points === null ? NOTHING_TAKEN : purse.take(award);
      if (how === undefined)
        return refuse(
          'points_already_spent',
          `The member has spent points of the challenge ${step.challenge} and the program refuses returns then; ${award.points?.points} points would have to come back.`,
        );
      taken.push({ award, decided: award.points?.points ?? 0n, ...how });
    }
    const given: Award[] = [];
    for (const place of reached) {
      const award = give(place, by as Challenge, purse);
      if (!award.ok) return award;
      given.push({ ...award.value, id, at, cause });
    }
    const back = { at: happenedAt, cause };
    const kept = state.awards.map(award => (lost.includes(award) ? { ...award, back } : award));
    steps.push({ ...step, given, taken, state: { ...state, awards: [...kept, ...given] } });
  }
  return accept(steps);
}

const NOTHING_TAKEN = { cancelled: 0n, taken: 0n, excused: 0n, shortfall: 0n, debt: 0n };

function give(place: Place, challenge: Challenge, purse: Purse): Outcome<Omit<Award, 'id' | 'at' | 'cause'>> {
  const { bonus, badge } = challenge.goals[place.goal] as Goal;
  const award = { ...place, ref: challenge.ref, badge, back: null };
  if (bonus === null || bonus.points === 0n) return accept({ ...award, points: null });
  const lot = purse.give(bonus, challenge.ref);
  if (!lot.ok) return lot;
  return accept({
    ...award,
    points: { unit: bonus.unit.number, points: bonus.points, lot: lot.value },
  });
}

/** A purse that books into the drafts of a command, which has changed some of its wallets already. */
export function bookingPurse(
  drafts: Draft[],
  { version, context, expired, watching }: Booking,
  { at, happenedAt }: Pick<Happening, 'at' | 'happenedAt'>,
): Purse {
  const draftOf = (unit: number): Draft => {
    const known = drafts.find(draft => draft.walletId === walletId(context.holder.id, unit));
    if (known !== undefined) return known;
    const draft = new Draft(context.wallet(unit), context.program.now);
    drafts.push(draft);
    return draft;
  };
  return {
    give({ unit: { number: unit }, points, terms }, rule) {
      const draft = draftOf(unit);
      if (draft.balance.earned + points > MAX_AMOUNT)
        return refuse(
          'points_out_of_range',
          `The challenge would give ${points} points, more than a wallet can count.`,
        );
      const own = lotTerms(terms, at, version.timeZone, NOTHING_HAPPENED);
      return accept(credit(draft, { kind: 'bonus', unit, points, terms: own, at, rule }, watching).seq);
    },
    take({ points, ref }) {
      const { unit, points: all, lot } = points as NonNullable<Award['points']>;
      const draft = draftOf(unit);
      const lapsed = (expired.get(`${draft.walletId}:${lot}`) ?? 0n) + draft.lapsed(lot);
      return draft.clawback(all, [lot], lapsed, version.ifSpent, happenedAt, ref);
    },
  };
}

/** What points are booked by. */
export interface Booking {
  readonly version: ProgramVersion;
  readonly context: Context;
  readonly expired: ReadonlyMap<string, bigint>;
  readonly watching: Watch | null;
}

/** What a decision does to challenges, carried out in the wallets of its member. */
export interface Challenged {
  /** Those of the command with those that challenges needed besides. */
  readonly drafts: readonly Draft[];
  readonly steps: readonly ChallengeStep[];
  readonly facts: ReturnType<typeof challengeFacts>;
  /** What it adds to what counts towards a tier. */
  rows(who: Pick<Contribution, 'memberId' | 'orderId' | 'isSummed'>): Contribution[];
}

/** Books what was planned behind what a command has booked already. */
export function book(
  planned: readonly Planned[],
  already: readonly Draft[],
  booking: Booking,
  happening: Happening,
): Outcome<Challenged> {
  const drafts = [...already];
  const carried = carryOut(planned, happening, bookingPurse(drafts, booking, happening));
  if (!carried.ok) return carried;
  const steps = carried.value;
  return accept({
    drafts,
    steps,
    facts: challengeFacts(steps, happening),
    rows: who => challengeRows(who, steps, booking.version, happening.happenedAt),
  });
}

/** Points that count towards a tier: where the order that reached the goal stands. */
export function challengeRows(
  who: Pick<Contribution, 'memberId' | 'orderId' | 'isSummed'>,
  steps: readonly ChallengeStep[],
  version: ProgramVersion,
  happenedAt: number,
): Contribution[] {
  if (steps.length === 0) return [];
  const counts = qualifyingUnits(version);
  const row = ({ at, points }: Award, sign: bigint): Contribution[] =>
    points === null || !counts.has(points.unit)
      ? []
      : [
          {
            ...who,
            anchor: at,
            happenedAt: Math.max(happenedAt, at),
            change: { spend: 0n, orders: 0n, nights: 0n, points: sign * points.points },
          },
        ];
  return steps.flatMap(({ given, taken }) => [
    ...given.flatMap(award => row(award, 1n)),
    ...taken.flatMap(({ award }) => row(award, -1n)),
  ]);
}

/** Rows of one decision, one for each place of the timeline. */
export function merged(rows: readonly Contribution[]): readonly Contribution[] {
  if (rows.length < 2) return rows;
  const places = new Map<number, Contribution>();
  for (const row of rows) {
    const own = places.get(row.anchor);
    const { spend, orders, nights, points } = row.change;
    const change = own && {
      spend: own.change.spend + spend,
      orders: own.change.orders + orders,
      nights: own.change.nights + nights,
      points: own.change.points + points,
    };
    places.set(row.anchor, change === undefined ? row : { ...row, change });
  }
  return [...places.values()];
}

/** What is published about steps. */
export function challengeFacts(
  steps: readonly ChallengeStep[],
  { at, happenedAt, cause }: Happening,
): { type: string; occurredAt: number; data: Record<string, unknown> }[] {
  return steps.flatMap(({ challenge, period, programVersion, before, after, given, taken }) => {
    const what = { challenge, period, progress: String(after), program_version: programVersion, cause };
    const fact = (type: string, occurredAt: number, data: object) => ({
      type,
      occurredAt,
      data: { ...what, ...data },
    });
    const goalOf = ({ ref, need, badge }: Award) => ({
      rule: ref,
      target: String(need),
      ...(badge !== null && { badge }),
    });
    const isMoved = before !== after && given.length + taken.length === 0;
    return [
      ...(isMoved ? [fact('challenge.progressed', happenedAt, { before: String(before) })] : []),
      ...taken.flatMap(({ award }) => [
        fact('challenge.reverted', happenedAt, goalOf(award)),
        ...(award.badge === null ? [] : [fact('badge.withdrawn', happenedAt, goalOf(award))]),
      ]),
      ...given.flatMap(award => [
        fact('challenge.completed', at, goalOf(award)),
        ...(award.badge === null ? [] : [fact('badge.awarded', at, goalOf(award))]),
      ]),
    ];
  });
}
