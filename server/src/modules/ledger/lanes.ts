import { Fault, type Outcome } from '#platform/errors.ts';
import { hash128 } from '#platform/ids.ts';
import { decideBatch } from './batch.ts';
import type { AnyCommandType, Command, Done } from './commands.ts';
import { type LanesOptions, Runner, type Waiting } from './runner.ts';
import type { Directory, Mode } from './slots.ts';

interface Lane {
  /** In order of arrival. */
  queue: Waiting[];
  busy: boolean;
}

/**
 * Up to so many waiting commands go in one batch. Measured with 64 connections on 2 cores: one batch of 60 takes 280 us
 * of CPU a command on both sides, two of 30 take 355.
 */
const TOGETHER = 128;

/**
 * After a batch of more than a few, the next one gathers for a moment: those who were just answered are about to send
 * again. Measured with 64 connections on 2 cores, interleaved: 2 ms give 8 to 24 % more single orders a second than none
 * (two runs of 4 and 5 rounds, -5 to +31 %), 4 ms give 8 %.
 */
const GATHER_MS = 2;
const FEW = 8;

/**
 * The one door for writes. Commands are hashed to lanes by member; a lane has one batch in flight, and while that
 * commits the next one gathers, so a batch grows only under load and an idle system answers at once. While little
 * waits, all idle lanes go together in one batch; when more waits, each goes on a connection of its own.
 */
export class Lanes {
  private readonly lanes: Lane[];
  private readonly runners: Runner[];
  private readonly types = new Map<string, AnyCommandType>();
  private readonly options: LanesOptions;
  private directory: Directory | undefined;
  private waiting = 0;
  private stopping = false;
  private gathering = false;
  /** Commands in the batch that started last. */
  private lastSize = 0;
  private drained: (() => void) | undefined;

  constructor(options: LanesOptions) {
    this.options = options;
    this.lanes = Array.from({ length: options.lanes }, () => ({ queue: [], busy: false }));
    this.runners = this.lanes.map((_, number) => new Runner(`lane ${number}`, options, () => this.mode()));
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
   * the outcome is then unknown and the same keys may be sent again.
   */
  submit(commands: readonly Command[]): Promise<Outcome<Done<unknown>>[]> {
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
        this.laneOf(command).queue.push({
          command,
          done(outcome) {
            outcomes[index] = outcome;
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

  /** Lets the next batch gather: what arrives in the same turn of the event loop, or within a moment under load. */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    const queued = this.lanes.reduce((sum, lane) => sum + lane.queue.length, 0);
    if (this.lastSize > FEW && queued < TOGETHER) setTimeout(() => this.dispatch(), GATHER_MS);
    else setImmediate(() => this.dispatch());
  }

  /** Gives what waits in idle lanes to idle connections. */
  private dispatch(): void {
    this.gathering = false;
    for (const runner of this.runners) {
      if (runner.busy) continue;
      const ready = this.lanes.filter(lane => !lane.busy && lane.queue.length > 0);
      const longest = ready.reduce((a, b) => (b.queue.length > a.queue.length ? b : a), ready[0] as Lane);
      if (ready.length === 0) return;
      const together = ready.reduce((sum, lane) => sum + lane.queue.length, 0) <= TOGETHER;
      this.start(runner, together ? ready : [longest]);
    }
  }

  private start(runner: Runner, lanes: readonly Lane[]): void {
    const batch = lanes.flatMap(lane => lane.queue.splice(0, this.options.batch));
    this.lastSize = batch.length;
    for (const lane of lanes) lane.busy = true;
    void runner.run(batch).then(() => {
      for (const lane of lanes) lane.busy = false;
      if (this.lanes.some(lane => lane.queue.length > 0)) this.gather();
    });
  }

  private mode(): Mode {
    if (this.directory === undefined)
      throw new Error('the lanes were used before members and programs were registered');
    const { ids, observer } = this.options;
    return { write: true, ids, types: this.types, directory: this.directory, locked: observer.locked };
  }

  private laneOf(command: Command): Lane {
    let hash = command.programId;
    for (let i = 0; i < command.member.length; i += 1)
      hash = (Math.imul(hash, 31) + command.member.charCodeAt(i)) | 0;
    return this.lanes[(hash >>> 0) % this.lanes.length] as Lane;
  }
}

/** The business key of a command: unique for ever within (program, source, command type, external id). */
export const businessKey = (programId: number, source: string, type: string, externalId: string): string =>
  hash128(String(programId), source, type, externalId);
