import { booleans, instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';
import type { StreakState } from '../activities/streaks.ts';
import type { Verdict } from '../activities/verdicts.ts';
import type { Decided } from '../posting.ts';
import type { Addition } from '../records.ts';
import { type DecidedJson, decidedFromJson, decidedToJson } from '../store.ts';

/** An activity that was decided again in a re-rating. */
export interface StoredActivityRerating {
  readonly id: bigint;
  readonly programId: number;
  readonly activityId: bigint;
  readonly rerateId: bigint;
  readonly reverses: boolean;
  readonly programVersion: number;
  readonly verdict: Verdict;
  readonly decided: Decided;
  /** The streaks that it moves, after it; only of a decision that is being written. */
  readonly moved?: readonly {
    readonly streak: string;
    readonly memberId: number;
    readonly state: StreakState;
  }[];
  /** Only of a decision that is being written. */
  readonly added?: Addition;
}

const insert = statement(
  'earning_insert_activity_reratings',
  `insert into earning.activity_reratings (id, program_id, activity_id, rerate_id, reverses, program_version, verdict, decided, posted)
   select u.id, u.program_id, u.activity_id, u.rerate_id, u.reverses, u.program_version, u.verdict::json, u.decided::json, u.posted::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, activity_id bigint, rerate_id bigint, reverses boolean,
     program_version integer, verdict text, decided text, posted text`,
   )} as u`,
);

export async function insertActivityReratings(
  tx: Tx,
  rows: readonly { stored: StoredActivityRerating; posted: Posted }[],
): Promise<void> {
  const stored = rows.map(row => row.stored);
  await tx.run(insert, [
    numbers(stored.map(row => row.id)),
    numbers(stored.map(row => row.programId)),
    numbers(stored.map(row => row.activityId)),
    numbers(stored.map(row => row.rerateId)),
    booleans(stored.map(row => row.reverses)),
    numbers(stored.map(row => row.programVersion)),
    texts(stored.map(row => JSON.stringify(row.verdict))),
    texts(stored.map(row => JSON.stringify(decidedToJson(row.decided)))),
    texts(rows.map(row => JSON.stringify(row.posted))),
  ]);
}

export const ACTIVITY_RERATING =
  'r.id, r.program_id, r.activity_id, r.rerate_id, r.reverses, r.program_version, r.verdict, r.decided, r.posted';
export type ActivityReratingRow = [
  bigint,
  number,
  bigint,
  bigint,
  boolean,
  number,
  Verdict,
  DecidedJson,
  Posted,
];

export const asActivityRerating = ([
  id,
  programId,
  activityId,
  rerateId,
  reverses,
  programVersion,
  verdict,
  decided,
  posted,
]: ActivityReratingRow): { stored: StoredActivityRerating; posted: Posted } => ({
  stored: {
    ...{ id, programId, activityId, rerateId, reverses, programVersion, verdict },
    decided: decidedFromJson(decided),
  },
  posted,
});

const ofActivities = statement(
  'earning_activity_reratings_of',
  `select ${ACTIVITY_RERATING} from ${unnested(1, 'id bigint')} as u
   join earning.activity_reratings r on r.activity_id = u.id order by r.id`,
);
const byId = statement(
  'earning_activity_reratings',
  `select ${ACTIVITY_RERATING} from earning.activity_reratings r where r.id = any($1::bigint[])`,
);

/** What was decided again about these activities, in the order in which it was. */
export const activityReratingsOf = async (
  tx: Tx,
  activities: readonly bigint[],
): Promise<StoredActivityRerating[]> =>
  (await tx.run<ActivityReratingRow>(ofActivities, [numbers(activities)])).map(
    row => asActivityRerating(row).stored,
  );

export const findActivityReratings = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredActivityRerating; posted: Posted }>> =>
  new Map(
    (await tx.run<ActivityReratingRow>(byId, [numbers(ids)])).map(row => [row[0], asActivityRerating(row)]),
  );

const usesOf = statement(
  'earning_uses_of_activities',
  `select t.order_id, t.campaign from ${unnested(1, 'member_id bigint, campaign text, at timestamptz, id bigint')} as u
   join earning.uses t on t.member_id = u.member_id and t.campaign = u.campaign and t.at = u.at and t.order_id = u.id
   where t.id = u.id and t.count > 0`,
);

/** A rule that may have counted for an activity when it came. */
export interface PossibleUse {
  readonly memberId: number;
  readonly rule: string;
  readonly at: number;
  readonly activityId: bigint;
}

/** Which rules did count for activities when they came: by the id of the activity. */
export async function usedBy(tx: Tx, asked: readonly PossibleUse[]): Promise<Map<bigint, string[]>> {
  if (asked.length === 0) return new Map();
  const rows = await tx.run<[bigint, string]>(usesOf, [
    numbers(asked.map(({ memberId }) => memberId)),
    texts(asked.map(({ rule }) => rule)),
    instants(asked.map(({ at }) => at)),
    numbers(asked.map(({ activityId }) => activityId)),
  ]);
  return new Map([...Map.groupBy(rows, ([id]) => id)].map(([id, own]) => [id, own.map(([, rule]) => rule)]));
}
