-- Up Migration
create schema members;
grant usage on schema members to fealty_app;

-- Every question about a member is asked within its program, so both indexes begin with it: by id (look-up
-- and list in order of enrolment) and by the company's own id. The latter carries the id, so that a batch
-- finds its members without touching the table. The largest number leaves room above it for the ids that a
-- dry run shows, and below 2^53 for wallets (number times 64).
create table members.members (
  program_id integer not null,
  id bigint generated always as identity (maxvalue 70368744177663),
  external_id text collate "C" not null check (length(external_id) between 1 and 200),
  status text not null default 'active' check (status in ('active')),
  enrolled_at timestamptz not null,
  primary key (program_id, id),
  unique (program_id, external_id) include (id)
) with (
  -- A connection plans its look-ups once. From the statistics of a few members the plan is to read the whole
  -- table, and it stays while an import makes the table grow (measured: 59 ms a batch at 400,000 members, by
  -- index 1.5). Without statistics PostgreSQL plans for enough rows to use the index, so it gathers none here
  -- while the table is small.
  autovacuum_analyze_threshold = 10000,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_threshold = 10000
);
-- Who a member is never changes, and members do not disappear.
grant select, insert on members.members to fealty_app;
grant update (status) on members.members to fealty_app;
-- A batch takes a newcomer's id before it knows whether anything of theirs is accepted.
grant usage on sequence members.members_id_seq to fealty_app;
