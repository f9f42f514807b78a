import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome, refuse } from '#platform/errors.ts';
import { compileCampaigns } from './campaigns.ts';
import { changesBetween, isSameDocument } from './changes.ts';
import type { ProgramDocument } from './document.ts';
import { checkDocument, invalid } from './mistakes.ts';
import type { Published } from './model.ts';
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

/** What the publication of a version has to do with the budgets of its campaigns, in its own transaction. */
export interface BudgetBook {
  /** The points that the campaigns of a program have given from their budgets, by campaign. */
  granted(tx: Tx, programId: number): Promise<ReadonlyMap<string, bigint>>;
  /**
   * Gives the budgets of one program another size, unless one of them has given more already; then nothing is
   * changed. Answers what each has given.
   */
  change(tx: Tx, wanted: readonly NewBudget[]): Promise<ReadonlyMap<string, bigint>>;
}

/** `limit` in points. */
interface NewBudget {
  programId: number;
  campaign: string;
  limit: bigint;
  version: number;
}

export interface Publishing {
  clock: Clock;
  budgets: BudgetBook;
}

/** Makes the program, or publishes its next version; see `ProgramService.publish`. */
export async function publish(
  tx: Tx,
  name: string,
  input: unknown,
  options: PublishOptions,
  { clock, budgets }: Publishing,
): Promise<Outcome<Publication>> {
  // The lock on the program's row makes people who publish at once wait for each other, so the time is asked
  // for behind it.
  const head = await store.head(tx, name, !options.dryRun);
  if (head) return publishNext(tx, head, input, options, { now: clock.now(), budgets });
  const first = await publishFirst(tx, name, input, options, clock.now());
  if (first) return first;
  // Someone else made it while this transaction was about to; now its row is there to wait for.
  const made = await store.head(tx, name, true);
  if (made === undefined) throw new Error(`the program ${name} was there and is not`);
  return publishNext(tx, made, input, options, { now: clock.now(), budgets });
}

/** The next version behind the lock on the program's row; the first one where it has only drafts so far. */
export async function publishOver(
  tx: Tx,
  head: store.Head,
  input: unknown,
  options: PublishOptions,
  at: { now: number; budgets: BudgetBook },
): Promise<Outcome<Publication>> {
  if (head.version > 0) return publishNext(tx, head, input, options, at);
  const first = await publishFirst(tx, head.name, input, options, at.now);
  if (first === undefined) throw new Error(`the program ${head.name} was made behind a lock`);
  return first;
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
  if ((options.baseVersion ?? 0) !== 0)
    return refuse(
      'program_version_conflict',
      `There is no program ${name} yet, so it has no version ${options.baseVersion}. Publish with base_version 0 or without.`,
      {
        reasons: [{ code: 'program_version_conflict', base_version: options.baseVersion, latest_version: 0 }],
      },
    );
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

/** The next version of the program whose row is locked (in a dry run: was read). */
async function publishNext(
  tx: Tx,
  head: store.Head,
  input: unknown,
  options: PublishOptions,
  { now: wall, budgets }: { now: number; budgets: BudgetBook },
): Promise<Outcome<Publication>> {
  const { id, name, clockNow } = head;
  const checked = await checkForm(tx, head, input);
  if (!checked.ok) return checked;
  const { document, units } = checked.value;
  const latest = await versionOf(tx, head, head.version);
  const clock = clockView(clockNow, wall);
  // First, so that a publication that is sent again gets its own answer, whatever its base version was and whatever its
  // budgets have given since.
  if (isSame(latest, document, options)) return accept({ view: { name, ...latest, clock }, created: false });
  const overspent = budgetsBelow(document, await budgets.granted(tx, id));
  if (overspent.length > 0) return invalid(overspent);
  if (options.baseVersion !== undefined && options.baseVersion !== head.version)
    return conflict(tx, head, latest.document, options.baseVersion);
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
    if (effectiveFrom === publishedAt) {
      const wanted = newBudgets(id, document, published.version);
      // Batches go on granting until here; from here on none takes from these budgets before this one commits.
      const meanwhile = budgetsBelow(document, await budgets.change(tx, wanted));
      if (meanwhile.length > 0) return invalid(meanwhile);
    }
    await store.addVersion(tx, id, published, wall);
    await addUnits(tx, id, document, units, published.version);
    await store.setVersion(tx, id, published.version);
  }
  return accept({ view: { name, ...published, clock }, created: true });
}

