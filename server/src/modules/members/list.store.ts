import { instants, numbers } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';

/** A list of members, uploaded. */
export interface List {
  readonly id: number;
  readonly name: string;
  readonly members: number;
  /** Epoch ms, by the program's clock. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/** A member who joins a list or leaves it. */
export interface Membership {
  /** Of the command. */
  readonly id: bigint;
  readonly listId: number;
  readonly memberId: number;
  readonly joins: boolean;
  /** Epoch ms. */
  readonly at: number;
  /** The id of the command by which a member who leaves had joined. */
  readonly closes: bigint | null;
}

const COLUMNS = 'l.id, l.name, l.members, l.created_at, l.changed_at';
type Row = [bigint, string, number, number, number];
const toList = ([id, name, members, createdAt, changedAt]: Row): List => ({
  id: Number(id),
  name,
  members,
  createdAt,
  changedAt,
});

const ONE = statement(
  'members_one_list',
  `select ${COLUMNS} from members.lists l where l.program_id = $1 and l.name = $2`,
);
const ALL = statement(
  'members_all_lists',
  `select ${COLUMNS} from members.lists l where l.program_id = $1 and l.name > $2 order by l.name limit $3`,
);
// The number of lists is counted under the lock that a second one, which is made at the same time, waits for.
const MAKE = statement(
  'members_make_list',
  `insert into members.lists as l (program_id, name, created_at, changed_at)
   select $1::integer, $2::text, $3::timestamptz, $3::timestamptz
    where (select count(*) from members.lists o where o.program_id = $1) < $4
   on conflict (program_id, name) do nothing
   returning ${COLUMNS}`,
);
const LOCK_PROGRAM = statement(
  'members_lock_lists',
  `select pg_advisory_xact_lock(hashtext('members.lists'), $1::integer)`,
);
const OPEN = statement(
  'members_open_memberships',
  `select m.list_id, m.member_id, m.joined_by, m.joined_at
     from ${unnested(1, 'list_id bigint, member_id bigint')} as q
     join members.list_members m on m.list_id = q.list_id and m.member_id = q.member_id and m.left_at is null`,
);
const SIZES = statement(
  'members_list_sizes',
  `select l.id, l.members from ${unnested(1, 'id bigint')} as q join members.lists l on l.id = q.id`,
);
const JOIN = statement(
  'members_join_lists',
  `insert into members.list_members (list_id, member_id, joined_by, joined_at)
   select u.list_id, u.member_id, u.joined_by, u.joined_at
     from ${unnested(1, 'list_id bigint, member_id bigint, joined_by bigint, joined_at timestamptz')} as u`,
);
const LEAVE = statement(
  'members_leave_lists',
  `update members.list_members m set left_by = u.left_by, left_at = u.left_at
     from ${unnested(1, 'list_id bigint, member_id bigint, joined_by bigint, left_by bigint, left_at timestamptz')} as u
    where m.list_id = u.list_id and m.member_id = u.member_id and m.joined_by = u.joined_by`,
);
// Sorted, so that two batches which change the same lists wait for each other in one order.
const COUNT = statement(
  'members_count_lists',
  `with u as materialized (
     select l.id, q.change, q.at from ${unnested(1, 'id bigint, change integer, at timestamptz')} as q
       join members.lists l on l.id = q.id order by l.id for update of l
   )
   update members.lists l set members = l.members + u.change, changed_at = greatest(l.changed_at, u.at)
     from u where l.id = u.id`,
);
const PAGE = statement(
  'members_list_page',
  `select m.member_id, e.external_id, m.joined_at
     from members.list_members m
     join members.members e on e.program_id = $1 and e.id = m.member_id
    where m.list_id = $2 and m.member_id > $3 and m.joined_at <= $4 and (m.left_at is null or m.left_at > $4)
    order by m.member_id limit $5`,
);

export const MAX_LISTS = 1_000;

export async function find(tx: Tx, programId: number, name: string): Promise<List | undefined> {
  const [row] = await tx.run<Row>(ONE, [programId, name]);
  return row && toList(row);
}

/** Lists of a program by name, after `after`. */
export async function lists(tx: Tx, programId: number, after: string, limit: number): Promise<List[]> {
  return (await tx.run<Row>(ALL, [programId, after, limit])).map(toList);
}

/** Makes a list, in a transaction; undefined where the program has MAX_LISTS or the list is there. */
export async function make(tx: Tx, programId: number, name: string, at: number): Promise<List | undefined> {
  await tx.run(LOCK_PROGRAM, [programId]);
  const [row] = await tx.run<Row>(MAKE, [programId, name, new Date(at).toISOString(), MAX_LISTS]);
  return row && toList(row);
}

/** Those of these (list, member) where the member is on the list. */
export async function openMemberships(
  tx: Tx,
  asked: readonly { listId: number; memberId: number }[],
): Promise<{ listId: number; memberId: number; joinedBy: bigint; joinedAt: number }[]> {
  if (asked.length === 0) return [];
  const rows = await tx.run<[bigint, bigint, bigint, number]>(OPEN, [
    numbers(asked.map(question => question.listId)),
    numbers(asked.map(question => question.memberId)),
  ]);
  return rows.map(([listId, memberId, joinedBy, joinedAt]) => ({
    listId: Number(listId),
    memberId: Number(memberId),
    joinedBy,
    joinedAt,
  }));
}

/** How many members lists have. */
export async function sizes(tx: Tx, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx.run<[bigint, number]>(SIZES, [numbers(ids)]);
  return new Map(rows.map(([id, members]) => [Number(id), members]));
}

/** Writes what locked members joined and left, and what the lists count. */
export async function writeMemberships(tx: Tx, all: readonly Membership[]): Promise<void> {
  const joined = all.filter(row => row.joins);
  const left = all.filter(row => !row.joins);
  const changes = new Map<number, { change: number; at: number }>();
  for (const { listId, joins, at } of all) {
    const before = changes.get(listId) ?? { change: 0, at };
    changes.set(listId, { change: before.change + (joins ? 1 : -1), at: Math.max(before.at, at) });
  }
  const columns = (rows: readonly Membership[]) => [
    numbers(rows.map(row => row.listId)),
    numbers(rows.map(row => row.memberId)),
  ];
  await Promise.all([
    joined.length > 0 &&
      tx.run(JOIN, [
        ...columns(joined),
        numbers(joined.map(row => row.id)),
        instants(joined.map(row => row.at)),
      ]),
    left.length > 0 &&
      tx.run(LEAVE, [
        ...columns(left),
        numbers(left.map(row => row.closes)),
        numbers(left.map(row => row.id)),
        instants(left.map(row => row.at)),
      ]),
    tx.run(COUNT, [
      numbers([...changes.keys()]),
      numbers([...changes.values()].map(({ change }) => change)),
      instants([...changes.values()].map(({ at }) => at)),
    ]),
  ]);
}

/** Who was on a list at an instant, by the members' numbers, after `after`. */
export async function membersOf(
  tx: Tx,
  list: { programId: number; id: number; at: number },
  after: bigint,
  limit: number,
): Promise<{ id: bigint; externalId: string; joinedAt: number }[]> {
  const at = new Date(list.at).toISOString();
  const rows = await tx.run<[bigint, string, number]>(PAGE, [list.programId, list.id, after, at, limit]);
  return rows.map(([id, externalId, joinedAt]) => ({ id, externalId, joinedAt }));
}
