import type { Clock } from '#platform/clock.ts';
import type { Pool } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { Credentials } from '#platform/http/api.ts';
import { ALL, covers, credentialsOf, type Grant, type Key } from './model.ts';
import { newKey, readOrMakeKeyFile } from './root-key.ts';
import * as store from './store.ts';
import { hashOf, Verifier } from './verifier.ts';

export interface IdentityOptions {
  pool: Pool;
  clock: Clock;
}

export interface RootKey {
  /** Where the file is. */
  path: string;
  key: string;
  /**
   * `created`: a new file and key; `valid`: known here; `registered`: an old file that this database did not know yet;
   * `revoked`: somebody revoked it in this database, and it opens nothing.
   */
  state: 'created' | 'valid' | 'registered' | 'revoked';
}

export interface IdentityService {
  /** Verifies the text of a key, at once where it was verified within 5 s. */
  authenticate(key: string): Credentials | undefined | Promise<Credentials | undefined>;
  /** Makes a key; `secret` is null in a dry run. Refuses what the caller may not do itself (`key_exceeds_grant`). */
  create(
    caller: Credentials,
    grant: Grant,
    dryRun: boolean,
  ): Promise<Outcome<{ key: Key; secret: string | null }>>;
  /** Keys with ids below `before`, newest first; a caller that is bound to a program sees that program's. */
  list(caller: Credentials, before: bigint, limit: number): Promise<Key[]>;
  /** Revokes a key for good. Refusals: `key_not_found`, `key_exceeds_grant`. */
  revoke(caller: Credentials, id: bigint, dryRun: boolean): Promise<Outcome<Key>>;
  /** Makes sure that the folder's `key` file holds a key for everything and that this database knows it. */
  ensureRootKey(dataDir: string): Promise<RootKey>;
}

const ROOT: Grant = { label: 'root', program: null, scopes: [ALL], sources: [ALL] };
/** The id that a dry run shows: one that no key has. */
const NO_ID = 0n;

export function createService({ pool, clock }: IdentityOptions): IdentityService {
  const verifier = new Verifier({
    find: async hash => {
      const key = await store.byHash(pool, hash);
      return key && key.revokedAt === null ? credentialsOf(key) : undefined;
    },
  });

  const add = async (secret: string, grant: Grant): Promise<Key | undefined> => {
    const key = await store.insert(pool, hashOf(secret), grant, clock.now());
    // It may have been tried before it existed here.
    verifier.forget(hashOf(secret));
    return key;
  };

  const find = async (caller: Credentials, id: bigint): Promise<Outcome<Key>> => {
    const key = await store.byId(pool, id);
    // A key of another program is none for a caller that is bound to its own.
    if (!key || (caller.program !== null && caller.program !== key.program))
      return refuse('key_not_found', 'There is no key of this id that the calling key may see.');
    const covered = covers(caller, key);
    return covered.ok ? accept(key) : covered;
  };

  return {
    authenticate: key => verifier.authenticate(key),

    async create(caller, grant, dryRun) {
      const covered = covers(caller, grant);
      if (!covered.ok) return covered;
      if (dryRun)
        return accept({
          key: { ...grant, id: NO_ID, createdAt: clock.now(), revokedAt: null },
          secret: null,
        });
      const secret = newKey();
      const key = await add(secret, grant);
      if (!key) throw new Error('a new random key was there already');
      return accept({ key, secret });
    },

    list: (caller, before, limit) => store.list(pool, before, caller.program, limit),

    async revoke(caller, id, dryRun) {
      const found = await find(caller, id);
      if (!found.ok) return found;
      if (dryRun) return accept({ ...found.value, revokedAt: found.value.revokedAt ?? clock.now() });
      const revoked = await store.revoke(pool, id, clock.now());
      if (!revoked) throw new Error('keys are never deleted, and this one is gone');
      verifier.forget(revoked.hash);
      return accept(revoked.key);
    },

    async ensureRootKey(dataDir) {
      const { path, key, made } = await readOrMakeKeyFile(dataDir);
      const added = await add(key, ROOT);
      if (added) return { path, key, state: made ? 'created' : 'registered' };
      const known = await store.byHash(pool, hashOf(key));
      return { path, key, state: known?.revokedAt === null ? 'valid' : 'revoked' };
    },
  };
}
