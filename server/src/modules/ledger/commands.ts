import type { Tx } from '#platform/db/client.ts';
import type { Difference, Outcome, Refusal } from '#platform/errors.ts';
import type { Draft } from './draft.ts';
import type { Entry, Wallet } from './model.ts';

/** One write on one member, or between two, as a module hands it to the lanes. */
export interface Command<Body = unknown> {
  readonly type: string;
  readonly programId: number;
  /** `ext:…` or `mem_…`; the same member in the same form goes to the same lane, in order. */
  readonly member: string;
  /**
   * The other member whom it touches, in the same form; it must exist. The batch holds both, so what is decided about
   * either is decided alone. The command has its place among those of `member`; beside those of the other that are
   * under way at the same time it may be decided before or after, as if two callers had sent them. Who waited for an
   * answer before sending it finds everything in it.
   */
  readonly counterpart?: string;
  /** The business key as 32 hexadecimal digits; null for commands that are idempotent by nature. */
  readonly key: string | null;
  /** The hash of the canonical payload. */
  readonly payload: string | null;
  readonly body: Body;
}

/** When members of a program are reminded of points that are about to expire. */
export interface Reminders {
  /** The latest date of expiry of which somebody can be to be reminded by `at`; `at` itself where nobody ever is. */
  horizon(at: number): number;
  /** When their member is to be reminded of points that expire at this instant. */
  of(expiresAt: number): readonly { before: string; at: number }[];
}

/** What the ledger must know of a program; the module `program` provides it. */
export interface ProgramFacts {
  readonly id: number;
  /** Another one with each change of the program and each step of its clock. */
  readonly revision: number;
  /** The program's clock, epoch ms. */
  readonly now: number;
  readonly name: string;
  /** The names of its units; the place is the unit's number. */
  readonly units: readonly string[];
  /** The unit that is meant where a request names none. */
  readonly defaultUnit: number;
  /** Left out: nobody is reminded of anything. */
  readonly reminders?: Reminders;
}

/** A member as the module `members` finds it. */
export interface Holder {
  readonly id: number;
  readonly externalId: string;
}

/** A member whom a command touches. */
export interface Side {
  readonly holder: Holder;
  /** The member's wallet of a unit. */
  wallet(unit: number): Wallet;
}

/** What a command sees besides its facts. */
export interface Context extends Side {
  readonly program: ProgramFacts;
  /** A new id for what the command makes. */
  readonly id: bigint;
  /** The other member; undefined for a command that names none. */
  readonly counterpart: Side | undefined;
}

/** Whom a command was sent for; nobody where no member is known by that id. */
export interface Sent {
  readonly holder: Holder | undefined;
  readonly counterpart: Holder | undefined;
  readonly program: ProgramFacts;
}

/** What a batch knows about the commands that it loads facts for, in their order. */
export interface Around {
  /** Undefined for a member whom this batch enrols. */
  readonly holders: readonly (Holder | undefined)[];
  /** The other member of each command that touches two. */
  readonly counterparts: readonly (Holder | undefined)[];
  readonly programs: readonly ProgramFacts[];
  /** False in a dry run, which must lock nothing. */
  readonly write: boolean;
  /**
   * Settles when the types that were registered before have loaded what they need. Who waits for locks of its own waits
   * for this first: then every batch locks in one order, budgets before stock.
   */
  readonly before: Promise<unknown>;
}

