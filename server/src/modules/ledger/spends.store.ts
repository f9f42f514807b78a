import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';

/** Points that left a wallet for a redemption, or (negative) came back of one. */
export interface Spend {
  readonly wallet: number;
  /** The id of the command. */
  readonly tx: bigint;
  /** The number of the entry that took the points first, also of what comes back. */
  readonly taken: number;
  readonly points: bigint;
  readonly availableAfter: bigint;
}

const spends = statement(
  'ledger_spends',
  `select e.wallet_id, e.tx, case when e.available < 0 then e.seq else coalesce(o.of_seq, o.seq, e.seq) end, -e.available, e.available_after
   from ledger.entries e left join ledger.entries o on o.wallet_id = e.wallet_id and o.seq = e.of_seq and e.available > 0
   where e.wallet_id = any($1::bigint[]) and e.available <> 0 and e.kind in ('hold', 'redeem', 'refund', 'release')
   order by e.wallet_id, e.seq`,
);

/** What was taken from these wallets for redemptions, and what came back, in order. */
export async function spendsOf(tx: Tx, wallets: readonly number[]): Promise<Spend[]> {
  const rows = await tx.run<[bigint, bigint, number, bigint, bigint]>(spends, [numbers(wallets)]);
  return rows.map(([wallet, id, taken, points, availableAfter]) => ({
    wallet: Number(wallet),
    tx: id,
    taken: Number(taken),
    points,
    availableAfter,
  }));
}
