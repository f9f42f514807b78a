import { LRUCache } from 'lru-cache';
import type { Pool, Tx } from '#platform/db/client.ts';
import { CoalescedReader, ReadConnection } from '#platform/db/reader.ts';
import { accept, type Outcome } from '#platform/errors.ts';
import type { Holder, ProgramFacts } from './commands.ts';
import { replay, settledAt } from './history.ts';
import { emptyWallet, type Wallet, walletId } from './model.ts';
import type { Directory } from './slots.ts';
import * as store from './store.ts';

interface Question {
  programId: number;
  /** `ext:…` or `mem_…`. */
  member: string;
}

interface Found {
  facts: ProgramFacts;
  holder: Holder;
  wallets: Wallet[];
}

/** A member's wallets, by the number of their unit, and the program's clock at which they are what they are. */
export interface Balances {
  now: number;
  /** The names of the units, by number. */
  units: readonly string[];
  wallets: Wallet[];
}

/** Strongly consistent reads of balances: what had committed before the question is in the answer. */
export class BalanceReader {
  private readonly pool: Pool;
  private readonly directory: () => Directory;
  private readonly connection: ReadConnection;
  private readonly reader: CoalescedReader<Question, Outcome<Found>>;
  /** How many units a program had when it was read last. */
  private readonly units = new LRUCache<number, number>({ max: 10_000 });

  constructor(options: { url: string; pool: Pool; directory(): Directory }) {
    this.pool = options.pool;
    this.directory = options.directory;
    this.connection = new ReadConnection(options.url, 'balances');
    this.reader = new CoalescedReader({
      most: 500,
      read: questions => this.connection.run(tx => this.read(tx, questions)),
    });
  }

  /** The member's wallets now; lots are there only where `lots` is asked for or something had fallen due. */
  async now(
    programId: number,
    member: string,
    lots = false,
  ): Promise<Outcome<Balances & { holder: Holder }>> {
    const found = await this.reader.get({ programId, member });
    if (!found.ok) return found;
    const { facts, holder, wallets } = found.value;
    const isDue = wallets.some(
      wallet => wallet.nextDueAt !== null && wallet.nextDueAt <= Math.max(facts.now, wallet.bookedAt),
    );
    const balances =
      isDue || lots
        ? await this.withLots(programId, holder.id)
        : { now: facts.now, units: facts.units, wallets };
    return accept({ ...balances, holder });
  }

  /** The member's wallets as they would have been answered at a past instant of the program's clock. */
  at(programId: number, holder: number, instant: number): Promise<Balances> {
    return this.pool.snapshot(async tx => {
      const facts = await this.facts(tx, programId);
      const ids = unitsOf(facts, holder);
      const entries = Map.groupBy(await store.entriesUntil(tx, ids, instant), entry => entry.wallet);
      return {
        now: instant,
        units: facts.units,
        wallets: ids.map(id => settledAt(replay(id, programId, entries.get(id) ?? []), instant)),
      };
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** What has fallen due is worked out from the open lots, on one snapshot; nothing is written. */
  private withLots(programId: number, holder: number): Promise<Balances> {
    return this.pool.snapshot(async tx => {
      const facts = await this.facts(tx, programId);
      const ids = unitsOf(facts, holder);
      const found = new Map(
        (await store.wallets(tx, ids)).map(wallet => [wallet.id, { ...wallet, dueBeyond: null }]),
      );
      store.fill(await store.open(tx, [...found.keys()]), found);
      return {
        now: facts.now,
        units: facts.units,
        wallets: ids.map(id => settledAt(found.get(id) ?? emptyWallet(id, programId), facts.now)),
      };
    });
  }

  private async facts(tx: Tx, programId: number): Promise<ProgramFacts> {
    return (await this.directory().programs(tx, [programId])).get(programId) as ProgramFacts;
  }

  /**
   * One round trip for everybody who asked and is remembered: clocks and wallets together. Which wallets there are is
   * known from the time before; units that have come since are asked for once more.
   */
  private async read(tx: Tx, questions: readonly Question[]): Promise<Outcome<Found>[]> {
    const holders = await this.directory().holders(tx, questions);
    const walletIds = (unitsOf: (programId: number) => number): number[] =>
      questions.flatMap(({ programId }, index) => {
        const holder = holders[index] as Outcome<Holder>;
        return holder.ok ? idsOf(holder.value.id, unitsOf(programId)) : [];
      });
    const early = walletIds(programId => this.units.get(programId) ?? 0);
    const [programs, read] = await Promise.all([
      this.directory().programs(tx, [...new Set(questions.map(question => question.programId))]),
      early.length === 0 ? Promise.resolve<Wallet[]>([]) : store.wallets(tx, early),
    ]);
    for (const { id, units } of programs.values()) this.units.set(id, units.length);
    const asked = new Set(early);
    const missing = walletIds(programId => programs.get(programId)?.units.length ?? 0).filter(
      id => !asked.has(id),
    );
    if (missing.length > 0) read.push(...(await store.wallets(tx, missing)));
    const found = new Map(read.map(wallet => [wallet.id, wallet]));
    return questions.map(({ programId }, index) => {
      const holder = holders[index] as Outcome<Holder>;
      if (!holder.ok) return holder;
      const facts = programs.get(programId) as ProgramFacts;
      const wallets = unitsOf(facts, holder.value.id).map(id => found.get(id) ?? emptyWallet(id, programId));
      return accept({ facts, holder: holder.value, wallets });
    });
  }
}

const idsOf = (holder: number, units: number): number[] =>
  Array.from({ length: units }, (_, unit) => walletId(holder, unit));

const unitsOf = (facts: ProgramFacts, holder: number): number[] => idsOf(holder, facts.units.length);
