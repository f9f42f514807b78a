import type { Client } from './client.ts';
import type { Operations } from './operations.ts';
import type { Random } from './random.ts';

/** Shares of what clients do besides writing. */
const READ = 0.06;
const CONFLICT = 0.01;
const SWEEP = 0.002;

/** Concurrent clients that work without a pause until they are told to rest. */
export class Load {
  /** Answers to reads and conflicts that nothing explains. */
  readonly wrong: string[] = [];
  reads = 0;
  conflicts = 0;
  readonly #client: Client;
  readonly #operations: Operations;
  readonly #randoms: readonly Random[];
  #working: Promise<void>[] = [];
  #resting = true;

  constructor(options: { client: Client; operations: Operations; random: Random; clients: number }) {
    this.#client = options.client;
    this.#operations = options.operations;
    this.#randoms = Array.from({ length: options.clients }, () => options.random.fork());
  }

  start(): void {
    this.#resting = false;
    this.#working = this.#randoms.map(random => this.#work(random));
    // A client that gives up is told of by `rest`.
    for (const working of this.#working) working.catch(() => undefined);
  }

  /** Lets every client finish what it began, unknown outcomes included. Throws when one could not. */
  async rest(): Promise<void> {
    this.#resting = true;
    await Promise.all(this.#working);
  }

  async #work(random: Random): Promise<void> {
    while (!this.#resting) {
      const choice = random.next();
      if (choice < READ) await this.#read(random);
      else if (choice < READ + CONFLICT) await this.#conflict(random);
      else if (choice < READ + CONFLICT + SWEEP) await this.#sweep();
      else {
        const step = this.#operations.next(random);
        step.learn(await this.#client.carryOut(step.call));
      }
    }
  }

  async #read(random: Random): Promise<void> {
    const path = `/v1/members/ext:${random.pick(this.#operations.members)}/balances`;
    const answer = await this.#client.ask({ method: 'GET', path }).catch(() => undefined);
    if (answer?.status === 200) this.reads += 1;
    else this.#mustBe(answer, 503, 'a balance');
  }

  async #conflict(random: Random): Promise<void> {
    const call = this.#operations.conflict(random);
    const answer = call && (await this.#client.ask(call.request).catch(() => undefined));
    const { code } = (answer?.body ?? {}) as { code?: string };
    if (answer?.status === 409 && (code === 'key_reused' || code === 'revision_outdated'))
      this.conflicts += 1;
    else this.#mustBe(answer, 503, 'another order under the same key');
  }

  async #sweep(): Promise<void> {
    const answer = await this.#client
      .ask({ method: 'POST', path: `/v1/programs/faults/sweep` })
      .catch(() => undefined);
    if (answer?.status !== 200) this.#mustBe(answer, 503, 'a sweep');
  }

  #mustBe(answer: { status: number; body: unknown } | undefined, status: number, what: string): void {
    if (answer !== undefined && answer.status !== status)
      this.wrong.push(`${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
  }
}
