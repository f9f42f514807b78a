import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, statement } from '#platform/db/client.ts';
import { testDatabase } from '../../../../test/support/database.ts';
import { budgetBook } from './budgets.publication.ts';
import * as store from './budgets.store.ts';
import { createBudgets, storeBudgets, take } from './budgets.ts';

const database = await testDatabase();
const pool = new Pool(database.appUrl, 'publication', 4);
const budgets = createBudgets();
const book = budgetBook();
after(async () => {
  await pool.close();
  await database.close();
});

let programs = 0;
/** A program whose first version gives 100 points, of which 60 were granted. */
async function program(): Promise<number> {
  programs += 1;
  const wanted = [{ programId: programs, campaign: 'double', limit: 100n, version: 1 }];
  await pool.transaction(tx => budgets.load(tx, wanted, true));
  await pool.transaction(async tx => {
    const facts = await budgets.gather(tx, wanted);
    assert.equal(take(facts, programs, 'double', 60n, 'trim'), 60n);
    await storeBudgets(tx, facts);
  });
  return programs;
}

const rowOf = async (programId: number, campaign = 'double') => {
  const row = (await store.read(pool, [{ programId, campaign }])).get(0) as store.BudgetRow;
  return { ...row, remaining: row.remaining.reduce((sum, part) => sum + part, 0n) };
};
const UNTOUCHED = { version: 1, points: 100n, total: 100n, remaining: 40n };
const publish = (programId: number, limit: bigint) =>
  pool.transaction(tx => book.change(tx, [{ programId, campaign: 'double', limit, version: 2 }]));
const SPENT = new Map([['double', 60n]]);

test('a budget below what was granted stays as it is', async () => {
  const programId = await program();
  assert.deepEqual(await publish(programId, 59n), SPENT);
  assert.deepEqual(await rowOf(programId), UNTOUCHED);
});

test('of several budgets none is changed where one is too low', async () => {
  const [low, high] = [await program(), 'autumn'];
  await pool.transaction(tx =>
    budgets.load(tx, [{ programId: low, campaign: high, limit: 10n, version: 1 }], true),
  );
  const both = [
    { programId: low, campaign: high, limit: 5n, version: 2 },
    { programId: low, campaign: 'double', limit: 1n, version: 2 },
  ];
  await pool.transaction(tx => book.change(tx, both));
  assert.deepEqual(await rowOf(low, high), { version: 1, points: 10n, total: 10n, remaining: 10n });
});

for (const [limit, left] of [
  [60n, 0n],
  [80n, 20n],
  [100n, 40n],
  [250n, 190n],
] as const) {
  test(`a version that gives ${limit} where 60 of 100 were granted leaves ${left}`, async () => {
    const programId = await program();
    assert.deepEqual(await publish(programId, limit), SPENT);
    const { version, ...row } = await rowOf(programId);
    assert.deepEqual(row, { points: limit, total: limit, remaining: left });
    assert.equal(version, limit === 100n ? 1 : 2, 'what stays the same is not written');
  });
}

test('a version may change the budgets of as many campaigns as it has', async () => {
  programs += 1;
  const all = Array.from({ length: 1_000 }, (_, n) => ({
    programId: programs,
    campaign: `campaign-${n}`,
    limit: 50n,
    version: 1,
  }));
  await pool.transaction(tx => budgets.load(tx, all, true));
  const cut = all.map(each => ({ ...each, limit: 20n, version: 2 }));
  assert.equal((await pool.transaction(tx => book.change(tx, cut))).size, 1_000);
  assert.deepEqual(await rowOf(programs, 'campaign-999'), {
    version: 2,
    points: 20n,
    total: 20n,
    remaining: 20n,
  });
});

test('a late order of an earlier version finds the budget of the present one, used or not', async () => {
  programs += 1;
  const first = { programId: programs, campaign: 'double', limit: 100n, version: 1 };
  assert.deepEqual(await publish(programs, 30n), new Map([['double', 0n]]));
  const late = await pool.transaction(async tx =>
    take(await budgets.load(tx, [first], false), programs, 'double', 50n, 'trim'),
  );
  assert.equal(late, 30n);
});

test('a version that is refused leaves no budget behind for those that nobody has used', async () => {
  const programId = await program();
  const refused = [
    { programId, campaign: 'double', limit: 1n, version: 2 },
    { programId, campaign: 'new', limit: 7n, version: 2 },
  ];
  await pool.transaction(tx => book.change(tx, refused));
  const accepted = refused.map(each => ({ ...each, limit: 70n }));
  await pool.transaction(tx => book.change(tx, accepted));
  assert.deepEqual(await rowOf(programId, 'new'), { version: 2, points: 70n, total: 70n, remaining: 70n });
});

test('what was granted is told without holding anything', async () => {
  const programId = await program();
  assert.deepEqual(await pool.snapshot(tx => book.granted(tx, programId)), SPENT);
  assert.deepEqual(await pool.snapshot(tx => book.granted(tx, 999)), new Map());
});

const waits = statement(
  'test_waits',
  `select count(*)::integer from pg_locks where locktype = 'advisory' and not granted and database =
     (select oid from pg_database where datname = current_database())`,
);
/** Until a transaction waits for a lock, or `work` has ended without waiting. */
async function untilItWaits(work: Promise<unknown>): Promise<void> {
  let ended = false;
  void work.finally(() => {
    ended = true;
  });
  while (!ended && (await pool.run<[number]>(waits))[0]?.[0] === 0) await sleep(5);
}

test('a change waits for the batches under way, and those behind it see it', async () => {
  const programId = await program();
  const wanted = [{ programId, campaign: 'double', limit: 100n, version: 1 }];
  let published: Promise<ReadonlyMap<string, bigint>> | undefined;
  await pool.transaction(async tx => {
    const facts = await budgets.load(tx, wanted, true);
    assert.equal(take(facts, programId, 'double', 2n, 'trim'), 2n);
    published = publish(programId, 61n);
    await untilItWaits(published);
    await storeBudgets(tx, facts);
  });
  assert.equal((await published)?.get('double'), 62n);
  assert.equal((await rowOf(programId)).version, 1);
  await publish(programId, 62n);
  const late = await pool.snapshot(async tx =>
    take(await budgets.load(tx, wanted, false), programId, 'double', 1n, 'trim'),
  );
  assert.equal(late, 0n, 'who still decides by version 1 has what version 2 leaves');
});
