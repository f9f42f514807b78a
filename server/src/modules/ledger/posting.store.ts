import { instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx } from '#platform/db/client.ts';
import { sha256 } from '#platform/ids.ts';
import { type Entry, unitOf, type Wallet } from './model.ts';

/** What one command wrote: its entries, and what they belong to. */
export interface Posting {
  command: string;
  tx: bigint;
  entries: readonly Entry[];
}

/** One key to be taken. */
export interface NewKey {
  key: string;
  payload: string;
  result: bigint;
}

/** A wallet before and after a batch. */
export interface Change {
  wallet: Wallet;
  isNew: boolean;
  /** Lots and holds that were open before, so that only what changed is written. */
  lotsBefore: ReadonlyMap<number, { remaining: bigint; pending: boolean }>;
  holdsBefore: ReadonlySet<number>;
}

const insertKeys = statement(
  'ledger_insert_keys',
  `insert into ledger.keys (key, payload, result) select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])`,
);

const insertEntries = statement(
  'ledger_insert_entries',
  `insert into ledger.entries (wallet_id, seq, batch, tx, command, kind, available, pending, held, available_after,
     pending_after, held_after, debt_after, shortfall_after, occurred_at, booked_at, recorded_at, rule,
     available_from, expires_at, of_seq, lots, amounts, reason)
   select u.wallet_id, u.seq, $22, u.tx, u.command, u.kind, u.available, u.pending, u.held, u.available_after,
     u.pending_after, u.held_after, u.debt_after, u.shortfall_after, u.occurred_at, u.booked_at, $23, u.rule,
     u.available_from, u.expires_at, u.of_seq, u.lots::integer[], u.amounts::bigint[], u.reason
   from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::timestamptz[],
     $15::timestamptz[], $16::text[], $17::timestamptz[], $18::timestamptz[], $19::integer[], $20::text[],
     $21::text[], $24::text[])
     as u(wallet_id, seq, tx, command, kind, available, pending, held, available_after, pending_after, held_after,
     debt_after, shortfall_after, occurred_at, booked_at, rule, available_from, expires_at, of_seq, lots, amounts, reason)`,
);

const insertWallets = statement(
  'ledger_insert_wallets',
  `insert into ledger.wallets (wallet_id, program_id, seq, available, pending, held, debt, shortfall, earned,
     redeemed, expired, next_due_at, booked_at)
   select * from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[],
     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::timestamptz[])`,
);

const updateWallets = statement(
  'ledger_update_wallets',
  `update ledger.wallets w set seq = u.seq, available = u.available, pending = u.pending, held = u.held, debt = u.debt,
     shortfall = u.shortfall, earned = u.earned, redeemed = u.redeemed, expired = u.expired,
     next_due_at = u.next_due_at, booked_at = u.booked_at
   from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::timestamptz[])
     as u(wallet_id, program_id, seq, available, pending, held, debt, shortfall, earned, redeemed, expired,
       next_due_at, booked_at)
   where w.wallet_id = u.wallet_id`,
);

const insertLots = statement(
  'ledger_insert_lots',
  `insert into ledger.open_lots (wallet_id, seq, remaining, pending, available_from, expires_at)
   select * from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])`,
);
const updateLots = statement(
  'ledger_update_lots',
  `update ledger.open_lots l set remaining = u.remaining, pending = u.pending
   from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::boolean[]) as u(wallet_id, seq, remaining, pending)
   where l.wallet_id = u.wallet_id and l.seq = u.seq`,
);
const deleteLots = statement(
  'ledger_delete_lots',
  `delete from ledger.open_lots l using unnest($1::bigint[], $2::integer[]) as u(wallet_id, seq)
   where l.wallet_id = u.wallet_id and l.seq = u.seq`,
);
const insertHolds = statement(
  'ledger_insert_holds',
  `insert into ledger.open_holds (wallet_id, seq, points, expires_at)
   select * from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::timestamptz[])`,
);
const deleteHolds = statement(
  'ledger_delete_holds',
  `delete from ledger.open_holds h using unnest($1::bigint[], $2::integer[]) as u(wallet_id, seq)
   where h.wallet_id = u.wallet_id and h.seq = u.seq`,
);
const insertTotals = statement(
  'ledger_insert_totals',
  `insert into ledger.totals (batch, program_id, unit, kind, entries, available, pending, held)
   select $1, * from unnest($2::integer[], $3::smallint[], $4::text[], $5::bigint[], $6::numeric[], $7::numeric[], $8::numeric[])`,
);

