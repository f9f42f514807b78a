import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import { createLocator, type Locator } from './locate.ts';
import { INVALID, type Member, notFound, parseReference, type Reference } from './model.ts';
import * as store from './store.ts';

export interface MembersOptions {
  pool: Pool;
  clock: Clock;
  /** How many members are remembered; 200,000 take about 60 MB. */
  remembered?: number;
  /** The program's time, epoch ms, where a program can have a clock of its own; left out: the engine's. */
  programTime?: (tx: Tx, programId: number) => Promise<number>;
}

export interface Enrolment {
  member: Member;
  /** False when the member was there already. */
  created: boolean;
}

export interface MembersService extends Locator {
  /** Enrols a member by its external id; one that is enrolled already is given back as it is. */
  enrol(programId: number, externalId: string, dryRun?: boolean): Promise<Outcome<Enrolment>>;
  /** A member of the program. Refusals: `member_not_found`, `member_reference_invalid`. */
  find(tx: Tx, programId: number, member: string | Reference): Promise<Outcome<Member>>;
  /** Ids for members who are enrolled later in the same transaction, by `admit`. */
  reserve(tx: Tx, count: number): Promise<bigint[]>;
  /** Enrols members under reserved ids; one who was enrolled meanwhile rejects with SQLSTATE 23505. */
  admit(
    tx: Tx,
    rows: readonly { id: bigint; programId: number; externalId: string; enrolledAt: number }[],
  ): Promise<void>;
  /** Members of the program in the order in which they were made, after the id `after` (0n: from the first). */
  list(tx: Tx, programId: number, after: bigint, limit: number): Promise<Member[]>;
}

const DEFAULT_REMEMBERED = 200_000;

export function createService(options: MembersOptions): MembersService {
  const { pool, clock } = options;
  const locator = createLocator(options.remembered ?? DEFAULT_REMEMBERED);
  const programTime = options.programTime ?? (async () => clock.now());

  const enrolIn = async (tx: Tx, programId: number, externalId: string, dryRun: boolean) => {
    const at = await programTime(tx, programId);
    const ref = { programId, member: { externalId }, enrol: true };
    const [located] = await locator.locate(tx, [ref], at, { dryRun });
    if (located === undefined || !located.ok) throw new Error('a member that is enrolled was not located');
    const { id, enrolled } = located.value;
    const shown: Member = { id, programId, externalId, status: 'active', enrolledAt: at };
    const stored = enrolled ? shown : await store.byId(tx, programId, id);
    return { located: located.value, member: stored ?? shown };
  };

  return {
    ...locator,
    async enrol(programId, externalId, dryRun = false) {
      if (parseReference(`ext:${externalId}`) === undefined) return { ok: false, refusal: INVALID };
      const work = (tx: Tx) => enrolIn(tx, programId, externalId, dryRun);
      const { located, member } = dryRun ? await pool.snapshot(work) : await pool.transaction(work);
      locator.remember([located]);
      return accept({ member, created: located.enrolled });
    },
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
