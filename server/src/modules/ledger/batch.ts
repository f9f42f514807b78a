import type { Tx } from '#platform/db/client.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import type {
  AnyCommandType,
  Command,
  Done,
  Holder,
  NotJudged,
  Posted,
  ProgramFacts,
  Side,
} from './commands.ts';
import type { Draft } from './draft.ts';
import { type FactsByProgram, publish } from './facts.ts';
import type { Change } from './lots.store.ts';
import { lookAgain } from './meanwhile.ts';
import { type Entry, emptyWallet, holderOf, type Lot, type Wallet, walletId } from './model.ts';
import { cutsOf, InParts } from './parts.ts';
import type { NewKey, Posting } from './posting.store.ts';
import { keyReused } from './refusals.ts';
import { locate, type Mode, type Newcomer, receive, type Slot } from './slots.ts';
import * as store from './store.ts';

/** Everything that a batch decided, ready to be written. */
export interface Decided {
  /** The members of whom something was accepted. */
  accepted: Set<number>;
  /** Those of whom a command was accepted: what is refused leaves nothing behind, not even its member. */
  newcomers: Newcomer[];
  outcomes: Outcome<Done<unknown>>[];
  postings: Posting[];
  changes: Change[];
  keys: NewKey[];
  /** Whether any of the keys that were looked up was taken. */
  keysTaken: boolean;
  /** Facts by program, and how many entries they speak of. */
  facts: FactsByProgram;
  /** To be told when the batch is committed. */
  notJudged: (NotJudged & { program: string })[];
  stores: {
    type: AnyCommandType;
    decisions: { stored: { id: bigint }; posted: Posted }[];
    /** The members of whose commands these are, and those that they touched besides. */
    members: ReadonlySet<number>;
    facts: unknown;
  }[];
}

/**
 * Decides a batch: finds programs, members and keys, locks the members in the order of their ids, loads
 * facts once for each command type, then folds the commands in order, so that each sees those before it.
 * Writes nothing. Throws `InParts` where one has to see what facts that are loaded once cannot show.
 */
export async function decideBatch(tx: Tx, commands: readonly Command[], mode: Mode): Promise<Decided> {
  // Nothing may be waited for where all is known at once: what is asked for from here on goes out with it.
  const located = locate(tx, commands, mode);
  const { slots, strangers, confirmed } = located instanceof Promise ? await located : located;
  const cuts = mode.write ? cutsOf(slots) : [];
  if (cuts.length > 0) throw new InParts(cuts);
  const live = slots.filter(slot => slot.outcome === undefined);
  const replays = live.filter(isReplay);
  const open = live.filter(slot => !isReplay(slot));
  // The statements go out together; PostgreSQL runs them in order, so what they read and reserve is under the locks.
  const early = new Set(open.filter(needsLots).flatMap(walletIds));
  const [, wallets, opened, facts, newcomers] = await Promise.all([
    mode.write ? lock(tx, open, mode) : null,
    readWallets(tx, open),
    early.size === 0 ? NOTHING_OPEN : store.open(tx, [...early]),
    loadFacts(tx, open, mode),
    // Behind the facts: a dry run, which only imagines the newcomers, must not load anything of them either.
    strangers.length === 0 ? [] : receive(tx, strangers, mode),
    replay(tx, replays),
    confirmed,
  ]);
  const held = hold(open, wallets);
  await fillLots(tx, open, held, { early, opened });
  const decided = fold(slots, held, facts, mode);
  decided.newcomers = newcomers.filter(({ id }) => decided.accepted.has(id));
  if (mode.write) await lookAgain(tx, slots);
  return decided;
}

/** Whether the key is taken and the command does not change what exists under it. */
const isReplay = ({ known, command, type, holder }: Slot): boolean =>
  known !== undefined && (known.payload === command.payload || !type.amends || holder === undefined);

const needsLots = ({ known, type, command }: Slot): boolean => known !== undefined || type.needsLots(command);

interface Held {
  wallets: Map<number, Wallet>;
  isNew: Set<number>;
}

