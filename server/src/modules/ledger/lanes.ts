import { accept, Fault, type Outcome } from '#platform/errors.ts';
import { hash128 } from '#platform/ids.ts';
import { decideBatch } from './batch.ts';
import type { AnyCommandType, Command, Done } from './commands.ts';
import { NewKeys } from './new-keys.ts';
import { type LanesOptions, Runner, type Waiting } from './runner.ts';
import type { Directory, Mode } from './slots.ts';
import { Turns } from './turns.ts';

/**
 * While others are under way, a batch begins when as many wait as are in those, or this many. So under load some callers are
 * decided while others are written. Measured with 64 connections on 2 cores, the ways exchanged every 2 seconds in one
 * process: 12 to 19 % more single orders a second than one batch of all; 18 to 30 % with 128 and more connections, none less
 * with 16.
 */
const ENOUGH = 20;
/** From so many on, those who wait when nothing is under way are halved, so that two batches take turns. */
const HALVED = 48;
/**
 * When nothing is under way after a batch of more than a few, those who were just answered are about to send again: the
 * next batch waits for them. It matters where batches cannot take turns, because all orders are of one member.
 */
const GATHER_MS = 2;
const FEW = 8;
/** How long a few commands wait behind a large batch for more of them, ms. */
const PATIENCE_MS = 10;

/**
 * The one door for writes. While a batch commits, the next one gathers, so batches grow only under load and an idle
 * system answers at once. A lane carries out one batch at a time, on a connection of its own; a member is in one batch
 * at a time.
 */
export class Lanes {
  private readonly turns = new Turns<Waiting>();
  private readonly runners: Runner[];
  private readonly types = new Map<string, AnyCommandType>();
  private readonly options: LanesOptions;
  private directory: Directory | undefined;
  /** Commands that have no answer yet, and those of them that are in a batch. */
  private waiting = 0;
  private underWay = 0;
  /** Commands in the batch that began last. */
  private lastSize = 0;
  private stopping = false;
  private gathering = false;
  private patience: NodeJS.Timeout | undefined;
  private drained: (() => void) | undefined;

  constructor(options: LanesOptions) {
    this.options = options;
    const newKeys = new NewKeys(options.newKeysAfter);
    this.runners = Array.from(
      { length: options.lanes },
      (_, number) => new Runner(`lane ${number}`, options, () => this.mode(), newKeys),
    );
  }

  /** Registers a kind of command; done by the owning module when it is built. */
  register(type: AnyCommandType): void {
    this.types.set(type.name, type);
  }

  /** Registers who finds programs and members. */
  setDirectory(directory: Directory): void {
    this.directory = directory;
  }

  /**
   * Carries out commands; each is answered when the batch that holds it has committed. Those of one member
   * keep their order. Throws a Fault (503) when the queue is full, the engine stops or the database is away;
   * the outcome is then unknown and the same keys may be sent again. With `answers` false what was accepted cannot be
   * answered: so nothing of a batch is kept while others of its call still wait.
   */
  submit(commands: readonly Command[], answers = true): Promise<Outcome<Done<unknown>>[]> {
    if (this.stopping)
      return Promise.reject(
        new Fault('stopping', 'The engine is stopping. Send the request again in a moment.', {
          retryAfter: 2,
        }),
      );
    if (this.waiting + commands.length > this.options.queue) {
      return Promise.reject(
        new Fault(
          'overloaded',
          'Too many commands are waiting. Nothing of this request was taken; send it again.',
          { retryAfter: 1 },
        ),
      );
    }
    if (commands.length === 0) return Promise.resolve([]);
    this.waiting += commands.length;
    this.options.observer.depth(this.waiting);
    const outcomes = new Array<Outcome<Done<unknown>>>(commands.length);
    let open = commands.length;
    return new Promise((resolve, reject) => {
      const answered = () => {
        open -= 1;
        this.waiting -= 1;
        this.options.observer.depth(this.waiting);
        if (this.waiting === 0) this.drained?.();
        if (open === 0) resolve(outcomes);
      };
      commands.forEach((command, index) => {
        this.turns.add({
          command,
          done(outcome) {
            outcomes[index] = outcome.ok && !answers ? withoutAnswer(outcome.value.known) : outcome;
            answered();
          },
          failed(fault) {
            reject(fault);
            answered();
          },
        });
      });
      this.gather();
    });
  }

  /** What the commands would do, from one read-only snapshot outside the lanes. Writes nothing. */
  dryRun(commands: readonly Command[]): Promise<Outcome<Done<unknown>>[]> {
    return this.options.pool.snapshot(
      async tx => (await decideBatch(tx, commands, { ...this.mode(), write: false })).outcomes,
    );
  }

  /** Takes nothing new, finishes what was accepted and closes the connections. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.waiting > 0) await new Promise<void>(resolve => (this.drained = resolve));
    await Promise.all(this.runners.map(runner => runner.close()));
  }

  /** Begins the next batch when enough wait; what arrives in the same turn of the event loop goes with it. */
  private gather(): void {
    if (this.gathering || this.runners.every(runner => runner.busy)) return;
    if (!this.enough()) {
      this.patience ??= setTimeout(() => {
        this.patience = undefined;
        this.begin(1);
      }, PATIENCE_MS);
      return;
    }
    this.gathering = true;
    const begin = () => {
      this.gathering = false;
      this.begin(this.runners.length);
    };
    if (this.underWay === 0 && this.lastSize > FEW && this.turns.length < HALVED)
      setTimeout(begin, GATHER_MS);
    else setImmediate(begin);
  }

  private enough(): boolean {
    return this.turns.length >= Math.min(this.underWay, ENOUGH);
  }

  /** Gives what waits to idle lanes: to the first in any case, to others while there is enough. */
  private begin(most: number): void {
    const idle = this.runners.filter(runner => !runner.busy).slice(0, most);
    for (const [place, runner] of idle.entries()) {
      if (this.turns.length === 0 || (place > 0 && !this.enough())) return;
      this.start(runner);
    }
  }

  private start(runner: Runner): void {
    const { length } = this.turns;
    const halved = this.underWay === 0 && this.runners.length > 1 && length >= HALVED;
    const most = Math.min(this.options.batch, length);
    const { batch, ended } = this.turns.take(halved ? Math.min(most, Math.ceil(length / 2)) : most, most);
    if (batch.length === 0) return;
    this.lastSize = batch.length;
    this.underWay += batch.length;
    void runner.run(batch).then(() => {
      this.underWay -= batch.length;
      ended();
      if (this.turns.length > 0) this.gather();
    });
  }

  private mode(): Mode {
    if (this.directory === undefined)
      throw new Error('the lanes were used before members and programs were registered');
    const { ids, observer } = this.options;
    const { types, directory } = this;
    return { write: true, newKeys: false, ids, types, directory, locked: observer.locked };
  }
}

const NO_ANSWER = {
  answer(): never {
    throw new Error('the answer of this command was not asked for');
  },
};
const TAKEN = accept({ known: false, ...NO_ANSWER });
const KNOWN = accept({ known: true, ...NO_ANSWER });
const withoutAnswer = (known: boolean): Outcome<Done<unknown>> => (known ? KNOWN : TAKEN);

/** The business key of a command: unique for ever within (program, source, command type, external id). */
export const businessKey = (programId: number, source: string, type: string, externalId: string): string =>
  hash128(String(programId), source, type, externalId);
