-- Up Migration
-- A member's orders and returns in the order of time, with running sums of what can qualify for a tier, so that the
-- sum over any window is two lookups, however many orders the member has. A row stands at its order's time
-- (`anchor`), a return's too: what comes back counts as if it had never been bought, from `happened_at` on. What comes
-- late raises the sums of the rows behind it, which is why they can be updated.
create table earning.timeline (
  member_id bigint not null,
  anchor timestamptz not null,
  id bigint not null,
  order_id bigint not null,
  happened_at timestamptz not null,
  spend bigint not null,
  orders bigint not null,
  nights bigint not null,
  points bigint not null,
  spend_sum bigint not null,
  orders_sum bigint not null,
  nights_sum bigint not null,
  points_sum bigint not null,
  primary key (member_id, anchor, id)
) partition by hash (member_id);
do $$
begin
  for part in 0..15 loop
    execute format('create table earning.timeline_%s partition of earning.timeline for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
-- Only what happened after its order: few rows, looked at when something comes late.
create index timeline_returns on earning.timeline (member_id, happened_at) where happened_at > anchor;
grant select, insert on earning.timeline to fealty_app;
grant update (spend_sum, orders_sum, nights_sum, points_sum) on earning.timeline to fealty_app;

-- What an order was decided by besides its lines and the version: tier, campaigns and how far they were bounded.
alter table earning.orders add column applied json;
