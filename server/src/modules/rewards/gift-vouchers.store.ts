import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { SealedCode } from './vouchers.ts';

/** The voucher that a member was given for an order by a campaign. */
export interface GiftVoucher {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly orderId: bigint;
  readonly campaign: string;
  /** `id@version` of the campaign. */
  readonly rule: string;
  readonly reward: string;
  readonly pool: string;
  readonly state: 'waiting' | 'issued' | 'revealed' | 'withdrawn' | 'refused';
  /** Why it was refused; null of the others. */
  readonly reason: 'no_longer_valid' | 'limit_reached' | null;
  /** The part of the pool's stock that its unit is of; null where it has none. */
  readonly shard: number | null;
  /** Null until it is revealed. */
  readonly code: SealedCode | null;
  /** Since when a code is kept for it; before that since when it is known. */
  readonly givenAt: number;
  readonly changedAt: number;
}

const COLUMNS = `v.id, v.program_id, v.member_id, v.order_id, v.campaign, v.rule, v.reward, v.pool, v.state, v.shard::integer,
  v.code_id, c.sealed, v.given_at, v.changed_at, v.reason`;
const CODE = 'left join rewards.codes c on c.id = v.code_id';

type Row = [
  id: bigint,
  programId: number,
  memberId: bigint,
  orderId: bigint,
  campaign: string,
  rule: string,
  reward: string,
  pool: string,
  state: GiftVoucher['state'],
  shard: number | null,
  codeId: bigint | null,
  sealed: Buffer | null,
  givenAt: number,
  changedAt: number,
  reason: GiftVoucher['reason'],
];

const asVoucher = (row: Row): GiftVoucher => ({
  id: row[0],
  programId: row[1],
  memberId: Number(row[2]),
  orderId: row[3],
  campaign: row[4],
  rule: row[5],
  reward: row[6],
  pool: row[7],
  state: row[8],
  shard: row[9],
  code: row[10] === null ? null : { id: row[10], sealed: row[11] },
  givenAt: row[12],
  changedAt: row[13],
  reason: row[14],
});

const byOrders = statement(
  'rewards_gift_vouchers_of_orders',
  `select ${COLUMNS} from ${unnested(1, 'order_id bigint, campaign text')} as u
   join rewards.gift_vouchers v on v.order_id = u.order_id and v.campaign = u.campaign ${CODE}`,
);

/** The vouchers of these orders and campaigns. */
export const giftVouchersOf = async (
  tx: Tx,
  wanted: readonly Pick<GiftVoucher, 'orderId' | 'campaign'>[],
): Promise<GiftVoucher[]> =>
  wanted.length === 0
    ? []
    : (
        await tx.run<Row>(byOrders, [
          numbers(wanted.map(({ orderId }) => orderId)),
          texts(wanted.map(({ campaign }) => campaign)),
        ])
      ).map(asVoucher);

const byIds = statement(
  'rewards_gift_vouchers',
  `select ${COLUMNS} from rewards.gift_vouchers v ${CODE} where v.id = any($1::bigint[])`,
);

export const giftVouchers = async (tx: Tx, ids: readonly bigint[]): Promise<GiftVoucher[]> =>
  (await tx.run<Row>(byIds, [numbers(ids)])).map(asVoucher);

const list = statement(
  'rewards_list_gift_vouchers',
  `select ${COLUMNS} from rewards.gift_vouchers v ${CODE} where v.member_id = $1::bigint and v.id < $2::bigint
   order by v.id desc limit $3`,
);

/** The vouchers of a member before an id, newest first. */
export const listGiftVouchers = async (
  tx: Tx,
  memberId: number,
  before: bigint,
  limit: number,
): Promise<GiftVoucher[]> => (await tx.run<Row>(list, [memberId, before, limit])).map(asVoucher);

