-- Up Migration
-- What was announced of each member's tier, and from when on it can be another: those whose time has come are found by
-- an index, whatever the number of members. Nobody has a row who never had more than the first level (and a change of
-- its rules is looked for by a pass over all members, once for each version). A decision that can change a tier makes its
-- member due (`marked_at`, and one more in `marks`, so that who looks at the member meanwhile does not overlook it).
create table earning.tier_watches (
  member_id bigint primary key,
  program_id integer not null,
  -- Null: the first level.
  tier text,
  -- Up to which instant of the program's clock was looked; null: never.
  seen_at timestamptz,
  next_at timestamptz,
  marked_at timestamptz,
  marks bigint not null default 0
) with (
  -- As for members: a plan that was made from the statistics of a small table would stay while an import makes it grow.
  autovacuum_analyze_threshold = 10000,
  autovacuum_vacuum_threshold = 10000
);
create index tier_watches_due on earning.tier_watches (program_id, next_at, member_id) where next_at is not null;
grant select, insert on earning.tier_watches to fealty_app;
grant update (tier, seen_at, next_at, marked_at, marks) on earning.tier_watches to fealty_app;

-- For which version of each program all members were looked at, or up to which of them.
create table earning.tier_passes (
  program_id integer primary key,
  version integer not null,
  -- Null: all of them.
  after_id bigint
);
grant select, insert on earning.tier_passes to fealty_app;
grant update (version, after_id) on earning.tier_passes to fealty_app;
