import { numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';

/** A code of a pool. The text is null in a dry run, which hands nothing out. */
export interface Code {
  readonly id: bigint;
  readonly text: string | null;
}

const lockCodes = statement(
  'rewards_lock_codes',
  `select u.nr::integer, c.id, c.code
   from unnest($1::integer[], $2::text[], $3::integer[]) with ordinality as u(program_id, pool, wanted, nr)
   cross join lateral (
     select c.id, c.code from rewards.codes c
     where c.program_id = u.program_id and c.pool = u.pool and c.redemption_id is null
     order by c.id limit u.wanted for update skip locked
   ) c`,
);

/**
 * Locks free codes of pools, by place in the list. Nobody waits for a code: a batch asks for no more than it holds of the
 * pool's stock, so there are always as many that no other batch has in hand.
 */
export async function lock(
  tx: Tx,
  wanted: readonly { programId: number; pool: string; most: number }[],
): Promise<Map<number, Code[]>> {
  const rows = await tx.run<[number, bigint, string]>(lockCodes, [
    numbers(wanted.map(each => each.programId)),
    texts(wanted.map(each => each.pool)),
    numbers(wanted.map(each => each.most)),
  ]);
  const found = new Map<number, Code[]>();
  for (const [nr, id, text] of rows) {
    const own = found.get(nr - 1) ?? [];
    own.push({ id, text });
    found.set(nr - 1, own);
  }
  return found;
}

const handOut = statement(
  'rewards_hand_out',
  `update rewards.codes c set redemption_id = u.redemption_id
   from unnest($1::bigint[], $2::bigint[]) as u(id, redemption_id) where c.id = u.id`,
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

const insertCodes = statement(
  'rewards_insert_codes',
  `with added as (
     insert into rewards.codes (program_id, pool, code) select $1, $2, u.code from unnest($3::text[]) as u(code)
     on conflict (program_id, code) do nothing returning 1)
   select count(*)::integer from added`,
);

/** Adds codes to a pool and says how many are new. */
export async function add(
  tx: Tx,
  programId: number,
  pool: string,
  codes: readonly string[],
): Promise<number> {
  const [row] = await tx.run<[number]>(insertCodes, [programId, pool, texts(codes)]);
  return row?.[0] ?? 0;
}

const readPools = statement(
  'rewards_pools_of_codes',
  `select u.nr::integer, c.pool from unnest($2::text[]) with ordinality as u(code, nr)
   join rewards.codes c on c.program_id = $1 and c.code = u.code order by u.nr`,
);

/** In which pools these codes are, by their places in the list; those that are in none are left out. */
export const poolsOf = async (
  tx: Tx,
  programId: number,
  codes: readonly string[],
): Promise<{ place: number; pool: string }[]> =>
  (await tx.run<[number, string]>(readPools, [programId, texts(codes)])).map(([nr, pool]) => ({
    place: nr - 1,
    pool,
  }));

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
