import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';

/** A list that is being replaced as a whole. */
export interface Upload {
  readonly id: number;
  readonly listId: number;
  readonly name: string;
  readonly staged: number;
  /** The instant at which the list changes, epoch ms; null: not all was sent yet. */
  readonly finishedAt: number | null;
  readonly done: boolean;
  readonly added: number;
  readonly removed: number;
}

const COLUMNS = 'u.id, u.list_id, u.name, u.staged, u.finished_at, u.done, u.added, u.removed';
type Row = [bigint, bigint, string, number, number | null, boolean, number, number];
const toUpload = ([id, listId, name, staged, finishedAt, done, added, removed]: Row): Upload => ({
  id: Number(id),
  listId: Number(listId),
  name,
  staged,
  finishedAt,
  done,
  added,
  removed,
});

const NAMED = statement(
  'members_upload',
  `select ${COLUMNS} from members.list_uploads u where u.list_id = $1 and u.name = $2`,
);
const OPEN = statement(
  'members_open_upload',
  `select ${COLUMNS} from members.list_uploads u where u.list_id = $1 and not u.done`,
);
const BEGIN = statement(
  'members_begin_upload',
  `insert into members.list_uploads as u (list_id, name) values ($1, $2) on conflict do nothing returning ${COLUMNS}`,
);
const LOCK = statement(
  'members_lock_upload',
  `select ${COLUMNS} from members.list_uploads u where u.id = $1 for update`,
);
const STAGE = statement(
  'members_stage',
  `with new as (
     insert into members.list_staged (upload_id, member_id) select $1, m.id from ${unnested(2, 'id bigint')} as m
     on conflict do nothing returning 1
   )
   update members.list_uploads u set staged = u.staged + (select count(*) from new) where u.id = $1 returning u.staged`,
);
const FINISH = statement(
  'members_finish_upload',
  `update members.list_uploads u set finished_at = coalesce(u.finished_at, $2::timestamptz) where u.id = $1
   returning ${COLUMNS}`,
);
const ADVANCE = statement(
  'members_advance_upload',
  `update members.list_uploads u set added = u.added + $2, removed = u.removed + $3, done = u.done or $4 where u.id = $1
   returning ${COLUMNS}`,
);
/*
 * Pages are cut from the key alone and each row is looked up by the other key. A limit inside keeps PostgreSQL from
 * comparing whole sets, which it likes to do by hashing a million rows for each page (measured: 0.4 s a page).
 */
const LEAVING = statement(
  'members_upload_leaving',
  `with page as materialized (
     select m.member_id from members.list_members m
      where m.list_id = $1 and m.member_id > $3 and m.left_at is null and m.joined_at <= $4
      order by m.member_id limit $5
   )
   select p.member_id, s.found is null from page p left join lateral (
     select true as found from members.list_staged s where s.upload_id = $2 and s.member_id = p.member_id limit 1
   ) s on true order by p.member_id`,
);
const JOINING = statement(
  'members_upload_joining',
  `with page as materialized (
     select s.member_id from members.list_staged s where s.upload_id = $2 and s.member_id > $3
      order by s.member_id limit $4
   )
   select p.member_id, m.found is null from page p left join lateral (
     select true as found from members.list_members m
      where m.list_id = $1 and m.member_id = p.member_id and m.left_at is null limit 1
   ) m on true order by p.member_id`,
);
const CLEAR = statement(
  'members_clear_upload',
  `delete from members.list_staged s using (
     select member_id from members.list_staged where upload_id = $1 order by member_id limit $2
   ) part where s.upload_id = $1 and s.member_id = part.member_id returning 1`,
);
const DROP = statement(
  'members_drop_upload',
  'delete from members.list_uploads where id = $1 and finished_at is null returning 1',
);

const first = async (rows: Promise<Row[]>): Promise<Upload | undefined> => {
  const [row] = await rows;
  return row && toUpload(row);
};

export const named = (tx: Tx, listId: number, name: string) => first(tx.run<Row>(NAMED, [listId, name]));
/** The upload of a list that is not done; there is at most one. */
export const openOf = (tx: Tx, listId: number) => first(tx.run<Row>(OPEN, [listId]));
/** Begins an upload; undefined where another one is open, or this one is there. */
export const begin = (tx: Tx, listId: number, name: string) => first(tx.run<Row>(BEGIN, [listId, name]));
/** Reads an upload and keeps others from changing it to the end of the transaction. */
export const lock = (tx: Tx, id: number) => first(tx.run<Row>(LOCK, [id]));

/** Puts members aside for an upload, each once, and gives how many there are now. */
export async function stage(tx: Tx, id: number, members: readonly bigint[]): Promise<number> {
  const [row] = await tx.run<[number]>(STAGE, [id, numbers(members)]);
  if (row === undefined) throw new Error('an upload is gone');
  return row[0];
}

/** Notes that an upload is complete and takes effect at `at`, unless an earlier call set another instant. */
export async function finish(tx: Tx, id: number, at: number): Promise<Upload> {
  return (await first(tx.run<Row>(FINISH, [id, new Date(at).toISOString()]))) as Upload;
}

/** Notes what a part of an upload changed. */
export async function advance(
  tx: Tx,
  id: number,
  part: { added: number; removed: number; done: boolean },
): Promise<Upload> {
  return (await first(tx.run<Row>(ADVANCE, [id, part.added, part.removed, part.done]))) as Upload;
}

/** A page of members by number, each with whether the upload changes its place on the list. */
export interface Page {
  readonly changing: readonly bigint[];
  /** The last number of the page; null: there are no more. */
  readonly next: bigint | null;
}

const pageOf = (rows: [bigint, boolean][], limit: number): Page => ({
  changing: rows.flatMap(([member, changes]) => (changes ? member : [])),
  next: rows.length < limit ? null : ((rows.at(-1) as [bigint, boolean])[0] as bigint),
});

/** Of those who were on the list at `at` (epoch ms) the ones that the upload does not have. */
export async function leaving(
  tx: Tx,
  upload: { id: number; listId: number; at: number },
  after: bigint,
  limit: number,
): Promise<Page> {
  const at = new Date(upload.at).toISOString();
  return pageOf(await tx.run(LEAVING, [upload.listId, upload.id, after, at, limit]), limit);
}

/** Of those that the upload has the ones who are not on the list. */
export async function joining(
  tx: Tx,
  upload: { id: number; listId: number },
  after: bigint,
  limit: number,
): Promise<Page> {
  return pageOf(await tx.run(JOINING, [upload.listId, upload.id, after, limit]), limit);
}

/** Forgets up to `limit` of what was put aside; gives how many. */
export async function clear(tx: Tx, id: number, limit: number): Promise<number> {
  return (await tx.run(CLEAR, [id, limit])).length;
}

/** Removes an upload that was emptied; false where it is being carried out. */
export async function drop(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(DROP, [id])).length > 0;
}
