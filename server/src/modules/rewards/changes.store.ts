import { booleans, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../ledger/index.ts';
import { type Fulfilment, type Redemption, STATE_AFTER, type StoredChange } from './model.ts';
import { asRedemption, type Row, redemptionColumns, writeAsides } from './store.ts';

const insertChange = statement(
  'rewards_insert_changes',
  `insert into rewards.changes (id, redemption_id, kind, external_id, source, points, refunded_after, posted, fulfilment_after)
   select u.id, u.redemption_id, u.kind, u.external_id, u.source, u.points, u.refunded_after, u.posted::jsonb, u.fulfilment_after
   from ${unnested(
     1,
     `
     id bigint, redemption_id bigint, kind text, external_id text, source text, points bigint,
     refunded_after bigint, posted text, fulfilment_after text`,
   )} as u`,
);
const updateRedemptions = statement(
  'rewards_update_redemptions',
  `update rewards.redemptions r set state = u.state, refunded = u.refunded
   from ${unnested(1, 'id bigint, state text, refunded bigint')} as u where r.id = u.id`,
);
const updateRewards = statement(
  'rewards_update_rewards',
  `update rewards.redemptions r set state = u.state, refunded = u.refunded, released = u.released, fulfilment = u.fulfilment,
     code_id = u.code_id, credit_seq = u.credit_seq
   from ${unnested(
     1,
     `
     id bigint, state text, refunded bigint, released boolean, fulfilment text, code_id bigint,
     credit_seq integer`,
   )} as u where r.id = u.id`,
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
      texts(stored.map(row => row.redemption.reward?.fulfilment ?? null)),
    ]),
    ...update(tx, last),
    ...writeAsides(tx, stored),
  ]);
}

/** Redemptions as they are now; most are of no reward and change two columns. */
function update(tx: Tx, changed: readonly Redemption[]): Promise<unknown>[] {
  const common = (rows: readonly Redemption[]) => [
    numbers(rows.map(row => row.id)),
    texts(rows.map(row => row.state)),
    numbers(rows.map(row => row.refunded)),
  ];
  const plain = changed.filter(row => row.reward === null);
  const rewards = changed.flatMap(row => (row.reward === null ? [] : { row, reward: row.reward }));
  const writes: Promise<unknown>[] = [];
  if (plain.length > 0) writes.push(tx.run(updateRedemptions, common(plain)));
  if (rewards.length > 0)
    writes.push(
      tx.run(updateRewards, [
        ...common(rewards.map(({ row }) => row)),
        booleans(rewards.map(({ reward }) => reward.released)),
        texts(rewards.map(({ reward }) => reward.fulfilment)),
        numbers(rewards.map(({ reward }) => reward.code?.id ?? null)),
        numbers(rewards.map(({ reward }) => reward.creditSeq)),
      ]),
    );
  return writes;
}

const readChanges = statement(
  'rewards_changes',
  `select ${redemptionColumns.list}, c0.id, c0.kind, c0.external_id, c0.source, c0.points, c0.refunded_after, c0.posted, c0.fulfilment_after
   from rewards.changes c0 join rewards.redemptions r on r.id = c0.redemption_id ${redemptionColumns.join}
   where c0.id = any($1::bigint[])`,
);

type ChangeRow = [bigint, StoredChange['kind'], string, string, bigint, bigint, Posted, Fulfilment | null];

/** These changes, each with the redemption as it was right after it. */
export async function findChanges(
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredChange; posted: Posted }>> {
  const rows = await tx.run<[...Row, ...ChangeRow]>(readChanges, [numbers(ids)]);
  return new Map(
    rows.map(row => {
      const now = asRedemption(row.slice(0, redemptionColumns.count) as Row);
      const [id, kind, externalId, source, points, refunded, posted, fulfilment] = row.slice(
        redemptionColumns.count,
      ) as ChangeRow;
      const redemption: Redemption = {
        ...now,
        state: STATE_AFTER[kind],
        refunded,
        reward: now.reward && { ...now.reward, fulfilment },
      };
      return [
        id,
        { stored: { id, redemptionId: redemption.id, kind, externalId, source, points, redemption }, posted },
      ];
    }),
  );
}