/**
 * One decides on a member at a time, in this process and in others. Advisory locks, because they also hold members
 * without a wallet, write nothing (locking the rows took 13 us each), and give the transaction no id yet: it gets one
 * with its first write, after those that it waited for, so that the order of ids is the order of bookings.
 */
async function lock(tx: Tx, slots: readonly Slot[], mode: Mode): Promise<void> {
  const asked = performance.now();
  const holders = new Set(slots.flatMap(sidesOf).map(({ id }) => id));
  if (holders.size > 0)
    await store.lockHolders(
      tx,
      [...holders].sort((a, b) => a - b),
    );
  mode.locked((performance.now() - asked) / 1000);
}

/** Almost every command has one side: this is asked several times for each. */
const sidesOf = ({ holder, counterpart }: Slot): Holder[] => {
  if (holder === undefined) return [];
  return counterpart === undefined ? [holder] : [holder, counterpart];
};

const walletIds = (slot: Slot): number[] => {
  const ids: number[] = [];
  const units = slot.program?.units.length ?? 0;
  for (const { id } of sidesOf(slot))
    for (let unit = 0; unit < units; unit += 1) ids.push(walletId(id, unit));
  return ids;
};

async function readWallets(tx: Tx, slots: readonly Slot[]): Promise<Wallet[]> {
  const ids = [...new Set(slots.flatMap(walletIds))];
  return ids.length === 0 ? [] : store.wallets(tx, ids);
}

/** The wallets of all slots, newcomers' too; those that do not exist yet are empty. */
function hold(slots: readonly Slot[], wallets: readonly Wallet[]): Held {
  const held: Held = { wallets: new Map(wallets.map(wallet => [wallet.id, wallet])), isNew: new Set() };
  for (const slot of slots) {
    for (const id of walletIds(slot)) {
      if (held.wallets.has(id)) continue;
      held.wallets.set(id, emptyWallet(id, slot.command.programId));
      held.isNew.add(id);
    }
  }
  return held;
}

/** Loads the facts of every type, side by side; the types that were registered first begin. */
async function loadFacts(
  tx: Tx,
  slots: readonly Slot[],
  { write, types }: Mode,
): Promise<Map<AnyCommandType, unknown>> {
  const facts = new Map<AnyCommandType, unknown>();
  const place = new Map([...types.values()].map((type, index) => [type, index]));
  const groups = [...Map.groupBy(slots, slot => slot.type.load)].sort(
    ([, [a]], [, [b]]) => (place.get((a as Slot).type) ?? 0) - (place.get((b as Slot).type) ?? 0),
  );
  const loads: Promise<void>[] = [];
  for (const [load, own] of groups) {
    const around = {
      holders: own.map(slot => slot.holder),
      counterparts: own.map(slot => slot.counterpart),
      programs: own.map(slot => slot.program as ProgramFacts),
      write,
      before: Promise.allSettled([...loads]),
    };
    const commands = own.map(slot => slot.command);
    const known = own.flatMap(slot => slot.known?.result ?? []);
    loads.push(
      load(tx, commands, known, around).then((loaded: unknown) => {
        for (const { type } of own) facts.set(type, loaded);
      }),
    );
  }
  await Promise.all(loads);
  return facts;
}

/** Answers keys that are taken: the first answer again, or what differs. */
async function replay(tx: Tx, slots: readonly Slot[]): Promise<void> {
  for (const type of new Set(slots.map(slot => slot.type))) {
    const own = slots.filter(slot => slot.type === type);
    const found = await type.find(
      tx,
      own.map(slot => slot.known?.result as bigint),
    );
    const ranges = [...found.values()].flatMap(({ posted }) => posted);
    const entries = new Map(
      (ranges.length > 0 ? await store.entriesOf(tx, ranges) : []).map(entry => [
        `${entry.wallet}:${entry.seq}`,
        entry,
      ]),
    );
    for (const slot of own) {
      const record = found.get(slot.known?.result as bigint);
      if (record === undefined)
        throw new Error(`a key of ${type.name} points to ${slot.known?.result}, which does not exist`);
      slot.outcome = again(
        slot,
        record.stored,
        slot.known?.payload as string,
        entriesIn(record.posted, entries),
      );
    }
  }
}

