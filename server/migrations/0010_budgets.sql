-- Up Migration
-- The budget of a campaign, counted in points, for as long as the program lives: a later version of the program with
-- the same campaign goes on with it. `points` is what version `version` of the program gives it; `total` is what was
-- put in so far: what is left in its shards and what was granted. The two differ where the points were lowered below
-- what had been granted, until so much came back.
create table earning.budgets (
  id integer generated always as identity primary key,
  program_id integer not null,
  campaign text not null,
  version integer not null,
  points bigint not null check (points >= 0),
  total bigint not null check (total >= 0),
  unique (program_id, campaign)
);
grant select, insert, update on earning.budgets to fealty_app;

-- What is left, in parts that are taken from side by side. Who holds the advisory lock (budget, shard) and shares
-- (budget, -1) may take from the shard, who holds (budget, -1) alone may take from all; anyone may add. Each shard changes with every batch: half of each page stays free, so that the new row
-- finds room beside the old one and no index is touched.
create table earning.budget_shards (
  budget_id integer not null references earning.budgets (id),
  shard smallint not null,
  remaining bigint not null check (remaining >= 0),
  primary key (budget_id, shard)
) with (fillfactor = 50);
grant select, insert, update on earning.budget_shards to fealty_app;
