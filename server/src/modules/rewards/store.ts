import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';
import type { Posted } from '../ledger/index.ts';
import type { Redemption, StoredChange } from './model.ts';

const insertRedemption = statement(
  'rewards_insert_redemptions',
  `insert into rewards.redemptions (id, program_id, member_id, wallet_id, external_id, source, unit, points, money_amount, money_currency,
     occurred_at, hold_seq, hold_expires_at, state, posted)
   select u.id, u.program_id, u.member_id, u.wallet_id, u.external_id, u.source, u.unit, u.points, u.money_amount, u.money_currency,
     u.occurred_at, u.hold_seq, u.hold_expires_at, u.state, u.posted::jsonb
   from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
     $10::text[], $11::timestamptz[], $12::integer[], $13::timestamptz[], $14::text[], $15::text[])
     as u(id, program_id, member_id, wallet_id, external_id, source, unit, points, money_amount, money_currency, occurred_at, hold_seq,
     hold_expires_at, state, posted)`,
);

export async function insertRedemptions(
  tx: Tx,
  rows: readonly { stored: Redemption; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insertRedemption, [
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
  ]);
}

const REDEMPTION = `r.id, r.program_id, r.member_id, r.wallet_id, r.external_id, r.source, r.unit, r.points, r.money_amount, r.money_currency,
  r.occurred_at, r.hold_seq, r.hold_expires_at, r.state, r.refunded, r.posted`;
const readRedemptions = statement(
  'rewards_redemptions',
  `select ${REDEMPTION} from rewards.redemptions r where r.id = any($1::bigint[])`,
);

type Row = [
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
];

const asRedemption = (row: Row): Redemption => ({
  id: row[0],
  programId: row[1],
  memberId: Number(row[2]),
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
});

const read = (tx: Tx, ids: readonly bigint[]) => tx.run<Row>(readRedemptions, [numbers(ids)]);

/** These redemptions as they are now. */
export const redemptions = async (tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, Redemption>> =>
  new Map((await read(tx, ids)).map(row => [row[0], asRedemption(row)]));

/** These redemptions as they were first answered, whatever has become of them. */
export const firstAnswers = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: Redemption; posted: Posted }>> =>
  new Map(
    (await read(tx, ids)).map(row => [
      row[0],
      {
        stored: { ...asRedemption(row), state: row[12] === null ? 'captured' : 'held', refunded: 0n },
        posted: row[15],
      },
    ]),
  );

const insertChange = statement(
  'rewards_insert_changes',
  `insert into rewards.changes (id, redemption_id, kind, external_id, source, points, refunded_after, posted)
   select u.id, u.redemption_id, u.kind, u.external_id, u.source, u.points, u.refunded_after, u.posted::jsonb
   from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
     as u(id, redemption_id, kind, external_id, source, points, refunded_after, posted)`,
);
const updateRedemptions = statement(
  'rewards_update_redemptions',
  `update rewards.redemptions r set state = u.state, refunded = u.refunded
   from unnest($1::bigint[], $2::text[], $3::bigint[]) as u(id, state, refunded) where r.id = u.id`,
);

export async function insertChanges(
  tx: Tx,
  rows: readonly { stored: StoredChange; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  const last = [...new Map(stored.map(row => [row.redemption.id, row.redemption])).values()];
  await Promise.all([
    tx.run(insertChange, [
      numbers(stored.map(row => row.id)),
      numbers(stored.map(row => row.redemptionId)),
      texts(stored.map(row => row.kind)),
      texts(stored.map(row => row.externalId)),
      texts(stored.map(row => row.source)),
      numbers(stored.map(row => row.points)),
      numbers(stored.map(row => row.redemption.refunded)),
      texts(rows.map(row => JSON.stringify(row.posted))),
    ]),
    tx.run(updateRedemptions, [
      numbers(last.map(row => row.id)),
      texts(last.map(row => row.state)),
      numbers(last.map(row => row.refunded)),
    ]),
  ]);
}

const readChanges = statement(
  'rewards_changes',
  `select ${REDEMPTION}, c.id, c.kind, c.external_id, c.source, c.points, c.refunded_after, c.posted
   from rewards.changes c join rewards.redemptions r on r.id = c.redemption_id where c.id = any($1::bigint[])`,
);

const STATES = { capture: 'captured', void: 'voided', refund: 'captured' } as const;

/** These changes, each with the redemption as it was right after it. */
export async function findChanges(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredChange; posted: Posted }>> {
  const rows = await tx.run<[...Row, bigint, StoredChange['kind'], string, string, bigint, bigint, Posted]>(
    readChanges,
    [numbers(ids)],
  );
  return new Map(
    rows.map(row => {
      const [id, kind, externalId, source, points, refunded, posted] = row.slice(16) as [
        bigint,
        StoredChange['kind'],
        string,
        string,
        bigint,
        bigint,
        Posted,
      ];
      const redemption: Redemption = {
        ...asRedemption(row.slice(0, 16) as Row),
        state: STATES[kind],
        refunded,
      };
      return [
        id,
        { stored: { id, redemptionId: redemption.id, kind, externalId, source, points, redemption }, posted },
      ];
    }),
  );
}
