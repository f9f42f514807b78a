-- Up Migration
-- Vouchers that an order gives by a campaign, or does not give any more, written with the decision about the order. They are
-- handed out behind it; `done` says that this was done.
create table earning.voucher_steps (
  id bigint not null,
  order_id bigint not null,
  program_id integer not null,
  member_id bigint not null,
  campaign text not null,
  rule text not null,
  reward text not null,
  step text not null check (step in ('given', 'withdrawn')),
  occurred_at timestamptz not null,
  done boolean not null default false,
  primary key (order_id, campaign, id)
);
create index voucher_steps_open on earning.voucher_steps (order_id, campaign, id) where not done;
grant select, insert on earning.voucher_steps to fealty_app;
grant update (done) on earning.voucher_steps to fealty_app;

-- The voucher of an order and a campaign: one at most, whatever becomes of the order. `waiting` is for a code of an empty
-- pool; `issued` has a unit of the pool's stock, and a code once it is revealed.
create table rewards.gift_vouchers (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  order_id bigint not null,
  campaign text not null,
  rule text not null,
  reward text not null,
  pool text not null,
  state text not null check (state in ('waiting', 'issued', 'revealed', 'withdrawn')),
  shard smallint,
  code_id bigint,
  given_at timestamptz not null,
  changed_at timestamptz not null,
  unique (order_id, campaign),
  check ((state = 'revealed') = (code_id is not null))
);
create index gift_vouchers_of_member on rewards.gift_vouchers (member_id, id);
create index gift_vouchers_waiting on rewards.gift_vouchers (program_id, pool, id) where state = 'waiting';
grant select, insert on rewards.gift_vouchers to fealty_app;
grant update (rule, reward, pool, state, shard, code_id, changed_at) on rewards.gift_vouchers to fealty_app;
