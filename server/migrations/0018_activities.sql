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

-- Who brought whom. A member is brought once.
create table earning.referrals (
  id bigint primary key,
  program_id integer not null,
  referrer_id bigint not null,
  friend_id bigint not null unique,
  external_id text not null,
  source text not null,
  payload uuid not null,
  occurred_at timestamptz not null,
  program_version integer not null
);
grant select, insert on earning.referrals to fealty_app;

-- What the friend's orders did to a referral, written with the order: it was qualified, it was revoked. Who is owed
-- something is paid behind it, by commands of their own; `done` says that they were carried out.
create table earning.referral_steps (
  referral_id bigint not null references earning.referrals,
  step text not null check (step in ('qualified', 'revoked')),
  order_id bigint not null,
  occurred_at timestamptz not null,
  done boolean not null default false,
  refusal text,
  primary key (referral_id, step)
);
create index referral_steps_open on earning.referral_steps (referral_id) where not done;
grant select, insert on earning.referral_steps to fealty_app;
grant update (done, refusal) on earning.referral_steps to fealty_app;

-- What each side was given for a referral, or had to give back.
create table earning.referral_payments (
  id bigint primary key,
  referral_id bigint not null references earning.referrals,
  program_id integer not null,
  side text not null check (side in ('referrer', 'friend')),
  step text not null check (step in ('qualified', 'revoked')),
  decided json not null,
  posted json not null,
  unique (referral_id, side, step)
);
grant select, insert on earning.referral_payments to fealty_app;
