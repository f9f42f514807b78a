import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import { expiryOf } from './inactivity.ts';
import { type Entry, emptyWallet, holdsOf, type Kind, type Taken, type Wallet } from './model.ts';

/** A business key as stored: the hash of the payload and the id of what the command made. */
export interface KnownKey {
  payload: string;
  result: bigint;
}

const readWallets = statement(
  'ledger_wallets',
  `select wallet_id, program_id, seq, available, pending, held, debt, shortfall, earned, redeemed,
    expired, next_due_at, nullif(booked_at, '-infinity'), active_at
  from ledger.wallets where wallet_id = any($1::bigint[]) order by wallet_id`,
);

type WalletRow = [
  bigint,
  number,
  number,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  number | null,
  number | null,
  number | null,
];

/** The wallets that exist of `ids`, without lots. */
export async function wallets(tx: Tx, ids: readonly number[]): Promise<Wallet[]> {
  const rows = await tx.run<WalletRow>(readWallets, [numbers(ids)]);
  return rows.map(row => ({
    ...emptyWallet(Number(row[0]), row[1]),
    seq: row[2],
    available: row[3],
    pending: row[4],
    held: row[5],
    debt: row[6],
    shortfall: row[7],
    earned: row[8],
    redeemed: row[9],
    expired: row[10],
    nextDueAt: row[11],
    bookedAt: row[12] ?? Number.NEGATIVE_INFINITY,
    activeAt: row[13],
    dueBeyond: row[11],
  }));
}

// A join, not `= any`: each value is routed to its one partition instead of being probed in all sixteen.
const readKeys = statement(
  'ledger_keys',
  `select k.key, k.payload, k.result from ${unnested(1, 'key uuid')} as u join ledger.keys k on k.key = u.key`,
);

/** Which of these keys (UUIDs as 32 hexadecimal digits) are taken. */
export async function keys(tx: Tx, wanted: readonly string[]): Promise<Map<string, KnownKey>> {
  const rows = await tx.run<[string, string, bigint]>(readKeys, [texts(wanted)]);
  return new Map(rows.map(([key, payload, result]) => [plain(key), { payload: plain(payload), result }]));
}

const plain = (uuid: string): string => uuid.replaceAll('-', '');

const takeHolders = statement(
  'ledger_lock_holders',
  `select pg_advisory_xact_lock(h.id) from ${unnested(1, 'id bigint')} as h`,
);

/** Waits until no other transaction holds any of these holders, given in the order of their ids, and holds them to its end. */
export async function lockHolders(tx: Tx, holders: readonly number[]): Promise<void> {
  await tx.run(takeHolders, [numbers(holders)]);
}

const readLots = statement(
  'ledger_lots',
  `select l.wallet_id, l.seq, l.remaining, l.pending, l.available_from, l.cancels, l.expires_at, l.inactive_after
   from ${unnested(1, 'wallet_id bigint')} as u join ledger.open_lots l on l.wallet_id = u.wallet_id`,
);
/*
 * When the lots that an entry `e` took from expire: as their opening entries say; of points that were held back, which did not
 * expire then, as the later entry says that gave them their date.
 */
const TERMS_OF_LOTS = `select array_agg(coalesce(r.expires_at, o.expires_at) order by a.n) as expires,
       array_agg(coalesce(r.inactive_after, o.inactive_after) order by a.n) as inactive
     from unnest(e.lots) with ordinality as a(lot, n)
     join ledger.entries o on o.wallet_id = e.wallet_id and o.seq = a.lot
     left join lateral (
       select d.expires_at, d.inactive_after from ledger.entries d
       where o.pending > 0 and o.expires_at is null and o.inactive_after is null
         and d.wallet_id = o.wallet_id and d.seq > o.seq and d.seq < e.seq
         and d.kind = 'activate' and d.pending = 0 and d.lots[1] = a.lot and (d.expires_at is not null or d.inactive_after is not null)
       order by d.seq desc limit 1) r on true`;
const readHolds = statement(
  'ledger_holds',
  `select h.wallet_id, h.seq, h.points, h.expires_at, e.lots, e.amounts, t.expires, t.inactive
   from ${unnested(1, 'wallet_id bigint')} as u
   join ledger.open_holds h on h.wallet_id = u.wallet_id
   join ledger.entries e on e.wallet_id = h.wallet_id and e.seq = h.seq
   cross join lateral (
     ${TERMS_OF_LOTS}) t`,
);

type LotRow = [bigint, number, bigint, boolean, number | null, boolean, number | null, string | null];
type HoldRow = [bigint, number, bigint, number, number[], bigint[], (Date | null)[], (string | null)[]];

