-- Up Migration
-- Members that are no persons but pools, whose points several persons share. Such a member has its number, its name and its
-- wallets as any other.
create table rewards.households (
  id bigint primary key,
  program_id integer not null,
  created_at timestamptz not null
);
grant select, insert on rewards.households to fealty_app;

-- Who joined and left a household, in order (`nr`) for each person; the last change says where the person is now. What a
-- person got back when leaving stands in `given_back` ([unit, points]) and in the entries of `posted`.
create table rewards.household_changes (
  member_id bigint not null,
  nr integer not null,
  id bigint not null,
  program_id integer not null,
  household_id bigint not null,
  kind text not null check (kind in ('join', 'leave')),
  at timestamptz not null,
  rule text,
  given_back jsonb not null,
  posted jsonb not null,
  primary key (member_id, nr)
);
grant select, insert on rewards.household_changes to fealty_app;
create index household_changes_of on rewards.household_changes (household_id, member_id);
create unique index household_changes_id on rewards.household_changes (id);

-- Points go to a household as a contribution: without limits and fees, by its person or by the engine, which needs no key.
alter table rewards.transfers
  add column kind text not null default 'gift' check (kind in ('gift', 'contribution')),
  alter column external_id drop not null,
  add check (external_id is not null or kind = 'contribution');
-- Who redeemed, where a household did.
alter table rewards.redemptions add column by_id bigint;
