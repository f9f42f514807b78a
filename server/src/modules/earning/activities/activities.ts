import { accept, type Difference, type Outcome, type Refusal, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { addTo, insertFraud } from '../../fraud/index.ts';
import {
  type CommandType,
  type Context,
  Draft,
  type Effects,
  effectsOf,
  type ProgramFacts,
  time,
} from '../../ledger/index.ts';
import {
  type AttributeType,
  type Bonus,
  hasTiers,
  type ProgramVersion,
  versionAt,
} from '../../program/index.ts';
import { insertUsesOf } from '../campaigns/uses.store.ts';
import { addUses } from '../campaigns/uses.ts';
import { planActivity } from '../challenges/challenges.decide.ts';
import { keepSteps, storeChallenges } from '../challenges/challenges.facts.ts';
import { book, merged } from '../challenges/challenges.posting.ts';
import type { LoadOrders, OrderFacts } from '../facts.ts';
import { membersReadBy } from '../members-read.ts';
import type { ProgramInForce } from '../model.ts';
import { type NotJudgedTold, notJudgedTold } from '../not-judged.wire.ts';
import { admitTime } from '../orders/orders.ts';
import type { Earned } from '../posting.ts';
import { takeActivity } from '../replay/activities-again.ts';
import { lotTerms, NOTHING_HAPPENED } from '../terms.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import { markOf } from '../tiers/tier-marks.ts';
import { insertAdditions } from '../tiers/timeline.store.ts';
import { add, type Contribution } from '../tiers/timeline.ts';
import { concluded, credit, fraudOf, type Watch, watch } from '../velocity.ts';
import type { Activity, Attributes } from './activities.model.ts';
import { listen } from './activities.rules.ts';
import { findActivities, insertActivities, type StoredActivity } from './activities.store.ts';
import { keepStep, storeStreaks } from './streaks.facts.ts';

export interface ActivityAnswer extends Effects, NotJudgedTold {
  activity: {
    id: string;
    external_id: string;
    source: string;
    member: string;
    type: string;
    occurred_at: string;
    /** Of the streaks that it counts for: how many days they had with it. */
    streaks: { streak: string; length: number }[];
  };
}

/** Attributes in the order of their names, as one text. */
const inOrder = (attributes: Attributes | null): string =>
  JSON.stringify(Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The hash of an activity's content: the same for the same content, however the JSON was written. */
export const activityPayload = (member: string, { type, occurredAt, attributes }: Activity): string =>
  hash128(member, type, String(occurredAt), inOrder(attributes));

/** `activity`: something that a member did besides buying, and what it earns. */
export const activityType = (
  load: LoadOrders,
): CommandType<{ activity: Activity }, OrderFacts, StoredActivity, ActivityAnswer> => ({
  name: 'activity',
  amends: false,
  enrols: program => (program as ProgramInForce).program.versions.at(-1)?.enrolment === 'automatic',
  needsLots: () => false,
  admit: ({ body }, program) => admitActivity(body.activity, program),
  load,
  looksBack: ({ body }, program) => membersReadBy(body.activity, program as ProgramInForce),

  decide(command, facts, context) {
    const { activity } = command.body;
    const { programId } = command;
    const memberId = context.holder.id;
    const at = activity.occurredAt;
    const { program } = context.program as ProgramInForce;
    const version = versionAt(program, at);
    const { id } = context;
    const { bonuses, streaks, uses, faults } = listen(facts.activities, version, { id, memberId, activity });
    const what = { id, memberId, cause: wireId('act', id), at };
    const watching = watch(facts.fraud, context.program as ProgramInForce, what);
    const given = give(bonuses, at, version, context, watching);
    if (!given.ok) return given;
    const { earned } = given.value;
    const challenged = book(
      planActivity(facts.challenges, { programId, id, memberId, type: activity.type, at }, version),
      given.value.drafts,
      { version, context, expired: facts.challenges.expired, watching },
      { id, at, happenedAt: at, cause: what.cause },
    );
    if (!challenged.ok) return challenged;
    const { drafts, steps, facts: also } = challenged.value;
    const velocity = concluded(watching);
    const points = qualifyingPoints({ earned, clawed: [] }, version);
    const row = { memberId, orderId: id, isSummed: hasTiers(program) };
    const own = points === 0n ? [] : [contribution(row, at, points)];
    const rows = merged([...own, ...challenged.value.rows(row)]);
    const record: StoredActivity = {
      id,
      programId,
      memberId,
      programVersion: version.version,
      payload: command.payload as string,
      activity,
      earned,
      streaks,
      faults,
      added: {
        id,
        rows,
        uses,
        late: null,
        fraud: velocity.addition,
        challenges: steps,
        mark: markOf(program, memberId, rows, at),
      },
    };
    const data = {
      activity: wireId('act', id),
      external_id: activity.externalId,
      source: activity.source,
      activity_type: activity.type,
      program_version: version.version,
    };
    return accept({
      record,
      drafts,
      fact: { type: 'activity.accepted', occurredAt: at, data },
      also: [...also, ...velocity.facts],
      ...(faults.length > 0 && { notJudged: { cause: what.cause, conditions: faults } }),
    });
  },

  evolve(facts, stored) {
    const { added, memberId, streaks } = stored;
    takeActivity(facts.again, stored);
    for (const { streak, state } of streaks)
      if (state !== undefined) keepStep(facts.activities.streaks, { memberId, streak }, state);
    for (const row of added?.rows ?? []) add(facts.timeline, row);
    addUses(facts.activities.uses, added?.uses ?? []);
    keepSteps(facts.challenges, added?.challenges ?? []);
    for (const own of fraudOf([{ stored: { added } }])) addTo(facts.fraud, own);
  },
  async store(tx, decisions, { fraud, activities, challenges, timeline }) {
    await Promise.all([
      insertActivities(tx, decisions),
      insertAdditions(tx, decisions, timeline.ends),
      insertUsesOf(tx, decisions),
      storeStreaks(tx, activities.streaks),
      storeChallenges(tx, decisions, challenges),
      insertFraud(tx, fraudOf(decisions), fraud),
    ]);
  },
  find: findActivities,
  differences: ({ body, member }, stored, { holder }) =>
    differencesOf(body.activity, stored, holder?.id === stored.memberId ? null : member),
  answer: (stored, entries, _holder, program) => ({
    activity: activityToWire(stored),
    ...notJudgedTold(stored.faults),
    ...effectsOf(entries, program),
  }),
});

/** An activity as callers see it. */
export const activityToWire = ({
  id,
  memberId,
  activity,
  streaks,
}: Pick<StoredActivity, 'id' | 'memberId' | 'activity' | 'streaks'>): ActivityAnswer['activity'] => ({
  id: wireId('act', id),
  external_id: activity.externalId,
  source: activity.source,
  member: wireId('mem', BigInt(memberId)),
  type: activity.type,
  occurred_at: time(activity.occurredAt) as string,
  streaks: streaks.map(({ streak, length }) => ({ streak, length })),
});

/** Points of nothing else: they count towards a tier where their unit does. */
export const contribution = (
  who: Pick<Contribution, 'memberId' | 'orderId' | 'isSummed'>,
  at: number,
  points: bigint,
): Contribution => ({
  ...who,
  anchor: at,
  happenedAt: at,
  change: { spend: 0n, orders: 0n, nights: 0n, points },
});

/** Credits fixed points, each with its own terms that count from `at`. */
function give(
  bonuses: readonly Bonus[],
  at: number,
  version: ProgramVersion,
  context: Context,
  watching: Watch | null,
): Outcome<{ drafts: Draft[]; earned: Earned[] }> {
  const drafts = new Map<number, Draft>();
  const earned: Earned[] = [];
  for (const { ref, unit, points, terms } of bonuses) {
    if (points === 0n) continue;
    const draft = drafts.get(unit.number) ?? new Draft(context.wallet(unit.number), context.program.now);
    drafts.set(unit.number, draft);
    if (draft.balance.earned + points > MAX_AMOUNT)
      return refuse('points_out_of_range', `It would earn ${points} points, more than a wallet can count.`);
    const own = lotTerms(terms, at, version.timeZone, NOTHING_HAPPENED);
    const entry = credit(
      draft,
      { kind: 'earn', unit: unit.number, points, terms: own, at, rule: ref },
      watching,
    );
    earned.push({ rule: ref, unit: unit.number, points, lot: entry.seq });
  }
  return accept({ drafts: [...drafts.values()], earned });
}

/** Refuses what the program does not know. */
function admitActivity(activity: Activity, program: ProgramFacts): Refusal | undefined {
  const { activities } = versionAt((program as ProgramInForce).program, activity.occurredAt);
  const type = activities.get(activity.type);
  if (type === undefined) {
    const known = [...activities.keys()];
    return refuse(
      'activity_unknown',
      known.length === 0
        ? `The program has no activities at ${time(activity.occurredAt)}.`
        : `The program has no activity "${activity.type}" at ${time(activity.occurredAt)}. Its activities are ${known.join(', ')}.`,
    ).refusal;
  }
  const errors = Object.entries(activity.attributes ?? {}).flatMap(([name, value]) => {
    const message = mistakeInAttribute(value, type.attributes.get(name), [...type.attributes.keys()]);
    return message === undefined ? [] : { pointer: `/attributes/${escaped(name)}`, message };
  });
  if (errors.length > 0)
    return refuse('activity_attribute_invalid', `"${activity.type}" cannot carry these attributes.`, {
      errors,
    }).refusal;
  return admitTime(activity.occurredAt, program);
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function mistakeInAttribute(
  value: string | number | boolean,
  type: AttributeType | undefined,
  known: readonly string[],
): string | undefined {
  switch (type) {
    case undefined:
      return known.length === 0
        ? 'is not known: this activity has no attributes'
        : `is not known; known are ${known.join(', ')}`;
    case 'text':
      return typeof value === 'string' ? undefined : 'must be a text';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'number':
      return typeof value === 'number' ? undefined : 'must be a number';
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : 'must be a whole number';
  }
}

/** Where an activity differs from the stored one, by JSON pointer; `otherMember` is whom it was sent for, if not the same. */
function differencesOf(sent: Activity, stored: StoredActivity, otherMember: string | null): Difference[] {
  const before = stored.activity;
  const differences: Difference[] = [];
  if (otherMember !== null)
    differences.push({
      pointer: '/member',
      stored: wireId('mem', BigInt(stored.memberId)),
      sent: otherMember,
    });
  if (before.type !== sent.type) differences.push({ pointer: '/type', stored: before.type, sent: sent.type });
  if (before.occurredAt !== sent.occurredAt)
    differences.push({
      pointer: '/occurred_at',
      stored: time(before.occurredAt),
      sent: time(sent.occurredAt),
    });
  if (inOrder(before.attributes) !== inOrder(sent.attributes))
    differences.push({ pointer: '/attributes', stored: before.attributes, sent: sent.attributes });
  return differences;
}
