import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, refuse } from '#platform/errors.ts';
import { hash128, wireId } from '#platform/ids.ts';
import { MAX_AMOUNT } from '#platform/money.ts';
import { addTo, heldBack, insertFraud } from '../../fraud/index.ts';
import {
  businessKey,
  type Command,
  type CommandType,
  type Context,
  Draft,
  type Effects,
  effectsOf,
  type Ledger,
  type StoredEntry,
} from '../../ledger/index.ts';
import type { Members } from '../../members/index.ts';
import { hasTiers, type ProgramVersion } from '../../program/index.ts';
import { asNamed } from '../as-named.ts';
import type { LoadOrders, OrderFacts } from '../facts.ts';
import type { ProgramInForce } from '../model.ts';
import type { Decided } from '../posting.ts';
import { lotTerms, NOTHING_HAPPENED } from '../terms.ts';
import { qualifyingPoints } from '../tiers/qualifying.ts';
import { markOf } from '../tiers/tier-marks.ts';
import { insertAdditions } from '../tiers/timeline.store.ts';
import type { Contribution } from '../tiers/timeline.ts';
import { concluded, credit, fraudOf, type Watch, watch } from '../velocity.ts';
import { memberOf, type PaymentBody } from './payments.facts.ts';
import {
  closeSteps,
  findPayments,
  insertPayments,
  openSteps,
  type Side,
  type StoredPayment,
} from './payments.store.ts';
import { type ReferralState, referralsById, type Step } from './referrals.store.ts';

/*
 * The referrer is another member than the one who orders, so the order only notes that the referral was qualified or
 * revoked. Each side is paid behind it by a command of its own, whose key is the referral: however often it is sent, it
 * is carried out once.
 */

/** `referral_payment`: one side of a referral is given its points, or gives them back. */
export const paymentType = (
  load: LoadOrders,
): CommandType<PaymentBody, OrderFacts, StoredPayment, Effects> => ({
  name: 'referral_payment',
  amends: false,
  enrols: () => false,
  needsLots: () => true,
  admit: () => undefined,
  load,

  decide({ body, programId }, { payments: facts, fraud }, context) {
    const { referralId, side, step, occurredAt } = body;
    const { program } = context.program as ProgramInForce;
    const referral = facts.referrals.get(referralId);
    const version = program.versions[(referral?.programVersion ?? 0) - 1];
    if (referral === undefined || version === undefined) throw new Error(`referral ${referralId} is gone`);
    const paid = facts.payments.find(
      own => own.referralId === referralId && own.side === side && own.step === 'qualified',
    );
    const cause = wireId('ref', referralId);
    const what = { id: context.id, memberId: context.holder.id, cause, at: occurredAt };
    const watching = step === 'qualified' ? watch(fraud, context.program as ProgramInForce, what) : null;
    const posted =
      step === 'qualified'
        ? give(version, side, occurredAt, context, watching)
        : takeBack(version, paid, occurredAt, context, facts.expired);
    if (!posted.ok) return posted;
    const { drafts, decided } = posted.value;
    const velocity = concluded(watching);
    const who = { memberId: context.holder.id, orderId: context.id, isSummed: hasTiers(program) };
    const anchor = step === 'qualified' ? occurredAt : (referral.qualifiedAt ?? occurredAt);
    const rows = paymentRows(who, { anchor, occurredAt }, qualifyingPoints(decided, version));
    const record: StoredPayment = {
      id: context.id,
      programId,
      ...{ referralId, side, step, decided },
      added: {
        id: context.id,
        rows,
        uses: [],
        late: null,
        fraud: velocity.addition,
        mark: markOf(program, context.holder.id, rows, Math.max(occurredAt, anchor)),
      },
    };
    const data = { referral: cause, side };
    const type = step === 'qualified' ? 'referral.paid' : 'referral.taken_back';
    return accept({ record, drafts, fact: { type, occurredAt, data }, also: velocity.facts });
  },

  // No other command of the batch is about the same side of the same referral, but one may earn in the same window.
  evolve({ fraud }, { added }) {
    if (added?.fraud != null) addTo(fraud, added.fraud);
  },
  async store(tx, decisions, { timeline, fraud }) {
    await Promise.all([
      insertPayments(tx, decisions),
      insertAdditions(tx, decisions, timeline.ends),
      insertFraud(tx, fraudOf(decisions), fraud),
    ]);
  },
  find: findPayments,
  differences: ({ body }, stored) => [{ pointer: '', stored: stored.step, sent: body.step }],
  answer: (_stored, entries, _holder, program) => effectsOf(entries, program),
});

/** What a payment counts for towards a tier: what is taken back leaves where it had come. */
export const paymentRows = (
  who: Pick<Contribution, 'memberId' | 'orderId' | 'isSummed'>,
  { anchor, occurredAt }: { anchor: number; occurredAt: number },
  points: bigint,
): Contribution[] =>
  points === 0n
    ? []
    : [
        {
          ...who,
          anchor,
          happenedAt: Math.max(occurredAt, anchor),
          change: { spend: 0n, orders: 0n, nights: 0n, points },
        },
      ];

