import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';

/** That an order gives a voucher by a campaign, or does not any more. */
export interface VoucherStep {
  /** The decision about the order. */
  readonly id: bigint;
  readonly orderId: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly campaign: string;
  /** `id@version` of the campaign. */
  readonly rule: string;
  readonly reward: string;
  readonly step: 'given' | 'withdrawn';
  readonly occurredAt: number;
}

const insert = statement(
  'earning_insert_voucher_steps',
  `insert into earning.voucher_steps (id, order_id, program_id, member_id, campaign, rule, reward, step, occurred_at)
   select * from ${unnested(
     1,
     `
     id bigint, order_id bigint, program_id integer, member_id bigint, campaign text, rule text, reward text,
     step text, occurred_at timestamptz`,
   )} as u`,
);

export async function insertVoucherSteps(tx: Tx, steps: readonly VoucherStep[]): Promise<void> {
  if (steps.length === 0) return;
  await tx.run(insert, [
    numbers(steps.map(({ id }) => id)),
    numbers(steps.map(({ orderId }) => orderId)),
    numbers(steps.map(({ programId }) => programId)),
    numbers(steps.map(({ memberId }) => memberId)),
    texts(steps.map(({ campaign }) => campaign)),
    texts(steps.map(({ rule }) => rule)),
    texts(steps.map(({ reward }) => reward)),
    texts(steps.map(({ step }) => step)),
    instants(steps.map(({ occurredAt }) => occurredAt)),
  ]);
}

const readOpen = statement(
  'earning_open_voucher_steps',
  `select distinct on (order_id, campaign) id, order_id, program_id, member_id, campaign, rule, reward, step, occurred_at
   from earning.voucher_steps where not done order by order_id, campaign, id desc limit $1`,
);

/** Of each order and campaign the last step that was not carried out: what came before it does not matter any more. */
export async function openVoucherSteps(tx: Tx, limit: number): Promise<VoucherStep[]> {
  type Row = [bigint, bigint, number, bigint, string, string, string, VoucherStep['step'], number];
  return (await tx.run<Row>(readOpen, [limit])).map(
    ([id, orderId, programId, member, campaign, rule, reward, step, occurredAt]) => ({
      id,
      orderId,
      programId,
      memberId: Number(member),
      campaign,
      rule,
      reward,
      step,
      occurredAt,
    }),
  );
}

const close = statement(
  'earning_close_voucher_steps',
  `update earning.voucher_steps s set done = true
   from ${unnested(1, 'order_id bigint, campaign text, id bigint')} as u
   where s.order_id = u.order_id and s.campaign = u.campaign and s.id <= u.id and not s.done`,
);

/** Notes that steps were carried out, with all that came before them. */
export async function closeVoucherSteps(tx: Tx, steps: readonly VoucherStep[]): Promise<void> {
  if (steps.length === 0) return;
  await tx.run(close, [
    numbers(steps.map(({ orderId }) => orderId)),
    texts(steps.map(({ campaign }) => campaign)),
    numbers(steps.map(({ id }) => id)),
  ]);
}
