import { numbers } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';
import type { ProgramDocument } from './document.ts';
import type { Published } from './model.ts';

/** The row of a program: all that tells whether what is kept in memory is still true. */
export interface Head {
  id: number;
  name: string;
  revision: number;
  /** The latest version; 0: none was published, there are only drafts. */
  version: number;
  /** Epoch ms of a test clock; null: the real time. */
  clockNow: number | null;
}

type HeadRow = [number, string, number, number, number | null];
const toHead = ([id, name, revision, version, clockNow]: HeadRow): Head => ({
  id,
  name,
  revision,
  version,
  clockNow,
});

const HEADS = statement(
  'program_heads',
  'select id, name, revision, version, clock_now from program.programs where id = any($1::integer[])',
);
const HEAD = statement(
  'program_head',
  'select id, name, revision, version, clock_now from program.programs where name = $1 and version > 0',
);
const HEAD_LOCKED = statement('program_head_locked', `${HEAD.text} for update`);
const NAMED = statement(
  'program_named',
  'select id, name, revision, version, clock_now from program.programs where name = $1',
);
const NAMED_LOCKED = statement('program_named_locked', `${NAMED.text} for update`);
const LIST = statement(
  'program_list',
  `select p.id, p.name, p.revision, p.version, p.clock_now, v.effective_from, v.published_at
     from program.programs p
     join program.versions v on v.program_id = p.id and v.version = p.version
    where p.id > $1 and ($2::text is null or p.name = $2)
    order by p.id
    limit $3`,
);
const VERSIONS = statement(
  'program_versions',
  `select version, effective_from, published_at, document
     from program.versions
    where program_id = $1 and version between $2 and $3
    order by version`,
);
const UNITS = statement('program_units', 'select name, number from program.units where program_id = $1');
const CREATE = statement(
  'program_create',
  `insert into program.programs as p (name, revision, version, clock_now, created_at)
   values ($1, 1, 1, $2, $3)
   on conflict (name) do update set version = 1, revision = p.revision + 1, clock_now = excluded.clock_now
     where p.version = 0
   returning p.id`,
);
const RESERVE = statement(
  'program_reserve',
  `insert into program.programs (name, revision, version, clock_now, created_at)
   values ($1, 1, 0, null, $2)
   on conflict (name) do nothing`,
);
const ADD_VERSION = statement(
  'program_add_version',
  `insert into program.versions (program_id, version, effective_from, published_at, recorded_at, document)
   values ($1, $2, $3, $4, $5, $6)`,
);
const ADD_UNIT = statement(
  'program_add_unit',
  'insert into program.units (program_id, number, name, since_version) values ($1, $2, $3, $4)',
);
const SET_VERSION = statement(
  'program_set_version',
  'update program.programs set version = $2, revision = revision + 1 where id = $1',
);
const SET_CLOCK = statement(
  'program_set_clock',
  'update program.programs set clock_now = $2, revision = revision + 1 where id = $1',
);

const instant = (at: number): string => new Date(at).toISOString();

export async function heads(tx: Tx, ids: readonly number[]): Promise<Head[]> {
  return (await tx.run<HeadRow>(HEADS, [numbers(ids)])).map(toHead);
}

/** The program's row; `lock` keeps it until the end of the transaction, so that its changes queue up. */
export async function head(tx: Tx, name: string, lock = false): Promise<Head | undefined> {
  const [row] = await tx.run<HeadRow>(lock ? HEAD_LOCKED : HEAD, [name]);
  return row && toHead(row);
}

/** The same, also of a name that has only drafts so far: its version is 0, and for everybody else there is no program. */
export async function named(tx: Tx, name: string, lock = false): Promise<Head | undefined> {
  const [row] = await tx.run<HeadRow>(lock ? NAMED_LOCKED : NAMED, [name]);
  return row && toHead(row);
}

/** Makes the row of a name that is to have drafts before its program; nothing where there is one. */
export async function reserve(tx: Tx, name: string, at: number): Promise<void> {
  await tx.run(RESERVE, [name, instant(at)]);
}

export interface Listed extends Head {
  effectiveFrom: number | null;
  publishedAt: number;
}

/** Programs by id after `after`, of which the latest version; only the one named `only`, where it is given. */
export async function list(tx: Tx, after: number, only: string | null, limit: number): Promise<Listed[]> {
  type Row = [...HeadRow, number | null, number];
  const rows = await tx.run<Row>(LIST, [after, only, limit]);
  return rows.map(([id, name, revision, version, clockNow, effectiveFrom, publishedAt]) => ({
    ...toHead([id, name, revision, version, clockNow]),
    effectiveFrom,
    publishedAt,
  }));
}

/** The versions `from` to `to`, both included, in order. */
export async function versions(tx: Tx, programId: number, from: number, to: number): Promise<Published[]> {
  type Row = [number, number | null, number, ProgramDocument];
  const rows = await tx.run<Row>(VERSIONS, [programId, from, to]);
  return rows.map(([version, effectiveFrom, publishedAt, document]) => ({
    version,
    effectiveFrom,
    publishedAt,
    document,
  }));
}

/** The numbers of all units that the program ever had, by name. */
export async function units(tx: Tx, programId: number): Promise<Map<string, number>> {
  return new Map(await tx.run<[string, number]>(UNITS, [programId]));
}

/**
 * Makes a program with version 1 to come, with the row of its drafts where it has any; undefined when another transaction
 * made one of this name.
 */
export async function create(
  tx: Tx,
  name: string,
  clockNow: number | null,
  at: number,
): Promise<number | undefined> {
  const [row] = await tx.run<[number]>(CREATE, [
    name,
    clockNow === null ? null : instant(clockNow),
    instant(at),
  ]);
  return row?.[0];
}

export async function addVersion(
  tx: Tx,
  programId: number,
  published: Published,
  recordedAt: number,
): Promise<void> {
  await tx.run(ADD_VERSION, [
    programId,
    published.version,
    published.effectiveFrom === null ? null : instant(published.effectiveFrom),
    instant(published.publishedAt),
    instant(recordedAt),
    JSON.stringify(published.document),
  ]);
}

export async function addUnit(
  tx: Tx,
  programId: number,
  number: number,
  name: string,
  version: number,
): Promise<void> {
  await tx.run(ADD_UNIT, [programId, number, name, version]);
}

export async function setVersion(tx: Tx, programId: number, version: number): Promise<void> {
  await tx.run(SET_VERSION, [programId, version]);
}

export async function setClock(tx: Tx, programId: number, now: number): Promise<void> {
  await tx.run(SET_CLOCK, [programId, instant(now)]);
}

const keepKey = statement(
  'program_keep_passage',
  `insert into program.passages (program_id, key, asked, target) values ($1, $2, $3, $4) on conflict do nothing`,
);
const readKey = statement(
  'program_passage',
  'select asked, target from program.passages where program_id = $1 and key = $2',
);

/** Until when the time of a test program is to pass under a key: what was kept first stands. */
export async function keepPassage(
  tx: Tx,
  passage: { programId: number; key: string; asked: string; target: number },
): Promise<{ asked: string; target: number }> {
  const { programId, key, asked, target } = passage;
  await tx.run(keepKey, [programId, key, asked, new Date(target).toISOString()]);
  const [row] = await tx.run<[string, number]>(readKey, [programId, key]);
  const [first, until] = row as [string, number];
  return { asked: first, target: until };
}
