import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Owner, Posted } from '../ledger/index.ts';
import * as codes from './codes.store.ts';
import type { Aside, Granted, NewRedemption, Redemption } from './model.ts';
import * as stock from './stock.store.ts';

const insertRedemption = statement(
  'rewards_insert_redemptions',
  `insert into rewards.redemptions (id, program_id, member_id, wallet_id, external_id, source, unit, points, money_amount, money_currency,
     occurred_at, hold_seq, hold_expires_at, state, posted, reward, rule, gives, order_total, stock_item, stock_shard, fulfilment, code_id,
     credit_seq, by_id)
   select u.id, u.program_id, u.member_id, u.wallet_id, u.external_id, u.source, u.unit, u.points, u.money_amount, u.money_currency,
     u.occurred_at, u.hold_seq, u.hold_expires_at, u.state, u.posted::jsonb, u.reward, u.rule, u.gives::json, u.order_total, u.stock_item,
     u.stock_shard, u.fulfilment, u.code_id, u.credit_seq, u.by_id
   from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, wallet_id bigint, external_id text, source text,
     unit text, points bigint, money_amount bigint, money_currency text, occurred_at timestamptz,
     hold_seq integer, hold_expires_at timestamptz, state text, posted text, reward text, rule text,
     gives text, order_total bigint, stock_item text, stock_shard smallint, fulfilment text, code_id bigint,
     credit_seq integer, by_id bigint`,
   )} as u`,
);

export async function insertRedemptions(
  tx: Tx,
  rows: readonly { stored: NewRedemption; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  const rewards = stored.map(row => row.reward);
  await Promise.all([
    tx.run(insertRedemption, [
      numbers(stored.map(row => row.id)),
      numbers(stored.map(row => row.programId)),
      numbers(stored.map(row => row.memberId)),
      numbers(stored.map(row => row.wallet)),
      texts(stored.map(row => row.externalId)),
      texts(stored.map(row => row.source)),
      texts(stored.map(row => row.unit)),
      numbers(stored.map(row => row.points)),
      numbers(stored.map(row => row.moneyOff?.amount ?? null)),
      texts(stored.map(row => row.moneyOff?.currency ?? null)),
      instants(stored.map(row => row.occurredAt)),
      numbers(stored.map(row => row.holdSeq)),
      instants(stored.map(row => row.holdExpiresAt)),
      texts(stored.map(row => row.state)),
      texts(rows.map(row => JSON.stringify(row.posted))),
      texts(rewards.map(reward => reward?.id ?? null)),
      texts(rewards.map(reward => reward?.rule ?? null)),
      texts(rewards.map(reward => (reward === null ? null : JSON.stringify(reward.gives)))),
      numbers(rewards.map(reward => reward?.orderTotal ?? null)),
      texts(rewards.map(reward => reward?.stock?.item ?? null)),
      numbers(rewards.map(reward => reward?.stock?.shard ?? null)),
      texts(rewards.map(reward => reward?.fulfilment ?? null)),
      numbers(rewards.map(reward => reward?.code?.id ?? null)),
      numbers(rewards.map(reward => reward?.creditSeq ?? null)),
      numbers(stored.map(row => row.by)),
    ]),
    ...writeAsides(tx, stored),
  ]);
}

/** What decisions change beside their redemptions. Sends everything at once. */
export function writeAsides(tx: Tx, decided: readonly { aside?: Aside }[]): Promise<void>[] {
  const asides = decided.flatMap(({ aside }) => aside ?? []);
  const moves = asides.flatMap(aside => aside.moves);
  const lapsed = asides.flatMap(aside => aside.lapsed ?? []);
  const given = asides.flatMap(aside => aside.code ?? []);
  const returned = asides.flatMap(aside => aside.returned ?? []);
  return [
    ...(moves.length > 0 ? [stock.move(tx, moves)] : []),
    ...(lapsed.length > 0 ? [stock.release(tx, lapsed)] : []),
    ...(given.length > 0 ? [codes.give(tx, given)] : []),
    ...(returned.length > 0 ? [codes.giveBack(tx, returned)] : []),
  ];
}

const REDEMPTION = `r.id, r.program_id, r.member_id, r.wallet_id, r.external_id, r.source, r.unit, r.points, r.money_amount, r.money_currency,
  r.occurred_at, r.hold_seq, r.hold_expires_at, r.state, r.refunded, r.posted, r.reward, r.rule, r.gives, r.order_total, r.stock_item,
  r.stock_shard, r.released, r.fulfilment, r.code_id, c.sealed, r.credit_seq, r.by_id`;
const WITH_CODE = 'left join rewards.codes c on c.id = r.code_id';
export const redemptionColumns = { list: REDEMPTION, join: WITH_CODE, count: 28 };
const readRedemptions = statement(
  'rewards_redemptions',
  `select ${REDEMPTION} from rewards.redemptions r ${WITH_CODE} where r.id = any($1::bigint[])`,
);

export type Row = [
  bigint,
  number,
  bigint,
  bigint,
  string,
  string,
  string,
  bigint,
  bigint | null,
  string | null,
  number,
  number,
  number | null,
  Redemption['state'],
  bigint,
  Posted,
  string | null,
  string,
  Granted['gives'],
  bigint | null,
  string | null,
  number,
  boolean,
  Granted['fulfilment'],
  bigint | null,
  Buffer | null,
  number | null,
  bigint | null,
];

export const asRedemption = (row: Row): Redemption => ({
  id: row[0],
  programId: row[1],
  memberId: Number(row[2]),
  by: row[27] === null ? null : Number(row[27]),
  wallet: Number(row[3]),
  externalId: row[4],
  source: row[5],
  unit: row[6],
  points: row[7],
  moneyOff: row[8] === null ? null : { amount: row[8], currency: row[9] as string },
  occurredAt: row[10],
  holdSeq: row[11],
  holdExpiresAt: row[12],
  state: row[13],
  refunded: row[14],
  reward: asGranted(row),
});

const asGranted = (row: Row): Granted | null =>
  row[16] === null
    ? null
    : {
        id: row[16],
        rule: row[17],
        gives: row[18],
        orderTotal: row[19],
        stock: row[20] === null ? null : { item: row[20], shard: row[21] },
        released: row[22],
        fulfilment: row[23],
        code: row[24] === null ? null : { id: row[24], sealed: row[25] },
        creditSeq: row[26],
      };

const read = (tx: Tx, ids: readonly bigint[]) => tx.run<Row>(readRedemptions, [numbers(ids)]);

/** These redemptions as they are now. */
export const redemptions = async (tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, Redemption>> =>
  new Map((await read(tx, ids)).map(row => [row[0], asRedemption(row)]));

const readOwners = statement(
  'rewards_owners',
  'select id, program_id, member_id from rewards.redemptions where id = any($1::bigint[])',
);

/** Whose these redemptions are. */
export async function owners(tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, Owner>> {
  const rows = await tx.run<[bigint, number, bigint]>(readOwners, [numbers(ids)]);
  return new Map(rows.map(([id, programId, memberId]) => [id, { programId, memberId: Number(memberId) }]));
}

/** These redemptions as they were first answered, whatever has become of them. */
export const firstAnswers = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: Redemption; posted: Posted }>> =>
  new Map(
    (await read(tx, ids)).map(row => [row[0], { stored: firstAnswer(asRedemption(row)), posted: row[15] }]),
  );

function firstAnswer(redemption: Redemption): Redemption {
  const { holdExpiresAt, reward } = redemption;
  if (reward === null)
    return { ...redemption, state: holdExpiresAt === null ? 'captured' : 'held', refunded: 0n };
  const first =
    holdExpiresAt === null
      ? { ...reward, fulfilment: reward.fulfilment === null ? null : ('pending' as const) }
      : { ...reward, fulfilment: null, code: null };
  return { ...redemption, state: holdExpiresAt === null ? 'captured' : 'held', refunded: 0n, reward: first };
}

const lockRedemptions = statement(
  'rewards_lock_redemptions',
  'select r.id, r.released from rewards.redemptions r where r.id = any($1::bigint[]) order by r.id for update',
);

/** Locks redemptions on hold and gives those of them whose unit of stock another batch took over when they had ended. */
export const lockHeld = async (tx: Tx, ids: readonly bigint[]): Promise<Set<bigint>> =>
  new Set(
    (await tx.run<[bigint, boolean]>(lockRedemptions, [numbers(ids)])).flatMap(([id, released]) =>
      released ? id : [],
    ),
  );
