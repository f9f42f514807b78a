-- Up Migration
-- A voucher of a campaign is refused where its reward has ended or the member has had it as often as its limit allows.
-- `given_at` is from now on the instant since which a code is kept for it: by it a voucher counts for the limit.
alter table rewards.gift_vouchers
  add column reason text check (reason in ('no_longer_valid', 'limit_reached')),
  drop constraint gift_vouchers_state_check,
  add constraint gift_vouchers_state_check check (state in ('waiting', 'issued', 'revealed', 'withdrawn', 'refused')),
  add check ((state = 'refused') = (reason is not null));
grant update (reason, given_at) on rewards.gift_vouchers to fealty_app;
