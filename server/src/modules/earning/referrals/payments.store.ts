import { booleans, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';
import type { Decided } from '../posting.ts';
import type { Addition } from '../records.ts';
import { type DecidedJson, decidedFromJson, decidedToJson } from '../store.ts';
import type { Step } from './referrals.store.ts';

export type Side = 'referrer' | 'friend';

/** What one side of a referral was given, or had to give back. */
export interface StoredPayment {
  readonly id: bigint;
  readonly programId: number;
  readonly referralId: bigint;
  readonly side: Side;
  readonly step: Step;
  readonly decided: Decided;
  /** Only of a decision that is being written. */
  readonly added?: Addition;
}

const insert = statement(
  'earning_insert_referral_payments',
  `insert into earning.referral_payments (id, program_id, referral_id, side, step, decided, posted)
   select u.id, u.program_id, u.referral_id, u.side, u.step, u.decided::json, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, referral_id bigint, side text, step text, decided text, posted text`,
   )} as u`,
);

export async function insertPayments(
  tx: Tx,
  rows: readonly { stored: StoredPayment; posted: Posted }[],
): Promise<void> {
  await tx.run(insert, [
    numbers(rows.map(({ stored }) => stored.id)),
    numbers(rows.map(({ stored }) => stored.programId)),
    numbers(rows.map(({ stored }) => stored.referralId)),
    texts(rows.map(({ stored }) => stored.side)),
    texts(rows.map(({ stored }) => stored.step)),
    texts(rows.map(({ stored }) => JSON.stringify(decidedToJson(stored.decided)))),
    texts(rows.map(({ posted }) => JSON.stringify(posted))),
  ]);
}

export const PAYMENT = 'p.id, p.program_id, p.referral_id, p.side, p.step, p.decided, p.posted';
const read = statement(
  'earning_referral_payments',
  `select ${PAYMENT} from earning.referral_payments p where p.id = any($1::bigint[])`,
);
const readOfReferrals = statement(
  'earning_payments_of_referrals',
  `select ${PAYMENT} from earning.referral_payments p where p.referral_id = any($1::bigint[])`,
);
export type PaymentRow = [bigint, number, bigint, Side, Step, DecidedJson, Posted];

export const asPayment = ([id, programId, referralId, side, step, decided, posted]: PaymentRow) => ({
  stored: { id, programId, referralId, side, step, decided: decidedFromJson(decided) },
  posted,
});

export const findPayments = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredPayment; posted: Posted }>> =>
  new Map((await tx.run<PaymentRow>(read, [numbers(ids)])).map(row => [row[0], asPayment(row)]));

/** What was paid for these referrals. */
export const paymentsOf = async (tx: Tx, referrals: readonly bigint[]): Promise<StoredPayment[]> =>
  (await tx.run<PaymentRow>(readOfReferrals, [numbers(referrals)])).map(row => asPayment(row).stored);

const readOpen = statement(
  'earning_open_referral_steps',
  `select s.referral_id, s.occurred_at from earning.referral_steps s
   where not s.done and s.step = $1 and (s.step = 'qualified' or exists (
     select from earning.referral_steps q where q.referral_id = s.referral_id and q.step = 'qualified' and q.done))
   order by s.referral_id limit $2`,
);

/** Steps that are to be paid; those that take back only behind what they take back. */
export const openSteps = (
  tx: Tx,
  step: Step,
  limit: number,
): Promise<[referralId: bigint, occurredAt: number][]> => tx.run(readOpen, [step, limit]);

const close = statement(
  'earning_close_referral_steps',
  `update earning.referral_steps s set done = u.done, refusal = u.refusal
   from ${unnested(1, 'referral_id bigint, done boolean, refusal text')} as u
   where s.referral_id = u.referral_id and s.step = $4`,
);

/** Notes that steps were paid, or why they cannot be. */
export async function closeSteps(
  tx: Tx,
  step: Step,
  rows: readonly { referralId: bigint; refusal: string | null }[],
): Promise<void> {
  await tx.run(close, [
    numbers(rows.map(({ referralId }) => referralId)),
    booleans(rows.map(() => true)),
    texts(rows.map(({ refusal }) => refusal)),
    step,
  ]);
}