/** The entries of a record's stretches, in order. */
export function entriesIn(posted: Posted, entries: ReadonlyMap<string, Entry>): Entry[] {
  const own: Entry[] = [];
  for (const [wallet, first, last] of posted) {
    for (let seq = first; seq <= last; seq += 1) {
      const entry = entries.get(`${wallet}:${seq}`);
      if (entry === undefined) throw new Error(`entry ${seq} of wallet ${wallet} is missing`);
      own.push(entry);
    }
  }
  return own;
}

function again(
  slot: Slot,
  stored: { id: bigint },
  payload: string,
  entries: readonly Entry[],
): Outcome<Done<unknown>> {
  const { command, type, holder, counterpart, program } = slot;
  if (payload !== command.payload) {
    const sent = { holder, counterpart, program: program as ProgramFacts };
    return keyReused(type.name, type.differences(command, stored, sent));
  }
  return accept({
    known: true,
    answer: () => type.answer(stored, entries, holder as Holder, program as ProgramFacts),
  });
}

const NOTHING_OPEN: store.Opened = { lots: [], holds: [] };

/** Fills the wallets that were opened early, and those in which something has fallen due, which takes a round trip more. */
async function fillLots(
  tx: Tx,
  slots: readonly Slot[],
  held: Held,
  { early, opened }: { early: ReadonlySet<number>; opened: store.Opened },
): Promise<void> {
  const targets = new Map<number, Wallet>();
  for (const slot of slots) {
    const { now } = slot.program as ProgramFacts;
    const all = needsLots(slot);
    for (const id of walletIds(slot)) {
      const wallet = held.wallets.get(id) as Wallet;
      const due = wallet.nextDueAt !== null && wallet.nextDueAt <= Math.max(now, wallet.bookedAt);
      if ((all || due) && wallet.seq > 0) targets.set(wallet.id, wallet);
    }
  }
  if (targets.size === 0) return;
  for (const id of targets.keys()) {
    const wallet = { ...(targets.get(id) as Wallet), dueBeyond: null };
    held.wallets.set(id, wallet);
    targets.set(id, wallet);
  }
  store.fill(opened, targets);
  const late = [...targets.keys()].filter(id => !early.has(id));
  if (late.length > 0) store.fill(await store.open(tx, late), targets);
}

interface Accepted {
  slot: Slot;
  stored: { id: bigint };
  entries: readonly Entry[];
}

/** What is to be stored of each type, and whom it is about. */
type Stores = Map<
  AnyCommandType,
  { decisions: { stored: { id: bigint }; posted: Posted }[]; members: Set<number> }
>;

/** Of most wallets nothing is loaded but their sums. */
const NO_LOTS: ReadonlyMap<number, Lot> = new Map();
const NO_HOLDS: ReadonlySet<number> = new Set();

function fold(
  slots: readonly Slot[],
  held: Held,
  facts: ReadonlyMap<AnyCommandType, unknown>,
  mode: Mode,
): Decided {
  const before = new Map(
    [...held.wallets.values()].map(wallet => [
      wallet.id,
      {
        seq: wallet.seq,
        due: wallet.nextDueAt,
        lots: wallet.lots.size === 0 ? NO_LOTS : new Map(wallet.lots),
        holds: wallet.holds.size === 0 ? NO_HOLDS : new Set(wallet.holds.keys()),
      },
    ]),
  );
  const decided: Decided = {
    accepted: new Set(),
    newcomers: [],
    outcomes: [],
    postings: [],
    changes: [],
    keys: [],
    keysTaken: slots.some(({ known }) => known !== undefined),
    facts: new Map(),
    notJudged: [],
    stores: [],
  };
  const byKey = new Map<string, Accepted>();
  const stores: Stores = new Map();
  for (const slot of slots) {
    if (slot.outcome === undefined)
      slot.outcome = decideOne(slot, held, facts.get(slot.type), mode, byKey, decided, stores);
    decided.outcomes.push(slot.outcome);
  }
  for (const wallet of held.wallets.values()) {
    const old = before.get(wallet.id);
    if (old === undefined || (old.seq === wallet.seq && old.due === wallet.nextDueAt)) continue;
    decided.changes.push({
      wallet,
      isNew: held.isNew.has(wallet.id),
      lotsBefore: old.lots,
      holdsBefore: old.holds,
    });
  }
  decided.stores = [...stores].map(([type, own]) => ({ type, ...own, facts: facts.get(type) }));
  return decided;
}

