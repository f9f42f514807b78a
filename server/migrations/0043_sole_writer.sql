-- Up Migration
-- The process that remembers facts about members from one batch to the next, because nobody else writes; null: none does.
-- Whatever another process writes ends that in the same transaction.
create table ledger.sole_writer (process text);
insert into ledger.sole_writer values (null);
grant select, update on ledger.sole_writer to fealty_app;
