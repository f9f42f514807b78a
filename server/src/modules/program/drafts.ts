import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { type Change, changesBetween, isSameDocument, isSameFirst } from './changes.ts';
import type { Draft, DraftState, Person } from './drafts.store.ts';
import * as drafts from './drafts.store.ts';
import { type BudgetBook, checkNext, notFound, publishOver, versionOf } from './publishing.ts';
import * as store from './store.ts';

/** A draft and what it would change. */
export interface DraftView extends Draft {
  program: string;
  /** The latest version of the program (0: none yet); another than `baseVersion`: somebody has published since. */
  latestVersion: number;
  /** Against `baseVersion`. */
  changes: Change[];
}

export interface SaveOptions {
  /** The version that the document was made from; 0: none. Left out: that of the draft; of a new one the latest. */
  baseVersion?: number | undefined;
  /** The revision that the author knows; 0: none. Refused with `draft_changed` when it is not. */
  revision?: number | undefined;
  dryRun?: boolean | undefined;
}

/**
 * Documents that are written by one and approved by another before they are published, also as the first version of a
 * program that does not exist until then. Every refusal of a draft that is not there is `program_not_found` or
 * `draft_not_found`; of one that was published or withdrawn, `draft_closed`.
 */
export interface DraftService {
  /**
   * Writes a draft; a changed document is open again. Refusals: `program_invalid`, `program_version_not_found`,
   * `draft_changed`.
   */
  save(
    program: string,
    name: string,
    document: unknown,
    by: Person,
    options?: SaveOptions,
  ): Promise<Outcome<{ view: DraftView; created: boolean }>>;
  show(program: string, name: string): Promise<Outcome<DraftView>>;
  list(program: string, after: string, state: DraftState | null, limit: number): Promise<Outcome<Draft[]>>;
  /** Approves what revision `revision` says. Refusals: `draft_changed`, `draft_review_by_author`. */
  approve(
    program: string,
    name: string,
    review: { revision: number; note: string | null; by: Person },
    dryRun?: boolean,
  ): Promise<Outcome<DraftView>>;
  /**
   * Publishes what was approved; once more gives the same. Refusals: `draft_not_approved`, and those of a publication:
   * `program_version_conflict` when somebody published meanwhile.
   */
  publish(
    program: string,
    name: string,
    effectiveFrom: number | undefined,
    dryRun?: boolean,
  ): Promise<Outcome<DraftView>>;
  withdraw(program: string, name: string, dryRun?: boolean): Promise<Outcome<DraftView>>;
}

interface Deps {
  pool: Pool;
  clock: Clock;
  budgets: BudgetBook;
}

export function createDrafts({ pool, clock, budgets }: Deps): DraftService {
  /** Runs `work` behind the lock on the program's row, where drafts and versions stand still. */
  const change = <T>(
    program: string,
    dryRun: boolean,
    work: (tx: Tx, head: store.Head, write: Write) => Promise<Outcome<T>>,
  ) => {
    const inside = async (tx: Tx): Promise<Outcome<T>> => {
      const head = await store.named(tx, program, !dryRun);
      if (!head) return notFound(program);
      return work(tx, head, async draft => {
        if (!dryRun) await drafts.save(tx, head.id, draft);
        return draft;
      });
    };
    return dryRun ? pool.snapshot(inside) : pool.transaction(inside);
  };
  return {
    save(program, name, document, by, options = {}) {
      const { dryRun = false } = options;
      const decide = async (tx: Tx, head: store.Head): Promise<Outcome<Saving>> => {
        const checked = await checkNext(tx, head, document, budgets);
        if (!checked.ok) return checked;
        const before = await drafts.find(tx, head.id, name);
        const refusal = refusalOfSaving(head, name, before, options);
        if (refusal) return refusal;
        const draft = next(before, { ...checked.value, name, by, head, options, now: clock.now() });
        return accept({ head, before, draft });
      };
      const inside = async (tx: Tx): Promise<Outcome<{ view: DraftView; created: boolean }>> => {
        const decided = await decideUnderLock(tx, program, { decide, dryRun, now: clock.now() });
        if (!decided.ok) return decided;
        const { head, before, draft } = decided.value;
        if (draft !== before && !dryRun) await drafts.save(tx, head.id, draft);
        return accept({ view: await viewOf(tx, head, draft), created: before === undefined });
      };
      return dryRun ? pool.snapshot(inside) : pool.transaction(inside);
    },
    show: (program, name) =>
      pool.snapshot(async tx => {
        const head = await store.named(tx, program);
        if (!head) return notFound(program);
        const draft = await drafts.find(tx, head.id, name);
        return draft ? accept(await viewOf(tx, head, draft)) : draftNotFound(head, name);
      }),
    list: (program, after, state, limit) =>
      pool.snapshot(async tx => {
        const head = await store.named(tx, program);
        return head ? accept(await drafts.list(tx, head.id, after, state, limit)) : notFound(program);
      }),
    approve: (program, name, { revision, note, by }, dryRun = false) =>
      change(program, dryRun, async (tx, head, write) => {
        const found = await draftInWork(tx, head, name);
        if (!found.ok) return found;
        const draft = found.value;
        if (draft.revision !== revision) return changed(draft, revision);
        if (draft.author.key === by.key)
          return refuse(
            'draft_review_by_author',
            `${by.label} wrote revision ${revision} of ${name}. Somebody else approves it, with another key.`,
          );
        if (draft.state === 'approved') return accept(await viewOf(tx, head, draft));
        const review = { ...by, note, at: clock.now() };
        return accept(await viewOf(tx, head, await write({ ...draft, state: 'approved', review })));
      }),
    publish: (program, name, effectiveFrom, dryRun = false) =>
      change(program, dryRun, (tx, head, write) =>
        publishDraft(tx, head, name, { effectiveFrom, dryRun, now: clock.now(), budgets }, write),
      ),
    withdraw: (program, name, dryRun = false) =>
      change(program, dryRun, async (tx, head, write) => {
        const draft = await drafts.find(tx, head.id, name);
        if (draft?.state === 'withdrawn') return accept(await viewOf(tx, head, draft));
        const found = await draftInWork(tx, head, name);
        if (!found.ok) return found;
        return accept(await viewOf(tx, head, await write({ ...found.value, state: 'withdrawn' })));
      }),
  };
}

