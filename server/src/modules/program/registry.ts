import { LRUCache } from 'lru-cache';
import type { Pool, Tx } from '#platform/db/client.ts';
import type { ProgramRef } from '#platform/http/api.ts';
import { compile, type Program, type ProgramVersion } from './model.ts';
import * as store from './store.ts';

/** Enough for every program of a large home; each costs a few kilobytes a version. */
const MAX_PROGRAMS = 1_000;
const MAX_NAMES = 10_000;

/**
 * Programs, ready to decide by, as `tx` sees them. Every call asks the database which revision is true (one
 * statement over the primary key), so a publication or a step of a clock counts from the next transaction on
 * in every process; only what cannot change, the published versions, is kept. A transaction that publishes
 * must not ask: what it wrote would be kept even if it were rolled back.
 */
export interface Registry {
  /** A program as it was read last, without asking. */
  kept(id: number): Program | undefined;
  /** The programs of these ids; ids that do not exist are left out. */
  load(tx: Tx, ids: readonly number[]): Promise<ReadonlyMap<number, Program>>;
  byName(tx: Tx, name: string): Promise<Program | undefined>;
  /**
   * The id of a name, which never changes: at once where this process has met it, else from the database: from
   * a pool, so that a name is kept only when it is committed.
   */
  ref(pool: Pool, name: string): ProgramRef | Promise<ProgramRef | undefined>;
}

export function createRegistry(): Registry {
  const programs = new LRUCache<number, Program>({ max: MAX_PROGRAMS });
  const refs = new LRUCache<string, ProgramRef>({ max: MAX_NAMES });

  const resolve = async (tx: Tx, head: store.Head): Promise<Program> => {
    const kept = programs.get(head.id);
    if (kept?.revision === head.revision) return kept;
    const program = await build(tx, head, kept?.versions ?? []);
    // A snapshot may be older than what another transaction has put here, also while this one was reading.
    if ((programs.peek(head.id)?.revision ?? 0) < head.revision) programs.set(head.id, program);
    return program;
  };

  const findRef = async (pool: Pool, name: string): Promise<ProgramRef | undefined> => {
    const head = await store.head(pool, name);
    if (head === undefined) return undefined;
    const ref = { id: head.id, name };
    refs.set(name, ref);
    return ref;
  };

  return {
    kept: id => programs.get(id),
    async load(tx, ids) {
      const result = new Map<number, Program>();
      for (const head of await store.heads(tx, ids)) result.set(head.id, await resolve(tx, head));
      return result;
    },
    async byName(tx, name) {
      const head = await store.head(tx, name);
      return head && resolve(tx, head);
    },
    ref: (pool, name) => refs.get(name) ?? findRef(pool, name),
  };
}

/** The program as its row says, with the versions that are known already and, if any are missing, the others. */
async function build(tx: Tx, head: store.Head, known: readonly ProgramVersion[]): Promise<Program> {
  let versions = known.slice(0, head.version);
  if (versions.length < head.version) {
    const [published, numbers] = await Promise.all([
      store.versions(tx, head.id, versions.length + 1, head.version),
      store.units(tx, head.id),
    ]);
    versions = [...versions, ...published.map(each => compile(each, numbers))];
  }
  const { id, name, revision, clockNow } = head;
  return {
    id,
    name,
    revision,
    versions,
    clock: clockNow === null ? { kind: 'wall' } : { kind: 'test', now: clockNow },
  };
}
