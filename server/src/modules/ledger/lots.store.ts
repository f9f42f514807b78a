import { booleans, type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import type { Lot, Wallet } from './model.ts';

/** A wallet before and after a batch. */
export interface Change {
  wallet: Wallet;
  isNew: boolean;
  /** Lots and holds that were open before, so that only what changed is written. */
  lotsBefore: ReadonlyMap<number, Omit<Lot, 'seq' | 'cancels'>>;
  holdsBefore: ReadonlySet<number>;
}

interface Place {
  wallet: number;
  seq: number;
}
interface LotRow extends Place {
  remaining: bigint;
  pending: boolean;
  from: number | null;
  cancels: boolean;
  until: number | null;
  inactive: string | null;
}
interface LotChanges {
  added: LotRow[];
  changed: LotRow[];
  /** Those that become usable or expire at another time than before. */
  deferred: LotRow[];
  gone: Place[];
  held: (Place & { points: bigint; until: number })[];
  ended: Place[];
}

const updateLots = statement(
  'ledger_update_lots',
  `update ledger.open_lots l set remaining = u.remaining, pending = u.pending
   from ${unnested(1, 'wallet_id bigint, seq integer, remaining bigint, pending boolean')} as u
   where l.wallet_id = u.wallet_id and l.seq = u.seq`,
);
const deferLots = statement(
  'ledger_defer_lots',
  `update ledger.open_lots l set available_from = u.available_from, cancels = u.cancels, expires_at = u.expires_at, inactive_after = u.inactive_after
   from ${unnested(
     1,
     `
     wallet_id bigint, seq integer, available_from timestamptz, cancels boolean, expires_at timestamptz,
     inactive_after text`,
   )} as u
   where l.wallet_id = u.wallet_id and l.seq = u.seq`,
);
const deleteLots = statement(
  'ledger_delete_lots',
  `delete from ledger.open_lots l using ${unnested(1, 'wallet_id bigint, seq integer')} as u
   where l.wallet_id = u.wallet_id and l.seq = u.seq`,
);
const insertHolds = statement(
  'ledger_insert_holds',
  `insert into ledger.open_holds (wallet_id, seq, points, expires_at)
   select * from ${unnested(1, 'wallet_id bigint, seq integer, points bigint, expires_at timestamptz')} as u`,
);
const deleteHolds = statement(
  'ledger_delete_holds',
  `delete from ledger.open_holds h using ${unnested(1, 'wallet_id bigint, seq integer')} as u
   where h.wallet_id = u.wallet_id and h.seq = u.seq`,
);
type Dates = Pick<Lot, 'availableFrom' | 'expiresAt' | 'inactiveAfter'>;

/** As it is stored: one that moves with the wallet's last activity follows from that. */
const dateOf = ({ expiresAt, inactiveAfter }: Omit<Dates, 'availableFrom'>): number | null =>
  inactiveAfter === null ? expiresAt : null;

const isDeferred = (before: Dates, lot: Dates): boolean =>
  before.availableFrom !== lot.availableFrom ||
  before.inactiveAfter !== lot.inactiveAfter ||
  dateOf(before) !== dateOf(lot);

/** What a batch changes in open lots and holds. */
export function lotChanges(changes: readonly Change[]): LotChanges {
  const all: LotChanges = { added: [], changed: [], deferred: [], gone: [], held: [], ended: [] };
  const { added, changed, deferred, gone, held, ended } = all;
  for (const { wallet, lotsBefore, holdsBefore } of changes) {
    for (const lot of wallet.lots.values()) {
      const before = lotsBefore.get(lot.seq);
      const row = {
        wallet: wallet.id,
        seq: lot.seq,
        remaining: lot.remaining,
        pending: lot.pending,
        from: lot.availableFrom,
        cancels: lot.cancels,
        until: dateOf(lot),
        inactive: lot.inactiveAfter,
      };
      if (before === undefined) {
        added.push(row);
        continue;
      }
      if (before.remaining !== lot.remaining || before.pending !== lot.pending) changed.push(row);
      if (isDeferred(before, lot)) deferred.push(row);
    }
    for (const seq of lotsBefore.keys()) if (!wallet.lots.has(seq)) gone.push({ wallet: wallet.id, seq });
    for (const hold of wallet.holds.values())
      if (!holdsBefore.has(hold.seq))
        held.push({ wallet: wallet.id, seq: hold.seq, points: hold.points, until: hold.expiresAt });
    for (const seq of holdsBefore) if (!wallet.holds.has(seq)) ended.push({ wallet: wallet.id, seq });
  }
  return all;
}

const places = (rows: readonly Place[]) => [
  numbers(rows.map(row => row.wallet)),
  numbers(rows.map(row => row.seq)),
];
const remainders = (rows: readonly LotRow[]) => [
  ...places(rows),
  numbers(rows.map(row => row.remaining)),
  booleans(rows.map(row => row.pending)),
];

/** The columns of new lots: wallet, seq, remaining, pending, available from, expires at, cancels, inactive after. */
export const lotColumns = (rows: readonly LotRow[]): Column[] => [
  ...remainders(rows),
  instants(rows.map(row => row.from)),
  instants(rows.map(row => row.until)),
  booleans(rows.map(row => row.cancels)),
  texts(rows.map(row => row.inactive)),
];

/** Sends what changes but new lots, which go with the entries that open them. Most batches need none of it. */
export function writeLots(tx: Tx, { changed, deferred, gone, held, ended }: LotChanges): Promise<unknown>[] {
  const writes: Promise<unknown>[] = [];
  if (gone.length > 0) writes.push(tx.run(deleteLots, places(gone)));
  if (changed.length > 0) writes.push(tx.run(updateLots, remainders(changed)));
  if (deferred.length > 0)
    writes.push(
      tx.run(deferLots, [
        ...places(deferred),
        instants(deferred.map(row => row.from)),
        booleans(deferred.map(row => row.cancels)),
        instants(deferred.map(row => row.until)),
        texts(deferred.map(row => row.inactive)),
      ]),
    );
  if (ended.length > 0) writes.push(tx.run(deleteHolds, places(ended)));
  if (held.length > 0) {
    const terms = [numbers(held.map(row => row.points)), instants(held.map(row => row.until))];
    writes.push(tx.run(insertHolds, [...places(held), ...terms]));
  }
  return writes;
}
