-- Up Migration
-- How often and with how many points a campaign counted for a member: only of campaigns with a limit, a cooldown or a cap
-- per period. What a return gives back is a row of its own at the order's time, with a count of -1 or 0.
create table earning.uses (
  member_id bigint not null,
  campaign text collate "C" not null,
  at timestamptz not null,
  id bigint not null,
  order_id bigint not null,
  count smallint not null,
  points bigint not null,
  primary key (member_id, campaign, at, id)
) partition by hash (member_id);
do $$
begin
  for part in 0..15 loop
    execute format('create table earning.uses_%s partition of earning.uses for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
grant select, insert on earning.uses to fealty_app;
