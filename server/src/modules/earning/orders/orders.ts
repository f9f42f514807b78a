import { accept, type Difference, type Outcome, type Refusal, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import {
  type Command,
  type CommandType,
  type Context,
  type Effects,
  effectsOf,
  type ProgramFacts,
  type Repeat,
  time,
} from '../../ledger/index.ts';
import { hasTiers, type Level, versionAt } from '../../program/index.ts';
import { apply, finish, undo } from '../campaigns/campaigns.ts';
import { type GiftsTold, giftsTold } from '../campaigns/gifts.wire.ts';
import { voucherSteps } from '../campaigns/voucher-gifts.ts';
import { planOrder } from '../challenges/challenges.decide.ts';
import { book, merged } from '../challenges/challenges.posting.ts';
import {
  catchUp,
  evolveAdditions,
  isPlaced,
  type LoadOrders,
  type OrderFacts,
  storeAdditions,
} from '../facts.ts';
import { membersRead } from '../members-read.ts';
import {
  type Fault,
  type Line,
  NOTHING_BACK,
  NOTHING_GRANTED,
  type Order,
  type OrderState,
  type ProgramInForce,
} from '../model.ts';
import { type NotJudgedTold, notJudgedTold } from '../not-judged.wire.ts';
import { post } from '../posting.ts';
import type { StoredOrder } from '../records.ts';
import { referralStep, stepFact } from '../referrals/referrals.facts.ts';
import * as store from '../store.ts';
import { contributions } from '../tiers/qualifying.ts';
import { tierFacts, tierStep, versionsOf } from '../tiers/tier-gifts.ts';
import { markOfOrder } from '../tiers/tier-marks.ts';
import type { TierQuestion } from '../tiers/tier-questions.ts';
import { levelAt } from '../tiers/tiers.ts';
import { latestOrder, type TimelineFacts } from '../tiers/timeline.ts';
import { concluded, watch } from '../velocity.ts';
import { lateness } from './late.ts';

export interface OrderAnswer extends Effects, GiftsTold, NotJudgedTold {
  order: {
    id: string;
    external_id: string;
    source: string;
    member: string;
    revision: number;
    occurred_at: string;
    late: boolean;
  };
}

const DAY = 86_400_000;

/** Refuses what an order can be refused for whatever the member's state is. */
export function admitTime(occurredAt: number, program: ProgramFacts): Refusal | undefined {
  if (occurredAt > program.now + DAY) {
    return refuse(
      'occurred_in_future',
      `It is dated ${time(occurredAt)}; the program's clock stands at ${time(program.now)}. At most 24 hours ahead are taken.`,
    ).refusal;
  }
  if (occurredAt < 0)
    return refuse(
      'occurred_too_early',
      'It is dated before 1970-01-01T00:00:00Z. Check the date and its format.',
    ).refusal;
  return undefined;
}

function admitOrder(order: Order, program: ProgramInForce): Refusal | undefined {
  const version = versionAt(program.program, order.occurredAt);
  if (version.rate(order.currency, order.occurredAt) !== undefined)
    return admitTime(order.occurredAt, program);
  return refuse(
    'currency_unknown',
    `The program counts in ${version.currency} and has no rate for ${order.currency} at ${time(order.occurredAt)}.`,
  ).refusal;
}

/** Attributes in the order of their names; to sort them as texts would mix up names and values that hold a comma. */
const inOrder = (attributes: Order['attributes']): [string, unknown][] | null =>
  attributes === null ? null : Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));

/** The hash of an order's content: the same for the same content, however the JSON was written. */
export const payloadOf = (member: string, order: Order): string =>
  hash128(
    member,
    String(order.revision),
    String(order.occurredAt),
    order.currency,
    JSON.stringify([order.kind, order.channel, order.partner, inOrder(order.attributes)]),
    ...order.lines.map(
      line => `${JSON.stringify([line.id, line.sku, line.category])}${line.quantity}:${line.amount}`,
    ),
  );

/** An order, the hash of its content, and whether it is an old one that velocity does not look at. */
export interface OrderBody {
  readonly order: Order;
  readonly payload: string;
  readonly historical?: boolean;
}

