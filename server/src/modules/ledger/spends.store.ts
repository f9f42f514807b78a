import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';

/** Points that left a wallet for a redemption. */
export interface Spend {
  readonly wallet: number;
  /** The id of the command. */
  readonly tx: bigint;
  readonly points: bigint;
  readonly availableAfter: bigint;
}

const spends = statement(
  'ledger_spends',
  `select e.wallet_id, e.tx, -e.available, e.available_after from ledger.entries e
   where e.wallet_id = any($1::bigint[]) and (e.kind = 'hold' or e.kind = 'redeem' and e.available < 0) order by e.wallet_id, e.seq`,
);

/** What was taken from these wallets for redemptions, in order. */
export async function spendsOf(tx: Tx, wallets: readonly number[]): Promise<Spend[]> {
  const rows = await tx.run<[bigint, bigint, bigint, bigint]>(spends, [numbers(wallets)]);
  return rows.map(([wallet, id, points, availableAfter]) => ({
    wallet: Number(wallet),
    tx: id,
    points,
    availableAfter,
  }));
}
