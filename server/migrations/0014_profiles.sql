-- Up Migration
-- What is known of a member beyond its id, as a row for each change: the whole profile from `valid_from` on. `nr`
-- counts the changes of one instant. A change that comes late is put where it belongs and what stands behind it is
-- written again under the next `rev`; nothing is updated, so that a decision of the past can be read with what was
-- known then: `known_by` is the id of the change that wrote the row, and ids of decisions and changes grow together.
create table members.profiles (
  member_id bigint not null,
  valid_from timestamptz not null,
  nr integer not null,
  rev integer not null,
  known_by bigint not null,
  change json not null,
  profile json not null,
  primary key (member_id, valid_from, nr, rev)
);
grant select, insert on members.profiles to fealty_app;

-- Lists of members that were uploaded.
create table members.lists (
  program_id integer not null,
  id bigint generated always as identity primary key,
  name text collate "C" not null check (length(name) between 1 and 63),
  members integer not null default 0 check (members >= 0),
  created_at timestamptz not null,
  changed_at timestamptz not null,
  unique (program_id, name) include (id)
);
grant select, insert on members.lists to fealty_app;
grant update (members, changed_at) on members.lists to fealty_app;

-- Who was on which list from when until when. The key answers a batch's questions without the table.
create table members.list_members (
  list_id bigint not null,
  member_id bigint not null,
  joined_by bigint not null,
  joined_at timestamptz not null,
  left_by bigint,
  left_at timestamptz,
  primary key (list_id, member_id, joined_by) include (joined_at, left_at, left_by)
) with (
  -- As for members: a plan that was made from the statistics of a small table would stay while an upload makes it grow.
  autovacuum_analyze_threshold = 10000,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_threshold = 10000
);
grant select, insert on members.list_members to fealty_app;
grant update (left_by, left_at) on members.list_members to fealty_app;

-- A list that is replaced as a whole: what was sent is put aside and takes effect at one instant, when it is complete.
-- One upload of a list is open at a time. `finished_at` is that instant; `done` is true when all of it was carried out.
create table members.list_uploads (
  list_id bigint not null references members.lists,
  id bigint generated always as identity primary key,
  name text collate "C" not null check (length(name) between 1 and 63),
  staged integer not null default 0 check (staged >= 0),
  finished_at timestamptz,
  done boolean not null default false,
  added integer not null default 0,
  removed integer not null default 0,
  unique (list_id, name)
);
create unique index list_uploads_open on members.list_uploads (list_id) where not done;
grant select, insert, delete on members.list_uploads to fealty_app;
grant update (staged, finished_at, done, added, removed) on members.list_uploads to fealty_app;
create table members.list_staged (
  upload_id bigint not null references members.list_uploads,
  member_id bigint not null,
  primary key (upload_id, member_id)
);
grant select, insert, delete on members.list_staged to fealty_app;
