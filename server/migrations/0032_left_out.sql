-- Up Migration
-- What a plan of a re-rating found and does not correct: the activities that would come out differently, and their points.
alter table earning.rerates add column left_out json;
grant update (left_out) on earning.rerates to fealty_app;
create index activities_by_member on earning.activities (member_id, occurred_at);
