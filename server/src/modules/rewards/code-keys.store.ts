import { numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { NewCode, SealedCode } from './vouchers.ts';

/** The keys that the codes of a database are encrypted with. */
export interface CodeKeys {
  /** Of what is added now. */
  readonly keyId: string;
  /** The one that it replaces; null where no code is encrypted with it any more. */
  readonly before: string | null;
  /** Up to this id no code is. */
  readonly rotated: bigint;
}

type Row = [keyId: string, before: string | null, rotated: bigint];
const asKeys = ([row]: readonly Row[]): CodeKeys | undefined =>
  row === undefined ? undefined : { keyId: row[0], before: row[1], rotated: row[2] };

const COLUMNS = 'select key_id, before, rotated from rewards.code_keys';
const read = statement('rewards_code_keys', COLUMNS);
const keep = statement('rewards_keep_code_keys', `${COLUMNS} for key share`);
const steer = statement('rewards_steer_code_keys', `${COLUMNS} for no key update`);

/** The keys of this database; undefined before the first engine. */
export const codeKeys = async (tx: Tx): Promise<CodeKeys | undefined> => asKeys(await tx.run<Row>(read));

/** The same, for who adds codes: until the end of the transaction nobody makes another key that of what is added. */
export const keepCodeKeys = async (tx: Tx): Promise<CodeKeys> => asKeys(await tx.run<Row>(keep)) as CodeKeys;

/** The same, for who encrypts codes anew: one at a time. Who adds codes does not wait for it. */
export const steerCodeKeys = async (tx: Tx): Promise<CodeKeys> =>
  asKeys(await tx.run<Row>(steer)) as CodeKeys;

const claim = statement(
  'rewards_claim_key',
  'insert into rewards.code_keys (key_id) values ($1) on conflict do nothing',
);

/** Makes a key that of this database, unless it has one, and gives those that it has. */
export async function claimKey(tx: Tx, keyId: string): Promise<CodeKeys> {
  const known = await codeKeys(tx);
  if (known !== undefined) return known;
  await tx.run(claim, [keyId]);
  return (await codeKeys(tx)) as CodeKeys;
}

const replace = statement(
  'rewards_replace_lost_key',
  `update rewards.code_keys set key_id = $1, since = now(), before = null, rotated = 0
   where not exists (select from rewards.codes) returning key_id, before, rotated`,
);

const hold = statement('rewards_hold_code_keys', `${COLUMNS} for update`);

/** Makes a key that of a database that has no codes; undefined where it has some. */
export async function replaceLostKey(tx: Tx, keyId: string): Promise<CodeKeys | undefined> {
  // Uploads that are under way end first, so that their codes are seen.
  await tx.run(hold, []);
  return asKeys(await tx.run<Row>(replace, [keyId]));
}

const turn = statement(
  'rewards_turn_key',
  `update rewards.code_keys set key_id = $1, since = now(), before = key_id, rotated = 0
   where key_id = $2 returning key_id, before, rotated`,
);

/** From now on codes are added under another key. Waits for uploads that are under way; undefined where another was first. */
export const turnKey = async (tx: Tx, keyId: string, before: string): Promise<CodeKeys | undefined> =>
  asKeys(await tx.run<Row>(turn, [keyId, before]));

const page = statement(
  'rewards_page_of_key',
  `select id, program_id, sealed from rewards.codes where id > $1::bigint and key_id = $2 order by id limit $3 for update`,
);

/** The next codes that are encrypted with a key, locked. */
export const pageOf = async (
  tx: Tx,
  { after, keyId, size }: { after: bigint; keyId: string; size: number },
): Promise<(SealedCode & { programId: number })[]> =>
  (await tx.run<[bigint, number, Buffer]>(page, [after, keyId, size])).map(([id, programId, sealed]) => ({
    id,
    programId,
    sealed,
  }));

const write = statement(
  'rewards_write_sealed',
  `update rewards.codes c set key_id = $1, sealed = decode(u.sealed, 'hex'), fingerprint = decode(u.fingerprint, 'hex')
   from ${unnested(2, 'id bigint, sealed text, fingerprint text')} as u where c.id = u.id`,
);
const move = statement('rewards_move_rotation', 'update rewards.code_keys set rotated = $1::bigint');
const finish = statement(
  'rewards_finish_rotation',
  'update rewards.code_keys set before = null, rotated = 0',
);

/** Writes codes under another key, and how far it got. */
export async function writeSealed(
  tx: Tx,
  keyId: string,
  codes: readonly (NewCode & { readonly id: bigint })[],
): Promise<void> {
  await tx.run(write, [
    keyId,
    numbers(codes.map(({ id }) => id)),
    texts(codes.map(({ sealed }) => sealed.toString('hex'))),
    texts(codes.map(({ fingerprint }) => fingerprint.toString('hex'))),
  ]);
  await tx.run(move, [codes.at(-1)?.id ?? 0n]);
}

/** Notes that no code is encrypted with the key before any more. */
export const finishRotation = async (tx: Tx): Promise<void> => void (await tx.run(finish, []));

const countLeft = statement(
  'rewards_count_rotation',
  `select count(*)::integer, (count(*) filter (where id > $1::bigint and key_id = $2))::integer from rewards.codes`,
);

/** How many codes there are, and how many of them are encrypted with the key before. */
export async function countCodes(
  tx: Tx,
  { before, rotated }: Pick<CodeKeys, 'before' | 'rotated'>,
): Promise<{ codes: number; left: number }> {
  const [row] = await tx.run<[number, number]>(countLeft, [rotated, before]);
  return { codes: row?.[0] ?? 0, left: row?.[1] ?? 0 };
}
