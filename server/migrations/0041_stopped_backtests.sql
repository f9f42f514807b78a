-- Up Migration
-- A backtest whose engine was stopped goes on with the next engine; one that failed says why.
alter table earning.backtests drop constraint backtests_state_check;
alter table earning.backtests add constraint backtests_state_check
  check (state in ('running', 'stopped', 'done', 'failed'));
alter table earning.backtests add column failure text;
create index backtests_stopped on earning.backtests (id) where state = 'stopped';
grant update (failure) on earning.backtests to fealty_app;
