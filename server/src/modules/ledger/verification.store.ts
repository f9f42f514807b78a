import { type Statement, statement, type Tx } from '#platform/db/client.ts';

/** One comparison: how much was compared, and the first differences in words. */
export interface CheckResult {
  checked: number;
  differences: string[];
}

const OPENS = `(e.kind in ('earn', 'bonus', 'opening', 'transfer', 'adjust') and e.available + e.pending > 0)`;
/** Entries of the program $1, or of all programs where it is null. */
const SCOPE = `ledger.entries e where ($1::integer is null or e.wallet_id in (select w.wallet_id from ledger.wallets w where w.program_id = $1))`;
const WALLETS = `ledger.wallets w where ($1::integer is null or w.program_id = $1)`;

/** Each gives (how many were compared, the differing ones as text); $1 program or null, $2 the most differences. */
const check = (name: string, compared: string, differing: string): Statement =>
  statement(
    `ledger_verify_${name}`,
    `with compared as materialized (${compared}), differing as (${differing})
     select (select count(*) from compared), coalesce((select array_agg(d.text) from (select text from differing limit $2) d), '{}')`,
  );

const sequences = check(
  'sequences',
  `select e.wallet_id, count(*) as n, min(e.seq) as first, max(e.seq) as last from ${SCOPE} group by e.wallet_id`,
  `select format('wallet %s has %s entries numbered %s to %s', wallet_id, n, first, last) as text from compared where n <> last or first <> 1`,
);

const runningSums = check(
  'running_sums',
  `select e.wallet_id, e.seq, e.available_after, e.pending_after, e.held_after, e.booked_at,
     sum(e.available) over w as available, sum(e.pending) over w as pending, sum(e.held) over w as held,
     lag(e.booked_at) over w as booked_before
   from ${SCOPE} window w as (partition by e.wallet_id order by e.seq)`,
  `select format('entry %s of wallet %s says %s/%s/%s, its entries sum to %s/%s/%s', seq, wallet_id, available_after, pending_after,
     held_after, available, pending, held) as text
   from compared where (available_after, pending_after, held_after) is distinct from (available, pending, held) or booked_at < booked_before`,
);

const wallets = check(
  'wallets',
  `select coalesce(w.wallet_id, s.wallet_id) as wallet_id, row(w.seq, w.available, w.pending, w.held, w.earned, w.redeemed, w.expired, w.active_at)::text as cached,
     row(s.seq, s.available, s.pending, s.held, s.earned, s.redeemed, s.expired, s.active_at)::text as summed,
     row(w.debt, w.shortfall)::text as cached_debts, row(l.debt, l.shortfall)::text as last_debts
   from (select * from ${WALLETS}) w
   full join (
     select e.wallet_id, max(e.seq) as seq, sum(e.available)::bigint as available, sum(e.pending)::bigint as pending, sum(e.held)::bigint as held,
       coalesce(sum(e.available + e.pending) filter (where ${OPENS}), 0)::bigint as earned,
       (coalesce(-sum(e.available + e.held) filter (where e.kind = 'redeem'), 0) - coalesce(sum(e.available) filter (where e.kind = 'refund'), 0))::bigint as redeemed,
       coalesce(-sum(e.available + e.pending) filter (where e.kind = 'expire'), 0)::bigint as expired,
       max(e.occurred_at) filter (where e.kind in ('earn', 'bonus', 'hold') or (e.kind = 'redeem' and e.of_seq is null)) as active_at
     from ${SCOPE} group by e.wallet_id) s on s.wallet_id = w.wallet_id
   left join lateral (
     select coalesce(e.debt_after, 0) as debt, coalesce(e.shortfall_after, 0) as shortfall
     from ledger.entries e where e.wallet_id = s.wallet_id and e.seq = s.seq) l on true`,
  `select format('wallet %s holds %s %s, its entries give %s %s', wallet_id, cached, cached_debts, summed, last_debts) as text
   from compared where cached is distinct from summed or cached_debts is distinct from last_debts`,
);

