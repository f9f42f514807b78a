import { accept, type Difference, type Outcome, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { type CommandType, type Context, Draft, type Effects, effectsOf, unitOf } from '../ledger/index.ts';
import type { Program, Reward } from '../program/index.ts';
import { firstFulfilment, poolOf } from './catalogue.ts';
import { findChanges, insertChanges } from './changes.store.ts';
import { creditOf, evolve, type LoadRewards, nextCode, type RewardFacts } from './facts.ts';
import {
  type Aside,
  type ChangeBody,
  type ChangeKind,
  type Granted,
  NOTHING_ASIDE,
  type ProgramInForce,
  type Redemption,
  STATE_AFTER,
  type StoredChange,
  stateAt,
} from './model.ts';
import { creditReward } from './redemptions.ts';
import type { Vouchers } from './vouchers.ts';
import { factOf, redemptionToWire } from './wire.ts';

export interface ChangeAnswer extends Effects {
  redemption: ReturnType<typeof redemptionToWire>;
}

export const changePayload = (body: ChangeBody): string =>
  hash128(String(body.redemptionId), body.kind, String(body.points));

const FACTS = {
  capture: 'redemption.captured',
  void: 'redemption.voided',
  refund: 'redemption.refunded',
  fulfil: 'redemption.fulfilled',
  reject: 'redemption.rejected',
} as const satisfies Record<ChangeKind, string>;

const DONE = {
  capture: 'captured',
  void: 'voided',
  refund: 'refunded',
  fulfil: 'fulfilled',
  reject: 'rejected',
};

/** Why a change cannot be, or the redemption that it is about. */
function changeable(
  redemption: Redemption | undefined,
  programId: number,
  kind: ChangeKind,
  now: number,
): Outcome<Redemption> {
  if (redemption === undefined || redemption.programId !== programId)
    return refuse('redemption_not_found', 'There is no such redemption in this program.');
  // Another process gave the unit of an ended hold to somebody else, by a clock that is a little ahead.
  const takenOver = redemption.state === 'held' && redemption.reward?.released === true;
  const state = takenOver ? 'expired' : stateAt(redemption, now);
  if (kind === 'capture' || kind === 'void')
    return state === 'held'
      ? accept(redemption)
      : refuse(`redemption_${state}`, `The redemption is ${state} and cannot be ${DONE[kind]} any more.`);
  if (state !== 'captured')
    return refuse(
      'redemption_not_captured',
      `The redemption is ${state}: only what was captured can be ${DONE[kind]}.`,
    );
  const fulfilment = redemption.reward?.fulfilment ?? null;
  if (kind !== 'refund' && fulfilment !== 'pending')
    return refuse(
      'fulfilment_not_pending',
      fulfilment === null
        ? 'Nobody has to hand over what this redemption gives.'
        : `The redemption is ${fulfilment} already and cannot be ${DONE[kind]}.`,
    );
  return accept(redemption);
}

function refundExceeds({ points, refunded }: Redemption, requested: bigint) {
  return refuse(
    'refund_exceeds_redemption',
    `${points} points were redeemed and ${refunded} of them given back; ${requested} cannot be.`,
    {
      reasons: [
        {
          code: 'refund_exceeds_redemption',
          redeemed: String(points),
          refunded: String(refunded),
          requested: String(requested),
        },
      ],
    },
  );
}

/** The reward as the version of the program said it by which it was redeemed. */
function rewardOf({ rule, id }: Granted, program: Program): { reward: Reward; timeZone: string } {
  const version = program.versions[Number(rule.slice(id.length + 1)) - 1];
  const reward = version?.rewards.get(id);
  if (version === undefined || reward === undefined) throw new Error(`${rule} is not in the program`);
  return { reward, timeZone: version.timeZone };
}

/** What a change does to the reward of a redemption: its records, and wallets of another unit. */
interface Consequence {
  readonly reward: Granted;
  readonly aside: Aside;
  readonly drafts: readonly Draft[];
}

/** What a change is decided on. */
interface Known {
  readonly facts: RewardFacts;
  readonly vouchers: Vouchers;
}

/** What somebody captures is handed out: a code from its pool, points of another unit. */
function capture(
  redemption: Redemption,
  own: Granted,
  { facts, vouchers }: Known,
  context: Context,
): Outcome<Consequence> {
  const { reward, timeZone } = rewardOf(own, (context.program as ProgramInForce).program);
  const credit = creditReward(reward.gives, own.rule, timeZone, context);
  const next =
    own.stock !== null && poolOf(own.stock.item) !== undefined
      ? nextCode(facts, vouchers, { programId: redemption.programId, item: own.stock.item })
      : accept(null);
  if (!next.ok) return next;
  const code = next.value;
  return accept({
    reward: { ...own, fulfilment: firstFulfilment(own.gives), code, creditSeq: credit?.seq ?? null },
    aside: {
      ...NOTHING_ASIDE,
      code: code === null ? null : { id: code.id, redemptionId: redemption.id },
    },
    drafts: credit === undefined ? [] : [credit.draft],
  });
}

/** The unit of stock of a redemption comes back, unless it was given for good. */
function release({ programId }: Redemption, own: Granted): Pick<Consequence, 'reward' | 'aside'> {
  return {
    reward: { ...own, released: true },
    aside: {
      ...NOTHING_ASIDE,
      moves: own.stock === null || own.released ? [] : [{ programId, ...own.stock, change: 1 }],
    },
  };
}

/** A refund of the whole takes back what was given, as far as that can be taken back. */
function refund(
  redemption: Redemption,
  own: Granted,
  kind: ChangeKind,
  facts: RewardFacts,
  context: Context,
): Outcome<Consequence> {
  const program = context.program as ProgramInForce;
  const { givesBack } = rewardOf(own, program.program).reward;
  const drafts: Draft[] = [];
  const credit = creditOf(redemption, program);
  if (credit !== undefined && 'points' in own.gives) {
    const draft = new Draft(context.wallet(credit.unit), program.now);
    const lapsed = (facts.expired.get(`${credit.wallet}:${credit.seq}`) ?? 0n) + draft.lapsed(credit.seq);
    const points = BigInt(own.gives.points.points);
    if (draft.clawback(points, [credit.seq], lapsed, 'refuse', draft.now, own.rule) === undefined)
      return refuse(
        'reward_points_spent',
        `The ${points} ${own.gives.points.unit} that the reward gave were spent; the redemption cannot be refunded.`,
      );
    drafts.push(draft);
  }
  const isVoucher = own.code !== null;
  const released =
    givesBack && !isVoucher
      ? release(redemption, own)
      : { reward: { ...own, released: givesBack }, aside: NOTHING_ASIDE };
  const fulfilment = own.fulfilment === 'pending' ? ('rejected' as const) : own.fulfilment;
  return accept({
    reward: { ...released.reward, fulfilment: kind === 'reject' ? 'rejected' : fulfilment },
    aside: { ...released.aside, returned: own.code?.id ?? null },
    drafts,
  });
}

/** What becomes of the reward of a redemption; nothing where it has none, or where only a part of its points comes back. */
function consequence(
  redemption: Redemption,
  own: Granted,
  { kind, whole }: { kind: ChangeKind; whole: boolean },
  known: Known,
  context: Context,
): Outcome<Consequence> {
  if (kind === 'capture') return capture(redemption, own, known, context);
  if (kind === 'void') return accept({ ...release(redemption, own), drafts: [] });
  if (kind === 'fulfil')
    return accept({ reward: { ...own, fulfilment: 'fulfilled' }, aside: NOTHING_ASIDE, drafts: [] });
  if (whole) return refund(redemption, own, kind, known.facts, context);
  return own.creditSeq === null
    ? accept({ reward: own, aside: NOTHING_ASIDE, drafts: [] })
    : refuse(
        'refund_not_divisible',
        'The reward gave points of another unit; its redemption can be refunded as a whole only.',
      );
}

/** Moves the points of a redemption. */
function move(
  draft: Draft,
  redemption: Redemption,
  kind: ChangeKind,
  points: bigint,
  facts: RewardFacts,
): void {
  const { id, wallet, holdSeq, refunded } = redemption;
  if (kind === 'fulfil') return;
  if (kind === 'refund' || kind === 'reject') {
    if (points > 0n)
      draft.refund(holdSeq, facts.taken.get(`${wallet}:${holdSeq}`) ?? [], refunded, points, draft.now);
    return;
  }
  const hold = draft.hold(holdSeq);
  if (hold === undefined) throw new Error(`redemption ${id} is held, its hold is not there`);
  if (kind === 'capture') draft.capture(hold, draft.now);
  else draft.release(hold, draft.now);
}

/** `redemption_change`: ends a hold, gives points back, or says what became of what was to be handed over. */
export const changeType = (
  load: LoadRewards,
  vouchers: Vouchers,
): CommandType<ChangeBody, RewardFacts, StoredChange, ChangeAnswer> => ({
  name: 'redemption_change',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  load,
  decide({ body, programId }, facts, context) {
    const { program, wallet, id } = context;
    const { kind } = body;
    const known = facts.redemptions.get(body.redemptionId);
    const draft = new Draft(wallet(unitOf(known?.wallet ?? 0)), program.now);
    const found = changeable(known, programId, kind, draft.now);
    if (!found.ok) return found;
    const before = found.value;
    const left = before.points - before.refunded;
    const gives = kind === 'refund' || kind === 'reject';
    const points = kind === 'fulfil' ? 0n : gives ? (body.points ?? left) : before.points;
    if (kind === 'refund' && (points > left || left === 0n)) return refundExceeds(before, points);
    move(draft, before, kind, points, facts);
    const whole = gives && points === left;
    const effect =
      before.reward === null
        ? undefined
        : consequence(before, before.reward, { kind, whole }, { facts, vouchers }, context);
    if (effect?.ok === false) return effect;
    const redemption: Redemption = {
      ...before,
      state: STATE_AFTER[kind],
      refunded: gives ? before.refunded + points : before.refunded,
      reward: effect?.value.reward ?? null,
    };
    const record: StoredChange = {
      ...body,
      id,
      points,
      redemption,
      ...(effect === undefined ? {} : { aside: effect.value.aside }),
    };
    const data = {
      ...factOf(redemption),
      points: String(points),
      external_id: body.externalId,
      source: body.source,
    };
    const drafts = [draft, ...(effect?.value.drafts ?? [])];
    return accept({ record, drafts, fact: { type: FACTS[kind], occurredAt: draft.now, data } });
  },
  evolve: (facts, stored) => evolve(facts, facts.redemptions.get(stored.redemption.id), stored),
  store: insertChanges,
  find: findChanges,
  differences({ body }, stored) {
    const differences: Difference[] = [];
    if (body.redemptionId !== stored.redemptionId)
      differences.push({
        pointer: '',
        stored: wireId('red', stored.redemptionId),
        sent: wireId('red', body.redemptionId),
      });
    if (body.kind !== stored.kind) differences.push({ pointer: '', stored: stored.kind, sent: body.kind });
    if (body.points !== stored.points)
      differences.push({
        pointer: '/points',
        stored: String(stored.points),
        sent: body.points === null ? null : String(body.points),
      });
    return differences;
  },
  answer: ({ redemption, kind }, entries, _holder, program) => ({
    redemption: redemptionToWire(
      redemption,
      redemption.occurredAt,
      kind === 'capture' ? vouchers : undefined,
    ),
    ...effectsOf(entries, program),
  }),
});
