-- Up Migration
-- The secret of voucher codes can be changed. From then on `key_id` is the new key, `before` the one that codes with an id
-- above `rotated` may still be encrypted with; null once there are none.
alter table rewards.code_keys
  add column before text check (before <> key_id),
  add column rotated bigint not null default 0;
grant update (key_id, since, before, rotated) on rewards.code_keys to fealty_app;
