import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import { usableMemory } from '#platform/memory.ts';
import { createLocator, type Locator } from './locate.ts';
import { INVALID, type Member, notFound, parseReference, type Reference } from './model.ts';
import * as store from './store.ts';

export interface MembersOptions {
  /** How many members are remembered; left out: as many as the memory allows, at most a million. */
  remembered?: number;
}

export interface MembersService extends Locator {
  /** A member of the program. Refusals: `member_not_found`, `member_reference_invalid`. */
  find(tx: Tx, programId: number, member: string | Reference): Promise<Outcome<Member>>;
  /** Ids for members who are enrolled later in the same transaction, by `admit`. */
  reserve(tx: Tx, count: number): Promise<bigint[]>;
  /** Enrols members under reserved ids; one who was enrolled meanwhile rejects with SQLSTATE 23505. */
  admit(
    tx: Tx,
    rows: readonly { id: bigint; programId: number; externalId: string; enrolledAt: number }[],
  ): Promise<void>;
  /** Members of the program in the order in which they were made. */
  list(tx: Tx, programId: number, wanted: store.MembersWanted): Promise<Member[]>;
}

/** What a remembered member takes, bytes. */
const BYTES_EACH = 170;
/** Members may take this part of the memory. */
const PART = 1 / 50;
const FEWEST = 50_000;
const MOST = 1_000_000;

/**
 * How many members a process with `memory` bytes remembers. One who has to be looked up costs PostgreSQL 11 us of an order and
 * 8 us of a balance, and a round trip: with all of 300,000 members remembered instead of a fifth, 15,500 balances a second
 * became 19,200.
 */
const capacity = (memory: number): number =>
  Math.min(MOST, Math.max(FEWEST, Math.floor((memory * PART) / BYTES_EACH)));

/** Finds and enrols members; keeps those that it found. */
export function createService(options: MembersOptions = {}): MembersService {
  const locator = createLocator(options.remembered ?? capacity(usableMemory()));
  return {
    ...locator,
    async find(tx, programId, member) {
      const reference = typeof member === 'string' ? parseReference(member) : member;
      if (reference === undefined) return { ok: false, refusal: INVALID };
      const found =
        reference.id === undefined
          ? await store.byExternalId(tx, programId, reference.externalId)
          : await store.byId(tx, programId, reference.id);
      return found ? accept(found) : { ok: false, refusal: notFound(reference) };
    },
    reserve: store.reserve,
    admit: store.admit,
    list: store.list,
  };
}
