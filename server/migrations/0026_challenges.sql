-- Up Migration
-- How far members are in challenges: of each period (what is measured, how often it begins anew, its first day) what has
-- been reached and every goal that was ever given in it, with what was taken back again.
create table earning.challenges (
  member_id bigint not null,
  challenge text collate "C" not null,
  period text collate "C" not null,
  state json not null,
  primary key (member_id, challenge, period)
) partition by hash (member_id);
do $$
begin
  for part in 0..15 loop
    execute format('create table earning.challenges_%s partition of earning.challenges for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
grant select, insert on earning.challenges to fealty_app;
grant update (state) on earning.challenges to fealty_app;

-- What decisions did to challenges: how much the order or activity (`cause`) counts after it, and what was given and
-- taken back.
create table earning.challenge_steps (
  cause bigint not null,
  challenge text collate "C" not null,
  period text collate "C" not null,
  id bigint not null,
  member_id bigint not null,
  program_id integer not null,
  program_version integer not null,
  value bigint not null,
  -- Of challenges that count days: days since 1970 in their time zone.
  day integer,
  step json not null,
  primary key (cause, challenge, period, id)
) partition by hash (cause);
do $$
begin
  for part in 0..15 loop
    execute format('create table earning.challenge_steps_%s partition of earning.challenge_steps for values with (modulus 16, remainder %s)', part, part);
  end loop;
end $$;
grant select, insert on earning.challenge_steps to fealty_app;
