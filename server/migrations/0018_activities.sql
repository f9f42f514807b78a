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
  posted json not null
);
grant select, insert on earning.activities to fealty_app;
