import { type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Member, MemberType } from './model.ts';

const BY_EXTERNAL_ID = statement(
  'members_by_external_id',
  `select r.nr::integer, m.id
     from ${numbered(1, 'program_id integer, external_id text')} as r
     join members.members m on m.program_id = r.program_id and m.external_id = r.external_id`,
);
const BY_ID = statement(
  'members_by_id',
  `select r.nr::integer, m.external_id
     from ${numbered(1, 'program_id integer, id bigint')} as r
     join members.members m on m.program_id = r.program_id and m.id = r.id`,
);
/*
 * Sorted, so that two batches which enrol the same people wait for each other in one order. The keys are
 * returned, because rows that another transaction made meanwhile are not.
 */
const ENROL = statement(
  'members_enrol',
  `insert into members.members (program_id, external_id, enrolled_at)
   select r.program_id, r.external_id, r.enrolled_at
     from ${unnested(1, 'program_id integer, external_id text, enrolled_at timestamptz')} as r
    order by r.program_id, r.external_id collate "C"
   on conflict (program_id, external_id) do nothing
   returning program_id, external_id, id`,
);
const RESERVE = statement(
  'members_reserve',
  `select nextval(pg_get_serial_sequence('members.members', 'id')) from generate_series(1, $1::integer)`,
);
const ADMIT = statement(
  'members_admit',
  `insert into members.members (program_id, id, external_id, enrolled_at) overriding system value
   select r.program_id, r.id, r.external_id, r.enrolled_at
     from ${unnested(1, 'program_id integer, id bigint, external_id text, enrolled_at timestamptz')} as r
    order by r.program_id, r.external_id collate "C"`,
);
const ONE_BY_ID = statement(
  'members_one_by_id',
  'select id, external_id, type, status, enrolled_at from members.members where program_id = $1 and id = $2',
);
const ONE_BY_EXTERNAL_ID = statement(
  'members_one_by_external_id',
  'select id, external_id, type, status, enrolled_at from members.members where program_id = $1 and external_id = $2',
);
const listOf = (name: string, which: string) =>
  statement(
    name,
    `select id, external_id, type, status, enrolled_at
       from members.members
      where program_id = $1 and id > $2${which}
      order by id
      limit $3`,
  );
const LIST = listOf('members_list', '');
const LIST_OF = {
  person: listOf('members_list_persons', " and type = 'person'"),
  household: listOf('members_list_households', " and type = 'household'"),
};
const MARK = statement(
  'members_mark_households',
  `update members.members m set type = 'household'
     from ${unnested(1, 'program_id integer, id bigint')} as q where m.program_id = q.program_id and m.id = q.id`,
);

/** A page of a program's members: those behind the id `after` (0n: from the first). */
export interface MembersWanted {
  readonly after: bigint;
  readonly limit: number;
  readonly type?: MemberType | undefined;
}

export interface ExternalKey {
  programId: number;
  externalId: string;
}

const programs = (keys: readonly { programId: number }[]): Column => numbers(keys.map(key => key.programId));

/** The ids of those keys that exist, by the key's place in the list. */
export async function idsOf(tx: Tx, keys: readonly ExternalKey[]): Promise<Map<number, bigint>> {
  const externalIds = texts(keys.map(key => key.externalId));
  const rows = await tx.run<[number, bigint]>(BY_EXTERNAL_ID, [programs(keys), externalIds]);
  return new Map(rows.map(([nr, id]) => [nr - 1, id]));
}

/** The external ids of those (program, id) that exist, by their place in the list. */
export async function externalIdsOf(
  tx: Tx,
  keys: readonly { programId: number; id: bigint }[],
): Promise<Map<number, string>> {
  const rows = await tx.run<[number, string]>(BY_ID, [programs(keys), numbers(keys.map(key => key.id))]);
  return new Map(rows.map(([nr, externalId]) => [nr - 1, externalId]));
}

/** Makes members; gives back those that this transaction made, not those that were there. */
export function enrol(
  tx: Tx,
  rows: readonly (ExternalKey & { enrolledAt: number })[],
): Promise<[programId: number, externalId: string, id: bigint][]> {
  const externalIds = texts(rows.map(row => row.externalId));
  return tx.run(ENROL, [programs(rows), externalIds, instants(rows.map(row => row.enrolledAt))]);
}

/** Ids that no other member gets. */
export const reserve = async (tx: Tx, count: number): Promise<bigint[]> =>
  (await tx.run<[bigint]>(RESERVE, [count])).map(([id]) => id);

/** Makes members under reserved ids. One who is there already rejects with SQLSTATE 23505. */
export async function admit(
  tx: Tx,
  rows: readonly (ExternalKey & { id: bigint; enrolledAt: number })[],
): Promise<void> {
  const ids = numbers(rows.map(row => row.id));
  const externalIds = texts(rows.map(row => row.externalId));
  await tx.run(ADMIT, [programs(rows), ids, externalIds, instants(rows.map(row => row.enrolledAt))]);
}

type Row = [bigint, string, MemberType, 'active', number];
const toMember = (programId: number, [id, externalId, type, status, enrolledAt]: Row): Member => ({
  id,
  programId,
  externalId,
  type,
  status,
  enrolledAt,
});

export async function byId(tx: Tx, programId: number, id: bigint): Promise<Member | undefined> {
  const [row] = await tx.run<Row>(ONE_BY_ID, [programId, id]);
  return row && toMember(programId, row);
}

export async function byExternalId(
  tx: Tx,
  programId: number,
  externalId: string,
): Promise<Member | undefined> {
  const [row] = await tx.run<Row>(ONE_BY_EXTERNAL_ID, [programId, externalId]);
  return row && toMember(programId, row);
}

/** Members of a program by id, after `after`; of one type where it is named. */
export async function list(
  tx: Tx,
  programId: number,
  { after, limit, type }: MembersWanted,
): Promise<Member[]> {
  const rows = await tx.run<Row>(type === undefined ? LIST : LIST_OF[type], [programId, after, limit]);
  return rows.map(row => toMember(programId, row));
}

/** Makes members of this transaction households. */
export const markHouseholds = async (
  tx: Tx,
  members: readonly { programId: number; memberId: number }[],
): Promise<void> =>
  void (await tx.run(MARK, [programs(members), numbers(members.map(member => member.memberId))]));
