-- Up Migration
create schema audit;
grant usage on schema audit to fealty_app;

-- One row a committed ledger batch: how many entries it wrote and the SHA-256 of their canonical text.
create table audit.batches (
  xid xid8 not null default pg_current_xact_id(),
  batch bigint not null,
  entries integer not null,
  digest bytea not null,
  recorded_at timestamptz not null default now(),
  primary key (xid, batch)
);
grant select, insert on audit.batches to fealty_app;

-- The chain: each seal covers the batches after the seal before it, in commit order.
create table audit.seals (
  position bigint primary key,
  last_xid xid8 not null,
  last_batch bigint not null,
  batches integer not null,
  hash bytea not null,
  sealed_at timestamptz not null default now()
);
grant select, insert on audit.seals to fealty_app;