const asTaken = (
  lots: readonly number[],
  amounts: readonly bigint[],
  expires: readonly (Date | null)[],
  inactive: readonly (string | null)[],
): Taken[] =>
  lots.map((seq, index) => ({
    seq,
    amount: -(amounts[index] as bigint),
    expiresAt: expires[index]?.getTime() ?? null,
    inactiveAfter: inactive[index] ?? null,
  }));

/** The open lots and holds of wallets, as they were read. */
export interface Opened {
  readonly lots: readonly LotRow[];
  readonly holds: readonly HoldRow[];
}

/** Reads the open lots and holds of these wallets. */
export async function open(tx: Tx, wallets: readonly number[]): Promise<Opened> {
  const ids = numbers(wallets);
  const [lots, holds] = await Promise.all([
    tx.run<LotRow>(readLots, [ids]),
    tx.run<HoldRow>(readHolds, [ids]),
  ]);
  return { lots, holds };
}

/** Puts lots and holds into their wallets, all of which have to be there. */
export function fill({ lots, holds }: Opened, targets: ReadonlyMap<number, Wallet>): void {
  for (const [id, seq, remaining, pending, availableFrom, cancels, at, inactiveAfter] of lots) {
    const wallet = targets.get(Number(id)) as Wallet;
    const expiresAt = expiryOf({ expiresAt: at, inactiveAfter }, wallet.activeAt);
    wallet.movable ||= inactiveAfter !== null;
    wallet.lots.set(seq, { seq, remaining, pending, availableFrom, cancels, expiresAt, inactiveAfter });
  }
  for (const [wallet, seq, points, expiresAt, taken, amounts, expires, inactive] of holds) {
    const hold = { seq, points, expiresAt, taken: asTaken(taken, amounts, expires, inactive) };
    holdsOf(targets.get(Number(wallet)) as Wallet).set(seq, hold);
  }
}

const readTaken = statement(
  'ledger_taken',
  `select e.wallet_id, e.seq, e.lots, e.amounts, t.expires, t.inactive
   from ${unnested(1, 'wallet_id bigint, seq integer')} as u
   join ledger.entries e on e.wallet_id = u.wallet_id and e.seq = u.seq
   cross join lateral (
     ${TERMS_OF_LOTS}) t`,
);

/** What each of these debits took from which lots, keyed `wallet:seq`. */
export async function taken(
  tx: Tx,
  debits: readonly { wallet: number; seq: number }[],
): Promise<Map<string, Taken[]>> {
  const rows = await tx.run<[bigint, number, number[], bigint[], (Date | null)[], (string | null)[]]>(
    readTaken,
    [numbers(debits.map(debit => debit.wallet)), numbers(debits.map(debit => debit.seq))],
  );
  return new Map(
    rows.map(([wallet, seq, lots, amounts, expires, inactive]) => [
      `${wallet}:${seq}`,
      asTaken(lots, amounts, expires, inactive),
    ]),
  );
}

const readExpired = statement(
  'ledger_expired',
  `select e.wallet_id, a.lot, sum(-a.amount)::bigint
   from ${unnested(1, 'wallet_id bigint, lot integer')} as u
   join ledger.entries e on e.wallet_id = u.wallet_id and e.seq > u.lot
     and (e.kind = 'expire' or (e.kind = 'cancel' and e.rule is null)) and u.lot = any(e.lots)
   cross join lateral unnest(e.lots, e.amounts) as a(lot, amount)
   where a.lot = u.lot group by e.wallet_id, a.lot`,
);

/** How much of each of these lots has expired or was given up, keyed `wallet:lot`. Reads the wallet's entries after the lot. */
export async function expired(
  tx: Tx,
  lots: readonly { wallet: number; seq: number }[],
): Promise<Map<string, bigint>> {
  const rows = await tx.run<[bigint, number, bigint]>(readExpired, [
    numbers(lots.map(lot => lot.wallet)),
    numbers(lots.map(lot => lot.seq)),
  ]);
  return new Map(rows.map(([wallet, lot, points]) => [`${wallet}:${lot}`, points]));
}

const ENTRY = `e.wallet_id, e.seq, e.kind, e.available, e.pending, e.held, e.available_after, e.pending_after,
  e.held_after, coalesce(e.debt_after, 0), coalesce(e.shortfall_after, 0), e.occurred_at, e.booked_at, e.rule,
  e.available_from, e.expires_at, e.of_seq, e.lots, e.amounts, e.reason, e.command, e.tx, e.batch, e.recorded_at, e.cancels, e.inactive_after`;

