-- Up Migration
create schema rewards;
grant usage on schema rewards to fealty_app;

create table rewards.redemptions (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  wallet_id bigint not null,
  external_id text not null,
  source text not null,
  unit text not null,
  points bigint not null check (points > 0),
  money_amount bigint,
  money_currency text,
  occurred_at timestamptz not null,
  hold_seq integer not null,
  hold_expires_at timestamptz,
  state text not null check (state in ('held', 'captured', 'voided')),
  refunded bigint not null default 0 check (refunded between 0 and points),
  posted jsonb not null
);
grant select, insert on rewards.redemptions to fealty_app;
grant update (state, refunded) on rewards.redemptions to fealty_app;

-- Captures, voids and refunds: each with its own key, so that a retry gets the first answer.
create table rewards.changes (
  id bigint primary key,
  redemption_id bigint not null,
  kind text not null check (kind in ('capture', 'void', 'refund')),
  external_id text not null,
  source text not null,
  points bigint not null,
  refunded_after bigint not null,
  posted jsonb not null
);
grant select, insert on rewards.changes to fealty_app;
