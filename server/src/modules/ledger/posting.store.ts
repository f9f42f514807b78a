import { booleans, type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';
import { type Change, lotChanges, lotColumns, writeLots } from './lots.store.ts';
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

const SUMS = `seq integer, available bigint, pending bigint, held bigint, debt bigint, shortfall bigint, earned bigint,
  redeemed bigint, expired bigint, next_due_at timestamptz, booked_at timestamptz, active_at timestamptz`;

const insertWallets = statement(
  'ledger_insert_wallets',
  `insert into ledger.wallets (wallet_id, program_id, seq, available, pending, held, debt, shortfall, earned, redeemed, expired,
     next_due_at, booked_at, active_at)
   select * from ${unnested(1, `wallet_id bigint, program_id integer, ${SUMS}`)} as u`,
);

/*
 * Keys, wallets, lots, entries and totals in one statement: they go to different tables, and a batch of a few
 * commands costs less for its rows than for the number of its statements (about 50 us each, both sides together).
 */
const postBatch = statement(
  'ledger_post',
  `with new_keys as (
     insert into ledger.keys (key, payload, result) select * from ${unnested(1, 'key uuid, payload uuid, result bigint')} as u
   ), changed_wallets as (
     update ledger.wallets w set seq = u.seq, available = u.available, pending = u.pending, held = u.held, debt = u.debt,
       shortfall = u.shortfall, earned = u.earned, redeemed = u.redeemed, expired = u.expired, next_due_at = u.next_due_at,
       booked_at = u.booked_at, active_at = u.active_at
     from ${unnested(4, `wallet_id bigint, ${SUMS}`)} as u where w.wallet_id = u.wallet_id
   ), new_lots as (
     insert into ledger.open_lots (wallet_id, seq, remaining, pending, available_from, expires_at, cancels, inactive_after)
     select * from ${unnested(
       17,
       `
       wallet_id bigint, seq integer, remaining bigint, pending boolean, available_from timestamptz,
       expires_at timestamptz, cancels boolean, inactive_after text`,
     )} as u
   ), new_totals as (
     insert into ledger.totals (batch, program_id, unit, kind, entries, available, pending, held)
     select $25::bigint, * from ${unnested(
       26,
       `
       program_id integer, unit smallint, kind text, entries bigint, available numeric, pending numeric,
       held numeric`,
     )} as u
   )
   insert into ledger.entries (wallet_id, seq, batch, tx, command, kind, available, pending, held, available_after,
     pending_after, held_after, debt_after, shortfall_after, occurred_at, booked_at, recorded_at, rule,
     available_from, expires_at, of_seq, lots, amounts, reason, cancels, inactive_after)
   select u.wallet_id, u.seq, $25::bigint, u.tx, u.command, u.kind, u.available, u.pending, u.held, u.available_after,
     u.pending_after, u.held_after, u.debt_after, u.shortfall_after, u.occurred_at, u.booked_at, $33::timestamptz, u.rule,
     u.available_from, u.expires_at, u.of_seq, u.lots::integer[], u.amounts::bigint[], u.reason, u.cancels, u.inactive_after
   from ${unnested(
     34,
     `
     wallet_id bigint, seq integer, tx bigint, command text, kind text, available bigint, pending bigint,
     held bigint, available_after bigint, pending_after bigint, held_after bigint, debt_after bigint,
     shortfall_after bigint, occurred_at timestamptz, booked_at timestamptz, rule text,
     available_from timestamptz, expires_at timestamptz, of_seq integer, lots text, amounts text,
     reason text, cancels boolean, inactive_after text`,
   )} as u`,
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
  const rows = postings.flatMap(posting => posting.entries.map(entry => ({ entry, posting })));
  const lots = lotChanges(changes);
  const writes = writeLots(tx, lots);
  const added = changes.filter(change => change.isNew);
  if (added.length > 0)
    writes.push(
      tx.run(insertWallets, [
        numbers(added.map(({ wallet }) => wallet.id)),
        numbers(added.map(({ wallet }) => wallet.programId)),
        ...sumColumns(added),
      ]),
    );
  if (keys.length > 0 || rows.length > 0 || changes.length > 0) {
    const recordedAt = new Date(batch.recordedAt).toISOString();
    const changed = changes.filter(change => !change.isNew);
    writes.push(
      tx.run(postBatch, [
        texts(keys.map(key => key.key)),
        texts(keys.map(key => key.payload)),
        numbers(keys.map(key => key.result)),
        numbers(changed.map(({ wallet }) => wallet.id)),
        ...sumColumns(changed),
        ...lotColumns(lots.added),
        batch.id,
        ...totalColumns(rows, changes),
        recordedAt,
        ...entryColumns(rows),
      ]),
    );
  }
  await settled(writes);
}

/** Waits for all, then throws the first failure: a connection must not be left with answers to come. */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(result => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function entryColumns(rows: readonly { entry: Entry; posting: Posting }[]): Column[] {
  const of = <T>(pick: (entry: Entry) => T): T[] => rows.map(row => pick(row.entry));
  const none = (value: bigint) => (value === 0n ? null : value);
  return [
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
    texts(of(entry => entry.reason)),
    booleans(of(entry => (entry.cancels ? true : null))),
    texts(of(entry => entry.inactiveAfter)),
  ];
}

function totalColumns(rows: readonly { entry: Entry }[], changes: readonly Change[]): Column[] {
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
  return [
    numbers(all.map(total => total.program)),
    numbers(all.map(total => total.unit)),
    texts(all.map(total => total.kind)),
    numbers(all.map(total => total.entries)),
    numbers(all.map(total => total.available)),
    numbers(all.map(total => total.pending)),
    numbers(all.map(total => total.held)),
  ];
}

function sumColumns(changes: readonly Change[]): Column[] {
  const of = (pick: (wallet: Wallet) => number | bigint): Column =>
    numbers(changes.map(({ wallet }) => pick(wallet)));
  return [
    of(wallet => wallet.seq),
    of(wallet => wallet.available),
    of(wallet => wallet.pending),
    of(wallet => wallet.held),
    of(wallet => wallet.debt),
    of(wallet => wallet.shortfall),
    of(wallet => wallet.earned),
    of(wallet => wallet.redeemed),
    of(wallet => wallet.expired),
    instants(changes.map(({ wallet }) => wallet.nextDueAt)),
    instants(changes.map(({ wallet }) => wallet.bookedAt)),
    instants(changes.map(({ wallet }) => wallet.activeAt)),
  ];
}
