import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome, type Refusal } from '#platform/errors.ts';
import {
  externalKey,
  FIRST_PREVIEW_ID,
  INVALID,
  type Located,
  notFound,
  parseReference,
  type Reference,
} from './model.ts';
import { Remembered } from './remembered.ts';
import * as store from './store.ts';

export interface MemberRef {
  programId: number;
  /** `mem_…` or `ext:ID`, or what was read of it. */
  member: string | Reference;
  /** Whether an unknown `ext:` id is enrolled. */
  enrol: boolean;
  /** When it is enrolled, by the program's clock, epoch ms; left out: the `at` of the call. */
  at?: number;
}

/** Finds the members of a batch, and enrols those that may be. */
export interface Locator {
  /**
   * One outcome for each ref, in order. At most one statement for `mem_` ids, one for `ext:` ids, and two more
   * where members are enrolled; none where all are remembered. A ref that does not enrol sees members that a
   * ref before it enrols. With `dryRun` nothing is written: those who would be enrolled get ids from
   * FIRST_PREVIEW_ID on, which exist nowhere. Refusals: `member_not_found`, `member_reference_invalid`.
   */
  locate(
    tx: Tx,
    refs: readonly MemberRef[],
    at: number,
    options?: { dryRun?: boolean },
  ): Promise<Outcome<Located>[]>;
  /** The member if it is remembered, without asking the database. */
  remembered(ref: Pick<MemberRef, 'programId' | 'member'>): Located | undefined;
  /**
   * Keeps committed members, so that they need not be looked up again. Those who were enrolled are committed
   * after the transaction that located them; those who were found at once, unless their own transaction had
   * enrolled them before. Ids of a dry run are not kept.
   */
  remember(located: Iterable<Located>): void;
}

/** An `ext:` id that this batch asks for and that is not remembered. */
interface Wanted extends store.ExternalKey {
  rows: number[];
  /** The first row that enrols it. */
  enrolledBy: number;
  enrolledAt: number;
}

export function createLocator(capacity: number): Locator {
  const remembered = new Remembered(capacity);

  /** The member if it is remembered, else the reference to look up, else why it is none. */
  const recall = ({
    member,
    programId,
  }: Pick<MemberRef, 'programId' | 'member'>): Located | Reference | Refusal => {
    if (typeof member === 'string' && member.startsWith('ext:')) {
      // What is remembered has been read before, so that it need not be checked again.
      const kept = remembered.byExternalId(programId, member.slice(4));
      if (kept !== undefined) return kept;
    }
    const reference = typeof member === 'string' ? parseReference(member) : member;
    if (reference === undefined) return INVALID;
    const found =
      reference.id === undefined
        ? remembered.byExternalId(programId, reference.externalId)
        : remembered.byId(programId, reference.id);
    return found ?? reference;
  };

  return {
    async locate(tx, refs, at, options = {}) {
      const results: Outcome<Located>[] = new Array(refs.length);
      const wanted = new Map<string, Wanted>();
      const ids: { row: number; programId: number; id: bigint }[] = [];
      for (let row = 0; row < refs.length; row += 1) {
        const ref = refs[row] as MemberRef;
        const recalled = recall(ref);
        if ('enrolled' in recalled) results[row] = accept(recalled);
        else if ('code' in recalled) results[row] = { ok: false, refusal: recalled };
        else if (recalled.id !== undefined) ids.push({ row, programId: ref.programId, id: recalled.id });
        else want(wanted, ref, recalled.externalId, row, at);
      }
      await Promise.all([
        ids.length > 0 && locateById(tx, ids, results),
        wanted.size > 0 && locateByExternalId(tx, [...wanted.values()], results, options.dryRun ?? false),
      ]);
      return results;
    },
    remembered(ref) {
      const recalled = recall(ref);
      return 'enrolled' in recalled ? recalled : undefined;
    },
    remember(located) {
      for (const member of located) if (member.id < FIRST_PREVIEW_ID) remembered.add(member);
    },
  };
}

function want(
  wanted: Map<string, Wanted>,
  ref: MemberRef,
  externalId: string,
  row: number,
  at: number,
): void {
  const { programId } = ref;
  const key = externalKey(programId, externalId);
  let entry = wanted.get(key);
  if (entry === undefined) {
    entry = { programId, externalId, rows: [], enrolledBy: Number.POSITIVE_INFINITY, enrolledAt: at };
    wanted.set(key, entry);
  }
  entry.rows.push(row);
  if (!ref.enrol || entry.enrolledBy < row) return;
  entry.enrolledBy = row;
  entry.enrolledAt = ref.at ?? at;
}

async function locateById(
  tx: Tx,
  ids: readonly { row: number; programId: number; id: bigint }[],
  results: Outcome<Located>[],
): Promise<void> {
  const found = await store.externalIdsOf(tx, ids);
  for (const [index, { row, programId, id }] of ids.entries()) {
    const externalId = found.get(index);
    results[row] =
      externalId === undefined
        ? { ok: false, refusal: notFound({ id }) }
        : accept({ id, programId, externalId, enrolled: false });
  }
}

async function locateByExternalId(
  tx: Tx,
  wanted: readonly Wanted[],
  results: Outcome<Located>[],
  dryRun: boolean,
): Promise<void> {
  const found = await store.idsOf(tx, wanted);
  const missing: Wanted[] = [];
  for (const [index, entry] of wanted.entries()) {
    const id = found.get(index);
    if (id !== undefined) settle(entry, id, false, results);
    else if (entry.enrolledBy < Number.POSITIVE_INFINITY) missing.push(entry);
    else for (const row of entry.rows) results[row] = { ok: false, refusal: notFound(entry) };
  }
  if (missing.length === 0) return;
  if (dryRun)
    for (const [index, entry] of missing.entries())
      settle(entry, FIRST_PREVIEW_ID + BigInt(index), true, results);
  else await enrol(tx, missing, results);
}

/** Makes the missing members; where another transaction was faster, its member is the one. */
async function enrol(tx: Tx, missing: readonly Wanted[], results: Outcome<Located>[]): Promise<void> {
  const made = new Map<string, bigint>();
  for (const [programId, externalId, id] of await store.enrol(tx, missing))
    made.set(externalKey(programId, externalId), id);
  const others: Wanted[] = [];
  for (const entry of missing) {
    const id = made.get(externalKey(entry.programId, entry.externalId));
    if (id === undefined) others.push(entry);
    else settle(entry, id, true, results);
  }
  if (others.length === 0) return;
  // A new statement sees what was committed while the one before waited for it.
  const found = await store.idsOf(tx, others);
  for (const [index, entry] of others.entries()) {
    const id = found.get(index);
    if (id === undefined) throw new Error('a member that another transaction enrolled cannot be seen');
    settle(entry, id, false, results);
  }
}

function settle(entry: Wanted, id: bigint, enrolled: boolean, results: Outcome<Located>[]): void {
  const { programId, externalId } = entry;
  const outcome = accept({ id, programId, externalId, enrolled });
  for (const row of entry.rows) {
    const isTooEarly = enrolled && row < entry.enrolledBy;
    results[row] = isTooEarly ? { ok: false, refusal: notFound({ externalId }) } : outcome;
  }
}
