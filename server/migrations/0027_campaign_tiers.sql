-- Up Migration
-- Levels that an order gave by a campaign, beside those that somebody gave by hand: `order_id` says which.
alter table earning.tier_grants add column order_id bigint;
