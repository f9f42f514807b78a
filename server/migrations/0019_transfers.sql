-- Up Migration
-- Points that one member gave another: what was asked for, what it cost, and the entries of both.
create table rewards.transfers (
  id bigint primary key,
  program_id integer not null,
  from_id bigint not null,
  to_id bigint not null check (to_id <> from_id),
  external_id text not null,
  source text not null,
  unit smallint not null,
  points bigint not null check (points > 0),
  fee bigint not null check (fee >= 0),
  reason text,
  rule text not null,
  occurred_at timestamptz not null,
  posted jsonb not null
);
grant select, insert on rewards.transfers to fealty_app;
-- How much a member gave away and was given since an instant.
create index transfers_from on rewards.transfers (from_id, unit, occurred_at);
create index transfers_to on rewards.transfers (to_id, unit, occurred_at);
