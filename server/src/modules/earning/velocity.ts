import {
  type Addition,
  arrived,
  type Case,
  caseFacts,
  type FraudFacts,
  type FraudQuestions,
  judge,
  lotKey,
  type Pended,
  pausedBy,
} from '../fraud/index.ts';
import type { Around, Command, Draft, Entry, LotTerms } from '../ledger/index.ts';
import { type Program, versionAt } from '../program/index.ts';
import type { Activity } from './activities/activities.model.ts';
import type { Order, ProgramInForce } from './model.ts';
import type { ReferralBody } from './referrals/referrals.store.ts';
import { waitsFor } from './terms.ts';

/* Where what earns meets velocity: a pause holds points back, and what is given without one counts. */

/** Something that earns points while its program has velocity checks. */
export interface Watch {
  readonly facts: FraudFacts;
  readonly program: ProgramInForce;
  /** The id of the decision. */
  readonly id: bigint;
  readonly memberId: number;
  /** The order or activity, as callers see it. */
  readonly cause: string;
  readonly at: number;
  /** Whether what is given counts in windows. */
  readonly counts: boolean;
  readonly given: Map<number, { unit: number; points: bigint; lots: number[] }>;
  readonly pended: Pended[];
}

/** Whether a program ever had a check: a pause goes on when the check is taken out. */
const isChecked = ({ versions }: Program): boolean => versions.some(({ velocity }) => velocity.length > 0);

/** Watches what is about to earn; null where the program has no checks or it is `historical`. */
export function watch(
  facts: FraudFacts,
  program: ProgramInForce,
  what: Pick<Watch, 'id' | 'memberId' | 'cause' | 'at'>,
  historical = false,
): Watch | null {
  if (historical || !isChecked(program.program)) return null;
  return { ...what, facts, program, counts: true, given: new Map(), pended: [] };
}

/**
 * Watches what corrects the past. A pause holds back what it gives, but none that the very order began, which keeps its
 * points; nothing of it counts, because nobody did anything.
 */
export function watchCorrection(...asked: Parameters<typeof watch>): Watch | null {
  const watching = watch(...asked);
  return watching && { ...watching, counts: false };
}

/** Points that a rule gives. */
export interface Given {
  readonly kind: 'earn' | 'bonus';
  readonly unit: number;
  readonly points: bigint;
  readonly terms: LotTerms;
  readonly at: number;
  readonly rule: string;
}

/** Opens a lot. While a pause of the member goes on, nothing but the end of its case makes the points usable. */
export function credit(draft: Draft, given: Given, watching: Watch | null): Entry {
  const { kind, unit, points, terms, at, rule } = given;
  const pause = watching === null ? undefined : pauseOf(watching, unit);
  if (watching === null || pause === undefined) {
    const entry = draft.credit(kind, points, terms, at, { rule });
    if (watching?.counts) count(watching, given, entry);
    return entry;
  }
  // What had expired before it was given is not given a second life; all else lives on until its case is decided.
  const isOver = terms.expiresAt !== null && terms.expiresAt <= draft.now;
  const held = { availableFrom: null, waits: true, expiresAt: isOver ? terms.expiresAt : null };
  const entry = draft.credit(kind, points, held, at, { rule });
  watching.pended.push(pend(watching, pause, given, entry));
  if (pause.state === 'confirmed') draft.giveUp([entry.seq], draft.now);
  return entry;
}

const pauseOf = ({ facts, memberId, at, counts, cause }: Watch, unit: number): Case | undefined =>
  pausedBy(facts, memberId, unit, at, each => !counts && each.cause === cause);

function count({ given }: Watch, { unit, points }: Given, { seq }: Entry): void {
  const own = given.get(unit) ?? { unit, points: 0n, lots: [] };
  given.set(unit, own);
  own.points += points;
  own.lots.push(seq);
}

