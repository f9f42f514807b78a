import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import type { ProgramDocument } from './document.ts';
import { checkDocument } from './mistakes.ts';
import { canonical, type Published } from './model.ts';
import { createRegistry, type Registry } from './registry.ts';
import * as store from './store.ts';

/** A program at one of its versions, as the API shows it. */
export interface ProgramView extends Published {
  name: string;
  /** `now` is the program's time, epoch ms. */
  clock: { kind: 'wall' | 'test'; now: number };
}

export interface Publication {
  view: ProgramView;
  /** False when the latest version has this very document already. */
  created: boolean;
}

export interface PublishOptions {
  /** When the version takes effect, epoch ms; left out: at once. */
  effectiveFrom?: number | undefined;
  /** The latest version that the author knows; 0: none. Refused with `program_version_conflict` when it is not. */
  baseVersion?: number | undefined;
  dryRun?: boolean | undefined;
}

export interface ProgramOptions {
  pool: Pool;
  clock: Clock;
}

export interface ProgramService {
  registry: Registry;
  /**
   * Makes a program, or publishes its next version. The latest document again (whatever the order of its
   * properties) publishes nothing, unless another `effectiveFrom` is asked for. Refusals: `program_invalid`,
   * `program_version_conflict`, `program_effective_from_invalid`.
   */
  publish(name: string, document: unknown, options?: PublishOptions): Promise<Outcome<Publication>>;
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

export function createService({ pool, clock }: ProgramOptions): ProgramService {
  return {
    registry: createRegistry(),
    publish(name, document, options = {}) {
      const work = (tx: Tx) => publish(tx, name, document, options, clock);
      return options.dryRun ? pool.snapshot(work) : pool.transaction(work);
    },
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

const clockView = (clockNow: number | null, wall: number): ProgramView['clock'] =>
  clockNow === null ? { kind: 'wall', now: wall } : { kind: 'test', now: clockNow };

async function publish(
  tx: Tx,
  name: string,
  input: unknown,
  options: PublishOptions,
  clock: Clock,
): Promise<Outcome<Publication>> {
  // The lock on the program's row makes people who publish at once wait for each other, so the time is asked
  // for behind it.
  const head = await store.head(tx, name, !options.dryRun);
  if (head) return publishNext(tx, head, input, options, clock.now());
  const first = await publishFirst(tx, name, input, options, clock.now());
  if (first) return first;
  // Someone else made it while this transaction was about to; now its row is there to wait for.
  const made = await store.head(tx, name, true);
  if (made === undefined) throw new Error(`the program ${name} was there and is not`);
  return publishNext(tx, made, input, options, clock.now());
}

/** Makes the program with its first version; undefined when another transaction was faster. */
async function publishFirst(
  tx: Tx,
  name: string,
  input: unknown,
  options: PublishOptions,
  wall: number,
): Promise<Outcome<Publication> | undefined> {
  const checked = checkDocument(input, { name, units: [], clock: null });
  if (!checked.ok) return checked;
  const document = checked.value;
  if ((options.baseVersion ?? 0) !== 0) return versionConflict(name, options.baseVersion as number, 0);
  if (options.effectiveFrom !== undefined)
    return refuse(
      'program_effective_from_invalid',
      `Version 1 of ${name} covers all earlier time, so it has no instant at which it begins. Leave effective_from out.`,
    );
  const clockNow = typeof document.clock === 'object' ? Date.parse(document.clock.test) : null;
  const published = { version: 1, effectiveFrom: null, publishedAt: clockNow ?? wall, document };
  if (!options.dryRun) {
    const id = await store.create(tx, name, clockNow, wall);
    if (id === undefined) return undefined;
    await store.addVersion(tx, id, published, wall);
    await addUnits(tx, id, document, [], 1);
  }
  return accept({ view: { name, ...published, clock: clockView(clockNow, wall) }, created: true });
}

async function publishNext(
  tx: Tx,
  head: store.Head,
  input: unknown,
  options: PublishOptions,
  wall: number,
): Promise<Outcome<Publication>> {
  const { id, name, clockNow } = head;
  const numbers = await store.units(tx, id);
  const checked = checkDocument(input, {
    name,
    units: numbers.keys(),
    clock: clockNow === null ? 'wall' : 'test',
  });
  if (!checked.ok) return checked;
  const document = checked.value;
  const latest = await versionOf(tx, head, head.version);
  const clock = clockView(clockNow, wall);
  // First, so that a publication that is sent again gets its own answer, whatever its base version was.
  if (isSame(latest, document, options)) return accept({ view: { name, ...latest, clock }, created: false });
  if (options.baseVersion !== undefined && options.baseVersion !== head.version)
    return versionConflict(name, options.baseVersion, head.version);
  // Two engines' clocks can differ; within a program publications go forward all the same.
  const publishedAt = Math.max(clock.now, latest.publishedAt);
  const effectiveFrom = options.effectiveFrom ?? publishedAt;
  if (effectiveFrom < publishedAt)
    return refuse(
      'program_effective_from_invalid',
      `A version takes effect at its publication or later: it is ${new Date(publishedAt).toISOString()} in ${name}, and ${new Date(effectiveFrom).toISOString()} is past. The past changes only by re-rating.`,
    );
  const published = { version: head.version + 1, effectiveFrom, publishedAt, document };
  if (!options.dryRun) {
    await store.addVersion(tx, id, published, wall);
    await addUnits(tx, id, document, [...numbers.keys()], published.version);
    await store.setVersion(tx, id, published.version);
  }
  return accept({ view: { name, ...published, clock }, created: true });
}

const isSame = (latest: Published, document: ProgramDocument, options: PublishOptions): boolean =>
  (options.effectiveFrom === undefined || options.effectiveFrom === latest.effectiveFrom) &&
  canonical(latest.document) === canonical(document);

/** Gives new units the next numbers, in the order in which the document names them. */
async function addUnits(
  tx: Tx,
  programId: number,
  document: ProgramDocument,
  known: readonly string[],
  version: number,
): Promise<void> {
  let next = known.length;
  for (const name of Object.keys(document.units)) {
    if (known.includes(name)) continue;
    await store.addUnit(tx, programId, next, name, version);
    next += 1;
  }
}

const versionConflict = (name: string, sent: number, latest: number): Outcome<never> =>
  refuse(
    'program_version_conflict',
    latest === 0
      ? `There is no program ${name} yet, so it has no version ${sent}. Publish with base_version 0 or without.`
      : `You started from version ${sent} of ${name}, but the latest is ${latest}. Look at what changed, then publish on top of it.`,
    { reasons: [{ code: 'program_version_conflict', base_version: sent, latest_version: latest }] },
  );

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

async function versionOf(tx: Tx, head: store.Head, version: number): Promise<Published> {
  const [published] = await store.versions(tx, head.id, version, version);
  if (published === undefined) throw new Error(`version ${version} of ${head.name} is missing`);
  return published;
}

const notFound = (name: string): Outcome<never> =>
  refuse('program_not_found', `There is no program ${name}.`);
