import { type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import { type ProfileJson, profileOf } from './profile.store.ts';
import { EMPTY_PROFILE, type Profile } from './profile.ts';

/** Of whom and when a decision asks. */
export interface FactsQuestion {
  readonly programId: number;
  /** The member's number. */
  readonly holderId: number;
  /** The time of the event, epoch ms. */
  readonly at: number;
  /**
   * For a replay: the id of the decision that is replayed. What was recorded after it (a change of the profile that was
   * dated back, a list that was uploaded later) is then not seen. Left out: everything that is known.
   */
  readonly decision?: bigint;
}

const PROFILES = statement(
  'members_profiles_at',
  `select q.nr::integer, m.enrolled_at, p.profile
     from ${numbered(1, 'program_id integer, member_id bigint, at timestamptz, decision bigint')} as q
     join members.members m on m.program_id = q.program_id and m.id = q.member_id
     left join lateral (
       select c.profile from members.profiles c
        where c.member_id = q.member_id and c.valid_from <= q.at and c.known_by < q.decision
        order by c.valid_from desc, c.nr desc, c.rev desc limit 1
     ) p on true`,
);
// The lists are few and found first; then every member is looked up in each by the key alone.
const MEMBERSHIPS = statement(
  'members_lists_at',
  `with wanted as materialized (
     select l.program_id, l.id, l.name
       from ${unnested(5, 'program_id integer, name text')} as w
       join members.lists l on l.program_id = w.program_id and l.name = w.name
   )
   select q.nr::integer, w.name
     from ${numbered(1, 'program_id integer, member_id bigint, at timestamptz, decision bigint')} as q
     join wanted w on w.program_id = q.program_id
    cross join lateral (
      select 1 from members.list_members m
       where m.list_id = w.id and m.member_id = q.member_id and m.joined_by < q.decision and m.joined_at <= q.at
         and (m.left_at is null or m.left_at > q.at or m.left_by >= q.decision)
       limit 1
    ) m`,
);

/** Above every id of a decision. */
const ALL_KNOWN = 2n ** 63n - 1n;

const columns = (questions: readonly FactsQuestion[]): Column[] => [
  numbers(questions.map(question => question.programId)),
  numbers(questions.map(question => question.holderId)),
  instants(questions.map(question => question.at)),
  numbers(questions.map(question => question.decision ?? ALL_KNOWN)),
];

/** Enrolment and profile for each question, in order; undefined where there is no such member. */
export async function profiles(
  tx: Tx,
  questions: readonly FactsQuestion[],
): Promise<({ enrolledAt: number; profile: Profile } | undefined)[]> {
  const found = new Array<{ enrolledAt: number; profile: Profile } | undefined>(questions.length);
  const rows = await tx.run<[number, number, ProfileJson | null]>(PROFILES, columns(questions));
  for (const [nr, enrolledAt, json] of rows)
    found[nr - 1] = { enrolledAt, profile: json === null ? EMPTY_PROFILE : profileOf(json) };
  return found;
}

/** On which of these lists each question's member is, in order; undefined where on none. */
export async function memberships(
  tx: Tx,
  questions: readonly FactsQuestion[],
  names: readonly string[],
): Promise<(Set<string> | undefined)[]> {
  const programs = [...new Set(questions.map(question => question.programId))];
  const pairs = programs.flatMap(program => [...new Set(names)].map(name => ({ program, name })));
  const found = new Array<Set<string> | undefined>(questions.length);
  const rows = await tx.run<[number, string]>(MEMBERSHIPS, [
    ...columns(questions),
    numbers(pairs.map(pair => pair.program)),
    texts(pairs.map(pair => pair.name)),
  ]);
  for (const [nr, name] of rows) {
    const own = found[nr - 1];
    if (own === undefined) found[nr - 1] = new Set([name]);
    else own.add(name);
  }
  return found;
}

const ENROLMENTS = statement(
  'members_enrolled_at',
  `select m.id, m.enrolled_at from ${unnested(1, 'program_id integer, member_id bigint')} as q
     join members.members m on m.program_id = q.program_id and m.id = q.member_id`,
);

/** When these members were enrolled; nobody is in it who does not exist. */
export async function enrolments(
  tx: Tx,
  members: readonly { programId: number; memberId: number }[],
): Promise<Map<number, number>> {
  const rows = await tx.run<[bigint, number]>(ENROLMENTS, [
    numbers(members.map(({ programId }) => programId)),
    numbers(members.map(({ memberId }) => memberId)),
  ]);
  return new Map(rows.map(([id, at]) => [Number(id), at]));
}
