-- Up Migration
-- The rules whose conditions could not be judged for an activity, [rule, reason]; null where there were none. Orders keep
-- theirs in what applied to them.
alter table earning.activities add column not_judged json;
