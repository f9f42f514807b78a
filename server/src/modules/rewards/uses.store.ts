import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx } from '#platform/db/client.ts';

const countUses = statement(
  'rewards_count_uses',
  `select u.nr::integer, (redeemed.count + given.count)::integer
   from ${numbered(1, 'member_id bigint, reward text, since timestamptz, now timestamptz')} as u
   cross join lateral (
     select count(*) from rewards.redemptions r where r.member_id = u.member_id and r.reward = u.reward
       and r.occurred_at >= u.since and not r.released and not (r.state = 'held' and r.hold_expires_at <= u.now)) redeemed
   cross join lateral (
     select count(*) from rewards.gift_vouchers v where v.member_id = u.member_id and v.reward = u.reward
       and v.given_at >= u.since and v.state in ('issued', 'revealed')) given`,
);

/**
 * How often members redeemed rewards since an instant, or got their vouchers by campaigns, by place in the list; what was
 * voided, given back or withdrawn is not counted.
 */
export async function count(
  tx: Tx,
  questions: readonly { memberId: number; reward: string; since: number; now: number }[],
): Promise<Map<number, number>> {
  const rows = await tx.run<[number, number]>(countUses, [
    numbers(questions.map(each => each.memberId)),
    texts(questions.map(each => each.reward)),
    instants(questions.map(each => each.since)),
    instants(questions.map(each => each.now)),
  ]);
  return new Map(rows.map(([nr, uses]) => [nr - 1, uses]));
}
