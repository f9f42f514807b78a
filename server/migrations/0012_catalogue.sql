-- Up Migration
-- Redemptions of rewards. `stock_item` and `stock_shard` say where the one unit of stock was taken that the redemption
-- holds or used; `released` that it counts no more, neither for the stock nor for the limit of its member: voided, refunded
-- where the reward gives back, or the hold ended and the unit was found free again.
alter table rewards.redemptions
  add column reward text,
  add column rule text,
  add column gives json,
  add column order_total bigint check (order_total >= 0),
  add column stock_item text,
  add column stock_shard smallint,
  add column released boolean not null default false,
  add column fulfilment text check (fulfilment in ('pending', 'fulfilled', 'rejected')),
  add column code_id bigint,
  add column credit_seq integer,
  add check ((reward is null) = (rule is null) and (reward is null) = (gives is null)),
  add check ((stock_item is null) = (stock_shard is null));
grant update (released, fulfilment, code_id, credit_seq) on rewards.redemptions to fealty_app;
-- How often a member has redeemed a reward.
create index redemptions_of_member on rewards.redemptions (member_id, reward, occurred_at)
  where reward is not null and not released;
-- Holds that have ended and whose unit nobody has taken back yet.
create index redemptions_holding_stock on rewards.redemptions (program_id, stock_item, hold_expires_at)
  where stock_item is not null and state = 'held' and not released;

alter table rewards.changes drop constraint changes_kind_check;
alter table rewards.changes
  add constraint changes_kind_check check (kind in ('capture', 'void', 'refund', 'fulfil', 'reject')),
  add column fulfilment_after text check (fulfilment_after in ('pending', 'fulfilled', 'rejected'));

-- What is left of a reward (`reward:ID`) or of a pool of codes (`pool:NAME`), in parts that different batches take from
-- side by side. `granted` is what was taken from the part and not given back. `version` is the program version whose
-- stock was shared out; together the parts hold that stock less what was granted, which is negative in the first part
-- where a later version lowered the stock below it. Each row changes with every batch that takes from it: half of each
-- page stays free for the new row.
create table rewards.stock (
  program_id integer not null,
  item text not null,
  shard smallint not null,
  version integer not null,
  granted integer not null check (granted >= 0),
  remaining integer not null,
  primary key (program_id, item, shard)
) with (fillfactor = 50);
grant select, insert, update on rewards.stock to fealty_app;

-- Codes to be handed out, each to one redemption. A code is worth money: it stands here and in the answer that hands it
-- out, and nowhere else, no event and no log. `returned`: its redemption was refunded or rejected; it is not used again.
create table rewards.codes (
  id bigint generated always as identity primary key,
  program_id integer not null,
  pool text not null,
  code text not null,
  redemption_id bigint,
  returned boolean not null default false,
  unique (program_id, code)
);
grant select, insert on rewards.codes to fealty_app;
grant update (redemption_id, returned) on rewards.codes to fealty_app;
create index codes_free on rewards.codes (program_id, pool, id) where redemption_id is null;