function pend(
  { program, at }: Watch,
  pause: Case,
  { points, terms, rule }: Given,
  { wallet, seq, expiresAt: over }: Entry,
): Pended {
  const { availableFrom, waits = false, cancels = false, expiresAt, inactiveAfter = null } = terms;
  const isHeld = over === null && (expiresAt !== null || inactiveAfter !== null);
  const closing = isHeld ? { expiresAt, inactiveAfter } : null;
  const event = waits ? (waitsFor(program.program, rule) ?? null) : null;
  return {
    wallet,
    seq,
    caseId: pause.id,
    at,
    points,
    terms: { availableFrom, waits, cancels },
    event,
    closing,
  };
}

/** What a decision adds to velocity, and what is published where it opened a case. */
export function concluded(watching: Watch | null) {
  if (watching === null) return { addition: null, facts: [] };
  const { facts, program, counts: _, given, pended, ...what } = watching;
  const checks = versionAt(program.program, what.at).velocity;
  const { id: programId, now, units } = program;
  const addition = judge(facts, { ...what, programId, now, checks }, [...given.values()], pended);
  return { addition, facts: addition.opened === null ? [] : caseFacts(addition.opened, units) };
}

/** What decisions added to velocity, of those that were watched. */
export const fraudOf = (
  decisions: readonly { stored: { added?: { fraud?: Addition | null } } }[],
): Addition[] => decisions.flatMap(({ stored }) => stored.added?.fraud ?? []);

/** Which of an order's lots wait for its event alone, and which are held back by a case besides. */
export function apart(
  { pended }: FraudFacts,
  wallet: number,
  lots: readonly number[],
): { free: number[]; held: Pended[] } {
  const held = lots.flatMap(seq => pended.get(lotKey(wallet, seq)) ?? []);
  return { free: lots.filter(seq => !pended.has(lotKey(wallet, seq))), held: held.map(arrived) };
}

/** A side of a referral that is paid, or gives back. */
interface Payment {
  readonly referralId: bigint;
  readonly step: 'qualified' | 'revoked';
  readonly occurredAt: number;
}

type Body =
  | { order: Order; historical?: boolean }
  | { activity: Activity }
  | { referral: ReferralBody }
  | { orderId: bigint }
  | { activityId: bigint }
  | { tierGrant: object }
  | { tierGrantEnd: object }
  | Payment
  | { caseId: bigint };

const timeOf = (body: { order: Order } | { activity: Activity } | Payment): number =>
  'order' in body ? body.order.occurredAt : 'activity' in body ? body.activity.occurredAt : body.occurredAt;

/** What the commands of a batch ask about velocity; nothing for programs without checks. */
export function fraudQuestions(
  commands: readonly Command<Body>[],
  { holders, programs }: Pick<Around, 'holders' | 'programs'>,
): FraudQuestions {
  const earning: {
    memberId: number;
    at: number;
    checks: ProgramInForce['program']['versions'][0]['velocity'];
  }[] = [];
  const waiting: number[] = [];
  const corrected: number[] = [];
  const cases: bigint[] = [];
  for (const [index, { body }] of commands.entries()) {
    const { program } = programs[index] as ProgramInForce;
    const memberId = holders[index]?.id;
    if (memberId === undefined || !isChecked(program)) continue;
    if ('referral' in body || ('referralId' in body && body.step === 'revoked')) continue;
    if ('tierGrant' in body || 'tierGrantEnd' in body) continue;
    if ('caseId' in body) cases.push(body.caseId);
    else if ('activityId' in body) corrected.push(memberId);
    else if ('orderId' in body) {
      if ('type' in body) waiting.push(memberId);
      if ('again' in body) corrected.push(memberId);
    } else if (!('historical' in body && body.historical)) {
      const at = timeOf(body);
      earning.push({ memberId, at, checks: versionAt(program, at).velocity });
    }
  }
  return { earning, waiting, corrected, cases };
}
