import type { Tx } from '#platform/db/client.ts';
import { type Around, type Command, type Ledger, walletId } from '../../ledger/index.ts';
import { type FactsQuestion, factsOf, type MemberFacts } from '../../members/index.ts';
import { type Challenge, hasChallenges, startOf, versionAt } from '../../program/index.ts';
import type { Activity } from '../activities/activities.model.ts';
import { dayIn } from '../activities/streaks.facts.ts';
import type { Order, ProgramInForce } from '../model.ts';
import {
  type ChallengeKey,
  type ChallengeState,
  type ChallengeStep,
  challengeKey,
} from './challenges.model.ts';
import {
  insertChallengeSteps,
  readChallengeSteps,
  readChallenges,
  type StoredStep,
  writeChallenges,
} from './challenges.store.ts';

/** What challenges need to know. */
export interface ChallengeFacts {
  /** The periods by `challengeKey`: as they are stored and as this batch has moved them. */
  readonly periods: Map<string, ChallengeKey & { readonly state: ChallengeState }>;
  /** Those that this batch has moved and not written yet. */
  readonly moved: Set<string>;
  /** By order or activity: by challenge and period what it counts, as it was last decided. */
  readonly parts: Map<bigint, Map<string, ChallengeStep>>;
  /** By `factsKey`, where an open challenge reads members. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  /** How much of the lots that may be taken back has expired, keyed `wallet:lot`. */
  readonly expired: ReadonlyMap<string, bigint>;
}

export const noChallenges = (): ChallengeFacts => ({
  periods: new Map(),
  moved: new Set(),
  parts: new Map(),
  members: new Map(),
  expired: new Map(),
});

/** The period of a challenge that holds `at`, by its name; one that measures something else is another one. */
export const periodAt = ({ measure, every, timeZone }: Challenge, at: number): string =>
  every === 'ever'
    ? `${measure} ever`
    : `${measure} ${every} ${dateOf(dayIn(timeZone, startOf(every, at, timeZone)))}`;

const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** Something of a batch that can count in challenges. */
interface Asking {
  readonly programId: number;
  /** Null for a member whom the batch enrols. */
  readonly memberId: number | null;
  readonly at: number;
  readonly challenges: readonly Challenge[];
}

/** Reads what a batch needs of challenges; nothing for programs that never had any. */
export async function loadChallenges(
  tx: Tx,
  ledger: Ledger,
  commands: readonly Command<object>[],
  known: readonly bigint[],
  around: Around,
): Promise<ChallengeFacts> {
  if (!around.programs.some(program => hasChallenges((program as ProgramInForce).program)))
    return noChallenges();
  const asking = commands.flatMap((command, index) => askedBy(command, index, around));
  const keys = new Map(
    asking.flatMap(({ memberId, at, challenges }) =>
      memberId === null
        ? []
        : challenges.map(challenge => {
            const key = { memberId, challenge: challenge.id, period: periodAt(challenge, at) };
            return [challengeKey(key), key] as const;
          }),
    ),
  );
  const causes = [...new Set([...known, ...commands.flatMap(returnedOrder)])];
  const [periods, steps, members] = await Promise.all([
    keys.size + causes.length === 0 ? [] : readChallenges(tx, [...keys.values()], causes),
    causes.length === 0 ? [] : readChallengeSteps(tx, causes),
    loadMembers(tx, asking),
  ]);
  const facts = { ...noChallenges(), members };
  for (const period of periods) facts.periods.set(challengeKey(period), period);
  for (const step of steps) keepPart(facts, step);
  const lots = causes.length === 0 ? [] : periods.flatMap(({ memberId, state }) => lotsOf(memberId, state));
  return lots.length === 0 ? facts : { ...facts, expired: await ledger.expired(tx, lots) };
}

/** The order of which something comes back. */
const returnedOrder = ({ body }: Command<object>): bigint[] =>
  'orderId' in body && 'cancels' in body ? [body.orderId as bigint] : [];

const lotsOf = (memberId: number, { awards }: ChallengeState) =>
  awards.flatMap(({ points, back }) =>
    points === null || back !== null ? [] : { wallet: walletId(memberId, points.unit), seq: points.lot },
  );

function askedBy({ body, programId }: Command<object>, index: number, around: Around): Asking[] {
  const { program } = around.programs[index] as ProgramInForce;
  const memberId = around.holders[index]?.id ?? null;
  if ('order' in body) {
    const order = body.order as Order;
    const at = order.occurredAt;
    const challenges = openFor(versionAt(program, at).challenges, order);
    return challenges.length === 0 ? [] : [{ programId, memberId, at, challenges }];
  }
  if (!('activity' in body)) return [];
  const { type, occurredAt: at } = body.activity as Activity;
  const challenges = listeningTo(versionAt(program, at).challenges, type, at);
  return challenges.length === 0 ? [] : [{ programId, memberId, at, challenges }];
}

/** The challenges in which an order can count, whoever orders. */
export const openFor = (challenges: readonly Challenge[], { occurredAt }: Order): Challenge[] =>
  challenges.filter(({ on, open }) => on === 'order' && open(occurredAt));

/** The challenges in which an activity counts. */
export const listeningTo = (challenges: readonly Challenge[], type: string, at: number): Challenge[] =>
  challenges.filter(({ on, open }) => on !== 'order' && on.activity === type && open(at));

function loadMembers(tx: Tx, asking: readonly Asking[]): Promise<Map<string, MemberFacts>> {
  const questions: FactsQuestion[] = [];
  const lists = new Set<string>();
  let profile = false;
  for (const { programId, memberId, at, challenges } of asking)
    for (const { reads } of challenges) {
      if (memberId === null || !(reads.profile || reads.lists.length > 0)) continue;
      questions.push({ programId, holderId: memberId, at });
      profile ||= reads.profile;
      for (const list of reads.lists) lists.add(list);
    }
  return factsOf(tx, questions, { profile, lists: [...lists] });
}

function keepPart(facts: ChallengeFacts, step: ChallengeStep): void {
  const own = facts.parts.get(step.cause) ?? new Map<string, ChallengeStep>();
  facts.parts.set(step.cause, own.set(`${step.challenge} ${step.period}`, step));
}

/** Makes what a decision did visible to the later commands of the batch. */
export function keepSteps(facts: ChallengeFacts, steps: readonly ChallengeStep[]): void {
  for (const step of steps) {
    keepPart(facts, step);
    if (step.state === undefined) continue;
    const { memberId, challenge, period, state } = step;
    facts.periods.set(challengeKey(step), { memberId, challenge, period, state });
    facts.moved.add(challengeKey(step));
  }
}

/** Writes what decisions did to challenges, and the periods that the batch has moved. */
export async function storeChallenges(
  tx: Tx,
  decisions: readonly { stored: { added?: { id: bigint; challenges?: readonly ChallengeStep[] } } }[],
  { periods, moved }: ChallengeFacts,
): Promise<void> {
  const steps = decisions.flatMap(({ stored: { added } }) =>
    (added?.challenges ?? []).map((step): StoredStep => ({ ...step, id: added?.id as bigint })),
  );
  // Orders, returns and activities are stored apart: whichever comes first writes the periods as all of them left them.
  const rows = [...moved].flatMap(key => periods.get(key) ?? []);
  moved.clear();
  await Promise.all([insertChallengeSteps(tx, steps), writeChallenges(tx, rows)]);
}
