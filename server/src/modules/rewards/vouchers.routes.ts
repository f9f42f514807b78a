import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { type Api, BULK_BODY_LIMIT } from '#platform/http/api.ts';
import * as schemas from '#platform/http/schemas.ts';
import type { Ledger } from '../ledger/index.ts';
import { codeKeys, keepCodeKeys } from './code-keys.store.ts';
import * as codes from './codes.store.ts';
import { readsAll } from './rotation.ts';
import * as stock from './stock.store.ts';
import { leftOf, SHARDS, share } from './stock.ts';
import { type NewCode, unreadable, type Vouchers } from './vouchers.ts';

const MAX_CODES = 10_000;

const count = z.int().min(0);
const poolParams = z.strictObject({
  pool: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must have 1 to 64 of a-z, 0-9, - and _, and begin with a letter')
    .meta({ examples: ['cinema'] }),
});

const poolSchema = z
  .strictObject({ pool: z.string(), codes: count, handed_out: count, returned: count, left: count })
  .meta({
    id: 'VoucherPool',
    description:
      'How many codes a pool ever had, how many were handed out, of how many of those the redemption was refunded, and how many redemptions can still be granted: what is on hold counts as taken.',
  });

interface Pooled {
  readonly programId: number;
  readonly pool: string;
  readonly now: number;
}

/** A pool as it stands. */
async function describe(tx: Tx, { programId, pool, now }: Pooled) {
  const item = { programId, item: `pool:${pool}`, now };
  const [counts, seen, lapsed] = [
    await codes.count(tx, programId, pool),
    await stock.read(tx, [item]),
    await stock.lapsedCounts(tx, [item]),
  ];
  return {
    pool,
    codes: counts.codes,
    handed_out: counts.handedOut,
    returned: counts.returned,
    left: leftOf(seen.shards.get(0) ?? [], lapsed.get(0) ?? 0),
  };
}

/** Codes that are in another pool: each may be handed out for one thing only. */
function taken(elsewhere: readonly { place: number; pool: string }[]): Outcome<never> {
  return refuse(
    'voucher_code_taken',
    `${elsewhere.length} of the codes are in another pool of this program. None was added.`,
    {
      errors: elsewhere.slice(0, 50).map(({ place, pool }) => ({
        pointer: `/codes/${place}`,
        message: `is in the pool ${pool} already`,
      })),
    },
  );
}

/** Meanwhile another key became that of what is added: the upload is encrypted once more. */
class OtherKey extends Error {}

/** Rolls an upload back. */
class Elsewhere extends Error {
  readonly found: readonly { place: number; pool: string }[];
  constructor(found: readonly { place: number; pool: string }[]) {
    super('a code is in another pool');
    this.found = found;
  }
}

/** The codes of an upload, encrypted with a key. */
interface Upload {
  readonly keyId: string;
  readonly list: readonly NewCode[];
}

/** Codes that are encrypted in one go: more would keep other requests waiting. */
const SLICE = 500;

/** Encrypts an upload with the key of the database; undefined where this engine does not have it. */
async function sealed(
  tx: Tx,
  vouchers: Vouchers,
  programId: number,
  list: readonly string[],
): Promise<Upload | undefined> {
  const keys = await codeKeys(tx);
  if (keys === undefined || !readsAll(vouchers, keys)) return undefined;
  const done: NewCode[] = [];
  for (let from = 0; from < list.length; from += SLICE) {
    for (const code of list.slice(from, from + SLICE)) done.push(vouchers.seal(keys.keyId, programId, code));
    await setImmediate();
  }
  return { keyId: keys.keyId, list: done };
}

/** Adds codes to a pool and their number to its stock, in one transaction. */
async function add(tx: Tx, pooled: Pooled, { keyId, list }: Upload) {
  const { programId, pool } = pooled;
  const item = { programId, item: `pool:${pool}` };
  if ((await keepCodeKeys(tx)).keyId !== keyId) throw new OtherKey();
  const added = await codes.add(tx, pooled, keyId, list);
  // Afterwards, because only then what others added meanwhile is seen.
  const known = await codes.poolsOf(tx, programId, list);
  const found = known.filter(each => each.pool !== pool);
  if (found.length > 0) throw new Elsewhere(found);
  if (added > 0) {
    await stock.make(tx, [item], SHARDS);
    const parts = Array.from({ length: SHARDS }, (_, shard) => ({ ...item, shard }));
    const locked = await stock.lock(tx, parts);
    const filled = locked.map(part => ({
      ...item,
      shard: { ...part.shard, remaining: part.shard.remaining + share(added, part.shard.shard) },
    }));
    await stock.fill(tx, filled);
  }
  return { added, known: list.length - added, pool: await describe(tx, pooled) };
}

