import { type Column, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Award, ChallengeKey, ChallengeState, ChallengeStep, Taken } from './challenges.model.ts';

/* Amounts are texts inside JSON: a JSON number would lose digits beyond 2^53. */
interface AwardJson {
  ref: string;
  id: string;
  round: number;
  goal: number;
  need: string;
  at: number;
  cause: string;
  badge?: string;
  points?: [unit: number, points: string, lot: number];
  back?: { at: number; cause: string };
}
interface StateJson {
  sum: string;
  days?: [day: number, count: number][];
  awards?: AwardJson[];
}
interface StepJson {
  extra?: string;
  before: string;
  after: string;
  given?: AwardJson[];
  taken?: (AwardJson & { how: [string, string, string, string, string, string] })[];
}

const awardToJson = (award: Award): AwardJson => ({
  ref: award.ref,
  id: String(award.id),
  round: award.round,
  goal: award.goal,
  need: String(award.need),
  at: award.at,
  cause: award.cause,
  ...(award.badge !== null && { badge: award.badge }),
  ...(award.points !== null && {
    points: [award.points.unit, String(award.points.points), award.points.lot],
  }),
  ...(award.back !== null && { back: award.back }),
});

const awardFromJson = ({ ref, id, round, goal, need, at, cause, badge, points, back }: AwardJson): Award => ({
  ...{ ref, round, goal, at, cause },
  id: BigInt(id),
  need: BigInt(need),
  badge: badge ?? null,
  points: points === undefined ? null : { unit: points[0], points: BigInt(points[1]), lot: points[2] },
  back: back ?? null,
});

const stateToJson = ({ progress: { sum, days }, awards }: ChallengeState): StateJson => ({
  sum: String(sum),
  ...(days.size > 0 && { days: [...days] }),
  ...(awards.length > 0 && { awards: awards.map(awardToJson) }),
});
const stateFromJson = ({ sum, days = [], awards = [] }: StateJson): ChallengeState => ({
  progress: { sum: BigInt(sum), days: new Map(days) },
  awards: awards.map(awardFromJson),
});

const takenToJson = ({ award, decided, cancelled, taken, excused, shortfall, debt }: Taken) => ({
  ...awardToJson(award),
  how: [decided, cancelled, taken, excused, shortfall, debt].map(String),
});
function takenFromJson({ how, ...award }: NonNullable<StepJson['taken']>[number]): Taken {
  const [decided, cancelled, taken, excused, shortfall, debt] = how;
  return {
    award: awardFromJson(award),
    decided: BigInt(decided),
    cancelled: BigInt(cancelled),
    taken: BigInt(taken),
    excused: BigInt(excused),
    shortfall: BigInt(shortfall),
    debt: BigInt(debt),
  };
}

type StateRow = [memberId: bigint, challenge: string, period: string, state: StateJson];
type Held = ChallengeKey & { state: ChallengeState };
const held = ([memberId, challenge, period, state]: StateRow): Held => ({
  memberId: Number(memberId),
  challenge,
  period,
  state: stateFromJson(state),
});

const read = statement(
  'earning_challenges',
  `select c.member_id, c.challenge, c.period, c.state
   from (select * from unnest($1::bigint[], $2::text[], $3::text[])
     union select s.member_id, s.challenge, s.period
     from ${unnested(
       4,
       `
       cause bigint`,
     )} as u join earning.challenge_steps s on s.cause = u.cause) as u(member_id, challenge, period)
   join earning.challenges c on c.member_id = u.member_id and c.challenge = u.challenge and c.period = u.period`,
);

/** The periods that are asked for and those in which these orders and activities count, as far as they have begun. */
export async function readChallenges(
  tx: Tx,
  asked: readonly ChallengeKey[],
  causes: readonly bigint[],
): Promise<Held[]> {
  const rows = await tx.run<StateRow>(read, [...columns(asked), numbers(causes)]);
  return rows.map(held);
}

const columns = (keys: readonly ChallengeKey[]): Column[] => [
  numbers(keys.map(({ memberId }) => memberId)),
  texts(keys.map(({ challenge }) => challenge)),
  texts(keys.map(({ period }) => period)),
];

const readOfMember = statement(
  'earning_member_challenges',
  `select c.member_id, c.challenge, c.period, c.state from earning.challenges c where c.member_id = $1`,
);

/** Everything that a member ever did in challenges. */
export const challengesOfMember = async (tx: Tx, memberId: number): Promise<Held[]> =>
  (await tx.run<StateRow>(readOfMember, [memberId])).map(held);

