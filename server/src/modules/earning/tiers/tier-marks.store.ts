import { instants, numbers } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';

/** That a member's tier can be another from an instant on. */
export interface Mark {
  readonly programId: number;
  readonly memberId: number;
  /** From when on it can be another, epoch ms; the past before is not told. */
  readonly at: number;
  /** When what can have changed it happened: earlier, where it came late. */
  readonly happenedAt: number;
}

// Times before the last look are looked at no more: what came late counts from then on.
const MERGED = `next_at = least(t.next_at, greatest(excluded.next_at, t.seen_at)),
  marked_at = greatest(t.marked_at, excluded.marked_at), marks = t.marks + 1`;

const mark = statement(
  'earning_mark_tiers',
  `insert into earning.tier_watches as t (member_id, program_id, next_at, marked_at)
   select * from ${unnested(1, 'member_id bigint, program_id integer, next_at timestamptz, marked_at timestamptz')} as u
   on conflict (member_id) do update set ${MERGED}`,
);

/** Makes members due, each once; none where there are none. */
export async function markTiers(tx: Tx, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  const own = [...Map.groupBy(marks, ({ memberId }) => memberId).values()];
  // In one order, so that two that mark the same members wait for each other.
  own.sort(([a], [b]) => (a as Mark).memberId - (b as Mark).memberId);
  await tx.run(mark, [
    numbers(own.map(([first]) => (first as Mark).memberId)),
    numbers(own.map(([first]) => (first as Mark).programId)),
    instants(own.map(each => Math.min(...each.map(({ at }) => at)))),
    instants(own.map(each => Math.max(...each.map(({ happenedAt }) => happenedAt)))),
  ]);
}

const markAll = statement(
  'earning_mark_watched',
  `with excluded as materialized (
     select t.member_id, $2::timestamptz as next_at, $2::timestamptz as marked_at
     from earning.tier_watches t where t.member_id = any($1::bigint[]) order by t.member_id for update
   )
   update earning.tier_watches t set ${MERGED} from excluded where t.member_id = excluded.member_id`,
);

/** Makes those of these members due of whom something was announced. */
export async function markWatched(tx: Tx, members: readonly number[], at: number): Promise<void> {
  await tx.run(markAll, [numbers(members), new Date(at).toISOString()]);
}
