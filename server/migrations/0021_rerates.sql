-- Up Migration
-- A re-rating: orders of a period decided again, in the order in which they occurred. First planned, then applied as
-- compensating entries, one order after the other, each once; it can be reversed the same way.
create table earning.rerates (
  id bigint not null primary key,
  program_id integer not null,
  state text not null check (state in ('planning', 'planned', 'applying', 'applied', 'reversing', 'reversed', 'failed')),
  span_from timestamptz not null,
  span_to timestamptz not null,
  -- The version by which all of it is decided; null: the one in force when each order occurred.
  version integer,
  note text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  -- How far the present step is: members planned, or orders carried out.
  done bigint not null,
  expected bigint not null
);
grant select, insert on earning.rerates to fealty_app;
grant update (state, seen_at, done, expected) on earning.rerates to fealty_app;

-- The orders that come out differently. `change` lists [unit, points].
create table earning.rerate_items (
  rerate_id bigint not null references earning.rerates,
  member_id bigint not null,
  order_id bigint not null,
  program_version integer not null,
  applied json,
  version_before integer not null,
  applied_before json,
  change json not null,
  -- Null until it was tried; `ok`, or the code of the refusal.
  applied_as text,
  reversed_as text,
  primary key (rerate_id, member_id, order_id)
);
grant select, insert, delete on earning.rerate_items to fealty_app;
grant update (applied_as, reversed_as) on earning.rerate_items to fealty_app;

-- What was decided again about an order, like a revision of it.
create table earning.reratings (
  id bigint not null primary key,
  program_id integer not null,
  order_id bigint not null,
  rerate_id bigint not null,
  reverses boolean not null,
  program_version integer not null,
  applied json,
  decided json not null,
  posted json not null
);
create index reratings_by_order on earning.reratings (order_id);
grant select, insert on earning.reratings to fealty_app;
