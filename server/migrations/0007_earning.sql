-- Up Migration
create schema earning;
grant usage on schema earning to fealty_app;

-- json and not jsonb: it is written once and read whole, and takes half the time to write.
-- Each revision of each order, as it was sent, with what the ledger posted for it. `posted` lists
-- [wallet, first seq, last seq]; what was earned by which rule is computed again from the lines and the
-- version of the program, which never changes.
create table earning.orders (
  id bigint not null,
  revision integer not null,
  program_id integer not null,
  member_id bigint not null,
  external_id text not null,
  source text not null,
  payload uuid not null,
  occurred_at timestamptz not null,
  program_version integer not null,
  currency text not null,
  kind text,
  channel text,
  partner text,
  lines json not null,
  attributes json,
  decided json not null,
  posted json not null,
  primary key (id, revision)
) partition by range (id);
create table earning.orders_default partition of earning.orders default;
grant select, insert on earning.orders to fealty_app;

-- Each return: which part of which line, what was to be taken back and what was taken.
create table earning.returns (
  id bigint not null,
  order_id bigint not null,
  program_id integer not null,
  external_id text not null,
  source text not null,
  payload uuid not null,
  occurred_at timestamptz not null,
  cancels boolean not null,
  lines json not null,
  decided json not null,
  posted json not null,
  primary key (id)
);
create index returns_by_order on earning.returns (order_id);
grant select, insert on earning.returns to fealty_app;

-- Monthly partitions by id: an id holds the milliseconds since 2025 above its lowest 22 bits.
create function earning.make_partitions(months integer) returns void language plpgsql as $$
declare
  first date := date_trunc('month', now() at time zone 'UTC')::date;
  month date;
  bound constant text := '(select ((extract(epoch from %L::timestamp at time zone ''UTC'') * 1000)::bigint - 1735689600000) << 22)';
  low bigint;
  high bigint;
begin
  for i in 0..months loop
    month := first + make_interval(months => i);
    if to_regclass(format('earning.orders_%s', to_char(month, 'YYYY_MM'))) is null then
      execute format(bound, month) into low;
      execute format(bound, month + interval '1 month') into high;
      execute format('create table earning.orders_%s partition of earning.orders for values from (%s) to (%s)',
        to_char(month, 'YYYY_MM'), low, high);
    end if;
  end loop;
end $$;
revoke execute on function earning.make_partitions(integer) from public;
select earning.make_partitions(3);
