import { texts } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';
import type { Grant, Key } from './model.ts';

const COLUMNS = 'id, label, program, scopes, sources, created_at, revoked_at';
type Row = [bigint, string, string | null, string[], string[], number, number | null];

const asKey = ([id, label, program, scopes, sources, createdAt, revokedAt]: Row): Key => ({
  id,
  label,
  program,
  scopes,
  sources,
  createdAt,
  revokedAt,
});

const readByHash = statement(
  'identity_key_by_hash',
  `select ${COLUMNS} from identity.api_keys where secret_hash = decode($1, 'hex')`,
);

/** The key of a hash (SHA-256 in hex), revoked or not. */
export const byHash = async (tx: Tx, hash: string): Promise<Key | undefined> =>
  (await tx.run<Row>(readByHash, [hash])).map(asKey)[0];

const readById = statement('identity_key_by_id', `select ${COLUMNS} from identity.api_keys where id = $1`);

export const byId = async (tx: Tx, id: bigint): Promise<Key | undefined> =>
  (await tx.run<Row>(readById, [id])).map(asKey)[0];

const readPage = statement(
  'identity_keys',
  `select ${COLUMNS} from identity.api_keys
   where id < $1 and ($2::text is null or program = $2)
   order by id desc limit $3`,
);

/** Keys with ids below `before`, newest first; only those bound to `program` unless it is null. */
export const list = async (tx: Tx, before: bigint, program: string | null, limit: number): Promise<Key[]> =>
  (await tx.run<Row>(readPage, [before, program, limit])).map(asKey);

const insertKey = statement(
  'identity_insert_key',
  `insert into identity.api_keys (secret_hash, label, program, scopes, sources, created_at)
   values (decode($1, 'hex'), $2, $3, $4::text[], $5::text[], to_timestamp($6::float8 / 1000))
   on conflict (secret_hash) do nothing
   returning ${COLUMNS}`,
);

/** Adds a key; undefined where this hash is there already (two processes that register one file). */
export async function insert(tx: Tx, hash: string, grant: Grant, at: number): Promise<Key | undefined> {
  const { label, program, scopes, sources } = grant;
  return (await tx.run<Row>(insertKey, [hash, label, program, texts(scopes), texts(sources), at])).map(
    asKey,
  )[0];
}

const revokeKey = statement(
  'identity_revoke_key',
  `update identity.api_keys set revoked_at = coalesce(revoked_at, to_timestamp($2::float8 / 1000))
   where id = $1
   returning ${COLUMNS}, encode(secret_hash, 'hex')`,
);

/** Revokes a key, once: a second time changes nothing. Gives its hash too. */
export async function revoke(
  tx: Tx,
  id: bigint,
  at: number,
): Promise<{ key: Key; hash: string } | undefined> {
  const [row] = await tx.run<[...Row, string]>(revokeKey, [id, at]);
  if (row === undefined) return undefined;
  const [own, label, program, scopes, sources, createdAt, revokedAt, hash] = row;
  return { key: asKey([own, label, program, scopes, sources, createdAt, revokedAt]), hash };
}