function give(version: ProgramVersion, side: Side, at: number, context: Context, watching: Watch | null) {
  const bonus = version.referrals?.[side] ?? null;
  if (bonus === null || bonus.points === 0n)
    return accept({ drafts: [], decided: { earned: [], clawed: [] } });
  const { ref, unit, points, terms } = bonus;
  const draft = new Draft(context.wallet(unit.number), context.program.now);
  if (draft.balance.earned + points > MAX_AMOUNT)
    return refuse('points_out_of_range', `It would earn ${points} points, more than a wallet can count.`);
  const own = lotTerms(terms, at, version.timeZone, NOTHING_HAPPENED);
  const given = { kind: 'bonus' as const, unit: unit.number, points, terms: own, at, rule: ref };
  const entry = credit(draft, given, watching);
  const decided: Decided = { earned: [{ rule: ref, unit: unit.number, points, lot: entry.seq }], clawed: [] };
  return accept({ drafts: [draft], decided });
}

/** Takes back what was paid. The return stands already, so what is spent and may not be owed falls short. */
function takeBack(
  version: ProgramVersion,
  paid: StoredPayment | undefined,
  at: number,
  context: Context,
  expired: ReadonlyMap<string, bigint>,
) {
  const drafts: Draft[] = [];
  const decided: Decided = { earned: [], clawed: [] };
  for (const { rule, unit, points, lot } of paid?.decided.earned ?? []) {
    const draft = new Draft(context.wallet(unit), context.program.now);
    const lapsed = (expired.get(`${draft.walletId}:${lot}`) ?? 0n) + draft.lapsed(lot);
    const policy = version.ifSpent === 'refuse' ? 'clamp_to_zero' : version.ifSpent;
    const result = draft.clawback(points, [lot], lapsed, policy, at, rule);
    if (result === undefined) throw new Error('a clawback was refused that nothing refuses');
    drafts.push(draft);
    decided.clawed.push({ rule, unit, decided: points, ...result });
  }
  return accept({ drafts, decided });
}

/** How many referrals are paid at once. */
const PAGE = 500;

interface PaymentDeps {
  readonly ledger: Ledger;
  readonly pool: Pool;
  readonly members: Members;
  readonly clock: Clock;
}

/** Pays what orders have noted. Interrupted or run twice, it pays nothing twice. */
export async function payReferrals(deps: PaymentDeps): Promise<void> {
  for (const step of ['qualified', 'revoked'] as const)
    for (let count = PAGE; count === PAGE; ) count = await payPage(deps, step);
}

async function payPage(deps: PaymentDeps, step: Step): Promise<number> {
  const { ledger, pool, clock } = deps;
  const open = await openSteps(pool, step, PAGE);
  if (open.length === 0) return 0;
  const ids = open.map(([id]) => id);
  const referrals = new Map((await referralsById(pool, ids)).map(referral => [referral.id, referral]));
  const paid = open.flatMap(([id, occurredAt]) => {
    const referral = referrals.get(id) as ReferralState;
    const { programId } = referral;
    return (['referrer', 'friend'] as const).map(side => ({
      ...{ referral, programId, side, occurredAt },
      memberId: memberOf(referral, side),
    }));
  });
  const names = await asNamed(deps, paid, clock.now());
  const commands = paid.map(({ referral, side, occurredAt }, index) =>
    commandFor(referral, names[index] as string, side, step, occurredAt),
  );
  const outcomes = await ledger.run<Effects>(commands);
  const rows = ids.map((referralId, index) => {
    const codes = outcomes
      .slice(2 * index, 2 * index + 2)
      .map(outcome => (outcome.ok ? null : outcome.refusal.code));
    return { referralId, refusal: codes.find(code => code !== null) ?? null };
  });
  // What failed for a reason of the engine's own is tried again the next time.
  const settled = rows.filter(({ refusal }) => refusal !== 'command_failed');
  await closeSteps(pool, step, settled);
  return settled.length;
}

function commandFor(
  { id: referralId, programId }: ReferralState,
  member: string,
  side: Side,
  step: Step,
  occurredAt: number,
): Command<PaymentBody> {
  return {
    type: 'referral_payment',
    programId,
    member,
    key: businessKey(programId, 'fealty', 'referral_payment', `${referralId}:${side}:${step}`),
    payload: hash128(side, step),
    body: { referralId, side, step, occurredAt },
  };
}

/** Why a side of a referral was paid. */
export async function explainPayment(
  tx: Tx,
  id: bigint,
  entry: StoredEntry,
): Promise<Record<string, unknown>> {
  const payment = (await findPayments(tx, [id])).get(id)?.stored;
  if (payment === undefined) return {};
  const [referral] = await referralsById(tx, [payment.referralId]);
  if (referral === undefined) return {};
  return {
    referral: wireId('ref', referral.id),
    side: payment.side,
    step: payment.step,
    order: referral.orderId === null ? null : wireId('ord', referral.orderId),
    program_version: referral.programVersion,
    ...(await heldBack(tx, entry)),
  };
}
