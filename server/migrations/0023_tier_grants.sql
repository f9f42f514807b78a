-- Up Migration
-- Levels that members were given by hand: from an instant on, until another or for good.
create table earning.tier_grants (
  id bigint primary key,
  program_id integer not null,
  member_id bigint not null,
  external_id text not null,
  source text not null,
  tier text not null,
  valid_from timestamptz not null,
  valid_until timestamptz check (valid_until > valid_from),
  reason text not null,
  granted_by text not null,
  granted_at timestamptz not null
);
create index tier_grants_of_member on earning.tier_grants (member_id, id);
grant select, insert on earning.tier_grants to fealty_app;

-- Those that were ended before their time, or at all. A grant is ended once.
create table earning.tier_grant_ends (
  id bigint primary key,
  grant_id bigint not null unique references earning.tier_grants,
  program_id integer not null,
  external_id text not null,
  source text not null,
  reason text not null,
  ended_by text not null,
  ended_at timestamptz not null
);
grant select, insert on earning.tier_grant_ends to fealty_app;
