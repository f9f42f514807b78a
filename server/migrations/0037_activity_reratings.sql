-- Up Migration
-- A re-rating decides activities again too. What an activity is decided by: the rules that count for it, and the steps of
-- streaks; null for an order.
alter table earning.rerate_items add column verdict json, add column verdict_before json;

-- What was decided again about an activity, like earning.reratings about an order.
create table earning.activity_reratings (
  id bigint not null primary key,
  program_id integer not null,
  activity_id bigint not null,
  rerate_id bigint not null,
  reverses boolean not null,
  program_version integer not null,
  verdict json not null,
  decided json not null,
  posted json not null
);
create index activity_reratings_by_activity on earning.activity_reratings (activity_id);
create index activity_reratings_by_program on earning.activity_reratings (program_id, id);
grant select, insert on earning.activity_reratings to fealty_app;

-- There is nothing any more that a plan finds and leaves out.
alter table earning.rerates drop column left_out;
