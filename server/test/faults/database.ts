import pg from 'pg';
import { base32, wireId } from '#platform/ids.ts';
import type { Booked, OrderRow, ReturnRow, UsesRow } from './decisions.ts';

export type Sums = { available: bigint; pending: bigint; held: bigint };
export type Stored = Sums & {
  entry: string;
  wallet: string;
  seq: number;
  kind: string;
  command: string;
  member: string;
};

/** All that a run has left in the database of its program. */
export interface Database {
  /** By key: how many records of the modules stand under it. */
  records: Map<string, number>;
  /** How many business keys are taken. */
  keys: number;
  entries: Stored[];
  wallets: (Sums & { member: string })[];
  /** Wallets whose entries are not numbered 1 to n, or do not sum to the wallet. */
  gaps: string[];
  booked: Booked;
}

const RECORDS = `
  select case revision when 1 then external_id else external_id || '.r' || revision end as key
  from earning.orders where program_id = $1
  union all select external_id from earning.returns where program_id = $1
  union all select external_id from rewards.redemptions where program_id = $1
  union all select c.external_id from rewards.changes c join rewards.redemptions r on r.id = c.redemption_id where r.program_id = $1
  union all select external_id from ledger.adjustments where program_id = $1`;

const ENTRIES = `
  select e.wallet_id as wallet, e.seq, e.kind, e.command, e.available, e.pending, e.held, m.external_id as member
  from ledger.entries e join members.members m on m.program_id = $1 and m.id = e.wallet_id / 64`;

const WALLETS = `
  select m.external_id as member, w.available, w.pending, w.held
  from ledger.wallets w join members.members m on m.program_id = w.program_id and m.id = w.wallet_id / 64 where w.program_id = $1`;

const GAPS = `
  select format('wallet %s: entries %s to %s, %s of them, sum %s; the wallet says %s, %s', w.wallet_id, min(e.seq), max(e.seq), count(*),
    sum(e.available), w.seq, w.available) as gap
  from ledger.wallets w left join ledger.entries e on e.wallet_id = w.wallet_id
  group by w.wallet_id
  having (count(e.seq), coalesce(max(e.seq), 0), coalesce(sum(e.available), 0), coalesce(sum(e.pending), 0), coalesce(sum(e.held), 0))
    is distinct from (w.seq, w.seq, w.available, w.pending, w.held)`;

const ORDERS = `
  select o.id, coalesce(o.decision, o.id) as decision, m.external_id as member, o.occurred_at, o.channel, o.lines, o.applied, o.decided,
    case o.revision when 1 then o.external_id else o.external_id || '.r' || o.revision end as key
  from earning.orders o join members.members m on m.program_id = o.program_id and m.id = o.member_id where o.program_id = $1`;

const RETURNS = 'select id, order_id, occurred_at, lines from earning.returns where program_id = $1';

const USES = `
  select m.external_id as member, u.campaign, to_char(u.at at time zone 'UTC', 'YYYY-MM') as month, sum(u.count)::integer as count,
    sum(u.points)::bigint as points
  from earning.uses u join members.members m on m.program_id = $1 and m.id = u.member_id group by 1, 2, 3`;

/** Reads everything as the owner, on one snapshot. */
export async function readDatabase(url: string, program: string): Promise<Database> {
  const owner = new pg.Client({ connectionString: url, application_name: 'fault test' });
  await owner.connect();
  try {
    await owner.query('begin isolation level repeatable read read only');
    const named = await owner.query<{ id: number }>('select id from program.programs where name = $1', [
      program,
    ]);
    const id = [named.rows[0]?.id];
    const records = new Map<string, number>();
    for (const { key } of (await owner.query<{ key: string }>(RECORDS, id)).rows)
      records.set(key, (records.get(key) ?? 0) + 1);
    const keys = await owner.query<{ count: string }>('select count(*) from ledger.keys');
    const entries = await owner.query(ENTRIES, id);
    const wallets = await owner.query(WALLETS, id);
    const gaps = await owner.query<{ gap: string }>(GAPS);
    const orders = await owner.query<OrderColumns>(ORDERS, id);
    const returns = await owner.query<ReturnColumns>(RETURNS, id);
    const uses = await owner.query(USES, id);
    return {
      records,
      keys: Number(keys.rows[0]?.count),
      entries: entries.rows.map(row => ({ ...row, ...sumsIn(row), entry: entryId(row.wallet, row.seq) })),
      wallets: wallets.rows.map(row => ({ ...row, ...sumsIn(row) })),
      gaps: gaps.rows.map(({ gap }) => gap),
      booked: {
        orders: orders.rows.map(orderIn),
        returns: returns.rows.map(returnIn),
        uses: uses.rows.map((row): UsesRow => ({ ...row, points: BigInt(row.points) })),
      },
    };
  } finally {
    await owner.end();
  }
}

/** The id of an entry as the API writes it. */
const entryId = (wallet: string, seq: number): string =>
  `${wireId('ent', BigInt(wallet))}${base32(BigInt(seq), 7)}`;

const sumsIn = (row: Record<keyof Sums, string>): Sums => ({
  available: BigInt(row.available),
  pending: BigInt(row.pending),
  held: BigInt(row.held),
});

interface OrderColumns {
  id: string;
  decision: string;
  key: string;
  member: string;
  occurred_at: Date;
  channel: string;
  lines: [id: string, sku: null, category: string, quantity: number, amount: string][];
  applied: { tier: string | null; multiply?: [ref: string, ...unknown[]][]; earn?: string[] } | null;
  decided: {
    earned: [rule: string, unit: number, points: string, lot: number][];
    clawed: [rule: string, unit: number, points: string, ...string[]][];
  };
}

const orderIn = ({ id, decision, occurred_at, lines, applied, decided, ...rest }: OrderColumns): OrderRow => {
  const { tier = null, multiply = [], earn = [] } = applied ?? {};
  const sum = (moved: readonly (readonly [string, number, string, ...unknown[]])[]): bigint =>
    moved.reduce((points, [, , own]) => points + BigInt(own), 0n);
  return {
    ...rest,
    order: id,
    decision: BigInt(decision),
    at: occurred_at.getTime(),
    lines: lines.map(([line, , , , amount]) => [line, BigInt(amount)]),
    tier,
    applied: [...multiply.map(([ref]) => ref), ...earn].map(ref => ref.slice(0, ref.lastIndexOf('@'))),
    points: sum(decided.earned) - sum(decided.clawed),
  };
};

interface ReturnColumns {
  id: string;
  order_id: string;
  occurred_at: Date;
  lines: [line: string, num: string, den: string][];
}

const returnIn = ({ id, order_id, occurred_at, lines }: ReturnColumns): ReturnRow => ({
  order: order_id,
  decision: BigInt(id),
  at: occurred_at.getTime(),
  back: lines.map(([line, num, den]) => [line, { num: BigInt(num), den: BigInt(den) }]),
});