/** A fact for the event log. */
export interface Fact {
  readonly type: string;
  readonly occurredAt: number;
  readonly bookedAt: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a command does: the record that its module stores, the wallets that it changes, the fact that it publishes. */
export interface Decision<Record> {
  readonly record: Record;
  readonly drafts: readonly Draft[];
  /** Null where nothing happened that anyone should hear of. */
  readonly fact: Omit<Fact, 'bookedAt'> | null;
  /** What else happened to the member, without entries of its own. */
  readonly also?: readonly Omit<Fact, 'bookedAt'>[];
  /** What is published about the other member, with the entries of their wallets; where it is set, `fact` speaks of the first member's alone. */
  readonly counterpartFact?: Omit<Fact, 'bookedAt'>;
  /** What it was decided without, for the alarm; left out: nothing. */
  readonly notJudged?: NotJudged;
}

/** Conditions that could not be judged, and counted as not met. */
export interface NotJudged {
  /** What was decided, as callers see it. */
  readonly cause: string;
  readonly conditions: readonly { readonly ref: string; readonly reason: string }[];
}

/** The command is one that was carried out before (an amendment that is sent again): the first answer stands. */
export interface Repeat<Record> {
  readonly repeats: Record;
  readonly entries: readonly Entry[];
}

/** Stretches of entries [wallet, first seq, last seq] that a command wrote. */
export type Posted = readonly (readonly [wallet: number, first: number, last: number])[];

/** What the lanes answer for one command. */
export interface Done<Answer> {
  readonly known: boolean;
  /** Built when it is asked for: a bulk call that wants only counts saves it. */
  answer(): Answer;
}

/**
 * One kind of command. The module that owns the business registers it; the lanes mix all kinds in one
 * batch and keep each member's order. `load` and `store` are called once for the whole batch.
 */
export interface CommandType<
  Body = unknown,
  Facts = unknown,
  Stored extends { id: bigint } = { id: bigint },
  Answer = unknown,
> {
  readonly name: string;
  /** Whether open lots and holds are needed; a credit does without. */
  needsLots(command: Command<Body>): boolean;
  /** Whether the same key with another payload is a change of what exists (a higher revision) and not a conflict. */
  readonly amends: boolean;
  /** Whether it enrols a member that the program does not know yet. */
  enrols(program: ProgramFacts): boolean;
  /** Refuses what no state could make acceptable, before a member is enrolled for it. */
  admit(command: Command<Body>, program: ProgramFacts): Refusal | undefined;
  /**
   * Set-based: everything that `decide` needs, read under the locks. `known` are the results of keys that were found.
   * Types that decide on the same things have the same function here: it is called once for all their commands, and
   * they share the facts, so that each sees what the others decided earlier in the batch.
   */
  readonly load: (
    tx: Tx,
    commands: readonly Command<Body>[],
    known: readonly bigint[],
    around: Around,
  ) => Promise<Facts>;
  /**
   * The names of the types with another `load` whose effects on the same members, earlier in the batch, it decides on: then
   * the batch is cut before it. Left out: none.
   */
  looksBack?(command: Command<Body>, program: ProgramFacts): readonly string[];
  /** Pure. `known` is the id of what exists under the command's key (only where `amends`). */
  decide(
    command: Command<Body>,
    facts: Facts,
    context: Context,
    known: bigint | null,
  ): Outcome<Decision<Stored> | Repeat<Stored>>;
  /** Makes a decision visible to the later commands of the batch. */
  evolve(facts: Facts, stored: Stored, entries: readonly Entry[]): void;
  /**
   * Set-based: writes the records, and what deciding changed in the facts. Sends all its statements before it waits for
   * any: the commit follows at once.
   */
  store(tx: Tx, decisions: readonly { stored: Stored; posted: Posted }[], facts: Facts): Promise<void>;
  /**
   * Told of what is committed, of the members that it touched, and of those among them who are new and of whom nothing else
   * is stored; left out: nobody remembers anything of them.
   */
  committed?(
    decisions: readonly { stored: Stored }[],
    members: ReadonlySet<number>,
    fresh: ReadonlySet<number>,
  ): void;
  /** Set-based: the stored records of known keys, with what they posted. */
  find(tx: Tx, ids: readonly bigint[]): Promise<Map<bigint, { stored: Stored; posted: Posted }>>;
  /** What a command with another payload under the same key differs in; never empty. */
  differences(command: Command<Body>, stored: Stored, sent: Sent): Difference[];
  /** Built from what is stored, so that a retry gets the first answer. */
  answer(stored: Stored, entries: readonly Entry[], holder: Holder, program: ProgramFacts): Answer;
}

// biome-ignore lint/suspicious/noExplicitAny: the registry holds types of every body, facts and record
export type AnyCommandType = CommandType<any, any, any, any>;
