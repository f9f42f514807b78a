import { statement, type Tx } from '#platform/db/client.ts';

/** Points that decisions gave (or took back, below zero) by one rule. */
export interface Cited {
  readonly programId: number;
  /** The version that decided; null for a return, which is decided by that of its order. */
  readonly version: number | null;
  readonly rule: string;
  readonly points: bigint;
}

/* Of programs that have budgets alone; a rule that multiplies or gives by itself is cited behind the last `*`. */
const readCited = statement(
  'earning_verify_cited',
  `select d.program_id, d.version, c.rule, sum(c.points)::bigint
   from (
     select o.program_id, o.program_version as version, o.decided from earning.orders o
     union all select r.program_id, r.program_version, r.decided from earning.reratings r
     union all select r.program_id, null, r.decided from earning.returns r
   ) d cross join lateral (
     select e ->> 0 as rule, (e ->> 2)::numeric as points from json_array_elements(d.decided -> 'earned') e
     union all select e ->> 0, -(e ->> 2)::numeric from json_array_elements(d.decided -> 'clawed') e
   ) c
   where ($1::integer is null or d.program_id = $1) and d.program_id in (select b.program_id from earning.budgets b)
   group by 1, 2, 3`,
);

/** What orders, returns and re-ratings cite, added up by rule. */
export async function cited(tx: Tx, programId: number | null): Promise<Cited[]> {
  const rows = await tx.run<[number, number | null, string, bigint]>(readCited, [programId]);
  return rows.map(([program, version, rule, points]) => ({ programId: program, version, rule, points }));
}

const readGranted = statement(
  'earning_verify_granted',
  `select b.program_id, b.campaign, b.total - sum(s.remaining)::bigint
   from earning.budgets b join earning.budget_shards s on s.budget_id = b.id
   where $1::integer is null or b.program_id = $1 group by b.id order by b.id`,
);

/** What budgets say that they have granted. */
export const grantedBudgets = (
  tx: Tx,
  programId: number | null,
): Promise<[programId: number, campaign: string, granted: bigint][]> => tx.run(readGranted, [programId]);

const compareUses = statement(
  'earning_verify_uses',
  `with net as materialized (
     select u.member_id, u.campaign, u.order_id, sum(u.count) as uses from earning.uses u
     where $1::integer is null or exists (select from earning.orders o where o.id = u.order_id and o.program_id = $1)
       or exists (select from earning.activities a where a.id = u.order_id and a.program_id = $1)
     group by 1, 2, 3
   )
   select (select count(*) from net), coalesce((select array_agg(n.text) from (
     select format('%s counted %s times for one order or activity (%s) of member %s', campaign, uses, order_id, member_id) as text
     from net where uses not in (0, 1) limit $2) n), '{}')`,
);

/** Whether an order or activity counts for a campaign or rule more than once, or less than not at all. */
export async function uses(
  tx: Tx,
  programId: number | null,
  limit: number,
): Promise<{ checked: number; differences: string[] }> {
  const [row] = await tx.run<[bigint, string[]]>(compareUses, [programId, limit]);
  return { checked: Number(row?.[0] ?? 0n), differences: row?.[1] ?? [] };
}
