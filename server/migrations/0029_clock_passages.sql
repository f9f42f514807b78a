-- Up Migration
-- Until when the time of a test program was asked to pass under a key: who asks again, because an answer was lost, gets
-- there and not further. `asked` is the length that was asked for.
create table program.passages (
  program_id integer not null references program.programs,
  key text not null,
  asked text not null,
  target timestamptz not null,
  primary key (program_id, key)
);
grant select, insert on program.passages to fealty_app;
