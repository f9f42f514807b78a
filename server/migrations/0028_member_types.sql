-- Up Migration
-- What a member is: a person, or a household, which is a pool of several. Lists can be asked for either.
alter table members.members
  add column type text not null default 'person' check (type in ('person', 'household'));
update members.members m set type = 'household' from rewards.households h
  where m.program_id = h.program_id and m.id = h.id;
grant update (type) on members.members to fealty_app;
create index members_households on members.members (program_id, id) where type = 'household';