const isSame = (latest: Published, document: ProgramDocument, options: PublishOptions): boolean =>
  (options.effectiveFrom === undefined || options.effectiveFrom === latest.effectiveFrom) &&
  isSameDocument(latest.document, document);

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

interface Checked {
  readonly document: ProgramDocument;
  /** Those that the program has had so far. */
  readonly units: string[];
}

/** The document, if it can follow on what the program is. */
async function checkForm(tx: Tx, head: store.Head, input: unknown): Promise<Outcome<Checked>> {
  const units = [...(await store.units(tx, head.id)).keys()];
  const clock = head.version === 0 ? null : head.clockNow === null ? 'wall' : 'test';
  const checked = checkDocument(input, { name: head.name, units, clock });
  return checked.ok ? accept({ document: checked.value, units }) : checked;
}

/** The document, if it can follow on what the program is and has given. What is published already can. */
export async function checkNext(
  tx: Tx,
  head: store.Head,
  input: unknown,
  budgets: BudgetBook,
): Promise<Outcome<Checked>> {
  const checked = await checkForm(tx, head, input);
  if (!checked.ok) return checked;
  const { document } = checked.value;
  if (head.version === 0) return checked;
  if (isSameDocument((await versionOf(tx, head, head.version)).document, document)) return checked;
  const overspent = budgetsBelow(document, await budgets.granted(tx, head.id));
  return overspent.length === 0 ? checked : invalid(overspent);
}

/** Budgets of which more has been given already. */
function budgetsBelow(document: ProgramDocument, granted: ReadonlyMap<string, bigint>) {
  const campaigns = compileCampaigns(document, 0);
  return campaigns.flatMap(({ id, budget }, index) => {
    const given = granted.get(id) ?? 0n;
    if (budget === null || budget.points >= given) return [];
    const { money } = document.campaigns?.[index]?.budget ?? {};
    const worth = money === undefined ? 'points' : `points (${money} ${document.currency})`;
    return [
      {
        pointer: `/campaigns/${index}/budget/${money === undefined ? 'points' : 'money'}`,
        message: `"${id}" has given ${given} points already, so its budget cannot be ${budget.points} ${worth}. Write more, or end the campaign with "until".`,
      },
    ];
  });
}

const newBudgets = (programId: number, document: ProgramDocument, version: number): NewBudget[] =>
  compileCampaigns(document, version).flatMap(({ id, budget }) =>
    budget === null ? [] : [{ programId, campaign: id, limit: budget.points, version }],
  );

const MAX_SHOWN = 100;

/** The refusal for who started from another version than the latest, with what was published meanwhile. */
async function conflict(
  tx: Tx,
  { id, name, version }: store.Head,
  latest: ProgramDocument,
  base: number,
): Promise<Outcome<never>> {
  const [known] = await store.versions(tx, id, base, base);
  const changes = base > version ? [] : changesBetween(known?.document ?? null, latest);
  return refuse(
    'program_version_conflict',
    `You started from version ${base} of ${name}, but the latest is ${version}. Look at what changed, then publish on top of it.`,
    {
      reasons: [
        {
          code: 'program_version_conflict',
          base_version: base,
          latest_version: version,
          changes: changes.slice(0, MAX_SHOWN),
        },
      ],
    },
  );
}

export const clockView = (clockNow: number | null, wall: number): ProgramView['clock'] =>
  clockNow === null ? { kind: 'wall', now: wall } : { kind: 'test', now: clockNow };

export async function versionOf(tx: Tx, head: store.Head, version: number): Promise<Published> {
  const [published] = await store.versions(tx, head.id, version, version);
  if (published === undefined) throw new Error(`version ${version} of ${head.name} is missing`);
  return published;
}

export const notFound = (name: string): Outcome<never> =>
  refuse('program_not_found', `There is no program ${name}.`);