/** `order`: takes an order, a repeat of it, or a higher revision of it. */
export const orderType = (
  load: LoadOrders,
): CommandType<OrderBody, OrderFacts, StoredOrder, OrderAnswer> => ({
  name: 'order',
  amends: true,
  enrols: program => (program as ProgramInForce).program.versions.at(-1)?.enrolment === 'automatic',
  needsLots: () => false,

  admit: ({ body }, program) => admitOrder(body.order, program as ProgramInForce),

  load,
  looksBack: ({ body }, program) => membersRead(body.order.occurredAt, program as ProgramInForce),

  decide(command, facts, context, known) {
    const { order, payload, historical = false } = command.body;
    const program = context.program as ProgramInForce;
    if (known !== null) catchUp(facts);
    const before = known === null ? undefined : facts.states.get(known);
    if (before !== undefined) {
      const verdict = repeatOrRefuse(command, facts, before, context);
      if (verdict !== undefined) return verdict;
      const refusal = admitOrder(order, program);
      if (refusal !== undefined) return { ok: false, refusal };
    }
    const version = versionAt(program.program, order.occurredAt);
    const memberId = context.holder.id;
    // Who was not asked for joins with this batch, and has nothing yet.
    if (isPlaced(program.program, version) && !facts.timeline.ends.has(memberId))
      facts.timeline.ends.set(memberId, null);
    const id = before?.id ?? context.id;
    const { programId } = command;
    const enrolledAt = program.now;
    const question = { programId, memberId, at: order.occurredAt, version, enrolledAt, besides: id };
    const level = tierOf(facts.timeline, question, before);
    const { externalId } = context.holder;
    const who = { programId, memberId, externalId };
    const loaded = { facts: facts.campaigns, timeline: facts.timeline };
    const newest = latestOrder(facts.timeline, memberId);
    const late = before === undefined ? lateness(order.occurredAt, program.now, newest, version) : null;
    const isLate = before?.applied.late ?? late !== null;
    const versionOf = versionsOf(program.program);
    const versionBefore = before && versionOf(before.programVersion);
    const deciding = { ...who, ...loaded, order, orderId: id, version, level, isLate, before, versionBefore };
    const faults: Fault[] = [];
    const application = apply(deciding, faults);
    const { applied } = application;
    const state =
      before === undefined
        ? { order, returned: NOTHING_BACK, grants: NOTHING_GRANTED, applied }
        : { ...before, order, applied };
    const at = order.occurredAt;
    const what = { id: context.id, memberId, cause: wireId('ord', id), at };
    const watching = watch(facts.fraud, program, what, historical);
    const posted = post(state, version, context, facts.expired, at, watching, application.cells);
    if (!posted.ok) {
      undo(application, facts.campaigns);
      return posted;
    }
    const challenged = book(
      planOrder(facts.challenges, deciding, applied, faults),
      posted.value.drafts,
      { version, context, expired: facts.challenges.expired, watching },
      { id: context.id, at, happenedAt: at, cause: what.cause },
    );
    if (!challenged.ok) {
      undo(application, facts.campaigns);
      return challenged;
    }
    finish(application, version, facts.campaigns);
    const { decided } = posted.value;
    const summed = { memberId, orderId: id, isSummed: hasTiers(program.program) };
    const rows = contributions(summed, before, state, version, decided, at);
    const isInTurn = before === undefined && late === null && !historical;
    const lateAt = program.now;
    const mark = markOfOrder(program.program, facts.timeline, question, rows, { isInTurn, lateAt });
    const velocity = concluded(watching);
    const bought = { memberId, orderId: id, happenedAt: at };
    const referral = referralStep(facts.referrals, program.program, bought, state, version);
    const changing = { ...who, id: context.id, orderId: id, versionOf, now: program.now };
    const tier = tierStep({ ...changing, why: 'the order was changed' }, facts.timeline, before, {
      state,
      version,
    });
    const vouchers = voucherSteps({ ...changing, occurredAt: at }, before, { state, version });
    const record: StoredOrder = {
      id,
      programId,
      memberId,
      programVersion: version.version,
      payload,
      order,
      applied,
      decided,
      added: {
        id: context.id,
        rows: merged([...rows, ...challenged.value.rows(summed)]),
        uses: application.uses,
        challenges: challenged.value.steps,
        late: late && { ...who, orderId: id, occurredAt: at, bookedAt: program.now, ...late },
        fraud: velocity.addition,
        referral,
        tier,
        mark,
        vouchers,
      },
    };
    const data = {
      order: wireId('ord', id),
      external_id: order.externalId,
      source: order.source,
      revision: order.revision,
      program_version: version.version,
      ...(applied.tier !== null && { tier: applied.tier }),
      ...(applied.late && { late: true }),
      ...(historical && { historical: true }),
    };
    return accept({
      record,
      drafts: challenged.value.drafts,
      fact: {
        type: before === undefined ? 'order.accepted' : 'order.amended',
        occurredAt: at,
        data,
      },
      also: [...challenged.value.facts, ...velocity.facts, ...stepFact(referral), ...tierFacts(tier, at)],
      ...(faults.length > 0 && { notJudged: { cause: what.cause, conditions: faults } }),
    });
  },

  evolve(facts, stored, entries) {
    facts.fresh.push({ stored, entries });
    evolveAdditions(facts, stored);
  },

  async store(tx, decisions, facts) {
    await Promise.all([store.insertOrders(tx, decisions), storeAdditions(tx, decisions, facts)]);
  },
  find: (tx, ids) => store.firstRevisions(tx, ids),
  differences({ body, member }, stored, { holder }) {
    const differences = differencesOf(body.order, stored.order);
    if (stored.memberId !== holder?.id) differences.push(otherMember(stored.memberId, member));
    return differences;
  },

  answer: ({ id, order, memberId, applied, programVersion }, entries, _holder, program) => ({
    order: {
      id: wireId('ord', id),
      external_id: order.externalId,
      source: order.source,
      member: wireId('mem', BigInt(memberId)),
      revision: order.revision,
      occurred_at: time(order.occurredAt) as string,
      late: applied.late,
    },
    ...giftsTold({ order, applied }, (program as ProgramInForce).program.versions[programVersion - 1]),
    ...notJudgedTold(applied.faults),
    ...effectsOf(entries, program),
  }),
});

