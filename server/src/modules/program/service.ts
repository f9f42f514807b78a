import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { type Change, changesBetween } from './changes.ts';
import { createDrafts, type DraftService } from './drafts.ts';
import { checkDocument } from './mistakes.ts';
import {
  type BudgetBook,
  checkNext,
  clockView,
  notFound,
  type ProgramView,
  type Publication,
  type PublishOptions,
  publish,
  versionOf,
} from './publishing.ts';
import { createRegistry, type Registry } from './registry.ts';
import * as store from './store.ts';

/** What publishing a document would change. */
export interface Plan {
  name: string;
  /** The latest version; 0: there is none yet. */
  baseVersion: number;
  /** Empty when the latest version has this very document. */
  changes: Change[];
}

export interface Diff {
  name: string;
  from: number;
  to: number;
  changes: Change[];
}

export interface ProgramOptions {
  pool: Pool;
  clock: Clock;
  /** Left out: nothing was ever given from a budget. */
  budgets?: BudgetBook;
}

export interface ProgramService {
  registry: Registry;
  drafts: DraftService;
  /**
   * Makes a program, or publishes its next version. The latest document again (in whatever order its settings are,
   * with or without the name and the clock of the program) publishes nothing, unless another `effectiveFrom` is asked for. Refusals:
   * `program_invalid`, `program_version_conflict`, `program_effective_from_invalid`.
   */
  publish(name: string, document: unknown, options?: PublishOptions): Promise<Outcome<Publication>>;
  /** What publishing the document would change. Writes nothing. Refusal: `program_invalid`. */
  plan(name: string, document: unknown): Promise<Outcome<Plan>>;
  /**
   * The changes from version `from` (0: none) to `to`; left out: from the version before, to the latest. Refusals:
   * `program_not_found`, `program_version_not_found`.
   */
  diff(name: string, from?: number, to?: number): Promise<Outcome<Diff>>;
  /**
   * Sets a test clock to `now` (epoch ms); to where it stands already is fine. Refusals: `program_not_found`,
   * `clock_not_settable`, `clock_backwards`.
   */
  advanceClock(name: string, now: number, dryRun?: boolean): Promise<Outcome<ProgramView>>;
  /** The latest version, or `version`. Refusals: `program_not_found`, `program_version_not_found`. */
  show(name: string, version?: number): Promise<Outcome<ProgramView>>;
  /** Programs by id after `after`; only the one named `only`, where it is not null. */
  list(after: number, only: string | null, limit: number): Promise<ListedProgram[]>;
}

export type ListedProgram = { id: number } & Omit<ProgramView, 'document'>;

const UNUSED: BudgetBook = { granted: async () => new Map(), change: async () => new Map() };

export function createService({ pool, clock, budgets = UNUSED }: ProgramOptions): ProgramService {
  return {
    registry: createRegistry(),
    drafts: createDrafts({ pool, clock, budgets }),
    publish(name, document, options = {}) {
      const work = (tx: Tx) => publish(tx, name, document, options, { clock, budgets });
      return options.dryRun ? pool.snapshot(work) : pool.transaction(work);
    },
    plan: (name, document) => pool.snapshot(tx => plan(tx, name, document, budgets)),
    diff: (name, from, to) => pool.snapshot(tx => diff(tx, name, from, to)),
    advanceClock(name, now, dryRun = false) {
      const work = (tx: Tx) => advanceClock(tx, name, now, dryRun);
      return dryRun ? pool.snapshot(work) : pool.transaction(work);
    },
    show: (name, version) => pool.snapshot(tx => show(tx, name, version, clock.now())),
    async list(after, only, limit) {
      const wall = clock.now();
      const rows = await store.list(pool, after, only, limit);
      return rows.map(({ id, name, version, effectiveFrom, publishedAt, clockNow }) => ({
        id,
        name,
        version,
        effectiveFrom,
        publishedAt,
        clock: clockView(clockNow, wall),
      }));
    },
  };
}

async function plan(tx: Tx, name: string, input: unknown, budgets: BudgetBook): Promise<Outcome<Plan>> {
  const head = await store.head(tx, name);
  if (!head) {
    const checked = checkDocument(input, { name, units: [], clock: null });
    if (!checked.ok) return checked;
    return accept({ name, baseVersion: 0, changes: changesBetween(null, checked.value) });
  }
  const checked = await checkNext(tx, head, input, budgets);
  if (!checked.ok) return checked;
  const latest = await versionOf(tx, head, head.version);
  const changes = changesBetween(latest.document, checked.value.document);
  return accept({ name, baseVersion: head.version, changes });
}

async function diff(
  tx: Tx,
  name: string,
  fromOrNone: number | undefined,
  toOrNone: number | undefined,
): Promise<Outcome<Diff>> {
  const head = await store.head(tx, name);
  if (!head) return notFound(name);
  const to = toOrNone ?? head.version;
  const from = fromOrNone ?? Math.max(0, to - 1);
  if (Math.max(from, to) > head.version)
    return refuse('program_version_not_found', `The latest version of ${name} is ${head.version}.`);
  const documentOf = async (version: number) =>
    version === 0 ? null : (await versionOf(tx, head, version)).document;
  const [before, after] = [await documentOf(from), (await versionOf(tx, head, to)).document];
  return accept({ name, from, to, changes: changesBetween(before, after) });
}

async function advanceClock(
  tx: Tx,
  name: string,
  now: number,
  dryRun: boolean,
): Promise<Outcome<ProgramView>> {
  const head = await store.head(tx, name, !dryRun);
  if (!head) return notFound(name);
  if (head.clockNow === null)
    return refuse(
      'clock_not_settable',
      `The program ${name} follows the real time. Only a program that was made with "clock": { "test": … } can be set.`,
    );
  if (now < head.clockNow)
    return refuse(
      'clock_backwards',
      `The clock of ${name} stands at ${new Date(head.clockNow).toISOString()} and cannot go back.`,
      { reasons: [{ code: 'clock_backwards', now: new Date(head.clockNow).toISOString() }] },
    );
  if (now !== head.clockNow && !dryRun) await store.setClock(tx, head.id, now);
  const latest = await versionOf(tx, head, head.version);
  return accept({ name, ...latest, clock: { kind: 'test', now } });
}

async function show(
  tx: Tx,
  name: string,
  version: number | undefined,
  wall: number,
): Promise<Outcome<ProgramView>> {
  const head = await store.head(tx, name);
  if (!head) return notFound(name);
  if (version !== undefined && version > head.version)
    return refuse('program_version_not_found', `The latest version of ${name} is ${head.version}.`);
  const published = await versionOf(tx, head, version ?? head.version);
  return accept({ name, ...published, clock: clockView(head.clockNow, wall) });
}
