import type { Tx } from '#platform/db/client.ts';
import { accept, type Difference, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { type CommandType, type Effects, effectsOf } from '../../ledger/index.ts';
import { hasTiers } from '../../program/index.ts';
import { settleAgain } from '../campaigns/campaigns.ts';
import { voucherSteps } from '../campaigns/voucher-gifts.ts';
import {
  catchUp,
  evolveAdditions,
  evolveRerating,
  type LoadOrders,
  type OrderFacts,
  storeAdditions,
} from '../facts.ts';
import type { Applied, OrderState, ProgramInForce } from '../model.ts';
import { notJudgedTold } from '../not-judged.wire.ts';
import { post } from '../posting.ts';
import type { StoredRerating } from '../records.ts';
import { appliedToJson } from '../store.ts';
import { contributions } from '../tiers/qualifying.ts';
import { tierFacts, tierStep, versionsOf } from '../tiers/tier-gifts.ts';
import { markOf } from '../tiers/tier-marks.ts';
import { concluded, watchCorrection } from '../velocity.ts';
import { findReratings, insertReratings } from './reratings.store.ts';

/** An order that is to be decided again, by what a plan found. */
export interface RerateBody {
  readonly orderId: bigint;
  readonly rerateId: bigint;
  readonly reverses: boolean;
  readonly again: { readonly version: number };
  readonly applied: Applied;
  /** What decided when the plan was made; null where that does not matter. */
  readonly planned: { readonly version: number; readonly applied: Applied } | null;
}

export type ReratingAnswer = Effects;

/** One order of one re-rating, once in each direction. */
export const reratingId = ({
  rerateId,
  orderId,
  reverses,
}: Pick<RerateBody, 'rerateId' | 'orderId' | 'reverses'>): string =>
  `${rerateId}:${orderId}:${reverses ? 'back' : 'forth'}`;

export const reratingPayload = (body: RerateBody): string =>
  hash128(reratingId(body), String(body.again.version));

/** `rerate`: brings what an order earned to what a plan says, by compensating entries. */
export const rerateType = (
  load: LoadOrders,
): CommandType<RerateBody, OrderFacts, StoredRerating, ReratingAnswer> => ({
  name: 'rerate',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  load,

  decide({ body, programId }, facts, context) {
    catchUp(facts);
    const state = facts.states.get(body.orderId);
    if (state === undefined || state.programId !== programId)
      return refuse('order_not_found', 'There is no such order.');
    if (body.planned !== null && !isAsPlanned(state, body.planned))
      return refuse(
        'order_changed',
        'The order was decided again after the plan was made. Plan another re-rating for it.',
      );
    const program = context.program as ProgramInForce;
    const version = program.program.versions[body.again.version - 1];
    if (version === undefined)
      throw new Error(`version ${body.again.version} of program ${programId} is gone`);
    const versionOf = versionsOf(program.program);
    const decidedBy = versionOf(state.programVersion);
    const settled = settleAgain(state, decidedBy, version, body.applied, facts.campaigns);
    const after = { ...state, applied: settled.applied };
    const { occurredAt } = state.order;
    const { memberId } = state;
    const what = { id: context.id, memberId, cause: wireId('ord', body.orderId), at: occurredAt };
    const watching = watchCorrection(facts.fraud, program, what);
    const posted = post(after, version, context, facts.expired, program.now, watching);
    if (!posted.ok) {
      settled.undo();
      return posted;
    }
    const { decided } = posted.value;
    const who = { memberId, orderId: body.orderId, isSummed: hasTiers(program.program) };
    const rows = contributions(who, state, after, version, decided, occurredAt);
    const { orderId } = body;
    const deciding = { id: context.id, orderId, memberId, programId, now: program.now };
    const tier = tierStep(
      { ...deciding, versionOf, why: 'the order was decided again' },
      facts.timeline,
      state,
      {
        state: after,
        version,
      },
    );
    const giving = { ...deciding, versionOf, occurredAt: program.now };
    const vouchers = voucherSteps(giving, state, { state: after, version });
    const record: StoredRerating = {
      id: context.id,
      programId,
      orderId: body.orderId,
      rerateId: body.rerateId,
      reverses: body.reverses,
      programVersion: version.version,
      applied: settled.applied,
      decided,
      added: {
        id: context.id,
        rows,
        uses: settled.uses,
        late: null,
        fraud: concluded(watching).addition,
        tier,
        mark: markOf(program.program, memberId, rows, program.now),
        vouchers,
      },
    };
    const data = {
      rerate: wireId('rer', body.rerateId),
      order: wireId('ord', body.orderId),
      program_version: version.version,
      reverses: body.reverses,
    };
    return accept({
      record,
      drafts: posted.value.drafts,
      fact: { type: 'order.rerated', occurredAt: program.now, data },
      also: tierFacts(tier, program.now),
      ...notJudgedAnew(body, state, what.cause),
    });
  },

  evolve(facts, stored) {
    evolveRerating(facts.states, stored);
    evolveAdditions(facts, stored);
  },
  async store(tx, decisions, facts) {
    await Promise.all([insertReratings(tx, decisions), storeAdditions(tx, decisions, facts)]);
  },
  find: findReratings,
  differences: ({ body }, stored): Difference[] => [
    { pointer: '/version', stored: stored.programVersion, sent: body.again.version },
  ],
  answer: (_stored, entries, _holder, program) => effectsOf(entries, program),
});

/** What was known not to be judged, by the decision before or by one that is taken back to, is no news. */
function notJudgedAnew({ reverses, applied }: RerateBody, state: OrderState, cause: string) {
  const isKnown = (ref: string) => reverses || state.applied.faults.some(known => known.ref === ref);
  const conditions = applied.faults.filter(({ ref }) => !isKnown(ref));
  return conditions.length > 0 && { notJudged: { cause, conditions } };
}

/** Whether what decided about an order is still what a plan began with. */
const isAsPlanned = (
  state: Pick<OrderState, 'programVersion' | 'applied'>,
  planned: { readonly version: number; readonly applied: Applied },
): boolean =>
  state.programVersion === planned.version && appliedToJson(state.applied) === appliedToJson(planned.applied);

/** Why a re-rating moved what it moved. */
export async function explainRerating(tx: Tx, id: bigint): Promise<Record<string, unknown>> {
  const found = (await findReratings(tx, [id])).get(id);
  if (found === undefined) return {};
  const { stored } = found;
  return {
    rerate: wireId('rer', stored.rerateId),
    reverses: stored.reverses,
    order: wireId('ord', stored.orderId),
    program_version: stored.programVersion,
    tier: stored.applied.tier,
    ...notJudgedTold(stored.applied.faults),
    earned: stored.decided.earned.map(({ rule, points }) => ({ rule, points: String(points) })),
    taken_back: stored.decided.clawed.map(({ rule, decided }) => ({ rule, points: String(decided) })),
  };
}
