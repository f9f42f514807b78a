import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';

const earned = statement(
  'ledger_earned',
  `select coalesce(sum(e.available + e.pending), 0)::bigint from ledger.entries e
   where e.wallet_id = any($1::bigint[]) and e.kind in ('earn', 'bonus', 'clawback')
     and e.occurred_at >= $2::timestamptz and e.occurred_at < $3::timestamptz`,
);

const instant = (at: number): string => new Date(at).toISOString();

/** What these wallets together were given in [from, to), epoch ms, less what was taken back then. */
export async function earnedBetween(
  tx: Tx,
  wallets: readonly number[],
  { from, to }: { from: number; to: number },
): Promise<bigint> {
  if (wallets.length === 0) return 0n;
  const [row] = await tx.run<[bigint]>(earned, [numbers(wallets), instant(from), instant(to)]);
  return row?.[0] ?? 0n;
}
