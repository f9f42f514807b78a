-- Up Migration
-- Badges that members were awarded by hand, beside those that challenges give: these are in the periods of the challenges.
create table earning.badge_awards (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  external_id text not null,
  source text not null,
  badge text not null,
  -- The version that was in force: it says what the badge is called.
  program_version integer not null,
  reason text not null,
  awarded_by text not null,
  awarded_at timestamptz not null
);
create index badge_awards_of_member on earning.badge_awards (member_id, id);
grant select, insert on earning.badge_awards to fealty_app;

-- Those that were withdrawn. An award is withdrawn once; the badge can be awarded again.
create table earning.badge_withdrawals (
  id bigint primary key,
  award_id bigint not null unique references earning.badge_awards,
  program_id integer not null,
  external_id text not null,
  source text not null,
  reason text not null,
  withdrawn_by text not null,
  withdrawn_at timestamptz not null
);
grant select, insert on earning.badge_withdrawals to fealty_app;
