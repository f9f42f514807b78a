import { type Column, numbers, texts } from '#platform/db/arrays.ts';
import { numbered, statement, type Tx, unnested } from '#platform/db/client.ts';
import type { NewCode, SealedCode } from './vouchers.ts';

const locking = (wait: 'skip locked' | ''): string =>
  `select u.nr::integer, c.id, c.sealed
   from ${numbered(1, 'program_id integer, pool text, wanted integer')} as u
   cross join lateral (
     select c.id, c.sealed from rewards.codes c
     where c.program_id = u.program_id and c.pool = u.pool and c.redemption_id is null
     order by c.id limit u.wanted for update ${wait}
   ) c`;
const lockCodes = statement('rewards_lock_codes', locking('skip locked'));
const awaitCodes = statement('rewards_await_codes', locking(''));

/**
 * Locks free codes of pools, by place in the list. Nobody waits for a code: a batch asks for no more than it holds of the
 * pool's stock, so there are always as many that no other batch has in hand. Only a page of codes that are just being
 * encrypted with another key can be in the way, and is waited for.
 */
export async function lock(
  tx: Tx,
  wanted: readonly { programId: number; pool: string; most: number }[],
): Promise<Map<number, SealedCode[]>> {
  const asked = [
    numbers(wanted.map(each => each.programId)),
    texts(wanted.map(each => each.pool)),
    numbers(wanted.map(each => each.most)),
  ];
  type Row = [number, bigint, Buffer];
  const at = await tx.run<Row>(lockCodes, asked);
  const most = wanted.reduce((sum, each) => sum + each.most, 0);
  const rows = at.length < most ? await tx.run<Row>(awaitCodes, asked) : at;
  const found = new Map<number, SealedCode[]>();
  for (const [nr, id, sealed] of rows) {
    const own = found.get(nr - 1) ?? [];
    own.push({ id, sealed });
    found.set(nr - 1, own);
  }
  return found;
}

const handOut = statement(
  'rewards_hand_out',
  `update rewards.codes c set redemption_id = u.redemption_id
   from ${unnested(1, 'id bigint, redemption_id bigint')} as u where c.id = u.id`,
);

/** Notes which redemption got which code. */
export const give = async (tx: Tx, given: readonly { id: bigint; redemptionId: bigint }[]): Promise<void> =>
  void (await tx.run(handOut, [
    numbers(given.map(each => each.id)),
    numbers(given.map(each => each.redemptionId)),
  ]));

const markReturned = statement(
  'rewards_return_codes',
  'update rewards.codes set returned = true where id = any($1::bigint[])',
);

/** Marks codes whose redemption was refunded. */
export const giveBack = async (tx: Tx, ids: readonly bigint[]): Promise<void> =>
  void (await tx.run(markReturned, [numbers(ids)]));

const hex = (list: readonly (Buffer | null)[]): Column =>
  texts(list.map(each => each?.toString('hex') ?? null));

const insertCodes = statement(
  'rewards_insert_codes',
  `with added as (
     insert into rewards.codes (program_id, pool, key_id, sealed, fingerprint)
     select $1, $2, $3, decode(u.sealed, 'hex'), decode(u.fingerprint, 'hex')
     from ${unnested(4, 'sealed text, fingerprint text, otherwise text')} as u
     where u.otherwise is null or not exists (
       select from rewards.codes c where c.program_id = $1 and c.fingerprint = decode(u.otherwise, 'hex'))
     on conflict (program_id, fingerprint) do nothing returning 1)
   select count(*)::integer from added`,
);

/**
 * Adds codes to a pool and says how many are new. While the secret is changed a code that is known has the one fingerprint
 * or the other: whatever moment the statement sees, it has one of them.
 */
export async function add(
  tx: Tx,
  { programId, pool }: { programId: number; pool: string },
  keyId: string,
  codes: readonly NewCode[],
): Promise<number> {
  const [row] = await tx.run<[number]>(insertCodes, [
    programId,
    pool,
    keyId,
    hex(codes.map(code => code.sealed)),
    hex(codes.map(code => code.fingerprint)),
    hex(codes.map(code => code.otherwise)),
  ]);
  return row?.[0] ?? 0;
}

const readPools = statement(
  'rewards_pools_of_codes',
  `select u.nr::integer, c.pool from ${numbered(2, 'fingerprint text, otherwise text')} as u
   join rewards.codes c on c.program_id = $1
     and c.fingerprint = any(array[decode(u.fingerprint, 'hex'), decode(u.otherwise, 'hex')]) order by u.nr`,
);

/** In which pools these codes are, by their places in the list; those that are in none are left out. */
export const poolsOf = async (
  tx: Tx,
  programId: number,
  codes: readonly NewCode[],
): Promise<{ place: number; pool: string }[]> => {
  const fingerprints = hex(codes.map(code => code.fingerprint));
  const otherwise = hex(codes.map(code => code.otherwise));
  return (await tx.run<[number, string]>(readPools, [programId, fingerprints, otherwise])).map(
    ([nr, pool]) => ({ place: nr - 1, pool }),
  );
};

const countPool = statement(
  'rewards_count_pool',
  `select count(*)::integer, count(redemption_id)::integer, (count(*) filter (where returned))::integer
   from rewards.codes where program_id = $1 and pool = $2`,
);

/** How many codes a pool ever had, how many of them were handed out, and of how many the redemption was refunded. */
export async function count(
  tx: Tx,
  programId: number,
  pool: string,
): Promise<{ codes: number; handedOut: number; returned: number }> {
  const [row] = await tx.run<[number, number, number]>(countPool, [programId, pool]);
  const [codes, handedOut, returned] = row ?? [0, 0, 0];
  return { codes, handedOut, returned };
}

const readPlain = statement(
  'rewards_plain_codes',
  `select id, program_id, code from rewards.codes where code is not null order by id limit $1 for update skip locked`,
);
const sealPlain = statement(
  'rewards_seal_codes',
  `update rewards.codes c set code = null, key_id = $1, sealed = decode(u.sealed, 'hex'), fingerprint = decode(u.fingerprint, 'hex')
   from ${unnested(2, 'id bigint, sealed text, fingerprint text')} as u where c.id = u.id`,
);

/** Encrypts a page of codes that an earlier release stored as they are; says how many. */
export async function sealPage(
  tx: Tx,
  keyId: string,
  size: number,
  seal: (programId: number, code: string) => NewCode,
): Promise<number> {
  const rows = await tx.run<[bigint, number, string]>(readPlain, [size]);
  if (rows.length === 0) return 0;
  const codes = rows.map(([, programId, code]) => seal(programId, code));
  await tx.run(sealPlain, [
    keyId,
    numbers(rows.map(([id]) => id)),
    hex(codes.map(code => code.sealed)),
    hex(codes.map(code => code.fingerprint)),
  ]);
  return rows.length;
}
