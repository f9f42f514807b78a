import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Posted } from '../../ledger/index.ts';
import type { Fault } from '../model.ts';
import type { Earned } from '../posting.ts';
import type { Addition } from '../records.ts';
import type { Activity, Attributes } from './activities.model.ts';
import type { StreakStep } from './streaks.facts.ts';

/** An activity, as stored. */
export interface StoredActivity {
  readonly id: bigint;
  readonly programId: number;
  readonly memberId: number;
  readonly programVersion: number;
  readonly payload: string;
  readonly activity: Activity;
  readonly earned: readonly Earned[];
  readonly streaks: readonly StreakStep[];
  /** Rules whose conditions could not be judged. */
  readonly faults: readonly Fault[];
  /** Only of a decision that is being written. */
  readonly added?: Addition;
}

/* Points are texts inside JSON: a JSON number would lose digits beyond 2^53. */
type EarnedJson = [rule: string, unit: number, points: string, lot: number][];
const earnedToJson = (earned: readonly Earned[]): EarnedJson =>
  earned.map(({ rule, unit, points, lot }) => [rule, unit, String(points), lot]);
const earnedFromJson = (earned: EarnedJson): Earned[] =>
  earned.map(([rule, unit, points, lot]) => ({ rule, unit, points: BigInt(points), lot }));

type StreaksJson = [streak: string, length: number, reached: readonly number[]][];
const streaksToJson = (steps: readonly StreakStep[]): StreaksJson =>
  steps.map(({ streak, length, reached }) => [streak, length, reached]);
const streaksFromJson = (steps: StreaksJson): StreakStep[] =>
  steps.map(([streak, length, reached]) => ({ streak, length, reached }));

type FaultJson = [rule: string, reason: string];
const faultToJson = ({ ref, reason }: Fault): FaultJson => [ref, reason];

const insert = statement(
  'earning_insert_activities',
  `insert into earning.activities (id, program_id, member_id, external_id, source, payload, type, occurred_at, program_version,
     attributes, earned, streaks, posted, not_judged)
   select u.id, u.program_id, u.member_id, u.external_id, u.source, u.payload, u.type, u.occurred_at, u.program_version,
     u.attributes::json, u.earned::json, u.streaks::json, u.posted::json,
     u.not_judged::json
   from ${unnested(
     1,
     `
     id bigint, program_id integer, member_id bigint, external_id text, source text, payload uuid, type text,
     occurred_at timestamptz, program_version integer, attributes text, earned text, streaks text,
     posted text, not_judged text`,
   )} as u`,
);

export async function insertActivities(
  tx: Tx,
  rows: readonly { stored: StoredActivity; posted: Posted }[],
): Promise<void> {
  const of = <T>(pick: (stored: StoredActivity) => T): T[] => rows.map(row => pick(row.stored));
  await tx.run(insert, [
    numbers(of(({ id }) => id)),
    numbers(of(({ programId }) => programId)),
    numbers(of(({ memberId }) => memberId)),
    texts(of(({ activity }) => activity.externalId)),
    texts(of(({ activity }) => activity.source)),
    texts(of(({ payload }) => payload)),
    texts(of(({ activity }) => activity.type)),
    instants(of(({ activity }) => activity.occurredAt)),
    numbers(of(({ programVersion }) => programVersion)),
    texts(of(({ activity }) => (activity.attributes === null ? null : JSON.stringify(activity.attributes)))),
    texts(of(({ earned }) => JSON.stringify(earnedToJson(earned)))),
    texts(of(({ streaks }) => (streaks.length === 0 ? null : JSON.stringify(streaksToJson(streaks))))),
    texts(rows.map(row => JSON.stringify(row.posted))),
    texts(of(({ faults }) => (faults.length === 0 ? null : JSON.stringify(faults.map(faultToJson))))),
  ]);
}

export const ACTIVITY = `a.id, a.program_id, a.member_id, a.external_id, a.source, a.payload::text, a.type, a.occurred_at,
  a.program_version, a.attributes, a.earned, a.streaks, a.posted, a.not_judged`;
const read = statement(
  'earning_activities',
  `select ${ACTIVITY} from ${unnested(1, 'id bigint')} as u join earning.activities a on a.id = u.id`,
);
export type ActivityRow = [
  bigint,
  number,
  bigint,
  string,
  string,
  string,
  string,
  number,
  number,
  Attributes | null,
  EarnedJson,
  StreaksJson | null,
  Posted,
  FaultJson[] | null,
];

/** An activity, with what it posted. */
export const asActivity = ([
  id,
  programId,
  memberId,
  externalId,
  source,
  payload,
  type,
  occurredAt,
  ...rest
]: ActivityRow): { stored: StoredActivity; posted: Posted } => {
  const [programVersion, attributes, earned, streaks, posted, notJudged] = rest;
  const stored: StoredActivity = {
    id,
    programId,
    memberId: Number(memberId),
    programVersion,
    payload: payload.replaceAll('-', ''),
    activity: { externalId, source, type, occurredAt, attributes },
    earned: earnedFromJson(earned),
    streaks: streaksFromJson(streaks ?? []),
    faults: (notJudged ?? []).map(([ref, reason]) => ({ ref, reason })),
  };
  return { stored, posted };
};

export const findActivities = async (
  tx: Tx,
  ids: readonly bigint[],
): Promise<Map<bigint, { stored: StoredActivity; posted: Posted }>> =>
  new Map((await tx.run<ActivityRow>(read, [numbers(ids)])).map(row => [row[0], asActivity(row)]));

const ofMembers = statement(
  'earning_activities_of_members',
  `select ${ACTIVITY} from ${unnested(1, 'id bigint')} as u join earning.activities a on a.member_id = u.id
   order by a.member_id, a.occurred_at, a.id`,
);

/** Everything that members did besides buying, in the order in which it happened. */
export const activitiesOf = async (tx: Tx, members: readonly number[]): Promise<StoredActivity[]> =>
  (await tx.run<ActivityRow>(ofMembers, [numbers(members)])).map(row => asActivity(row).stored);
