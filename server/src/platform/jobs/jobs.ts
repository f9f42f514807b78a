import { Connection, statement } from '../db/client.ts';
import { describeError, type Log } from '../observe/log.ts';

/** Something that is done again and again. It must be safe to interrupt and to run twice. */
export interface Job {
  name: string;
  /** How long to wait after a run, ms. */
  every: number;
  run(): Promise<void>;
}

export interface JobsOptions {
  jobs: readonly Job[];
  log: Log;
  /** Runs only while it holds the lease of this name, so that of several processes one works. */
  lease?: { url: string; name: string };
}

const take = statement('jobs_lease', `select pg_try_advisory_lock(hashtextextended($1, 0))`);
const LEASE_RETRY = 1_000;

/** Runs jobs side by side, each one after itself; an error is logged and the job tried again at its next time. */
export class Jobs {
  private readonly options: JobsOptions;
  private stopping = false;
  private running: Promise<unknown> = Promise.resolve();
  private wake: (() => void)[] = [];
  private connection: Connection | undefined;

  constructor(options: JobsOptions) {
    this.options = options;
  }

  start(): void {
    this.running = Promise.all(this.options.jobs.map(job => this.loop(job)));
  }

  /** Lets what is running finish and starts nothing more. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const wake of this.wake) wake();
    await this.running;
    await this.connection?.close();
  }

  private async loop(job: Job): Promise<void> {
    while (!this.stopping) {
      try {
        if (await this.leads()) await job.run();
        await this.pause(job.every);
      } catch (error) {
        if (!this.stopping)
          this.options.log.warn(
            { job: job.name, err: describeError(error) },
            'a job failed and will be tried again',
          );
        await this.pause(Math.max(job.every, LEASE_RETRY));
      }
    }
  }

  /**
   * The lease belongs to a connection: it ends with the process, however that ends. All jobs ask through one attempt:
   * each with a connection of its own, one of them would take the lease and lose sight of it.
   */
  private async leads(): Promise<boolean> {
    const { lease } = this.options;
    if (lease === undefined) return true;
    if (this.held && this.connection?.usable !== true) this.leading = undefined;
    if (this.leading === undefined) {
      const leading = this.lead(lease).finally(() =>
        setTimeout(() => this.forget(leading), LEASE_RETRY).unref(),
      );
      this.leading = leading;
    }
    return this.leading;
  }

  private leading: Promise<boolean> | undefined;
  private held = false;

  /** A try without success is followed by another one. */
  private forget(tried: Promise<boolean>): void {
    if (this.leading === tried && !this.held) this.leading = undefined;
  }

  private async lead(lease: { url: string; name: string }): Promise<boolean> {
    this.held = false;
    if (this.connection?.usable !== true) {
      await this.connection?.close();
      this.connection = await Connection.open(lease.url, lease.name);
    }
    const [row] = await this.connection.run<[boolean]>(take, [lease.name]);
    this.held = row?.[0] === true;
    return this.held;
  }

  private pause(milliseconds: number): Promise<void> {
    if (this.stopping) return Promise.resolve();
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer);
        this.wake = this.wake.filter(other => other !== wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.wake.push(wake);
    });
  }
}
