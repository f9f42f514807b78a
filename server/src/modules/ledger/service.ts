import type { Clock } from '#platform/clock.ts';
import type { Pool, Tx } from '#platform/db/client.ts';
import type { Outcome } from '#platform/errors.ts';
import { type Ids, idTime, wireId } from '#platform/ids.ts';
import type { Audit } from '../audit/index.ts';
import { adjustType, explainAdjustment } from './adjustments.ts';
import { BalanceReader } from './balances.ts';
import { entriesIn } from './batch.ts';
import type { AnyCommandType, Command, Done, Posted, ProgramFacts } from './commands.ts';
import { Lanes } from './lanes.ts';
import { type Entry, holderOf, unitOf } from './model.ts';
import { nextDueOf } from './reminders.store.ts';
import { nextReminder, remind, remindType } from './reminders.ts';
import type { LaneObserver } from './runner.ts';
import { explainSettlement, settleCommand, settleType } from './settlement.ts';
import type { Directory } from './slots.ts';
import { SoleWriter } from './sole-writer.ts';
import * as store from './store.ts';
import { countDrifts, fold } from './verification.store.ts';
import { type Verification, type VerifyReport, verify } from './verify.ts';

/** What a sweep did. Points by the number of their unit. */
export interface SweepReport {
  wallets: number;
  entries: number;
  expired: Map<number, bigint>;
  activated: Map<number, bigint>;
  released: Map<number, bigint>;
}

/** Why an entry is what it is, as the module that owns its command tells it. */
export type Explainer = (
  tx: Tx,
  commandId: bigint,
  entry: store.StoredEntry,
) => Promise<Record<string, unknown>>;

export interface LedgerOptions {
  appUrl: string;
  pool: Pool;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  observer: LaneObserver;
  lanes: number;
  batch: number;
  queue: number;
  newKeysAfter: number;
}

/** How many wallets one step of the sweep settles: small enough that traffic does not wait for it. */
const SWEEP_STEP = 500;
/** Totals younger than this may still be written by a batch that is under way. */
const TOTALS_SETTLE = 10 * 60_000;

/**
 * The ledger: wallets, entries, lots, holds and the lanes. Owns the schema `ledger`; knows no business: each
 * module registers its kinds of commands, and who finds programs and members.
 */
export class Ledger {
  readonly balances: BalanceReader;
  readonly explainers = new Map<string, Explainer>();
  /** Whether what was read of a member before is still so. */
  readonly soleWriter = new SoleWriter();
  private readonly verifications: Verification[] = [];
  private readonly lanes: Lanes;
  private readonly options: LedgerOptions;
  private directoryOf: Directory | undefined;

  constructor(options: LedgerOptions) {
    this.options = options;
    this.lanes = new Lanes({ ...options, url: options.appUrl, soleWriter: this.soleWriter });
    this.balances = new BalanceReader({
      url: options.appUrl,
      pool: options.pool,
      directory: () => this.directory,
    });
    this.register(settleType, explainSettlement);
    this.register(adjustType, explainAdjustment);
    this.register(remindType);
  }

  get directory(): Directory {
    if (this.directoryOf === undefined) throw new Error('programs and members were not registered');
    return this.directoryOf;
  }

  /** Registers a kind of command and, where given, who explains its entries. */
  register(type: AnyCommandType, explain?: Explainer): void {
    this.lanes.register(type);
    if (explain !== undefined) this.explainers.set(type.name, explain);
  }

  /** Adds a comparison to `verify`. */
  alsoVerify(verification: Verification): void {
    this.verifications.push(verification);
  }

  setDirectory(directory: Directory): void {
    this.directoryOf = directory;
    this.lanes.setDirectory(directory);
  }

  /** Carries out commands through the lanes, see `Lanes.submit`; in a dry run only says what would happen. */
  async run<Answer>(
    commands: readonly Command[],
    dryRun = false,
    answers = true,
  ): Promise<Outcome<Done<Answer>>[]> {
    const outcomes = dryRun ? await this.lanes.dryRun(commands) : await this.lanes.submit(commands, answers);
    return outcomes as Outcome<Done<Answer>>[];
  }

