import type { Tx } from '#platform/db/client.ts';
import type { Around } from '../ledger/index.ts';
import { poolOf } from './catalogue.ts';
import * as codes from './codes.store.ts';
import type { Item } from './stock.store.ts';
import * as store from './stock.store.ts';
import {
  choose,
  isOutdated,
  type Lapsed,
  SHARDS,
  type Shard,
  Stock,
  type Supply,
  shareOut,
} from './stock.ts';
import { lockHeld } from './store.ts';
import type { SealedCode } from './vouchers.ts';

/** What one command wants of a stock. */
export type Want = Item & { readonly now: number } & (
    | { readonly kind: 'take'; readonly supply: Supply | null; readonly codes: boolean }
    /** `held`: the redemption, where it is on hold and another batch might take its unit over once that has ended. */
    | { readonly kind: 'use'; readonly held: bigint | null }
    | { readonly kind: 'give back'; readonly held: bigint | null; readonly shard: number }
  );

export interface StockFacts {
  readonly stocks: Map<string, Stock>;
  /** Codes that can be handed out, by the stock of their pool. */
  readonly codes: Map<string, SealedCode[]>;
  /** Of the redemptions on hold those whose unit was taken over meanwhile. */
  readonly released: ReadonlySet<bigint>;
}

export const stockKey = ({ programId, item }: Item): string => `${programId} ${item}`;

/** Everything that a batch wants of one stock. */
interface Need extends Item {
  readonly now: number;
  readonly supply: Supply | null;
  /** Units to be taken. */
  readonly units: number;
  /** Units of ended holds are given back to these parts. */
  readonly back: readonly number[];
  /** Codes for redemptions that take a unit now, and for those that took it when they were held. */
  readonly codesNow: number;
  readonly codesLater: number;
}

/** The batch has to be decided again: the part that had plenty was emptied before it was locked. */
class Emptied extends Error {
  readonly code = '40001';
}

/**
 * Reads the stocks that a batch takes from or gives back to, and locks what it needs of them to the end of the
 * transaction: first the redemptions on hold, then parts of stocks, each in one order everywhere; then ended holds and
 * codes, for which nobody waits. A dry run reads the same and locks nothing.
 */
export async function loadStock(
  tx: Tx,
  wants: readonly Want[],
  { write, before }: Pick<Around, 'write' | 'before'>,
): Promise<StockFacts> {
  const needs = [...Map.groupBy(wants, stockKey).values()].map(needOf);
  const held = wants.flatMap(want => (want.kind === 'take' ? [] : (want.held ?? [])));
  if (needs.length === 0) return { stocks: new Map(), codes: new Map(), released: new Set() };
  await before;
  const seen = await store.read(tx, needs);
  const picks = needs.map((need, index) => pick(need, seen.shards.get(index) ?? [], seen.session));
  const shortOf = needs.map((need, index) => ({ ...need, most: picks[index]?.all ? need.units : 0 }));
  const [released, locked, lapsed] = await Promise.all([
    write && held.length > 0 ? lockHeld(tx, held) : new Set<bigint>(),
    write ? lockParts(tx, needs, picks) : needs.map((_, index) => seen.shards.get(index) ?? []),
    shortOf.some(({ most }) => most > 0) ? store.lapsed(tx, shortOf, write) : new Map<number, Lapsed[]>(),
  ]);
  const stocks = new Map<string, Stock>();
  for (const [index, need] of needs.entries()) {
    const shards = await shared(tx, need, locked[index] as Shard[], write);
    const stock = new Stock(shards, lapsed.get(index) ?? []);
    if (write && !picks[index]?.all && stock.left(need.now) < need.units)
      throw new Emptied(`${need.item} was emptied while a batch waited for it`);
    stocks.set(stockKey(need), stock);
  }
  return { stocks, codes: await loadCodes(tx, needs, stocks, write), released };
}

function needOf(wants: readonly Want[]): Need {
  const { programId, item, now } = wants[0] as Want;
  const takes = wants.filter(want => want.kind === 'take');
  return {
    programId,
    item,
    now,
    supply: takes[0]?.supply ?? null,
    units: takes.length,
    back: wants.flatMap(want => (want.kind === 'give back' ? want.shard : [])),
    codesNow: takes.filter(want => want.codes).length,
    codesLater: wants.filter(want => want.kind === 'use').length,
  };
}

interface Picked {
  readonly shards: readonly number[];
  /** All parts are locked. */
  readonly all: boolean;
  /** Nobody has used this stock in this version of the program. */
  readonly fresh: boolean;
}

function pick({ units, supply, back }: Need, seen: readonly Shard[], session: number): Picked {
  if (units === 0) return { shards: back, all: false, fresh: false };
  const fresh = isOutdated(seen, supply);
  const chosen = choose(fresh ? [] : seen, units, session % SHARDS);
  return { shards: [...new Set([...chosen, ...back])], all: chosen.length === SHARDS, fresh };
}

async function lockParts(tx: Tx, needs: readonly Need[], picks: readonly Picked[]): Promise<Shard[][]> {
  const fresh = needs.filter((_, index) => picks[index]?.fresh);
  const [, rows] = await Promise.all([
    fresh.length > 0 ? store.make(tx, fresh, SHARDS) : undefined,
    store.lock(
      tx,
      needs.flatMap(({ programId, item }, index) =>
        (picks[index] as Picked).shards.map(shard => ({ programId, item, shard })),
      ),
    ),
  ]);
  const byStock = Map.groupBy(rows, stockKey);
  return needs.map(need => (byStock.get(stockKey(need)) ?? []).map(({ shard }) => shard));
}

/** The parts by the stock of the version in force, which is shared out anew where it has changed. */
async function shared(
  tx: Tx,
  need: Need,
  shards: readonly Shard[],
  write: boolean,
): Promise<readonly Shard[]> {
  const { supply, units } = need;
  if (supply === null || units === 0 || !shards.every(shard => shard.version < supply.version)) return shards;
  const anew = shareOut(shards, supply);
  if (write)
    await store.fill(
      tx,
      anew.map(shard => ({ ...need, shard })),
    );
  return anew;
}

async function loadCodes(
  tx: Tx,
  needs: readonly Need[],
  stocks: ReadonlyMap<string, Stock>,
  write: boolean,
): Promise<Map<string, SealedCode[]>> {
  const wanted = needs.flatMap(need => {
    const pool = poolOf(need.item);
    const now = Math.min(need.codesNow, (stocks.get(stockKey(need)) as Stock).left(need.now));
    const most = now + need.codesLater;
    return pool === undefined || most === 0 ? [] : [{ ...need, pool, most }];
  });
  if (wanted.length === 0) return new Map();
  if (!write)
    return new Map(
      wanted.map(need => [
        stockKey(need),
        Array.from({ length: need.most }, () => ({ id: 0n, sealed: null })),
      ]),
    );
  const found = await codes.lock(tx, wanted);
  return new Map(wanted.map((need, index) => [stockKey(need), found.get(index) ?? []]));
}
