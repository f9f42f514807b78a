import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, countOf, type Findings, KINDS } from './check.ts';
import { Client, type Target } from './client.ts';
import { type Heard, Listener } from './events.ts';
import { Journal } from './journal.ts';
import { Load } from './load.ts';
import { Operations } from './operations.ts';
import { PLAIN, RICH } from './program.ts';
import { type Random, seeded } from './random.ts';

/** How a scenario is run. */
export interface Options {
  /** How many faults. */
  kills: number;
  seed: number;
  clients: number;
  members: number;
  /** After how many faults everything is compared. */
  checkEvery: number;
  /** Without tiers and campaigns. */
  plain?: boolean;
  say(line: string): void;
}

/** What a scenario gives back. */
export interface Report {
  scenario: string;
  seed: number;
  faults: number;
  /** Everything that was wrong, as sentences; empty is what is wanted. */
  wrong: string[];
  /** For the closing table: what was measured, by name. */
  figures: Record<string, number | string>;
}

/** Holds of `Operations` that end by themselves are this short; everything is compared after they ended. */
const SHORT_HOLD_MS = 2_200;

/** After a failure there may be nothing left that could answer. */
const CLOSE_MS = 10_000;

/** A folder for one run, which PostgreSQL's user can enter. */
export function makeRunFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `fealty-faults-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** A program with clients at work, a journal of what they were told and a listener to its events. */
export class World {
  readonly client: Client;
  readonly random: Random;
  readonly load: Load;
  readonly folder: string;
  findings: Findings | undefined;
  readonly #name: string;
  readonly #options: Options;
  readonly #ownerUrl: () => string | undefined;
  readonly #journal: Journal;
  readonly #operations: Operations;
  readonly #listening: Client;
  readonly #listener: Listener;
  readonly #target: Target;
  readonly #wrong: string[] = [];
  #faults = 0;

  constructor(settings: {
    name: string;
    folder: string;
    target: Target;
    ownerUrl: () => string | undefined;
    options: Options;
    /** How long a client waits for an answer before it counts as lost. */
    timeoutMs?: number;
    /** How long a call may stay undecided. */
    patienceMs?: number;
    /** See `Client`. */
    allAwake?: () => Promise<void>;
  }) {
    const { name, folder, target, options, timeoutMs = 30_000, patienceMs = 120_000, allAwake } = settings;
    this.#name = name;
    this.folder = folder;
    this.#options = options;
    this.#target = target;
    this.#ownerUrl = settings.ownerUrl;
    this.random = seeded(options.seed);
    this.#journal = new Journal(join(folder, 'journal.ndjson'));
    this.client = new Client({ target, journal: this.#journal, timeoutMs, patienceMs, allAwake });
    this.#listening = new Client({ target, journal: this.#journal, timeoutMs, patienceMs });
    this.#operations = new Operations({ members: options.members, prefix: `s${options.seed}` });
    this.load = new Load({
      client: this.client,
      operations: this.#operations,
      random: this.random.fork(),
      clients: options.clients,
    });
    this.#listener = new Listener(this.#listening);
  }

  /** Publishes the program, enrols the members and sets the clients to work. */
  async begin(): Promise<void> {
    const path = `/v1/programs/${this.#target.program}`;
    const body = this.#options.plain ? PLAIN : RICH;
    const answer = await this.client.ask({ method: 'PUT', path, body });
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`the program was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    for (const step of this.#operations.enrolment(this.random.fork()))
      step.learn(await this.client.carryOut(step.call));
    this.#listener.start();
    this.load.start();
  }

  /** One order, while all clients rest. */
  async order(): Promise<void> {
    const step = this.#operations.order(this.random);
    step.learn(await this.client.carryOut(step.call));
  }

  get members(): readonly string[] {
    return this.#operations.members;
  }

  /** Counts a fault; true when it is time to compare. */
  fault(): boolean {
    this.#faults += 1;
    return this.#faults % this.#options.checkEvery === 0 && this.#faults < this.#options.kills;
  }

  note(sentence: string): void {
    this.#wrong.push(sentence);
  }

  /** Lets everybody rest, compares everything and, unless `quietly`, tells it in a line. */
  async compare({ quietly = false } = {}): Promise<Findings> {
    await this.load.rest();
    await sleep(SHORT_HOLD_MS);
    const sweep = await this.client.ask({
      method: 'POST',
      path: `/v1/programs/${this.#target.program}/sweep`,
    });
    if (sweep.status !== 200) this.note(`a sweep at rest was answered with ${sweep.status}`);
    await this.#listener.stop();
    const heard = await this.#hear(this.#listener);
    const ownerUrl = this.#ownerUrl();
    if (ownerUrl === undefined) throw new Error('the database is not there');
    const { client } = this;
    this.findings = await check({
      journal: this.#journal.path,
      ownerUrl,
      program: this.#target.program,
      client,
      heard,
      isRich: !this.#options.plain,
    });
    if (!quietly) this.#tell(this.findings);
    return this.findings;
  }

  /** After `compare`: back to work. */
  goOn(): void {
    this.#listener.start();
    this.load.start();
  }

  /** Compares for the last time, also with a reader that begins only now. */
  async end(): Promise<Findings> {
    const findings = await this.compare();
    const late = await this.#hear(new Listener(this.#listening));
    const { events } = this.#listener.heard;
    // A tier that changes by itself is announced now and then, also meanwhile.
    if (late.events.slice(0, events.length).join() !== events.join())
      this.note(
        `a reader that begins at the end reads ${late.events.length} events, and not first the same ${events.length} in the same order`,
      );
    return findings;
  }

  /** What everybody found. */
  report(figures: Record<string, number | string> = {}): Report {
    const { counts } = this.client;
    const { findings } = this;
    const wrong = [
      ...this.#wrong,
      ...this.client.wrong,
      ...this.load.wrong,
      ...this.#operations.wrong,
      ...this.#listener.wrong,
      ...(findings
        ? KINDS.flatMap(kind => findings[kind].map(each => `${kind}: ${each}`))
        : ['nothing was compared']),
    ];
    return {
      scenario: this.#name,
      seed: this.#options.seed,
      faults: this.#faults,
      wrong,
      figures: {
        commands: findings?.commands ?? 0,
        acknowledged: findings?.acknowledged ?? 0,
        refused: findings?.refused ?? 0,
        'unanswered requests': counts.unanswered,
        'because of':
          [...counts.reasons].map(([reason, times]) => `${reason} ${times}`).join(', ') || 'nothing',
        'unknown outcomes resolved': counts.resolved,
        '  had been done': counts.resolvedDone,
        '  done by the retry': counts.resolvedNotDone,
        '  refused': counts.resolvedRefused,
        'balances read': this.load.reads,
        conflicts: this.load.conflicts,
        ...(findings && Object.fromEntries(KINDS.map(kind => [kind, findings[kind].length]))),
        entries: findings?.entries ?? 0,
        events: findings?.events ?? 0,
        ...figures,
      },
    };
  }

  /** Ends everything but the engine. */
  async close(): Promise<void> {
    const late = sleep(CLOSE_MS, undefined, { ref: false });
    await Promise.race([this.load.rest().catch(() => undefined), late]);
    await Promise.race([this.#listener.stop(), late]);
    this.client.close();
    this.#listening.close();
    await this.#journal.close();
  }

  async #hear(listener: Listener): Promise<Heard> {
    // What is committed can be read when no older transaction is open any more, such as one of autovacuum.
    for (let round = 0; round < 3; round++) {
      await listener.readAll();
      await sleep(100);
    }
    return listener.readAll();
  }

  #tell(findings: Findings): void {
    const { counts } = this.client;
    const found = KINDS.map(kind => `${kind} ${findings[kind].length}`).join(', ');
    this.#options.say(
      `${this.#name}: ${this.#faults} of ${this.#options.kills} faults, ${findings.acknowledged} acknowledged, ` +
        `${counts.resolved} were unknown; ${found}`,
    );
    if (countOf(findings) === 0) return;
    for (const kind of KINDS)
      for (const each of findings[kind].slice(0, 5)) this.#options.say(`  ${kind}: ${each}`);
  }
}

/** Removes a run's files, or says where they are when something was wrong. */
export function leave(folder: string, report: Report | undefined, say: (line: string) => void): void {
  if (report !== undefined && report.wrong.length === 0) rmSync(folder, { recursive: true, force: true });
  else say(`  The journal, the data and the engine's log are in ${folder}.`);
}
