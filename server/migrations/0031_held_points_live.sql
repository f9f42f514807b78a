-- Up Migration
-- Points that a case holds back do not expire while they are held: the dates that they would have stand here, and go back
-- to their lots when the case is released. Null of both: the lot itself says it, or they never expire.
alter table fraud.pended
  add column expires_at timestamptz,
  add column inactive_after text;
