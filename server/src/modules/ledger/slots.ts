import type { Tx } from '#platform/db/client.ts';
import { type Outcome, refuse } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { AnyCommandType, Command, Done, Holder, ProgramFacts } from './commands.ts';
import { confirm } from './meanwhile.ts';
import * as store from './store.ts';

/** What later modules do inside the ledger's transaction; `compose.ts` registers them. */
export interface Directory {
  /** The programs' clocks and units, read in this transaction. */
  programs(tx: Tx, ids: readonly number[]): Promise<ReadonlyMap<number, ProgramFacts>>;
  /**
   * The programs and members, one for each reference, as they are known without asking: undefined where not all of them are.
   * A program may have changed meanwhile, which its `revision` in `programs` shows; who a member is never changes.
   */
  lately(
    ids: readonly number[],
    refs: readonly { programId: number; member: string }[],
  ): { programs: ReadonlyMap<number, ProgramFacts>; holders: readonly Outcome<Holder>[] } | undefined;
  /** Finds members. */
  holders(tx: Tx, refs: readonly { programId: number; member: string }[]): Promise<Outcome<Holder>[]>;
  /** Ids for members to be: numbers that nobody else gets. */
  reserve(tx: Tx, count: number): Promise<number[]>;
  /** Enrols members under reserved ids. A member who was enrolled meanwhile rejects with SQLSTATE 23505. */
  enrol(tx: Tx, newcomers: readonly Newcomer[]): Promise<void>;
  /** Told of those whose enrolment is committed. */
  enrolled(newcomers: readonly Newcomer[]): void;
  /** The program of a name, with its clock. */
  programNamed(name: string): Promise<ProgramFacts | undefined>;
  /** Finds one committed member. */
  find(programId: number, member: string): Promise<Outcome<Holder>>;
}

/** A member whom a batch makes. */
export interface Newcomer {
  readonly id: number;
  readonly programId: number;
  readonly externalId: string;
  /** By the program's clock, epoch ms. */
  readonly at: number;
}

/** A command of a batch with what was found for it. */
export interface Slot {
  command: Command;
  type: AnyCommandType;
  program: ProgramFacts | undefined;
  known: store.KnownKey | undefined;
  holder: Holder | undefined;
  counterpart: Holder | undefined;
  outcome: Outcome<Done<unknown>> | undefined;
}

/** How a batch is decided: written under locks, or on a snapshot for a dry run. */
export interface Mode {
  write: boolean;
  /** Whether all keys are taken to be new, which their insertion proves; else they are looked up. */
  newKeys: boolean;
  ids: Ids;
  types: ReadonlyMap<string, AnyCommandType>;
  /** Told how long the locks took, seconds. */
  locked(seconds: number): void;
  directory: Directory;
}

/** What was found for the commands of a batch. */
export interface Located {
  slots: Slot[];
  /** Those who are to be enrolled. */
  strangers: Slot[];
  /** Resolves when the programs are what they were taken to be; left out where they were asked for. */
  confirmed?: Promise<void>;
}

/** The programs, the members (of each command, then each counterpart) and the keys that are taken. */
interface Found {
  programs: ReadonlyMap<number, ProgramFacts>;
  holders: readonly Outcome<Holder>[];
  known: ReadonlyMap<string, store.KnownKey>;
}

const NONE_TAKEN: Found['known'] = new Map();

/**
 * Finds the program, the members and the key of each command. At once where keys are taken to be new and the rest is known:
 * the programs are then confirmed in the round trip that takes the locks, which saves one of three.
 */
export function locate(tx: Tx, commands: readonly Command[], mode: Mode): Located | Promise<Located> {
  const programIds = [...new Set(commands.map(command => command.programId))];
  const pairs = commands.filter(command => command.counterpart !== undefined);
  const refs = [
    ...commands.map(({ programId, member }) => ({ programId, member })),
    ...pairs.map(({ programId, counterpart }) => ({ programId, member: counterpart as string })),
  ];
  const lately = mode.newKeys ? mode.directory.lately(programIds, refs) : undefined;
  if (lately !== undefined) {
    const confirmed = confirm(tx, lately.programs, mode.directory);
    // Who stops before waiting for it has another reason.
    confirmed.catch(() => undefined);
    return { ...place(commands, pairs, { ...lately, known: NONE_TAKEN }, mode), confirmed };
  }
  const wanted = mode.newKeys ? [] : commands.flatMap(command => command.key ?? []);
  const asked = Promise.all([
    mode.directory.programs(tx, programIds),
    mode.directory.holders(tx, refs),
    wanted.length > 0 ? store.keys(tx, wanted) : NONE_TAKEN,
  ]);
  return asked.then(([programs, holders, known]) =>
    place(commands, pairs, { programs, holders, known }, mode),
  );
}

function place(
  commands: readonly Command[],
  pairs: readonly Command[],
  { programs, holders, known }: Found,
  mode: Mode,
): Located {
  const others = new Map(pairs.map((command, index) => [command, holders[commands.length + index]]));
  const strangers: Slot[] = [];
  const slots = commands.map((command, index): Slot => {
    const type = mode.types.get(command.type) as AnyCommandType;
    const program = programs.get(command.programId);
    const holder = holders[index] as Outcome<Holder>;
    const other = others.get(command);
    const slot: Slot = {
      command,
      type,
      program,
      known: command.key === null ? undefined : known.get(command.key),
      holder: undefined,
      counterpart: other?.ok === true ? other.value : undefined,
      outcome: undefined,
    };
    if (program === undefined) slot.outcome = refuse('program_not_found', 'The program does not exist.');
    else if (holder.ok) slot.holder = holder.value;
    if (slot.outcome !== undefined || slot.known !== undefined) return slot;
    const refusal = type.admit(command, program as ProgramFacts);
    if (refusal) slot.outcome = { ok: false, refusal };
    else if (other?.ok === false) slot.outcome = other;
    else if (!holder.ok && type.enrols(program as ProgramFacts) && holder.refusal.code === 'member_not_found')
      strangers.push(slot);
    else if (!holder.ok) slot.outcome = holder;
    return slot;
  });
  return { slots, strangers };
}

/** Above every member's number, and such that the number of a wallet made of it is still exact. */
const FIRST_IMAGINED = 2 ** 46;

/** Gives strangers their ids; a dry run only imagines them. Their rows are written with what they did. */
export async function receive(tx: Tx, strangers: readonly Slot[], mode: Mode): Promise<Newcomer[]> {
  const byName = Map.groupBy(strangers, ({ command }) => `${command.programId} ${command.member}`);
  const ids = mode.write
    ? await mode.directory.reserve(tx, byName.size)
    : Array.from(byName.keys(), (_, index) => FIRST_IMAGINED + index);
  return [...byName.values()].map((slots, index) => {
    const { command, program } = slots[0] as Slot;
    const holder: Holder = { id: ids[index] as number, externalId: command.member.slice('ext:'.length) };
    for (const slot of slots) slot.holder = holder;
    return { ...holder, programId: command.programId, at: (program as ProgramFacts).now };
  });
}
