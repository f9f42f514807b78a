import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { compare, ONE, ZERO } from '#platform/money.ts';
import { type CommandType, type Effects, effectsOf, time } from '../../ledger/index.ts';
import { hasTiers, type ProgramVersion } from '../../program/index.ts';
import { returnToCampaigns } from '../campaigns/campaigns.ts';
import { voucherSteps } from '../campaigns/voucher-gifts.ts';
import { planReturn } from '../challenges/challenges.decide.ts';
import type { Taken } from '../challenges/challenges.model.ts';
import { book, merged } from '../challenges/challenges.posting.ts';
import { takenBy } from '../challenges/challenges.store.ts';
import {
  catchUp,
  evolveAdditions,
  evolveReturn,
  type LoadOrders,
  type OrderFacts,
  storeAdditions,
} from '../facts.ts';
import { addReturn, type ProgramInForce, type ReturnLine, type ReturnMistake } from '../model.ts';
import { post } from '../posting.ts';
import type { ReturnBody, StoredReturn } from '../records.ts';
import { referralStep, stepFact } from '../referrals/referrals.facts.ts';
import * as store from '../store.ts';
import { contributions } from '../tiers/qualifying.ts';
import { tierFacts, tierStep, versionsOf } from '../tiers/tier-gifts.ts';
import { markOf } from '../tiers/tier-marks.ts';
import { admitTime } from './orders.ts';

export interface ReturnAnswer extends Effects {
  return: {
    id: string;
    external_id: string;
    source: string;
    order: string;
    occurred_at: string;
    cancels: boolean;
    /** By rule, and by goal of a challenge: what had to come back, and how it did. */
    clawed_back: {
      rule: string;
      decided: string;
      cancelled: string;
      taken: string;
      expired_before: string;
      shortfall: string;
      debt: string;
    }[];
  };
}

export const returnPayload = (body: ReturnBody): string =>
  hash128(
    String(body.orderId),
    String(body.occurredAt),
    String(body.cancels),
    JSON.stringify(
      body.lines?.map(line => [line.id, line.quantity, line.amount === null ? null : String(line.amount)]) ??
        null,
    ),
  );

/** A line as callers write it. */
const wireReturnLine = ({ id, quantity, amount }: ReturnLine) => ({
  id,
  quantity: quantity ?? undefined,
  amount: amount === null ? undefined : String(amount),
});

const clawedToWire = (
  rule: string,
  { decided, cancelled, taken, excused, shortfall, debt }: Omit<Taken, 'award'>,
): ReturnAnswer['return']['clawed_back'][number] => ({
  rule,
  decided: String(decided),
  cancelled: String(cancelled),
  taken: String(taken),
  expired_before: String(excused),
  shortfall: String(shortfall),
  debt: String(debt),
});

/** In one order, whether they were just taken back or read again. */
const goalsWithPoints = ({ goals = [] }: StoredReturn): Taken[] =>
  goals.filter(({ award }) => award.points !== null).sort((a, b) => compareTexts(placeOf(a), placeOf(b)));

const placeOf = ({ award: { ref, id, round, goal } }: Taken): string => [ref, id, round, goal].join(' ');
const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const MISTAKES: Readonly<Record<ReturnMistake['what'], (line: string) => string>> = {
  unknown: line => `The order has no line ${line}.`,
  exceeds: line => `More of line ${line} would come back than is left of it.`,
  worthless: line => `Line ${line} cost nothing: give the quantity that comes back, not the amount.`,
};

