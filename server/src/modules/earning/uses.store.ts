import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';
import type { Addition } from './records.ts';
import type { Use, UsesQuestion } from './uses.ts';

const readUses = statement(
  'earning_uses',
  `select t.member_id, t.campaign, t.at, t.order_id, t.count::integer, t.points
   from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as u(member_id, campaign, since, until)
   join earning.uses t on t.member_id = u.member_id and t.campaign = u.campaign and t.at >= u.since and t.at <= u.until
   order by t.id`,
);

/** The uses of each member and campaign between two instants, both included; each pair is asked for once. */
export async function readUsesOf(tx: Tx, asked: readonly UsesQuestion[]): Promise<Use[]> {
  const rows = await tx.run<[bigint, string, number, bigint, number, bigint]>(readUses, [
    numbers(asked.map(question => question.memberId)),
    texts(asked.map(question => question.campaign)),
    bounds(asked.map(question => question.since)),
    bounds(asked.map(question => question.until)),
  ]);
  return rows.map(([memberId, campaign, at, orderId, count, points]) => ({
    memberId: Number(memberId),
    campaign,
    at,
    orderId,
    count,
    points,
  }));
}

/** Instants, of which some are the beginning or the end of all time. */
const bounds = (values: readonly number[]): string =>
  `{${values.map(at => (Number.isFinite(at) ? new Date(at).toISOString() : at < 0 ? '-infinity' : 'infinity')).join(',')}}`;

const insertUses = statement(
  'earning_insert_uses',
  `insert into earning.uses (member_id, campaign, at, id, order_id, count, points)
   select * from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::smallint[], $7::bigint[])`,
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