/** What `add` would do, on a snapshot. */
async function imagine(tx: Tx, pooled: Pooled, { list }: Upload) {
  const found = await codes.poolsOf(tx, pooled.programId, list);
  const others = found.filter(each => each.pool !== pooled.pool);
  if (others.length > 0) throw new Elsewhere(others);
  const texts = list.map(({ fingerprint }) => fingerprint.toString('hex'));
  const known = new Set(found.map(({ place }) => texts[place]));
  const added = new Set(texts.filter(text => !known.has(text))).size;
  const pool = await describe(tx, pooled);
  return {
    added,
    known: list.length - added,
    pool: { ...pool, codes: pool.codes + added, left: pool.left + added },
  };
}

/** Pools of codes that vouchers are taken from. */
export const voucherRoutes =
  ({ ledger, pool: database, vouchers }: { ledger: Ledger; pool: Pool; vouchers: Vouchers }) =>
  (api: Api): void => {
    const pooled = async (program: { id: number }, pool: string, tx: Tx): Promise<Pooled> => {
      const facts = (await ledger.directory.programs(tx, [program.id])).get(program.id);
      return { programId: program.id, pool, now: facts?.now ?? 0 };
    };

    /** Undefined where this engine does not have the keys of the codes. */
    const upload = async (asked: {
      program: { id: number };
      pool: string;
      dryRun: boolean;
      list: readonly string[];
    }): Promise<Awaited<ReturnType<typeof add>> | undefined> => {
      const { program, pool, dryRun, list } = asked;
      const one = await sealed(database, vouchers, program.id, list);
      if (one === undefined) return undefined;
      if (dryRun) return database.snapshot(async tx => imagine(tx, await pooled(program, pool, tx), one));
      try {
        return await database.transaction(async tx => add(tx, await pooled(program, pool, tx), one));
      } catch (error) {
        if (error instanceof OtherKey) return upload(asked);
        throw error;
      }
    };

    const uploaded = z
      .strictObject({
        added: count,
        known: count.meta({ description: 'Codes that the pool has already, or that the call has twice.' }),
        pool: poolSchema,
      })
      .meta({ id: 'VoucherUpload' });
    api.route(
      {
        method: 'POST',
        path: '/v1/voucher-pools/{pool}/codes',
        scope: 'rewards:write',
        tag: 'Rewards',
        operation: 'addVoucherCodes',
        summary: 'Add codes to a pool of vouchers',
        description:
          'The pool is made with its first codes. A code is in one pool only and is handed out once. Codes that are known are left as they are, so that the call can be sent again.',
        program: true,
        dryRun: true,
        params: poolParams,
        body: z
          .strictObject({ codes: z.array(schemas.line(200, 'CINEMA-7F3K')).min(1).max(MAX_CODES) })
          .meta({ id: 'VoucherCodes' }),
        bodyLimit: BULK_BODY_LIMIT,
        answers: { 200: uploaded, 201: uploaded },
        refusals: ['voucher_code_taken', 'voucher_key_missing'],
      },
      async ({ program, params: { pool }, body, dryRun }) => {
        try {
          const value = await upload({ program, pool, dryRun, list: body.codes });
          if (value === undefined) return unreadable();
          return { ok: true, value, status: value.added > 0 ? 201 : 200 };
        } catch (error) {
          if (error instanceof Elsewhere) return taken(error.found);
          throw error;
        }
      },
    );

    api.route(
      {
        method: 'GET',
        path: '/v1/voucher-pools/{pool}',
        scope: 'rewards:read',
        tag: 'Rewards',
        operation: 'getVoucherPool',
        summary: 'How many codes of a pool are left',
        description: 'Never shows a code. A pool that nobody has added codes to is empty.',
        program: true,
        params: poolParams,
        answers: { 200: poolSchema },
      },
      async ({ program, params: { pool } }) =>
        accept(await database.snapshot(async tx => describe(tx, await pooled(program, pool, tx)))),
    );
  };