const waiting = statement(
  'rewards_waiting_gift_vouchers',
  `select ${COLUMNS} from (select distinct program_id, pool from rewards.gift_vouchers where state = 'waiting') p
   cross join lateral (
     select * from rewards.gift_vouchers w where w.program_id = p.program_id and w.pool = p.pool and w.state = 'waiting'
     order by w.id limit $1) v ${CODE}
   where exists (select from rewards.stock s where s.program_id = p.program_id and s.item = 'pool:' || p.pool and s.remaining > 0)
   order by v.id`,
);

/** Vouchers that wait for codes of pools that have some: the longest waiting of each, at most `limit`. */
export const waitingGiftVouchers = async (tx: Tx, limit: number): Promise<GiftVoucher[]> =>
  (await tx.run<Row>(waiting, [limit])).map(asVoucher);

/** Which refused vouchers are meant: those of a campaign, of a reward, or of both, behind an id. */
export interface RefusedBy {
  readonly programId: number;
  readonly campaign: string | null;
  readonly reward: string | null;
  readonly after: bigint;
}

const REFUSED = `from rewards.gift_vouchers v where v.program_id = $1 and v.state = 'refused' and v.id > $2::bigint
  and ($3::text is null or v.campaign = $3::text) and ($4::text is null or v.reward = $4::text)`;
const refused = statement(
  'rewards_refused_gift_vouchers',
  `select v.id, v.member_id ${REFUSED} order by v.id limit $5`,
);
const countRefused = statement('rewards_count_refused_gift_vouchers', `select count(*)::integer ${REFUSED}`);

const refusedBy = ({ programId, campaign, reward, after }: RefusedBy) =>
  [programId, after, campaign, reward] as const;

/** The longest refused ones, at most `limit`. */
export async function refusedGiftVouchers(
  tx: Tx,
  wanted: RefusedBy,
  limit: number,
): Promise<{ id: bigint; memberId: number }[]> {
  const rows = await tx.run<[bigint, bigint]>(refused, [...refusedBy(wanted), limit]);
  return rows.map(([id, memberId]) => ({ id, memberId: Number(memberId) }));
}

/** How many there are. */
export const countRefusedGiftVouchers = async (tx: Tx, wanted: RefusedBy): Promise<number> =>
  (await tx.run<[number]>(countRefused, [...refusedBy(wanted)]))[0]?.[0] ?? 0;

const write = statement(
  'rewards_write_gift_vouchers',
  `insert into rewards.gift_vouchers as v (id, program_id, member_id, order_id, campaign, rule, reward, pool, state, shard, code_id,
     given_at, changed_at, reason)
   select * from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, order_id bigint, campaign text, rule text, reward text,
     pool text, state text, shard smallint, code_id bigint, given_at timestamptz, changed_at timestamptz,
     reason text`,
   )} as u
   on conflict (order_id, campaign) do update set rule = excluded.rule, reward = excluded.reward, pool = excluded.pool,
     state = excluded.state, shard = excluded.shard, code_id = excluded.code_id, given_at = excluded.given_at,
     changed_at = excluded.changed_at, reason = excluded.reason`,
);

/** Writes vouchers as they are now; each once. */
export async function writeGiftVouchers(tx: Tx, vouchers: readonly GiftVoucher[]): Promise<void> {
  if (vouchers.length === 0) return;
  await tx.run(write, [
    numbers(vouchers.map(({ id }) => id)),
    numbers(vouchers.map(({ programId }) => programId)),
    numbers(vouchers.map(({ memberId }) => memberId)),
    numbers(vouchers.map(({ orderId }) => orderId)),
    texts(vouchers.map(({ campaign }) => campaign)),
    texts(vouchers.map(({ rule }) => rule)),
    texts(vouchers.map(({ reward }) => reward)),
    texts(vouchers.map(({ pool }) => pool)),
    texts(vouchers.map(({ state }) => state)),
    numbers(vouchers.map(({ shard }) => shard)),
    numbers(vouchers.map(({ code }) => code?.id ?? null)),
    instants(vouchers.map(({ givenAt }) => givenAt)),
    instants(vouchers.map(({ changedAt }) => changedAt)),
    texts(vouchers.map(({ reason }) => reason)),
  ]);
}