type Write = (draft: Draft) => Promise<Draft>;

/** What saving a draft comes to; the very `before`: nothing is different. */
interface Saving {
  head: store.Head;
  before: Draft | undefined;
  draft: Draft;
}

/**
 * Decides behind the lock on the program's row. Where there is none, what can be saved makes the row and is decided again
 * behind its lock: somebody else may have made it, or even the program, at the same time.
 */
async function decideUnderLock(
  tx: Tx,
  program: string,
  how: { decide(tx: Tx, head: store.Head): Promise<Outcome<Saving>>; dryRun: boolean; now: number },
): Promise<Outcome<Saving>> {
  const { decide, dryRun, now } = how;
  const known = await store.named(tx, program, !dryRun);
  if (known) return decide(tx, known);
  const first = await decide(tx, { id: 0, name: program, revision: 0, version: 0, clockNow: null });
  if (!first.ok || dryRun) return first;
  await store.reserve(tx, program, now);
  const made = await store.named(tx, program, true);
  if (made === undefined) throw new Error(`the row of ${program} was made and is not there`);
  return decide(tx, made);
}

function refusalOfSaving(
  head: store.Head,
  name: string,
  before: Draft | undefined,
  { baseVersion, revision }: SaveOptions,
): Outcome<never> | undefined {
  if (before && isClosed(before)) return closed(before);
  if (revision !== undefined && revision !== (before?.revision ?? 0))
    return before ? changed(before, revision) : draftNotFound(head, name);
  if (baseVersion !== undefined && baseVersion > head.version)
    return refuse('program_version_not_found', `The latest version of ${head.name} is ${head.version}.`);
  return undefined;
}

/** The draft with another document or base; the same one when nothing is different. */
function next(
  before: Draft | undefined,
  saved: {
    name: string;
    document: Draft['document'];
    by: Person;
    head: store.Head;
    options: SaveOptions;
    now: number;
  },
): Draft {
  const { name, document, by, head, options, now } = saved;
  const baseVersion = options.baseVersion ?? before?.baseVersion ?? head.version;
  const isEqual = head.version === 0 ? isSameFirst : isSameDocument;
  const isSame = before?.baseVersion === baseVersion && isEqual(before.document, document);
  if (before && isSame) return before;
  return {
    name,
    revision: (before?.revision ?? 0) + 1,
    baseVersion,
    state: 'open',
    author: by,
    review: null,
    publishedVersion: null,
    createdAt: before?.createdAt ?? now,
    changedAt: now,
    document,
  };
}

async function publishDraft(
  tx: Tx,
  head: store.Head,
  name: string,
  how: { effectiveFrom: number | undefined; dryRun: boolean; now: number; budgets: BudgetBook },
  write: Write,
): Promise<Outcome<DraftView>> {
  const draft = await drafts.find(tx, head.id, name);
  if (draft?.state === 'published') return accept(await viewOf(tx, head, draft));
  const found = await draftInWork(tx, head, name);
  if (!found.ok) return found;
  const { state, document, baseVersion, revision } = found.value;
  if (state !== 'approved')
    return refuse(
      'draft_not_approved',
      `Nobody has approved revision ${revision} of ${name}. Somebody other than its author has to.`,
    );
  const { effectiveFrom, dryRun } = how;
  const published = await publishOver(tx, head, document, { effectiveFrom, baseVersion, dryRun }, how);
  if (!published.ok) return published;
  const { version } = published.value.view;
  const saved = await write({ ...found.value, state: 'published', publishedVersion: version });
  return accept(await viewOf(tx, { ...head, version }, saved));
}

async function viewOf(tx: Tx, head: store.Head, draft: Draft): Promise<DraftView> {
  const { baseVersion } = draft;
  const base = baseVersion === 0 ? null : (await versionOf(tx, head, baseVersion)).document;
  const changes = changesBetween(base, draft.document);
  return { ...draft, program: head.name, latestVersion: head.version, changes };
}

/** A draft that can still change. */
async function draftInWork(tx: Tx, head: store.Head, name: string): Promise<Outcome<Draft>> {
  const draft = await drafts.find(tx, head.id, name);
  if (!draft) return draftNotFound(head, name);
  return isClosed(draft) ? closed(draft) : accept(draft);
}

const isClosed = ({ state }: Draft): boolean => state === 'published' || state === 'withdrawn';

const closed = ({ name, state, publishedVersion }: Draft): Outcome<never> =>
  refuse(
    'draft_closed',
    state === 'published'
      ? `The draft ${name} was published as version ${publishedVersion}. Make another draft.`
      : `The draft ${name} was withdrawn. Make another draft.`,
    { reasons: [{ code: 'draft_closed', state, published_version: publishedVersion }] },
  );

const changed = ({ name, revision, author }: Draft, known: number): Outcome<never> =>
  refuse(
    'draft_changed',
    `You know revision ${known} of ${name}; ${author.label} has written revision ${revision}. Read it first.`,
    { reasons: [{ code: 'draft_changed', revision }] },
  );

const draftNotFound = ({ name }: store.Head, draft: string): Outcome<never> =>
  refuse('draft_not_found', `The program ${name} has no draft ${draft}.`);