  /** The entries that a command wrote, in order. */
  async entriesOf(tx: Tx, posted: Posted): Promise<Entry[]> {
    const entries = await store.entriesOf(tx, posted);
    return entriesIn(posted, new Map(entries.map(entry => [`${entry.wallet}:${entry.seq}`, entry])));
  }

  /** The id of what a business key stands for, or undefined where it is free. */
  async resultOf(tx: Tx, key: string): Promise<bigint | undefined> {
    return (await store.keys(tx, [key])).get(key)?.result;
  }

  /** What debits took from which lots, keyed `wallet:seq`. */
  taken(tx: Tx, debits: readonly { wallet: number; seq: number }[]) {
    return store.taken(tx, debits);
  }

  /** How much of each lot has expired, keyed `wallet:lot`. */
  expired(tx: Tx, lots: readonly { wallet: number; seq: number }[]) {
    return store.expired(tx, lots);
  }

  /**
   * Settles every wallet of these programs in which something has fallen due by the program's clock, in bounded steps through the lanes.
   * Interrupted anywhere it can be run again; run twice it finds nothing.
   */
  async sweep(programs: readonly { id: number; now: number }[], step = SWEEP_STEP): Promise<SweepReport> {
    const report: SweepReport = {
      wallets: 0,
      entries: 0,
      expired: new Map(),
      activated: new Map(),
      released: new Map(),
    };
    const add = (to: Map<number, bigint>, unit: number, points: bigint) =>
      to.set(unit, (to.get(unit) ?? 0n) + points);
    for (let after = -1; ; ) {
      const due = await store.due(this.options.pool, programs, after, step);
      const holders = new Map(due.map(({ wallet, programId }) => [holderOf(wallet), programId]));
      const outcomes = await this.run<readonly Entry[]>(
        [...holders].map(([holder, programId]) => settleCommand(programId, wireId('mem', BigInt(holder)))),
      );
      for (const outcome of outcomes) {
        if (!outcome.ok) continue;
        for (const entry of outcome.value.answer()) {
          const unit = unitOf(entry.wallet);
          report.entries += 1;
          if (entry.kind === 'expire') add(report.expired, unit, -entry.available - entry.pending);
          else if (entry.kind === 'activate') add(report.activated, unit, entry.available);
          else if (entry.kind === 'release') add(report.released, unit, entry.available);
        }
      }
      report.wallets += due.length;
      if (due.length < step) return report;
      after = due.at(-1)?.wallet ?? after;
    }
  }

  /** Publishes the reminders of points that are about to expire, see `remind`; gives how many were decided. */
  remind(program: ProgramFacts): Promise<number> {
    return remind({ pool: this.options.pool, run: commands => this.run(commands) }, program);
  }

  /** The earliest instant after the program's clock until `until` at which a wallet or a reminder falls due. */
  async nextDue(program: ProgramFacts, until: number): Promise<number | null> {
    const { pool } = this.options;
    const found = await Promise.all([
      nextDueOf(pool, program.id, program.now, until),
      nextReminder(pool, program, until),
    ]);
    const instants = found.filter(at => at !== null);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  verify(programId: number | null): Promise<VerifyReport> {
    return verify(this.options, programId, this.verifications);
  }

  /** Compares the programs' liability with the totals on one snapshot; gives how many units differ. */
  drifts(): Promise<number> {
    return this.options.pool.snapshot(countDrifts);
  }

  /** Adds up old program totals, so that their number stays small. */
  foldTotals(): Promise<void> {
    const { pool, ids, clock } = this.options;
    const until = ids.next() - (BigInt(TOTALS_SETTLE) << 22n);
    if (idTime(until) > clock.now()) return Promise.resolve();
    return pool.transaction(tx => fold(tx, until));
  }

  /** Finishes what was accepted and closes the connections. */
  async stop(): Promise<void> {
    await this.lanes.stop();
    await this.balances.close();
  }
}
