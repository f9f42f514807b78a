-- Up Migration
-- Voucher codes are encrypted. The key is not in the database, so the engine encrypts the codes that are here when it
-- starts, page by page; `code` is null of every row once it has. `sealed` is what only the engine can read, with the key
-- that `key_id` names; `fingerprint` is a keyed hash by which a code is found that is uploaded again.
alter table rewards.codes
  alter column code drop not null,
  add column sealed bytea,
  add column fingerprint bytea,
  add column key_id text,
  add check ((code is null) = (sealed is not null)),
  add check ((sealed is null) = (fingerprint is null) and (sealed is null) = (key_id is null));
alter table rewards.codes drop constraint codes_program_id_code_key;
create unique index codes_by_fingerprint on rewards.codes (program_id, fingerprint);
create index codes_plain on rewards.codes (id) where code is not null;
grant update (code, sealed, fingerprint, key_id) on rewards.codes to fealty_app;

-- The key of the codes, of which there is one at a time: an engine that has another one finds out before it uses it.
create table rewards.code_keys (
  key_id text primary key,
  since timestamptz not null default now()
);
create unique index code_keys_one on rewards.code_keys ((true));
grant select, insert on rewards.code_keys to fealty_app;