/** The tier that decides: of a revision the one that its order was decided by, unless it moves to another time. */
function tierOf(
  timeline: TimelineFacts,
  question: TierQuestion,
  before: OrderState | undefined,
): Level | null {
  const { tiers } = question.version;
  if (tiers !== null && before?.applied.tier != null && before.order.occurredAt === question.at)
    return tiers.levels.find(level => level.id === before.applied.tier) ?? (tiers.levels[0] as Level);
  return levelAt(timeline, question);
}

/** What an order that exists answers to a revision of it; undefined where it is to be amended. */
function repeatOrRefuse(
  command: Command<OrderBody>,
  facts: OrderFacts,
  before: OrderState,
  context: Context,
): Outcome<Repeat<StoredOrder>> | undefined {
  const { order, payload } = command.body;
  const same = facts.revisions.get(`${before.id}:${order.revision}`);
  if (same?.stored.payload === payload) return accept({ repeats: same.stored, entries: same.entries });
  if (same !== undefined || before.memberId !== context.holder.id) {
    const differences = differencesOf(order, (same?.stored ?? before).order);
    if (before.memberId !== context.holder.id) differences.push(otherMember(before.memberId, command.member));
    return refuse(
      'key_reused',
      'This order was accepted before with another content. Send a higher revision to change it, or use another external id.',
      { differences },
    );
  }
  if (order.revision < before.order.revision) {
    return refuse(
      'revision_outdated',
      `Revision ${before.order.revision} of this order was taken already; revision ${order.revision} came too late.`,
    );
  }
  if (before.cancelled)
    return refuse('order_cancelled', 'The order was cancelled and cannot be changed any more.');
  for (const id of before.returned.keys()) {
    const [old, now] = [before.order, order].map(revision => revision.lines.find(line => line.id === id));
    if (old?.quantity !== now?.quantity || old?.amount !== now?.amount) {
      return refuse(
        'returned_line_changed',
        `Some of line ${id} has come back, so its quantity and amount cannot be changed any more.`,
      );
    }
  }
  return undefined;
}

const otherMember = (stored: number, sent: string): Difference => ({
  pointer: '/member',
  stored: wireId('mem', BigInt(stored)),
  sent,
});

/** Where two orders differ, by JSON pointer. */
export function differencesOf(sent: Order, stored: Order): Difference[] {
  const differences: Difference[] = [];
  const differ = (pointer: string, before: unknown, now: unknown) => {
    if (JSON.stringify(before) !== JSON.stringify(now))
      differences.push({ pointer, stored: before, sent: now });
  };
  differ('/revision', stored.revision, sent.revision);
  differ('/occurred_at', time(stored.occurredAt), time(sent.occurredAt));
  for (const field of ['currency', 'kind', 'channel', 'partner'] as const)
    differ(`/${field}`, stored[field], sent[field]);
  if (JSON.stringify(inOrder(stored.attributes)) !== JSON.stringify(inOrder(sent.attributes)))
    differ('/attributes', stored.attributes, sent.attributes);
  for (let index = 0; index < Math.max(sent.lines.length, stored.lines.length); index += 1) {
    const [before, now] = [stored.lines[index], sent.lines[index]].map(line =>
      line === undefined ? null : wireLine(line),
    );
    differ(`/lines/${index}`, before, now);
  }
  return differences;
}

/** A line as callers write it. */
export const wireLine = (line: Line) => ({
  id: line.id,
  sku: line.sku,
  category: line.category,
  quantity: line.quantity,
  amount: String(line.amount),
});
