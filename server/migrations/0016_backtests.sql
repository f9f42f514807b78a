-- Up Migration
-- The id of the decision on a revision after the first, whose id is the order's: the order in which things arrived.
alter table earning.orders add column decision bigint;
create index orders_revised on earning.orders (decision) where decision is not null;

-- What a draft of a program would have done with the stored orders. A run belongs to the process that does it; one whose
-- process no longer reports is interrupted.
create table earning.backtests (
  id bigint not null primary key,
  program_id integer not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  state text not null check (state in ('running', 'done', 'failed')),
  replayed bigint not null,
  expected bigint not null,
  input json not null,
  report json
);
grant select, insert on earning.backtests to fealty_app;
grant update (seen_at, state, replayed, report) on earning.backtests to fealty_app;
