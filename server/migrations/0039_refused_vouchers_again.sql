-- Up Migration
-- The vouchers that were refused, for those who try all of a campaign or of a reward again, page by page.
create index gift_vouchers_refused on rewards.gift_vouchers (program_id, id) include (campaign, reward) where state = 'refused';