const lots = check(
  'lots',
  `select coalesce(o.wallet_id, c.wallet_id) as wallet_id, coalesce(o.seq, c.lot) as lot, o.remaining, c.left_over
   from (select l.wallet_id, l.seq, l.remaining from ledger.open_lots l
         where $1::integer is null or l.wallet_id in (select w.wallet_id from ledger.wallets w where w.program_id = $1)) o
   full join (
     select m.wallet_id, m.lot, sum(m.amount)::bigint as left_over from (
       select e.wallet_id, e.seq as lot, e.available + e.pending as amount from ${SCOPE} and ${OPENS}
       union all
       select e.wallet_id, a.lot, a.amount from ${SCOPE.replace('ledger.entries e', 'ledger.entries e cross join lateral unnest(e.lots, e.amounts) as a(lot, amount)')}
     ) m group by m.wallet_id, m.lot) c on c.wallet_id = o.wallet_id and c.lot = o.seq`,
  `select format('lot %s of wallet %s has %s left, its entries leave %s', lot, wallet_id, coalesce(remaining, 0), coalesce(left_over, 0)) as text
   from compared where coalesce(remaining, 0) <> coalesce(left_over, 0)`,
);

const cover = check(
  'cover',
  `select w.wallet_id, w.available, w.pending, w.held, w.debt, coalesce(l.usable, 0) as usable, coalesce(l.pending, 0) as lots_pending, coalesce(h.points, 0) as holds
   from (select * from ${WALLETS}) w
   left join (select wallet_id, sum(remaining) filter (where not pending) as usable, sum(remaining) filter (where pending) as pending
     from ledger.open_lots group by wallet_id) l on l.wallet_id = w.wallet_id
   left join (select wallet_id, sum(points) as points from ledger.open_holds group by wallet_id) h on h.wallet_id = w.wallet_id`,
  `select format('wallet %s: available %s, pending %s, held %s, debt %s; lots %s usable, %s pending; holds %s', wallet_id, available, pending, held,
     debt, usable, lots_pending, holds) as text
   from compared where available <> usable - debt or pending <> lots_pending or held <> holds`,
);

const holds = check(
  'holds',
  `select coalesce(o.wallet_id, c.wallet_id) as wallet_id, coalesce(o.seq, c.seq) as seq, o.points, c.held
   from (select h.wallet_id, h.seq, h.points from ledger.open_holds h
         where $1::integer is null or h.wallet_id in (select w.wallet_id from ledger.wallets w where w.program_id = $1)) o
   full join (
     select e.wallet_id, e.seq, e.held from ${SCOPE} and e.kind = 'hold' and not exists (
       select 1 from ledger.entries x where x.wallet_id = e.wallet_id and x.of_seq = e.seq and x.kind in ('redeem', 'release'))) c
     on c.wallet_id = o.wallet_id and c.seq = o.seq`,
  `select format('hold %s of wallet %s is open with %s, its entries say %s', seq, wallet_id, coalesce(points, 0), coalesce(held, 0)) as text
   from compared where points is distinct from held`,
);

const totals = check(
  'totals',
  `select coalesce(t.program_id, s.program_id) as program_id, coalesce(t.unit, s.unit) as unit, coalesce(t.kind, s.kind) as kind,
     row(t.entries, t.available, t.pending, t.held)::text as noted, row(s.entries, s.available, s.pending, s.held)::text as summed
   from (select program_id, unit::integer as unit, kind, sum(entries)::bigint as entries, sum(available)::numeric as available, sum(pending)::numeric as pending,
           sum(held)::numeric as held from ledger.totals where $1::integer is null or program_id = $1 group by 1, 2, 3) t
   full join (
     select w.program_id, (e.wallet_id % 64)::integer as unit, e.kind, count(*)::bigint as entries, sum(e.available)::numeric as available, sum(e.pending)::numeric as pending, sum(e.held)::numeric as held
     from ledger.entries e join ledger.wallets w on w.wallet_id = e.wallet_id and ($1::integer is null or w.program_id = $1) group by 1, 2, 3) s
   on s.program_id = t.program_id and s.unit = t.unit and s.kind = t.kind`,
  `select format('program %s, unit %s, %s: the engine noted %s, the entries sum to %s', program_id, unit, kind, noted, summed) as text
   from compared where noted is distinct from summed`,
);

const transfers = check(
  'transfers',
  `select e.tx, (e.wallet_id % 64)::integer as unit, count(distinct w.program_id) as programs, sum(e.available) as left_over,
     bool_or(e.pending <> 0 or e.held <> 0) as odd
   from ledger.entries e join ledger.wallets w on w.wallet_id = e.wallet_id and ($1::integer is null or w.program_id = $1)
   where e.kind = 'transfer' group by 1, 2`,
  `select format('the entries of transfer %s in unit %s sum to %s', tx, unit, left_over) as text
   from compared where left_over <> 0 or odd or programs <> 1`,
);

const CHECKS = { sequences, running_sums: runningSums, wallets, lots, cover, holds, totals, transfers };