/** `return`: takes back what the returned lines earned, under the rules in force at the purchase. */
export const returnType = (
  load: LoadOrders,
): CommandType<ReturnBody, OrderFacts, StoredReturn, ReturnAnswer> => ({
  name: 'return',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: ({ body }, program) => admitTime(body.occurredAt, program),
  load,

  decide(command, facts, context) {
    const { body, programId } = command;
    const program = (context.program as ProgramInForce).program;
    catchUp(facts);
    const state = facts.states.get(body.orderId);
    if (state === undefined || state.programId !== programId)
      return refuse('order_not_found', 'There is no such order. Send the order first, then its return.');
    if (state.cancelled)
      return refuse('order_cancelled', 'The order was cancelled; nothing is left to return.');
    const nothingLeft = state.order.lines.every(
      line => compare(state.returned.get(line.id) ?? ZERO, ONE) === 0,
    );
    const returned = body.cancels && nothingLeft ? new Map(state.returned) : addReturn(state, body.lines);
    if (!(returned instanceof Map)) {
      const code = returned.what === 'unknown' ? 'line_unknown' : 'return_exceeds_order';
      return refuse(code, MISTAKES[returned.what](returned.line), {
        reasons: [{ code, line: returned.line }],
      });
    }
    const version = program.versions[state.programVersion - 1];
    if (version === undefined)
      throw new Error(`version ${state.programVersion} of program ${programId} is gone`);
    const posted = post({ ...state, returned }, version, context, facts.expired, body.occurredAt);
    if (!posted.ok) return posted;
    const { memberId } = state;
    const challenged = book(
      planReturn(
        facts.challenges,
        { ...state, returned },
        own => program.versions[own - 1] as ProgramVersion,
      ),
      posted.value.drafts,
      { version, context, expired: facts.challenges.expired, watching: null },
      {
        id: context.id,
        at: state.order.occurredAt,
        happenedAt: body.occurredAt,
        cause: wireId('ret', context.id),
      },
    );
    if (!challenged.ok) return challenged;
    const uses = returnToCampaigns(
      state,
      { ...state, returned },
      version,
      posted.value.decided,
      facts.campaigns,
    );
    const summed = { memberId, orderId: body.orderId, isSummed: hasTiers(program) };
    const rows =
      version.tiers?.lowerAfterReturn === false
        ? []
        : merged([
            ...contributions(
              summed,
              state,
              { ...state, returned },
              version,
              posted.value.decided,
              body.occurredAt,
            ),
            ...challenged.value.rows(summed),
          ]);
    const back = { memberId, orderId: body.orderId, happenedAt: body.occurredAt };
    const referral = referralStep(facts.referrals, program, back, { ...state, returned }, version);
    const { orderId, occurredAt: endsAt } = body;
    const deciding = { id: context.id, orderId, memberId, programId, now: context.program.now, endsAt };
    const versionOf = versionsOf(program);
    const tier = tierStep({ ...deciding, versionOf, why: 'the order came back' }, facts.timeline, state, {
      state: { ...state, returned },
      version,
    });
    const withdrawing = { ...deciding, versionOf, occurredAt: body.occurredAt };
    const vouchers = voucherSteps(withdrawing, state, { state: { ...state, returned }, version });
    const { lines: _, ...rest } = body;
    const changed = new Map([...returned].filter(([line, part]) => state.returned.get(line) !== part));
    const record: StoredReturn = {
      ...rest,
      id: context.id,
      programId,
      payload: command.payload as string,
      returned: changed,
      decided: posted.value.decided,
      goals: challenged.value.steps.flatMap(({ taken }) => taken),
      added: {
        id: context.id,
        rows,
        uses,
        late: null,
        referral,
        challenges: challenged.value.steps,
        tier,
        mark: markOf(program, memberId, rows, body.occurredAt),
        vouchers,
      },
    };
    const data = {
      return: wireId('ret', record.id),
      order: wireId('ord', body.orderId),
      external_id: body.externalId,
      source: body.source,
    };
    return accept({
      record,
      drafts: challenged.value.drafts,
      fact: { type: body.cancels ? 'order.cancelled' : 'order.returned', occurredAt: body.occurredAt, data },
      also: [...challenged.value.facts, ...stepFact(referral), ...tierFacts(tier, body.occurredAt)],
    });
  },

  evolve(facts, stored) {
    evolveReturn(facts.states, stored);
    evolveAdditions(facts, stored);
  },
  async store(tx, decisions, facts) {
    await Promise.all([store.insertReturns(tx, decisions), storeAdditions(tx, decisions, facts)]);
  },
  async find(tx, ids) {
    const found = await store.findReturns(tx, ids);
    const decisions = [...found.values()].map(({ stored: { id, orderId } }) => ({ id, cause: orderId }));
    const goals = await takenBy(tx, decisions);
    for (const { stored } of found.values()) stored.goals = goals.get(stored.id) ?? [];
    return found;
  },
  differences({ body }, stored) {
    const differences: Difference[] = [];
    if (body.orderId !== stored.orderId)
      differences.push({
        pointer: '/order',
        stored: wireId('ord', stored.orderId),
        sent: wireId('ord', body.orderId),
      });
    if (body.occurredAt !== stored.occurredAt)
      differences.push({
        pointer: '/occurred_at',
        stored: time(stored.occurredAt),
        sent: time(body.occurredAt),
      });
    if (body.cancels !== stored.cancels)
      differences.push({
        pointer: '',
        stored: stored.cancels ? 'a cancellation' : 'a return',
        sent: body.cancels ? 'a cancellation' : 'a return',
      });
    if (differences.length === 0)
      differences.push({
        pointer: '/lines',
        stored: [...stored.returned].map(([id, part]) => ({ id, returned: `${part.num}/${part.den}` })),
        sent: body.lines?.map(wireReturnLine) ?? null,
      });
    return differences;
  },

  answer: (stored, entries, _holder, program) => ({
    return: {
      id: wireId('ret', stored.id),
      external_id: stored.externalId,
      source: stored.source,
      order: wireId('ord', stored.orderId),
      occurred_at: time(stored.occurredAt) as string,
      cancels: stored.cancels,
      clawed_back: [
        ...stored.decided.clawed.map(clawed => clawedToWire(clawed.rule, clawed)),
        ...goalsWithPoints(stored).map(goal => clawedToWire(goal.award.ref, goal)),
      ],
    },
    ...effectsOf(entries, program),
  }),
});
