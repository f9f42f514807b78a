-- Up Migration
-- Documents on their way to publication. `revision` grows with every change of the document, so that a review is about
-- what its reviewer has read; a changed document is open again. Who wrote and who reviewed is kept as the key and as its
-- label at that time.
create table program.drafts (
  program_id integer not null references program.programs,
  name text collate "C" not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  revision integer not null check (revision > 0),
  base_version integer not null check (base_version > 0),
  state text not null check (state in ('open', 'approved', 'published', 'withdrawn')),
  author_key text not null,
  author_label text not null,
  reviewer_key text,
  reviewer_label text,
  review_note text,
  reviewed_at timestamptz,
  published_version integer,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  document json not null,
  primary key (program_id, name),
  check (reviewer_key is distinct from author_key),
  check ((state in ('approved', 'published')) <= (reviewer_key is not null)),
  check ((state = 'published') = (published_version is not null))
);
grant select, insert on program.drafts to fealty_app;
grant update (revision, base_version, state, author_key, author_label, reviewer_key, reviewer_label, review_note,
  reviewed_at, published_version, changed_at, document) on program.drafts to fealty_app;
