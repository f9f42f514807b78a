import { type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Addition } from '../records.ts';
import type { Use, UsesQuestion } from './uses.ts';

const readUses = statement(
  'earning_uses',
  `select t.member_id, t.campaign, t.at, t.order_id, t.count::integer, t.points
   from ${unnested(1, 'member_id bigint, campaign text, since timestamptz, until timestamptz')} as u
   join earning.uses t on t.member_id = u.member_id and t.campaign = u.campaign and t.at >= u.since and t.at <= u.until
   order by t.id`,
);

const sumUses = statement(
  'earning_sum_uses',
  `select u.nr::integer, s.count, s.points
   from ${numbered(1, 'member_id bigint, campaign text, since timestamptz, until timestamptz')} as u,
     lateral (
       select sum(t.count)::integer as count, sum(t.points)::bigint as points from earning.uses t
       where t.member_id = u.member_id and t.campaign = u.campaign and t.at >= u.since and t.at <= u.until) s
   where s.count is not null`,
);

/**
 * The uses of each member and campaign between two instants, both included; each pair is asked for once. Where only
 * their sum matters they come as one: a member who used a campaign 3 times costs 24 us otherwise, and more each time.
 */
export async function readUsesOf(tx: Tx, asked: readonly UsesQuestion[]): Promise<Use[]> {
  const summed = asked.filter(({ summedAt }) => summedAt !== null);
  const single = asked.filter(({ summedAt }) => summedAt === null);
  const [sums, rows] = await Promise.all([
    summed.length === 0 ? [] : tx.run<[number, number, bigint]>(sumUses, asArrays(summed)),
    single.length === 0
      ? []
      : tx.run<[bigint, string, number, bigint, number, bigint]>(readUses, asArrays(single)),
  ]);
  return [
    ...sums.map(([nr, count, points]) => {
      const { memberId, campaign, summedAt } = summed[nr - 1] as UsesQuestion;
      return { memberId, campaign, at: summedAt as number, orderId: 0n, count, points };
    }),
    ...rows.map(([memberId, campaign, at, orderId, count, points]) => ({
      memberId: Number(memberId),
      campaign,
      at,
      orderId,
      count,
      points,
    })),
  ];
}

const asArrays = (asked: readonly UsesQuestion[]): Column[] => [
  numbers(asked.map(question => question.memberId)),
  texts(asked.map(question => question.campaign)),
  instants(asked.map(question => question.since)),
  instants(asked.map(question => question.until)),
];

const insertUses = statement(
  'earning_insert_uses',
  `insert into earning.uses (member_id, campaign, at, id, order_id, count, points)
   select * from ${unnested(
     1,
     `
     member_id bigint, campaign text, at timestamptz, id bigint, order_id bigint, count smallint,
     points bigint`,
   )} as u`,
);

/** Writes the uses that decisions made. */
export async function insertUsesOf(
  tx: Tx,
  decisions: readonly { stored: { added?: Addition } }[],
): Promise<void> {
  const rows = decisions.flatMap(({ stored: { added } }) =>
    added === undefined ? [] : added.uses.map(use => ({ ...use, id: added.id })),
  );
  if (rows.length === 0) return;
  await tx.run(insertUses, [
    numbers(rows.map(row => row.memberId)),
    texts(rows.map(row => row.campaign)),
    instants(rows.map(row => row.at)),
    numbers(rows.map(row => row.id)),
    numbers(rows.map(row => row.orderId)),
    numbers(rows.map(row => row.count)),
    numbers(rows.map(row => row.points)),
  ]);
}