export type EntryRow = [
  bigint,
  number,
  Kind,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  number,
  number,
  string | null,
  number | null,
  number | null,
  number | null,
  number[] | null,
  bigint[] | null,
  string | null,
  string,
  bigint,
  bigint,
  number,
  boolean | null,
  string | null,
];

/** An entry with what stands around it in the journal. */
export interface StoredEntry extends Entry {
  command: string;
  tx: bigint;
  batch: bigint;
  recordedAt: number;
}

const asEntry = (row: EntryRow): StoredEntry => ({
  wallet: Number(row[0]),
  seq: row[1],
  kind: row[2],
  available: row[3],
  pending: row[4],
  held: row[5],
  availableAfter: row[6],
  pendingAfter: row[7],
  heldAfter: row[8],
  debtAfter: BigInt(row[9]),
  shortfallAfter: BigInt(row[10]),
  occurredAt: row[11],
  bookedAt: row[12],
  rule: row[13],
  availableFrom: row[14],
  expiresAt: row[15],
  ofSeq: row[16],
  lots: row[17] ?? [],
  amounts: row[18] ?? [],
  reason: row[19],
  command: row[20],
  tx: row[21],
  batch: row[22],
  recordedAt: row[23],
  cancels: row[24] ?? false,
  inactiveAfter: row[25],
});

const readRanges = statement(
  'ledger_entry_ranges',
  `select ${ENTRY} from ${unnested(1, 'wallet_id bigint, first integer, last integer')} as u
   join ledger.entries e on e.wallet_id = u.wallet_id and e.seq between u.first and u.last
   order by e.wallet_id, e.seq`,
);

/** The entries of these stretches [wallet, first seq, last seq]. */
export async function entriesOf(
  tx: Tx,
  ranges: readonly (readonly [number, number, number])[],
): Promise<StoredEntry[]> {
  const rows = await tx.run<EntryRow>(
    readRanges,
    [0, 1, 2].map(column => numbers(ranges.map(range => range[column] as number))),
  );
  return rows.map(asEntry);
}

const readHistory = statement(
  'ledger_history',
  `select ${ENTRY} from ledger.entries e
   where e.wallet_id = any($1::bigint[]) and (e.booked_at, e.wallet_id, e.seq) < ($2::timestamptz, $3::bigint, $4::integer)
   order by e.booked_at desc, e.wallet_id desc, e.seq desc limit $5`,
);

/** Entries of these wallets before a place in (booked_at, wallet, seq), newest first; `booked_at` never falls in a wallet. */
export async function history(
  tx: Tx,
  ids: readonly number[],
  before: { bookedAt: number | null; wallet: number; seq: number },
  limit: number,
): Promise<StoredEntry[]> {
  const at = before.bookedAt === null ? 'infinity' : new Date(before.bookedAt).toISOString();
  const rows = await tx.run<EntryRow>(readHistory, [numbers(ids), at, before.wallet, before.seq, limit]);
  return rows.map(asEntry);
}

const readUntil = statement(
  'ledger_entries_until',
  `select ${ENTRY} from ledger.entries e
   where e.wallet_id = any($1::bigint[]) and e.booked_at <= $2::timestamptz order by e.wallet_id, e.seq`,
);

/** All entries of these wallets that were booked at or before an instant, in order. */
export async function entriesUntil(tx: Tx, ids: readonly number[], at: number): Promise<StoredEntry[]> {
  const rows = await tx.run<EntryRow>(readUntil, [numbers(ids), new Date(at).toISOString()]);
  return rows.map(asEntry);
}

const dueWallets = statement(
  'ledger_due_wallets',
  `select w.wallet_id, w.program_id from ledger.wallets w
   where w.wallet_id > $1 and w.next_due_at <= (
     select u.now from ${unnested(2, 'program_id integer, now timestamptz')} as u where u.program_id = w.program_id)
   order by w.wallet_id limit $4`,
);

/**
 * Wallets, after `after` in the order of their ids, in which something has fallen due by their program's clock.
 * One pass over the table for all programs: an index on an instant that changes with every write would cost
 * each of those writes its HOT update.
 */
export async function due(
  tx: Tx,
  programs: readonly { id: number; now: number }[],
  after: number,
  limit: number,
): Promise<{ wallet: number; programId: number }[]> {
  const rows = await tx.run<[bigint, number]>(dueWallets, [
    after,
    numbers(programs.map(program => program.id)),
    instants(programs.map(program => program.now)),
    limit,
  ]);
  return rows.map(([id, programId]) => ({ wallet: Number(id), programId }));
}
