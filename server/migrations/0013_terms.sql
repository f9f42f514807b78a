-- Up Migration
-- Terms that two instants cannot say. `cancels`: at available_from the points are cancelled instead of activated,
-- because the event that they wait for has not come. `inactive_after`, such as `P6M Europe/Paris`: they expire so
-- long after the member was last active in the wallet. Both stand in the entry that opened the lot, for ever.
alter table ledger.entries add column cancels boolean;
alter table ledger.entries add column inactive_after text;
alter table ledger.open_lots add column cancels boolean not null default false;
alter table ledger.open_lots add column inactive_after text;

-- When the member last earned or redeemed in the wallet: the latest occurred_at of such an entry. It moves the dates of
-- all its lots that expire by inactivity in one write.
alter table ledger.wallets add column active_at timestamptz;
update ledger.wallets w set active_at = a.at
from (
  select wallet_id, max(occurred_at) as at from ledger.entries
  where kind in ('earn', 'bonus', 'hold') or (kind = 'redeem' and of_seq is null) group by wallet_id) a
where a.wallet_id = w.wallet_id;

-- Reminders of points that are about to expire which were decided already: once for each wallet, date and distance.
-- A row goes when its date is past.
create table ledger.reminders (
  wallet_id bigint not null,
  expires_at timestamptz not null,
  before text not null,
  primary key (wallet_id, expires_at, before)
);
grant select, insert, delete on ledger.reminders to fealty_app;

-- What happened to orders after they were placed, such as the end of a stay: points can wait for it.
create table earning.order_events (
  id bigint primary key,
  order_id bigint not null,
  program_id integer not null,
  external_id text not null,
  source text not null,
  type text not null,
  occurred_at timestamptz not null,
  posted json not null
);
create index order_events_by_order on earning.order_events (order_id);
grant select, insert on earning.order_events to fealty_app;
