-- Up Migration
create schema fraud;
grant usage on schema fraud to fealty_app;

-- What counts in velocity windows: the points of one unit that one decision gave, at the time of what earned them. `lots`
-- are the entries that opened their lots. Nothing is written for programs without velocity checks.
create table fraud.counted (
  member_id bigint not null,
  unit smallint not null,
  at timestamptz not null,
  id bigint not null,
  cause text not null,
  points bigint not null,
  lots integer[] not null,
  primary key (member_id, unit, at, id)
) partition by hash (member_id);
do $$
begin
  for part in 0..15 loop
    execute format('create table fraud.counted_%s partition of fraud.counted for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
grant select, insert on fraud.counted to fealty_app;

-- A crossing of one or more lines by one decision, whose id it has. From `since` until before `until` it has to be known:
-- it pauses accrual then, or its windows must not open a second case.
create table fraud.cases (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  cause text not null,
  at timestamptz not null,
  opened_at timestamptz not null,
  since timestamptz not null,
  until timestamptz not null,
  state text not null default 'open' check (state in ('open', 'released', 'confirmed')),
  crossings json not null
);
create index cases_by_member on fraud.cases (member_id, until);
create index cases_by_program on fraud.cases (program_id, id);
grant select, insert on fraud.cases to fealty_app;
grant update (state) on fraud.cases to fealty_app;

-- Lots whose points a case holds back, with the terms that they get when it is released. `event`: the event of their
-- order that they wait for as well.
create table fraud.pended (
  wallet_id bigint not null,
  seq integer not null,
  case_id bigint not null,
  at timestamptz not null,
  points bigint not null,
  available_from timestamptz,
  event text,
  cancels boolean not null,
  primary key (wallet_id, seq)
);
create index pended_by_case on fraud.pended (case_id);
grant select, insert on fraud.pended to fealty_app;
grant update (case_id, available_from, event, cancels) on fraud.pended to fealty_app;

-- How a case ended: once.
create table fraud.decisions (
  id bigint primary key,
  program_id integer not null,
  case_id bigint not null unique,
  verdict text not null check (verdict in ('release', 'confirm')),
  note text not null,
  external_id text not null,
  source text not null,
  decided_by text not null,
  decided_at timestamptz not null,
  posted json not null
);
grant select, insert on fraud.decisions to fealty_app;
