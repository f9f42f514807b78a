-- Up Migration
-- What members did besides buying, as it was sent, with what it earned: [rule, unit, points, lot].
create table earning.activities (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  external_id text not null,
  source text not null,
  payload uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  program_version integer not null,
  attributes json,
  earned json not null,
  -- How it moved streaks: [streak, length, [rewarded length, ...]].
  streaks json,
  posted json not null
);
grant select, insert on earning.activities to fealty_app;

-- Days in a row with an activity: the days of each member, as stretches, and which lengths were rewarded on which day.
create table earning.streaks (
  member_id bigint not null,
  streak text collate "C" not null,
  state json not null,
  primary key (member_id, streak)
) partition by hash (member_id);
do $$
begin
  for part in 0..15 loop
    execute format('create table earning.streaks_%s partition of earning.streaks for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
grant select, insert on earning.streaks to fealty_app;
grant update (state) on earning.streaks to fealty_app;