/** Compares a program (null: all) along every path but the chain and the event log. */
export async function compare(
  tx: Tx,
  programId: number | null,
  limit: number,
): Promise<Map<string, CheckResult>> {
  const results = new Map<string, CheckResult>();
  for (const [name, query] of Object.entries(CHECKS)) {
    const [row] = await tx.run<[bigint, string[]]>(query, [programId, limit]);
    results.set(name, { checked: Number(row?.[0] ?? 0n), differences: row?.[1] ?? [] });
  }
  return results;
}

const digests = statement(
  'ledger_digests',
  `select e.batch, count(*)::integer, encode(sha256(convert_to(string_agg(concat_ws('|', e.wallet_id, e.seq, e.command, e.tx, e.kind,
     e.available, e.pending, e.held, e.available_after, e.pending_after, e.held_after, coalesce(e.debt_after, 0), coalesce(e.shortfall_after, 0),
     (extract(epoch from e.occurred_at) * 1000)::bigint, (extract(epoch from e.booked_at) * 1000)::bigint, coalesce(e.rule, ''),
     coalesce((extract(epoch from e.available_from) * 1000)::bigint::text, '') || case when e.cancels then '!' else '' end,
     coalesce((extract(epoch from e.expires_at) * 1000)::bigint::text, '') || coalesce(e.inactive_after, ''),
     coalesce(e.of_seq::text, ''), coalesce(array_to_string(e.lots, ','), ''), coalesce(array_to_string(e.amounts, ','), ''), coalesce(e.reason, '')),
     E'\\n' order by e.wallet_id, e.seq), 'UTF8')), 'hex')
   from ledger.entries e group by e.batch`,
);

/** The digest of each batch, computed again from its entries; the same text as in `posting.store.ts`. */
export async function batchDigests(tx: Tx): Promise<Map<bigint, { entries: number; digest: string }>> {
  const rows = await tx.run<[bigint, number, string]>(digests);
  return new Map(rows.map(([batch, entries, digest]) => [batch, { entries, digest }]));
}

const liability = statement(
  'ledger_liability',
  `select w.program_id, (w.wallet_id % 64)::integer, count(*), sum(w.available)::text, sum(w.pending)::text, sum(w.held)::text
   from ${WALLETS} group by 1, 2 order by 1, 2`,
);

export interface Liability {
  programId: number;
  unit: number;
  wallets: number;
  available: string;
  pending: string;
  held: string;
}

export const liabilities = async (tx: Tx, programId: number | null): Promise<Liability[]> =>
  (await tx.run<[number, number, bigint, string, string, string]>(liability, [programId])).map(
    ([program, unit, count, available, pending, held]) => ({
      programId: program,
      unit,
      wallets: Number(count),
      available,
      pending,
      held,
    }),
  );

const drifts = statement(
  'ledger_drifts',
  `select count(*) from (
     select program_id, unit, sum(available) as available, sum(pending) as pending, sum(held) as held from (
       select program_id, unit::integer as unit, available, pending, held from ledger.totals
       union all
       select program_id, (wallet_id % 64)::integer, -available, -pending, -held from ledger.wallets) m
     group by program_id, unit having (sum(available), sum(pending), sum(held)) is distinct from (0::numeric, 0::numeric, 0::numeric)) d`,
);

/** How many units of programs have a liability that differs from the totals: 0, or something is wrong. One pass over the wallets. */
export const countDrifts = async (tx: Tx): Promise<number> =>
  Number((await tx.run<[bigint]>(drifts))[0]?.[0] ?? 0n);

const noTimeout = statement('ledger_verify_no_timeout', `set local statement_timeout = 0`);
/** A verification of hundreds of millions of entries may take longer than any single statement else. */
export const allowLongReads = async (tx: Tx): Promise<void> => {
  await tx.run(noTimeout);
};

const foldTotals = statement(
  'ledger_fold_totals',
  `with gone as (delete from ledger.totals where batch < $1 returning program_id, unit, kind, entries, available, pending, held)
   insert into ledger.totals (batch, program_id, unit, kind, entries, available, pending, held)
   select $1 - 1, program_id, unit, kind, sum(entries)::bigint, sum(available), sum(pending), sum(held) from gone group by program_id, unit, kind`,
);

/** Adds up the totals of batches before `batch` into one row for each program, unit and kind. */
export const fold = async (tx: Tx, batch: bigint): Promise<void> => {
  await tx.run(foldTotals, [batch]);
};
