-- Up Migration
create schema identity;
grant usage on schema identity to fealty_app;

-- One row a key, for ever: a revoked one stays, so that it can be said whose it was. Of the secret only its
-- SHA-256 is kept; 256 random bits need neither salt nor a slow hash.
create table identity.api_keys (
  id bigint generated always as identity primary key,
  label text not null check (length(label) between 1 and 100),
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  program text collate "C",
  scopes text[] not null check (cardinality(scopes) > 0),
  sources text[] not null check (cardinality(sources) > 0),
  created_at timestamptz not null,
  revoked_at timestamptz
);
grant select, insert on identity.api_keys to fealty_app;
-- What a key may do never changes: a change is a new key.
grant update (revoked_at) on identity.api_keys to fealty_app;
