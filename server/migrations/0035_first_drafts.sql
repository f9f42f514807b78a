-- Up Migration
-- A name can have drafts before its program: a row of version 0, which is no program to anybody else, with drafts that were
-- made from nothing. It becomes the program with the publication of version 1.
alter table program.programs
  drop constraint programs_version_check,
  add constraint programs_version_check check (version > 0 or (version = 0 and clock_now is null));
alter table program.drafts
  drop constraint drafts_base_version_check,
  add constraint drafts_base_version_check check (base_version >= 0);