const write = statement(
  'earning_write_challenges',
  `insert into earning.challenges (member_id, challenge, period, state)
   select u.member_id, u.challenge, u.period, u.state::json
   from ${unnested(1, 'member_id bigint, challenge text, period text, state text')} as u
   on conflict (member_id, challenge, period) do update set state = excluded.state`,
);

/** Writes periods of members who are locked, each once. */
export async function writeChallenges(tx: Tx, rows: readonly Held[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(write, [...columns(rows), texts(rows.map(({ state }) => JSON.stringify(stateToJson(state))))]);
}

type StepRow = [
  cause: bigint,
  challenge: string,
  period: string,
  id: bigint,
  memberId: bigint,
  programId: number,
  version: number,
  value: bigint,
  day: number | null,
  step: StepJson,
];
/** A step with the id of its decision. */
export type StoredStep = ChallengeStep & { readonly id: bigint };

const stepFromRow = ([
  cause,
  challenge,
  period,
  id,
  memberId,
  programId,
  version,
  ...rest
]: StepRow): StoredStep => {
  const [value, day, step] = rest;
  return {
    ...{ cause, challenge, period, id, programId, value, day },
    memberId: Number(memberId),
    programVersion: version,
    extra: BigInt(step.extra ?? 0),
    before: BigInt(step.before),
    after: BigInt(step.after),
    given: (step.given ?? []).map(awardFromJson),
    taken: (step.taken ?? []).map(takenFromJson),
  };
};

const readSteps = statement(
  'earning_challenge_steps',
  `select s.cause, s.challenge, s.period, s.id, s.member_id, s.program_id, s.program_version, s.value, s.day, s.step
   from ${unnested(1, 'cause bigint')} as u join earning.challenge_steps s on s.cause = u.cause order by s.id`,
);

/** What orders and activities did to challenges, by all decisions about them as they were taken. */
export const readChallengeSteps = async (tx: Tx, causes: readonly bigint[]): Promise<StoredStep[]> =>
  (await tx.run<StepRow>(readSteps, [numbers(causes)])).map(stepFromRow);

const readTaken = statement(
  'earning_challenge_steps_taken_by',
  `select s.cause, s.challenge, s.period, s.id, s.member_id, s.program_id, s.program_version, s.value, s.day, s.step
   from ${unnested(1, 'cause bigint, id bigint')} as u
   join earning.challenge_steps s on s.cause = u.cause and s.id = u.id order by s.id, s.challenge, s.period`,
);

/** What decisions about orders took back of goals, by the decision. */
export async function takenBy(
  tx: Tx,
  decisions: readonly { readonly cause: bigint; readonly id: bigint }[],
): Promise<Map<bigint, Taken[]>> {
  const rows = await tx.run<StepRow>(readTaken, [
    numbers(decisions.map(({ cause }) => cause)),
    numbers(decisions.map(({ id }) => id)),
  ]);
  const found = new Map<bigint, Taken[]>();
  for (const { id, taken } of rows.map(stepFromRow)) found.set(id, [...(found.get(id) ?? []), ...taken]);
  return found;
}

const insertSteps = statement(
  'earning_insert_challenge_steps',
  `insert into earning.challenge_steps (cause, challenge, period, id, member_id, program_id, program_version, value, day, step)
   select u.cause, u.challenge, u.period, u.id, u.member_id, u.program_id, u.program_version, u.value, u.day, u.step::json
   from ${unnested(
     1,
     `
     cause bigint, challenge text, period text, id bigint, member_id bigint, program_id integer,
     program_version integer, value bigint, day integer, step text`,
   )} as u`,
);

export async function insertChallengeSteps(tx: Tx, rows: readonly StoredStep[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.run(insertSteps, [
    numbers(rows.map(({ cause }) => cause)),
    texts(rows.map(({ challenge }) => challenge)),
    texts(rows.map(({ period }) => period)),
    numbers(rows.map(({ id }) => id)),
    numbers(rows.map(({ memberId }) => memberId)),
    numbers(rows.map(({ programId }) => programId)),
    numbers(rows.map(({ programVersion }) => programVersion)),
    numbers(rows.map(({ value }) => value)),
    numbers(rows.map(({ day }) => day)),
    texts(
      rows.map(({ extra, before, after, given, taken }) =>
        JSON.stringify({
          ...(extra !== 0n && { extra: String(extra) }),
          before: String(before),
          after: String(after),
          ...(given.length > 0 && { given: given.map(awardToJson) }),
          ...(taken.length > 0 && { taken: taken.map(takenToJson) }),
        }),
      ),
    ),
  ]);
}
