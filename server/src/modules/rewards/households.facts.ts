import type { Tx } from '#platform/db/client.ts';
import {
  type Around,
  type Command,
  type Entry,
  holderOf,
  type Ledger,
  type Posted,
} from '../ledger/index.ts';
import * as store from './households.store.ts';
import { loadMoved, type TransferFacts } from './transfers.facts.ts';
import type { Transfer, TransferBody } from './transfers.store.ts';

/** A wish of a person to join a household or to leave it. */
export interface ChangeBody {
  readonly change: 'join' | 'leave';
}

/** What transfers and households decide on. */
export interface PoolFacts {
  readonly moved: TransferFacts;
  /** Those members of the batch that are households. */
  readonly households: Set<number>;
  /** Those members who were there before the batch. */
  readonly enrolled: ReadonlySet<number>;
  /** The last change of each person. */
  readonly last: Map<number, store.HouseholdChange>;
  /** How many persons a household has. */
  readonly sizes: Map<number, number>;
  /** Who contributed the lots of households that somebody leaves, by `wallet:seq`. */
  readonly givers: Map<string, number>;
  /** What those who left already, and leave again, were given back. */
  readonly given: ReadonlyMap<bigint, readonly Entry[]>;
}

export type PoolCommand = Command<TransferBody | ChangeBody | null>;
export type LoadPools = (
  tx: Tx,
  commands: readonly PoolCommand[],
  known: readonly bigint[],
  around: Around,
) => Promise<PoolFacts>;

const isChange = (body: PoolCommand['body']): body is ChangeBody => body !== null && 'change' in body;
export const lotKey = (wallet: number, seq: number): string => `${wallet}:${seq}`;

/** One function for transfers and households, because each sees what the others did. */
export const poolLoader =
  (ledger: Ledger): LoadPools =>
  async (tx, commands, _known, around) => {
    const { holders, counterparts } = around;
    const ids = [...new Set([...holders, ...counterparts].flatMap(holder => holder?.id ?? []))];
    const changed = (wanted: 'join' | 'leave') =>
      commands.flatMap(({ body }, index) =>
        isChange(body) && body.change === wanted ? (holders[index]?.id ?? []) : [],
      );
    const leavers = commands.flatMap(({ body }, index) =>
      isChange(body) && body.change === 'leave' ? (counterparts[index]?.id ?? []) : [],
    );
    const [moved, households, last, sizes, contributions] = await Promise.all([
      loadMoved(tx, commands, around),
      store.householdsAmong(tx, ids),
      store.lastChanges(tx, ids),
      changed('join').length === 0 ? new Map<number, number>() : store.sizesOf(tx, changed('join')),
      changed('leave').length === 0 ? [] : store.contributionsTo(tx, changed('leave')),
    ]);
    const givers = new Map<string, number>();
    for (const { household, member, posted } of contributions) addGiver(givers, household, member, posted);
    const left = last.filter(({ stored }) => stored.kind === 'leave' && leavers.includes(stored.memberId));
    const given = await Promise.all(
      left.map(async ({ stored, posted }) => [stored.id, await ledger.entriesOf(tx, posted)] as const),
    );
    return {
      moved,
      households,
      enrolled: new Set(ids),
      last: new Map(last.map(({ stored }) => [stored.memberId, stored])),
      sizes,
      givers,
      given: new Map(given),
    };
  };

/** What arrived at the household by these entries, its person gave. */
export function addGiver(
  givers: Map<string, number>,
  household: number,
  member: number,
  posted: Posted,
): void {
  for (const [wallet, first, last] of posted)
    if (holderOf(wallet) === household)
      for (let seq = first; seq <= last; seq += 1) givers.set(lotKey(wallet, seq), member);
}

/** Whether a person is in a household now. */
export const isMember = (
  last: ReadonlyMap<number, store.HouseholdChange>,
  member: number,
  household: number,
): boolean => {
  const change = last.get(member);
  return change?.kind === 'join' && change.householdId === household;
};

/** Makes a contribution visible to who leaves in the same batch. */
export function evolveGivers(
  facts: PoolFacts,
  { from, to, kind }: Transfer,
  entries: readonly Entry[],
): void {
  if (kind !== 'contribution') return;
  for (const { wallet, seq } of entries)
    if (holderOf(wallet) === to) facts.givers.set(lotKey(wallet, seq), from);
}