/** Of the one wallet that most commands touch they are taken as they are. */
const movementsOf = (drafts: readonly Draft[]): readonly Entry[] =>
  drafts.length === 1 ? (drafts[0] as Draft).entries : drafts.flatMap(({ entries }) => entries);

const entriesOf = (holder: Holder, entries: readonly Entry[]): Entry[] =>
  entries.filter(entry => holderOf(entry.wallet) === holder.id);

function decideOne(
  slot: Slot,
  held: Held,
  facts: unknown,
  mode: Mode,
  byKey: Map<string, Accepted>,
  decided: Decided,
  stores: Stores,
): Outcome<Done<unknown>> {
  const { command, type } = slot;
  const holder = slot.holder as Holder;
  const program = slot.program as ProgramFacts;
  const earlier = command.key === null ? undefined : byKey.get(command.key);
  if (earlier !== undefined && (!type.amends || earlier.slot.command.payload === command.payload)) {
    return again(slot, earlier.stored, earlier.slot.command.payload as string, earlier.entries);
  }
  const side = (holder: Holder): Side => ({
    holder,
    wallet: unit => held.wallets.get(walletId(holder.id, unit)) as Wallet,
  });
  const other = slot.counterpart;
  const outcome = type.decide(
    command,
    facts,
    {
      ...side(holder),
      program,
      id: mode.ids.next(),
      counterpart: other === undefined ? undefined : side(other),
    },
    slot.known?.result ?? earlier?.stored.id ?? null,
  );
  if (!outcome.ok) return outcome;
  if ('repeats' in outcome.value) {
    const { repeats, entries } = outcome.value;
    return accept({ known: true, answer: () => type.answer(repeats, entries, holder, program) });
  }
  const { record, drafts, fact, also = [], counterpartFact, notJudged } = outcome.value;
  const entries = movementsOf(drafts);
  decided.accepted.add(holder.id);
  for (const draft of drafts) draft.apply();
  type.evolve(facts, record, entries);
  const posted: Posted = drafts
    .filter((draft: Draft) => draft.entries.length > 0)
    .map(
      (draft: Draft) =>
        [draft.walletId, (draft.entries[0] as Entry).seq, (draft.entries.at(-1) as Entry).seq] as const,
    );
  if (entries.length > 0) decided.postings.push({ command: type.name, tx: record.id, entries });
  if (command.key !== null && slot.known === undefined && earlier === undefined)
    decided.keys.push({ key: command.key, payload: command.payload as string, result: record.id });
  if (command.key !== null) byKey.set(command.key, { slot, stored: record, entries });
  const own = stores.get(type) ?? { decisions: [], members: new Set() };
  own.decisions.push({ stored: record, posted });
  for (const { id } of sidesOf(slot)) own.members.add(id);
  stores.set(type, own);
  const bookedAt = drafts[0]?.now ?? program.now;
  const told = counterpartFact === undefined ? entries : entriesOf(holder, entries);
  if (fact !== null) publish(decided.facts, program, holder, fact, bookedAt, told);
  for (const each of also) publish(decided.facts, program, holder, each, bookedAt, []);
  if (counterpartFact !== undefined && other !== undefined)
    publish(decided.facts, program, other, counterpartFact, bookedAt, entriesOf(other, entries));
  if (notJudged !== undefined) decided.notJudged.push({ ...notJudged, program: program.name });
  return accept({ known: false, answer: () => type.answer(record, entries, holder, program) });
}
