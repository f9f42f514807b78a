import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { List } from './list.store.ts';
import type { ListsDeps, ListsService } from './lists.service.ts';
import { MAX_LIST } from './lists.ts';
import { memberId } from './model.ts';
import * as store from './upload.store.ts';

const PAGE = 10_000;
/** Changes of one call, so that it is answered in seconds; the caller calls again until all is done. */
const CHANGES_A_CALL = 50_000;

export interface Staging {
  staged: number;
  added: number;
  unknown: number[];
}

export interface UploadsService {
  /** The upload of a list that is not done. */
  openOf(list: List): Promise<store.Upload | undefined>;
  /** Puts members aside for an upload, which is begun with its first members. */
  stage(
    programId: number,
    list: List,
    upload: string,
    members: readonly string[],
    dryRun: boolean,
  ): Promise<Outcome<Staging>>;
  /** Makes the list what was uploaded: as much as fits a call. Called again it goes on, and when it is done it says so. */
  finish(programId: number, list: List, upload: string, dryRun: boolean): Promise<Outcome<store.Upload>>;
  /** Forgets an upload that was not finished. */
  abandon(list: List, upload: string, dryRun: boolean): Promise<Outcome<store.Upload>>;
}

const notFound = (list: string, upload: string): Outcome<never> =>
  refuse('list_upload_not_found', `The list ${list} has no upload ${upload}.`);

/** Uploads that replace a whole list at one instant. */
export function createUploads({ members, pool }: ListsDeps, lists: ListsService): UploadsService {
  const find = async (list: List, upload: string): Promise<Outcome<store.Upload>> => {
    const found = await store.named(pool, list.id, upload);
    return found === undefined ? notFound(list.name, upload) : accept(found);
  };

  const begin = async (list: List, upload: string): Promise<Outcome<store.Upload>> => {
    const found =
      (await store.named(pool, list.id, upload)) ??
      (await store.begin(pool, list.id, upload)) ??
      (await store.named(pool, list.id, upload));
    if (found !== undefined)
      return found.finishedAt === null
        ? accept(found)
        : refuse(
            'list_upload_finished',
            `The upload ${upload} of the list ${list.name} takes no more members.`,
          );
    return busy(list.name, (await store.openOf(pool, list.id))?.name);
  };

  return {
    openOf: list => store.openOf(pool, list.id),

    async stage(programId, list, upload, references, dryRun) {
      const at = await lists.now(programId);
      const located = await members.locate(
        pool,
        references.map(member => ({ programId, member, enrol: false })),
        at,
      );
      const unknown = located.flatMap((found, row) => (found.ok ? [] : row));
      const ids = [...new Set(located.flatMap(found => (found.ok ? found.value.id : [])))];
      if (dryRun) return accept({ staged: ids.length, added: ids.length, unknown });
      const begun = await begin(list, upload);
      if (!begun.ok) return begun;
      return pool.transaction(async (tx): Promise<Outcome<Staging>> => {
        const before = await store.lock(tx, begun.value.id);
        if (before === undefined) return notFound(list.name, upload);
        if (before.finishedAt !== null)
          return refuse(
            'list_upload_finished',
            `The upload ${upload} of the list ${list.name} takes no more members.`,
          );
        if (before.staged + ids.length > MAX_LIST)
          return refuse(
            'list_full',
            `A list has at most ${MAX_LIST} members, and ${before.staged} were sent before.`,
          );
        const staged = await store.stage(tx, before.id, ids);
        return accept({ staged, added: staged - before.staged, unknown });
      });
    },

    async finish(programId, list, upload, dryRun) {
      const found = await find(list, upload);
      if (!found.ok || found.value.done) return found;
      const now = await lists.now(programId);
      const begun = dryRun
        ? { ...found.value, finishedAt: found.value.finishedAt ?? now }
        : await store.finish(pool, found.value.id, now);
      const carried = await carryOut(programId, list, begun, dryRun);
      if (!carried.ok) return carried;
      const { added, removed, done } = carried.value;
      if (dryRun)
        return accept({ ...begun, added: begun.added + added, removed: begun.removed + removed, done });
      const advanced = await store.advance(pool, begun.id, carried.value);
      if (done) await clear(begun.id);
      return accept(advanced);
    },

    async abandon(list, upload, dryRun) {
      const found = await find(list, upload);
      if (!found.ok) return found;
      if (found.value.finishedAt !== null)
        return refuse(
          'list_upload_finished',
          `The upload ${upload} of the list ${list.name} is carried out already.`,
        );
      if (dryRun) return found;
      await clear(found.value.id);
      return (await store.drop(pool, found.value.id)) ? found : busy(list.name, upload);
    },
  };

  /** Changes the list page by page: first who leaves, then who joins, all at the instant of the upload. */
  async function carryOut(
    programId: number,
    list: List,
    upload: store.Upload,
    dryRun: boolean,
  ): Promise<Outcome<{ added: number; removed: number; done: boolean }>> {
    const at = upload.finishedAt as number;
    const part = { added: 0, removed: 0, done: false };
    for (const joins of [false, true]) {
      let after: bigint | null = 0n;
      while (after !== null) {
        if (!dryRun && part.added + part.removed >= CHANGES_A_CALL) return accept(part);
        const page: store.Page = joins
          ? await store.joining(pool, upload, after, PAGE)
          : await store.leaving(pool, { ...upload, at }, after, PAGE);
        after = page.next;
        const count = joins ? 'added' : 'removed';
        if (dryRun) {
          part[count] += page.changing.length;
          continue;
        }
        const changed = await lists.change(programId, list, page.changing.map(memberId), {
          joins,
          at,
          dryRun,
        });
        if (!changed.ok) return changed;
        part[count] += changed.value.changed;
      }
    }
    return accept({ ...part, done: true });
  }

  async function clear(id: number): Promise<void> {
    while ((await store.clear(pool, id, PAGE)) === PAGE);
  }
}

const busy = (list: string, upload: string | undefined): Outcome<never> =>
  refuse(
    'list_busy',
    upload === undefined
      ? `The list ${list} is being changed by another call. Send this again.`
      : `The upload ${upload} of the list ${list} is open. Finish or abandon it first.`,
    upload === undefined ? {} : { reasons: [{ code: 'list_busy', upload }] },
  );
