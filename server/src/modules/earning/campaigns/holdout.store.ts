import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';

/** What some members bought together; spend in minor units of the program's currency. */
export interface Bought {
  readonly buyers: number;
  readonly orders: number;
  readonly spend: bigint;
}

const bought = statement(
  'earning_bought_between',
  `select count(*) filter (where own.orders > 0)::integer, coalesce(sum(own.orders), 0)::integer, coalesce(sum(own.spend), 0)::bigint
   from (
     select sum(t.orders) as orders, sum(t.spend) as spend from earning.timeline t
     where t.member_id = any($1::bigint[]) and t.anchor >= $2::timestamptz and t.anchor < $3::timestamptz
     group by t.member_id) own`,
);

const instant = (at: number): string => new Date(at).toISOString();

/** What these members bought in [from, to), epoch ms, less what came back of it. */
export async function boughtBetween(
  tx: Tx,
  members: readonly number[],
  { from, to }: { from: number; to: number },
): Promise<Bought> {
  if (members.length === 0) return { buyers: 0, orders: 0, spend: 0n };
  const [row] = await tx.run<[number, number, bigint]>(bought, [
    numbers(members),
    instant(from),
    instant(to),
  ]);
  const [buyers, orders, spend] = row ?? [0, 0, 0n];
  return { buyers, orders, spend };
}