/**
 * Writes what a batch did, in a handful of set-based statements that go out without waiting for each
 * other. Resolves when all have answered; a taken key rejects with SQLSTATE 23505.
 */
export async function post(
  tx: Tx,
  batch: { id: bigint; recordedAt: number },
  postings: readonly Posting[],
  changes: readonly Change[],
  keys: readonly NewKey[],
): Promise<void> {
  const writes: Promise<unknown>[] = [];
  if (keys.length > 0) {
    writes.push(
      tx.run(insertKeys, [
        texts(keys.map(key => key.key)),
        texts(keys.map(key => key.payload)),
        numbers(keys.map(key => key.result)),
      ]),
    );
  }
  writes.push(...postWallets(tx, changes), ...postLots(tx, changes));
  const rows = postings.flatMap(posting => posting.entries.map(entry => ({ entry, posting })));
  if (rows.length > 0) writes.push(postEntries(tx, batch, rows), postTotals(tx, batch.id, rows, changes));
  await settled(writes);
}

/** Waits for all, then throws the first failure: a pipelined connection must not be left with answers to come. */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(result => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function postEntries(
  tx: Tx,
  batch: { id: bigint; recordedAt: number },
  rows: readonly { entry: Entry; posting: Posting }[],
) {
  const of = <T>(pick: (entry: Entry) => T): T[] => rows.map(row => pick(row.entry));
  const none = (value: bigint) => (value === 0n ? null : value);
  return tx.run(insertEntries, [
    numbers(of(entry => entry.wallet)),
    numbers(of(entry => entry.seq)),
    numbers(rows.map(row => row.posting.tx)),
    texts(rows.map(row => row.posting.command)),
    texts(of(entry => entry.kind)),
    numbers(of(entry => entry.available)),
    numbers(of(entry => entry.pending)),
    numbers(of(entry => entry.held)),
    numbers(of(entry => entry.availableAfter)),
    numbers(of(entry => entry.pendingAfter)),
    numbers(of(entry => entry.heldAfter)),
    numbers(of(entry => none(entry.debtAfter))),
    numbers(of(entry => none(entry.shortfallAfter))),
    instants(of(entry => entry.occurredAt)),
    instants(of(entry => entry.bookedAt)),
    texts(of(entry => entry.rule)),
    instants(of(entry => entry.availableFrom)),
    instants(of(entry => entry.expiresAt)),
    numbers(of(entry => entry.ofSeq)),
    texts(of(entry => (entry.lots.length === 0 ? null : `{${entry.lots.join(',')}}`))),
    texts(of(entry => (entry.lots.length === 0 ? null : `{${entry.amounts.join(',')}}`))),
    batch.id,
    new Date(batch.recordedAt).toISOString(),
    texts(of(entry => entry.reason)),
  ]);
}

function postTotals(tx: Tx, batch: bigint, rows: readonly { entry: Entry }[], changes: readonly Change[]) {
  const programs = new Map(changes.map(change => [change.wallet.id, change.wallet.programId]));
  const totals = new Map<
    string,
    {
      program: number;
      unit: number;
      kind: string;
      entries: number;
      available: bigint;
      pending: bigint;
      held: bigint;
    }
  >();
  for (const { entry } of rows) {
    const program = programs.get(entry.wallet) as number;
    const name = `${program}:${unitOf(entry.wallet)}:${entry.kind}`;
    let total = totals.get(name);
    if (total === undefined) {
      total = {
        program,
        unit: unitOf(entry.wallet),
        kind: entry.kind,
        entries: 0,
        available: 0n,
        pending: 0n,
        held: 0n,
      };
      totals.set(name, total);
    }
    total.entries += 1;
    total.available += entry.available;
    total.pending += entry.pending;
    total.held += entry.held;
  }
  const all = [...totals.values()];
  return tx.run(insertTotals, [
    batch,
    numbers(all.map(total => total.program)),
    numbers(all.map(total => total.unit)),
    texts(all.map(total => total.kind)),
    numbers(all.map(total => total.entries)),
    numbers(all.map(total => total.available)),
    numbers(all.map(total => total.pending)),
    numbers(all.map(total => total.held)),
  ]);
}

function postWallets(tx: Tx, changes: readonly Change[]): Promise<unknown>[] {
  const write = (isNew: boolean) => {
    const rows = changes.filter(change => change.isNew === isNew).map(change => change.wallet);
    if (rows.length === 0) return [];
    return [
      tx.run(isNew ? insertWallets : updateWallets, [
        numbers(rows.map(row => row.id)),
        numbers(rows.map(row => row.programId)),
        numbers(rows.map(row => row.seq)),
        numbers(rows.map(row => row.available)),
        numbers(rows.map(row => row.pending)),
        numbers(rows.map(row => row.held)),
        numbers(rows.map(row => row.debt)),
        numbers(rows.map(row => row.shortfall)),
        numbers(rows.map(row => row.earned)),
        numbers(rows.map(row => row.redeemed)),
        numbers(rows.map(row => row.expired)),
        instants(rows.map(row => row.nextDueAt)),
        instants(rows.map(row => row.bookedAt)),
      ]),
    ];
  };
  return [...write(true), ...write(false)];
}

function postLots(tx: Tx, changes: readonly Change[]): Promise<unknown>[] {
  const added: {
    wallet: number;
    seq: number;
    remaining: bigint;
    pending: boolean;
    from: number | null;
    until: number | null;
  }[] = [];
  const changed: typeof added = [];
  const gone: { wallet: number; seq: number }[] = [];
  const held: { wallet: number; seq: number; points: bigint; until: number }[] = [];
  const ended: { wallet: number; seq: number }[] = [];
  for (const { wallet, lotsBefore, holdsBefore } of changes) {
    for (const lot of wallet.lots.values()) {
      const before = lotsBefore.get(lot.seq);
      const row = {
        wallet: wallet.id,
        seq: lot.seq,
        remaining: lot.remaining,
        pending: lot.pending,
        from: lot.availableFrom,
        until: lot.expiresAt,
      };
      if (before === undefined) added.push(row);
      else if (before.remaining !== lot.remaining || before.pending !== lot.pending) changed.push(row);
    }
    for (const seq of lotsBefore.keys()) if (!wallet.lots.has(seq)) gone.push({ wallet: wallet.id, seq });
    for (const hold of wallet.holds.values())
      if (!holdsBefore.has(hold.seq))
        held.push({ wallet: wallet.id, seq: hold.seq, points: hold.points, until: hold.expiresAt });
    for (const seq of holdsBefore) if (!wallet.holds.has(seq)) ended.push({ wallet: wallet.id, seq });
  }
  const ids = (rows: readonly { wallet: number; seq: number }[]) => [
    numbers(rows.map(row => row.wallet)),
    numbers(rows.map(row => row.seq)),
  ];
  const lots = (rows: typeof added) => [
    ...ids(rows),
    numbers(rows.map(row => row.remaining)),
    `{${rows.map(row => (row.pending ? 't' : 'f')).join(',')}}`,
  ];
  const terms = (rows: typeof added) => [
    instants(rows.map(row => row.from)),
    instants(rows.map(row => row.until)),
  ];
  const writes: Promise<unknown>[] = [];
  if (gone.length > 0) writes.push(tx.run(deleteLots, ids(gone)));
  if (changed.length > 0) writes.push(tx.run(updateLots, lots(changed)));
  if (added.length > 0) writes.push(tx.run(insertLots, [...lots(added), ...terms(added)]));
  if (ended.length > 0) writes.push(tx.run(deleteHolds, ids(ended)));
  if (held.length > 0)
    writes.push(
      tx.run(insertHolds, [
        ...ids(held),
        numbers(held.map(row => row.points)),
        instants(held.map(row => row.until)),
      ]),
    );
  return writes;
}

/** The canonical text of an entry: what the proof covers. `verification.store.ts` builds the same in SQL. */
const canonical = (entry: Entry, posting: Posting): string =>
  [
    entry.wallet,
    entry.seq,
    posting.command,
    posting.tx,
    entry.kind,
    entry.available,
    entry.pending,
    entry.held,
    entry.availableAfter,
    entry.pendingAfter,
    entry.heldAfter,
    entry.debtAfter,
    entry.shortfallAfter,
    entry.occurredAt,
    entry.bookedAt,
    entry.rule ?? '',
    entry.availableFrom ?? '',
    entry.expiresAt ?? '',
    entry.ofSeq ?? '',
    entry.lots.join(','),
    entry.amounts.join(','),
    entry.reason ?? '',
  ].join('|');

/** SHA-256 (hex) over the canonical texts of a batch's entries, in the order of wallet and seq. */
export function digest(postings: readonly Posting[]): string {
  const rows = postings.flatMap(posting => posting.entries.map(entry => ({ entry, posting })));
  rows.sort((a, b) => a.entry.wallet - b.entry.wallet || a.entry.seq - b.entry.seq);
  return sha256(rows.map(row => canonical(row.entry, row.posting)).join('\n'));
}
