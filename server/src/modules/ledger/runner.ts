import type { Clock } from '#platform/clock.ts';
import { Connection, type Pool, transactionStatements } from '#platform/db/client.ts';
import { Fault, type Outcome, refuse } from '#platform/errors.ts';
import { appendFacts } from '#platform/events/log.ts';
import type { Ids } from '#platform/ids.ts';
import type { Audit } from '../audit/index.ts';
import { type Decided, decideBatch } from './batch.ts';
import type { Command, Done, NotJudged } from './commands.ts';
import { digest } from './digest.ts';
import type { NewKeys } from './new-keys.ts';
import { InParts } from './parts.ts';
import { post, settled } from './posting.store.ts';
import type { Mode } from './slots.ts';
import type { SoleWriter } from './sole-writer.ts';

/** What the lanes tell the metrics. */
export interface LaneObserver {
  batch(size: number, seconds: number): void;
  retry(reason: string): void;
  /** How long a batch waited for the locks of its wallets, seconds. */
  locked(seconds: number): void;
  depth(queued: number): void;
  /** What was committed and decided without conditions that could not be judged. */
  notJudged(decision: NotJudged & { program: string }): void;
}

export interface LanesOptions {
  url: string;
  pool: Pool;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  observer: LaneObserver;
  /** How many lanes; a lane has one connection and one batch in flight. */
  lanes: number;
  /** The most commands in one batch. */
  batch: number;
  /** The most commands that may wait in the process; more are refused with 503. */
  queue: number;
  /** After so many commands with new keys in a row, keys are no longer looked up. */
  newKeysAfter: number;
  soleWriter: SoleWriter;
}

/** A command and who waits for its outcome. */
export interface Waiting {
  command: Command;
  done(outcome: Outcome<Done<unknown>>): void;
  failed(fault: Fault): void;
}

/** How often a batch is tried when it meets another process (a taken key, a deadlock) or a lost connection. */
const TRIES = 6;
/** SQLSTATEs after which the same batch can succeed: unique violation, serialisation failure, deadlock. */
const RETRYABLE = new Set(['23505', '40001', '40P01']);
/** SQLSTATEs of a session that is at its end: class 08, 57P01 to 57P05, and 25P03 for a transaction that rested too long. */
const CONNECTION_LOST = /^(08|57P0|25P0[34])/;
/** Whether nothing of a batch that failed was carried out for certain; else what is remembered of its members may be wrong. */
const isRolledBack = (error: unknown): boolean => {
  const { code } = error as { code?: unknown };
  return (
    error instanceof InParts || (/^[0-9A-Z]{5}$/.test(String(code)) && !CONNECTION_LOST.test(String(code)))
  );
};

/** How long a caller waits for a database that is away, ms. Then it is told to come back. */
const PATIENCE = 5_000;

/** Carries out one batch after the other on a connection of its own. */
export class Runner {
  busy = false;
  private readonly name: string;
  private readonly options: LanesOptions;
  private readonly mode: () => Mode;
  private readonly newKeys: NewKeys;
  private connection: Connection | undefined;

  constructor(name: string, options: LanesOptions, mode: () => Mode, newKeys: NewKeys) {
    this.name = name;
    this.options = options;
    this.mode = mode;
    this.newKeys = newKeys;
  }

  /** Answers every command of the batch, whatever happens. */
  async run(batch: readonly Waiting[]): Promise<void> {
    this.busy = true;
    try {
      await this.carryOut(batch);
    } catch (error) {
      // Nothing that carryOut meets should come here; a lane that stopped would hang its members for ever.
      const fault = new Fault(
        'internal',
        'The engine met an unexpected fault. The outcome is unknown: send the same request again.',
        { cause: error },
      );
      for (const waiting of batch) waiting.failed(fault);
    } finally {
      this.busy = false;
    }
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }

  /** Runs a batch until it is decided. What makes it fail is found by halving, and only that is refused. */
  private async carryOut(batch: readonly Waiting[]): Promise<void> {
    const deadline = this.options.clock.now() + PATIENCE;
    for (let attempt = 1; ; attempt += 1) {
      const started = performance.now();
      const newKeys = attempt === 1 && this.newKeys.expected;
      try {
        const outcomes = await this.attempt(
          batch.map(waiting => waiting.command),
          newKeys,
        );
        this.options.observer.batch(batch.length, (performance.now() - started) / 1000);
        for (const [index, waiting] of batch.entries())
          waiting.done(outcomes[index] as Outcome<Done<unknown>>);
        return;
      } catch (error) {
        const state = (error as { code?: unknown }).code;
        if (!isRolledBack(error)) this.options.soleWriter.lose();
        // A session that the server ends says so as the answer to a statement, before the connection is seen to be closed.
        if (CONNECTION_LOST.test(String(state))) await this.connection?.close();
        if (this.connection?.usable !== true) {
          this.options.observer.retry('connection');
          if (this.options.clock.now() < deadline) {
            await new Promise(resolve => setTimeout(resolve, Math.min(50 * 2 ** attempt, 1000)));
            continue;
          }
          const fault = new Fault(
            'database_unavailable',
            'The database cannot be reached. The outcome is unknown: send the same request again.',
            { cause: error, retryAfter: 2 },
          );
          for (const waiting of batch) waiting.failed(fault);
          return;
        }
        await this.connection.run(transactionStatements.ROLLBACK).catch(() => undefined);
        if (error instanceof InParts) return this.carryOutParts(batch, error.cuts);
        // Whatever goes wrong with keys that were taken to be new may come of that.
        if (newKeys) this.newKeys.metTaken();
        if (newKeys || (RETRYABLE.has(String(state)) && attempt < TRIES)) {
          this.options.observer.retry(newKeys ? 'keys' : String(state));
          continue;
        }
        return this.halve(batch, error);
      }
    }
  }

