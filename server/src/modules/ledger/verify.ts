import type { Pool, Tx } from '#platform/db/client.ts';
import { countEntries } from '#platform/events/log.ts';
import type { Audit } from '../audit/index.ts';
import * as store from './verification.store.ts';

/** A comparison that another module adds to `verify`. */
export interface Verification {
  readonly name: string;
  /** What is so where nothing differs. */
  readonly title: string;
  /** Compares one program (null: all) and gives the first differences in words, at most `most`. */
  compare(tx: Tx, programId: number | null, most: number): Promise<store.CheckResult>;
}

/** What `verify` found: each check with how much it compared, and where it differs. */
export interface VerifyReport {
  ok: boolean;
  checks: { name: string; title: string; ok: boolean; checked: number; differences: string[] }[];
  liability: {
    program_id: number;
    unit: number;
    wallets: number;
    available: string;
    pending: string;
    held: string;
  }[];
  chain: { seals: number; batches: number; unsealed: number; head: string };
}

const TITLES: Readonly<Record<string, string>> = {
  sequences: 'each wallet numbers its entries without a gap',
  running_sums: 'each entry states the sums behind it',
  wallets: 'wallets equal the sums of their entries',
  lots: 'lots equal what was opened, consumed, expired and reopened',
  cover: 'available = usable lots less debt; pending and held likewise',
  holds: 'each open hold has its entry and no end',
  totals: 'program totals, noted by the engine, equal the entries',
  transfers: 'what each transfer took from one wallet it gave to another of the same program and unit',
  events: 'the event log speaks of exactly the entries that exist',
  chain: 'the chain of hashes covers the entries as they were written',
};

/** The most differences that one check lists. */
const MOST = 20;

/** Recomputes everything from the entries, on one snapshot, and compares it along every other path. */
export function verify(
  deps: { pool: Pool; audit: Audit },
  programId: number | null,
  more: readonly Verification[],
): Promise<VerifyReport> {
  return deps.pool.snapshot(async tx => {
    await store.allowLongReads(tx);
    const results = await store.compare(tx, programId, MOST);
    const digests = await store.batchDigests(tx);
    const chain = await deps.audit.verify(tx, digests, MOST);
    const logged = await countEntries(tx);
    const differences: string[] = [];
    for (const batch of new Set([...digests.keys(), ...logged.keys()])) {
      const there = digests.get(batch)?.entries ?? 0;
      const published = logged.get(batch) ?? 0;
      if (there !== published && differences.length < MOST)
        differences.push(`batch ${batch} has ${there} entries, its events speak of ${published}`);
    }
    for (const { name, compare } of more) results.set(name, await compare(tx, programId, MOST));
    results.set('events', { checked: logged.size, differences });
    results.set('chain', { checked: chain.batches + chain.unsealed, differences: chain.differences });
    const titles: Readonly<Record<string, string>> = {
      ...TITLES,
      ...Object.fromEntries(more.map(({ name, title }) => [name, title])),
    };
    const checks = [...results].map(([name, result]) => ({
      name,
      title: titles[name] ?? name,
      ok: result.differences.length === 0,
      ...result,
    }));
    const liability = await store.liabilities(tx, programId);
    return {
      ok: checks.every(check => check.ok),
      checks,
      liability: liability.map(({ programId: program_id, ...rest }) => ({ program_id, ...rest })),
      chain: { seals: chain.seals, batches: chain.batches, unsealed: chain.unsealed, head: chain.head },
    };
  });
}
