import { type Column, instants, numbers, texts } from '#platform/db/arrays.ts';
import { statement, type Tx, unnested } from '#platform/db/client.ts';

/** One reminder: of the points of a wallet that expire at a date, so long before it. */
export interface Reminding {
  wallet: number;
  expiresAt: number;
  /** As the program writes it: `P30D`. */
  before: string;
}

/** What expires in a wallet: at a date, or (the rest) so long after the member's last activity. */
export interface Expiring {
  wallet: number;
  expiresAt: number | null;
  inactiveAfter: string | null;
  activeAt: number | null;
}

// Distinct wallets first, so that a page never ends within one. Lots that expire by inactivity have no date in their row.
const readExpiring = statement(
  'ledger_expiring',
  `with page as (
     select distinct l.wallet_id, w.active_at from ledger.open_lots l join ledger.wallets w on w.wallet_id = l.wallet_id
     where w.program_id = $1 and l.wallet_id > $4
       and ((l.expires_at > $2::timestamptz and l.expires_at <= $3::timestamptz) or l.inactive_after is not null)
     order by l.wallet_id limit $5)
   select distinct p.wallet_id, l.expires_at, l.inactive_after, p.active_at
   from page p join ledger.open_lots l on l.wallet_id = p.wallet_id
   where (l.expires_at > $2::timestamptz and l.expires_at <= $3::timestamptz) or l.inactive_after is not null
   order by p.wallet_id, l.expires_at, l.inactive_after`,
);

/** What expires after `from` until `until` in the next `limit` wallets of a program after `after`. */
export async function expiring(
  tx: Tx,
  programId: number,
  range: { from: number; until: number },
  after: number,
  limit: number,
): Promise<Expiring[]> {
  const rows = await tx.run<[bigint, number | null, string | null, number | null]>(readExpiring, [
    programId,
    new Date(range.from).toISOString(),
    new Date(range.until).toISOString(),
    after,
    limit,
  ]);
  return rows.map(([wallet, expiresAt, inactiveAfter, activeAt]) => ({
    wallet: Number(wallet),
    expiresAt,
    inactiveAfter,
    activeAt,
  }));
}

const columns = (rows: readonly Reminding[]): Column[] => [
  numbers(rows.map(row => row.wallet)),
  instants(rows.map(row => row.expiresAt)),
  texts(rows.map(row => row.before)),
];

const readDecided = statement(
  'ledger_reminders_decided',
  `select r.wallet_id, r.expires_at, r.before
   from ${unnested(1, 'wallet_id bigint, expires_at timestamptz, before text')} as u
   join ledger.reminders r on r.wallet_id = u.wallet_id and r.expires_at = u.expires_at and r.before = u.before`,
);

/** Those of these reminders that were decided already, by `nameOf`. */
export async function decided(tx: Tx, wanted: readonly Reminding[]): Promise<Set<string>> {
  const rows = await tx.run<[bigint, number, string]>(readDecided, columns(wanted));
  return new Set(
    rows.map(([wallet, expiresAt, before]) => nameOf({ wallet: Number(wallet), expiresAt, before })),
  );
}

export const nameOf = ({ wallet, expiresAt, before }: Reminding): string =>
  `${wallet} ${expiresAt} ${before}`;

const readBooked = statement(
  'ledger_lots_booked',
  `select l.wallet_id, l.seq, e.booked_at from ${unnested(1, 'wallet_id bigint')} as u
   join ledger.open_lots l on l.wallet_id = u.wallet_id
   join ledger.entries e on e.wallet_id = l.wallet_id and e.seq = l.seq`,
);

/** When each open lot of these wallets was booked, keyed `wallet:seq`. */
export async function booked(tx: Tx, wallets: readonly number[]): Promise<Map<string, number>> {
  const rows = await tx.run<[bigint, number, number]>(readBooked, [numbers([...new Set(wallets)])]);
  return new Map(rows.map(([wallet, seq, at]) => [`${wallet}:${seq}`, at]));
}

const insert = statement(
  'ledger_insert_reminders',
  `insert into ledger.reminders (wallet_id, expires_at, before)
   select * from ${unnested(1, 'wallet_id bigint, expires_at timestamptz, before text')} as u`,
);

export async function insertReminders(tx: Tx, rows: readonly Reminding[]): Promise<void> {
  if (rows.length > 0) await tx.run(insert, columns(rows));
}

const removePast = statement(
  'ledger_remove_reminders',
  `delete from ledger.reminders r using ledger.wallets w
   where w.wallet_id = r.wallet_id and w.program_id = $1 and r.expires_at <= $2::timestamptz`,
);

/** Forgets the reminders of dates that are past: nothing will ask for them again. */
export async function removePastReminders(tx: Tx, programId: number, now: number): Promise<void> {
  await tx.run(removePast, [programId, new Date(now).toISOString()]);
}

const readNextDue = statement(
  'ledger_next_due',
  `select min(next_due_at) from ledger.wallets where program_id = $1 and next_due_at > $2::timestamptz and next_due_at <= $3::timestamptz`,
);

/** The earliest instant after `after` until `until` at which something of a program's wallets falls due. */
export async function nextDueOf(
  tx: Tx,
  programId: number,
  after: number,
  until: number,
): Promise<number | null> {
  const range = [after, until].map(at => new Date(at).toISOString());
  const [row] = await tx.run<[number | null]>(readNextDue, [programId, ...range]);
  return row?.[0] ?? null;
}