  /** Each part sees what those before it have done, because it is committed. */
  private async carryOutParts(batch: readonly Waiting[], cuts: readonly number[]): Promise<void> {
    this.options.observer.retry('parts');
    for (const [index, from] of [0, ...cuts].entries()) await this.carryOut(batch.slice(from, cuts[index]));
  }

  private async halve(batch: readonly Waiting[], error: unknown): Promise<void> {
    this.options.observer.retry('halved');
    if (batch.length > 1) {
      const middle = batch.length >> 1;
      await this.carryOut(batch.slice(0, middle));
      return this.carryOut(batch.slice(middle));
    }
    const only = batch[0] as Waiting;
    const state = String((error as { code?: unknown }).code ?? '');
    // Class 22 and 23 are about the data that was sent; the rest is the engine's or the database's fault.
    if (/^2[23]/.test(state)) {
      only.done(
        refuse(
          'command_failed',
          'The database refused this command and nothing of it was carried out. Check its values; if they are right, report it with the request id.',
        ),
      );
    } else if (/^(53|57|58)/.test(state)) {
      only.failed(
        new Fault(
          'database_unavailable',
          'The database cannot take writes at the moment (full, or shutting down). Send the same request again.',
          { cause: error, retryAfter: 5 },
        ),
      );
    } else
      only.failed(
        new Fault(
          'internal',
          'The engine met an unexpected fault with this command. Nothing of it was carried out.',
          { cause: error },
        ),
      );
  }

  private async attempt(commands: readonly Command[], newKeys: boolean): Promise<Outcome<Done<unknown>>[]> {
    if (this.connection?.usable !== true) {
      await this.connection?.close();
      this.connection = await Connection.open(this.options.url, this.name);
    }
    const connection = this.connection;
    const begun = connection.run(transactionStatements.BEGIN);
    const [, decided] = await Promise.all([
      begun,
      decideBatch(connection, commands, { ...this.mode(), newKeys }),
    ]);
    await this.write(connection, decided);
    if (decided.keysTaken) this.newKeys.metTaken();
    else this.newKeys.met(commands.length);
    for (const decision of decided.notJudged) this.options.observer.notJudged(decision);
    return decided.outcomes;
  }

  /** Writes and commits without waiting in between; a commit of a transaction that failed says so in its tag. */
  private async write(connection: Connection, decided: Decided): Promise<void> {
    const { audit, ids, clock, soleWriter } = this.options;
    const batch = { id: ids.next(), recordedAt: clock.now() };
    const entries = decided.postings.reduce((sum, posting) => sum + posting.entries.length, 0);
    const facts = [...decided.facts].map(([programId, own]) => ({
      programId,
      entries: own.entries,
      facts: own.facts.map(fact => ({
        type: fact.type,
        occurred_at: new Date(fact.occurredAt).toISOString(),
        booked_at: new Date(fact.bookedAt).toISOString(),
        member: fact.member,
        data: { ...fact.data, entries: fact.entries },
      })),
    }));
    const { newcomers } = decided;
    const writes: Promise<unknown>[] = [
      newcomers.length > 0 ? this.mode().directory.enrol(connection, newcomers) : Promise.resolve(),
      ...decided.stores.map(({ type, decisions, facts }) => type.store(connection, decisions, facts)),
      post(connection, batch, decided.postings, decided.changes, decided.keys),
      appendFacts(connection, batch.id, batch.recordedAt, facts),
      entries > 0 ? audit.record(connection, batch.id, entries, digest(decided.postings)) : Promise.resolve(),
    ];
    const announced = soleWriter.announce(connection);
    writes.push(announced);
    const committed = connection.commit(writes);
    await settled([...writes, committed]);
    if ((await committed) !== 'COMMIT') throw new Error('the database rolled the batch back');
    const fresh = freshOf(decided);
    for (const { type, decisions, members } of decided.stores) type.committed?.(decisions, members, fresh);
    (await announced)();
    this.mode().directory.enrolled(newcomers);
  }
}

/** The members whom a batch enrolled and of whom it stored things of one kind only. */
export function freshOf({ newcomers, stores }: Pick<Decided, 'newcomers' | 'stores'>): ReadonlySet<number> {
  const times = (id: number) => stores.reduce((sum, { members }) => sum + (members.has(id) ? 1 : 0), 0);
  return new Set(newcomers.flatMap(({ id }) => (times(id) === 1 ? id : [])));
}
