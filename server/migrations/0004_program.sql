-- Up Migration
create schema program;
grant usage on schema program to fealty_app;

-- One row a program. `version` is the latest one; `revision` grows with every change, which tells every
-- process at its next batch that what it keeps in memory is old. clock_now is null for the real time.
create table program.programs (
  id integer generated always as identity primary key,
  name text collate "C" not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  revision integer not null check (revision > 0),
  version integer not null check (version > 0),
  clock_now timestamptz,
  created_at timestamptz not null
);
grant select, insert on program.programs to fealty_app;
grant update (revision, version, clock_now) on program.programs to fealty_app;

-- Published documents, for ever. json, not jsonb, keeps a document as its author wrote it. The first version
-- covers all earlier time, so it begins at no instant.
create table program.versions (
  program_id integer not null references program.programs,
  version integer not null check (version > 0),
  effective_from timestamptz,
  published_at timestamptz not null,
  recorded_at timestamptz not null,
  document json not null,
  primary key (program_id, version),
  check ((version = 1) = (effective_from is null)),
  check (effective_from >= published_at)
);
grant select, insert on program.versions to fealty_app;

-- The number that a unit has within its program, in wallets and totals, whatever later documents say.
create table program.units (
  program_id integer not null references program.programs,
  number smallint not null check (number between 0 and 63),
  name text collate "C" not null,
  since_version integer not null,
  primary key (program_id, number),
  unique (program_id, name)
);
grant select, insert on program.units to fealty_app;
