-- Up Migration
create schema ledger;
grant usage on schema ledger to fealty_app;

-- One row a wallet: the cached sums of its entries, changed in the transaction that writes them.
-- wallet_id is the holder's number times 64 plus the number of the unit. No index but the key and a
-- fillfactor below 100: every update stays on its page (HOT).
create table ledger.wallets (
  wallet_id bigint primary key,
  program_id integer not null,
  seq integer not null default 0,
  available bigint not null default 0,
  pending bigint not null default 0 check (pending >= 0),
  held bigint not null default 0 check (held >= 0),
  debt bigint not null default 0 check (debt >= 0),
  shortfall bigint not null default 0 check (shortfall >= 0),
  earned bigint not null default 0,
  redeemed bigint not null default 0,
  expired bigint not null default 0,
  next_due_at timestamptz,
  booked_at timestamptz not null default '-infinity',
  check (available >= 0 or debt > 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
grant select, insert, update on ledger.wallets to fealty_app;

-- One immutable movement of one wallet. A credit is a lot: its terms stand here for ever. `lots` and
-- `amounts` are the allocations: which lots this entry changed and by how much.
create table ledger.entries (
  wallet_id bigint not null,
  seq integer not null,
  batch bigint not null,
  tx bigint not null,
  command text not null,
  kind text not null,
  available bigint not null,
  pending bigint not null,
  held bigint not null,
  available_after bigint not null,
  pending_after bigint not null,
  held_after bigint not null,
  debt_after bigint,
  shortfall_after bigint,
  occurred_at timestamptz not null,
  booked_at timestamptz not null,
  recorded_at timestamptz not null,
  rule text,
  available_from timestamptz,
  expires_at timestamptz,
  of_seq integer,
  lots integer[],
  amounts bigint[],
  reason text,
  primary key (wallet_id, seq, recorded_at)
) partition by range (recorded_at);
create table ledger.entries_default partition of ledger.entries default;
grant select, insert on ledger.entries to fealty_app;

-- What is left of each lot; the row goes when nothing is left.
create table ledger.open_lots (
  wallet_id bigint not null,
  seq integer not null,
  remaining bigint not null check (remaining > 0),
  pending boolean not null,
  available_from timestamptz,
  expires_at timestamptz,
  primary key (wallet_id, seq)
) partition by hash (wallet_id);
grant select, insert, update, delete on ledger.open_lots to fealty_app;

-- Holds that have not ended; what they took stands in the entry that opened them.
create table ledger.open_holds (
  wallet_id bigint not null,
  seq integer not null,
  points bigint not null check (points > 0),
  expires_at timestamptz not null,
  primary key (wallet_id, seq)
);
grant select, insert, delete on ledger.open_holds to fealty_app;

-- Business keys, for ever: the hash of (program, source, command type, external id), the hash of the
-- payload, and the id of what the command made.
create table ledger.keys (
  key uuid not null,
  payload uuid not null,
  result bigint not null,
  primary key (key)
) partition by hash (key);
grant select, insert on ledger.keys to fealty_app;

do $$
begin
  for part in 0..15 loop
    execute format('create table ledger.open_lots_%s partition of ledger.open_lots for values with (modulus 16, remainder %s) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05)', part, part);
    execute format('create table ledger.keys_%s partition of ledger.keys for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;

-- What each batch added to each program, unit and kind: summed by the engine from its decisions, not from
-- the rows that it wrote, so that `verify` compares two paths. Folded now and then; no row is ever hot.
create table ledger.totals (
  batch bigint not null,
  program_id integer not null,
  unit smallint not null,
  kind text not null,
  entries bigint not null,
  available numeric not null,
  pending numeric not null,
  held numeric not null
);
grant select, insert, delete on ledger.totals to fealty_app;

-- Adjustments by hand: what was asked for, by which key.
create table ledger.adjustments (
  id bigint primary key,
  program_id integer not null,
  wallet_id bigint not null,
  external_id text not null,
  source text not null,
  points bigint not null,
  reason text not null,
  expires_at timestamptz,
  occurred_at timestamptz not null,
  posted jsonb not null
);
grant select, insert on ledger.adjustments to fealty_app;

-- Makes the monthly partitions of a table from this month to `months` ahead. Run by the owner.
create function ledger.make_partitions(months integer) returns void language plpgsql as $$
declare
  first date := date_trunc('month', now() at time zone 'UTC')::date;
  month date;
begin
  for i in 0..months loop
    month := first + make_interval(months => i);
    if to_regclass(format('ledger.entries_%s', to_char(month, 'YYYY_MM'))) is null then
      execute format('create table ledger.entries_%s partition of ledger.entries for values from (%L) to (%L)',
        to_char(month, 'YYYY_MM'), month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
    end if;
  end loop;
end $$;
revoke execute on function ledger.make_partitions(integer) from public;
select ledger.make_partitions(3);

-- Each process takes a number, so that the ids of two processes differ.
create sequence ledger.writers minvalue 0 maxvalue 1023 start 0 cycle;
grant usage on sequence ledger.writers to fealty_app;
