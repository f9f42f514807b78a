import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { Connection, Pool, transactionStatements } from '#platform/db/client.ts';
import { testDatabase } from '../../../../test/support/database.ts';
import * as store from './budgets.store.ts';
import {
  type BudgetFacts,
  type Budgets,
  createBudgets,
  giveBack,
  settle,
  spread,
  storeBudgets,
  take,
  type WantedBudget,
  type WhenShort,
} from './budgets.ts';

/* FEALTY_RACE_ROUNDS says how often each race is run (20; 200 in the long run). */
const ROUNDS = Number(process.env['FEALTY_RACE_ROUNDS'] ?? 20);
const database = await testDatabase();
const pool = new Pool(database.appUrl, 'budgets', 4);
const open: Connection[] = [];
after(async () => {
  await Promise.all(open.map(connection => connection.close()));
  await pool.close();
  await database.close();
});

let programs = 0;
const budget = (limit: bigint, version = 1, programId = ++programs): WantedBudget => ({
  programId,
  campaign: 'double',
  limit,
  version,
});

async function connect(name: string): Promise<Connection> {
  const connection = await Connection.open(database.appUrl, name);
  open.push(connection);
  return connection;
}

/** One batch, tried again as a lane does. Gives what `work` gave and how many attempts it took. */
async function batch<T>(
  connection: Connection,
  budgets: Budgets,
  wanted: readonly WantedBudget[],
  work: (facts: BudgetFacts) => T | Promise<T>,
): Promise<{ result: T; attempts: number }> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      await connection.run(transactionStatements.BEGIN);
      const facts = await budgets.load(connection, wanted, true);
      const result = await work(facts);
      const stored = storeBudgets(connection, facts);
      const committed = connection.commit();
      await stored;
      assert.equal(await committed, 'COMMIT');
      return { result, attempts };
    } catch (error) {
      if (!connection.usable) throw error;
      await connection.run(transactionStatements.ROLLBACK);
      if ((error as { code?: string }).code !== '40001' || attempts === 50) throw error;
    }
  }
}

const takeFrom = (facts: BudgetFacts, from: WantedBudget, points: bigint, mode: WhenShort = 'trim'): bigint =>
  take(facts, from.programId, from.campaign, points, mode);
const giveTo = (facts: BudgetFacts, to: WantedBudget, points: bigint): void =>
  giveBack(facts, to.programId, to.campaign, points);

async function stateOf({ programId, campaign }: WantedBudget) {
  const row = (await store.read(pool, [{ programId, campaign }])).get(0) as store.BudgetRow;
  const left = row.remaining.reduce((sum, part) => sum + part, 0n);
  return { points: row.points, total: row.total, left, granted: row.total - left, shards: row.remaining };
}

test('points are shared out without loss, and each shard but one serves a batch', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, 10n ** 6n), (points, need) => {
      const parts = spread(points, store.SHARDS, need);
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0n),
        points,
      );
      assert.equal(parts.length, store.SHARDS);
      const used = parts.filter(part => part > 0n);
      assert.ok(used.length <= 1 || used.every(part => part >= need));
    }),
  );
});

const SETTLEMENTS: [
  name: string,
  row: [version: number, points: bigint, total: bigint, left: bigint],
  wanted: [version: number, limit: bigint],
  settled: [total: bigint, left: bigint],
][] = [
  ['the same version changes nothing', [1, 100n, 100n, 40n], [1, 100n], [100n, 40n]],
  ['an earlier version changes nothing', [2, 100n, 100n, 40n], [1, 50n], [100n, 40n]],
  ['a raise adds the difference', [1, 100n, 100n, 40n], [2, 150n], [150n, 90n]],
  ['a raise of what is exhausted adds the difference', [1, 100n, 100n, 0n], [2, 101n], [101n, 1n]],
  ['a cut takes the difference away', [1, 100n, 100n, 40n], [2, 70n], [70n, 10n]],
  ['a cut to what is spent leaves nothing', [1, 100n, 100n, 40n], [2, 60n], [60n, 0n]],
  ['a cut below what is spent stops there', [1, 100n, 100n, 40n], [2, 10n], [60n, 0n]],
  ['what comes back after a cut too deep is not left', [2, 10n, 60n, 30n], [2, 10n], [30n, 0n]],
  ['and when enough came back the rest is left', [2, 10n, 60n, 55n], [2, 10n], [10n, 5n]],
  ['a raise after a cut too deep begins at what is spent', [2, 10n, 60n, 0n], [3, 70n], [70n, 10n]],
];
for (const [name, [version, points, total, left], [next, limit], settled] of SETTLEMENTS) {
  test(`a new version of a budget: ${name}`, () => {
    const result = settle({ version, points, total, remaining: [left, 0n] }, { version: next, limit });
    assert.deepEqual([result.total, result.left], settled);
    assert.equal(result.total - result.left, total - left, 'what was granted stays');
  });
}

test('a batch sees what it took and gave back itself, and a dry run changes nothing', async () => {
  const connection = await connect('alone');
  const budgets = createBudgets();
  const own = budget(100n);
  const script = (facts: BudgetFacts): bigint[] => {
    const taken = [takeFrom(facts, own, 60n), takeFrom(facts, own, 60n), takeFrom(facts, own, 1n)];
    giveTo(facts, own, 7n);
    taken.push(takeFrom(facts, own, 8n, 'refuse'), takeFrom(facts, own, 5n), takeFrom(facts, own, 0n));
    return taken;
  };
  const expected = [60n, 40n, 0n, 0n, 5n, 0n];
  const dry = await pool.snapshot(async tx => script(await budgets.load(tx, [own], false)));
  assert.deepEqual(dry, expected);
  assert.equal((await store.read(pool, [own])).size, 0, 'a dry run makes no budget');
  assert.deepEqual((await batch(connection, budgets, [own], script)).result, expected);
  const { left, granted } = await stateOf(own);
  assert.deepEqual({ left, granted }, { left: 2n, granted: 98n });
  const again = await pool.snapshot(async tx => takeFrom(await budgets.load(tx, [own], false), own, 9n));
  assert.equal(again, 2n);
  assert.equal((await stateOf(own)).left, 2n);
});

test('what is given back without loading the budget can be taken by the next batch', async () => {
  const connection = await connect('returns');
  const budgets = createBudgets();
  const own = budget(10n);
  await batch(connection, budgets, [own], facts => takeFrom(facts, own, 10n));
  const exhausted = await batch(connection, budgets, [own], facts => {
    const none = takeFrom(facts, own, 1n);
    giveTo(facts, own, 2n);
    return [none, takeFrom(facts, own, 1n)];
  });
  assert.deepEqual(exhausted, { result: [0n, 1n], attempts: 1 });
  await batch(connection, budgets, [], facts => giveTo(facts, own, 4n));
  assert.equal((await stateOf(own)).left, 5n);
  const { result } = await batch(connection, budgets, [own], facts => takeFrom(facts, own, 9n));
  assert.equal(result, 5n);
});

test('a budget goes on through versions: raised, cut, cut too deep, and never back to an earlier one', async () => {
  const connection = await connect('versions');
  const budgets = createBudgets();
  const { programId } = budget(0n);
  const steps: [version: number, limit: bigint, back: bigint, wanted: bigint, taken: bigint, left: bigint][] =
    [
      [1, 100n, 0n, 80n, 80n, 20n],
      [2, 150n, 0n, 10n, 10n, 60n],
      [1, 100n, 0n, 10n, 10n, 50n],
      [3, 110n, 0n, 4n, 4n, 6n],
      [4, 50n, 0n, 5n, 0n, 0n],
      [4, 50n, 30n, 5n, 0n, 0n],
      [4, 50n, 30n, 5n, 5n, 1n],
      [5, 1_000n, 0n, 900n, 900n, 51n],
    ];
  for (const [version, limit, back, wanted, taken, left] of steps) {
    const own = budget(limit, version, programId);
    const { result } = await batch(connection, budgets, [own], facts => {
      if (back > 0n) giveTo(facts, own, back);
      return takeFrom(facts, own, wanted);
    });
    assert.equal(result, taken, `version ${version}`);
    const state = await stateOf(own);
    // A cut that leaves nothing may still have returned points in a shard; the next batch settles them.
    const settled = settle(
      { version, points: state.points, total: state.total, remaining: [state.left] },
      own,
    );
    assert.equal(settled.left, left, `version ${version}`);
  }
});

test('of several versions in one batch the last one counts', async () => {
  const connection = await connect('late');
  const { programId } = budget(0n);
  const both = [budget(10n, 2, programId), budget(99n, 1, programId)];
  const wanted = both[0] as WantedBudget;
  const { result } = await batch(connection, createBudgets(), both, facts => takeFrom(facts, wanted, 50n));
  assert.equal(result, 10n);
});

test('what only all shards together have is granted whole', async () => {
  const connection = await connect('whole');
  for (const mode of ['trim', 'refuse'] as const) {
    const own = budget(100n);
    const { result } = await batch(connection, createBudgets(), [own], facts =>
      takeFrom(facts, own, 90n, mode),
    );
    assert.equal(result, 90n);
    assert.equal((await stateOf(own)).left, 10n);
  }
});

test('two kinds of commands in one batch store what it took once', async () => {
  const connection = await connect('kinds');
  const own = budget(100n);
  await batch(connection, createBudgets(), [own], async facts => {
    takeFrom(facts, own, 3n);
    await storeBudgets(connection, facts);
  });
  assert.equal((await stateOf(own)).left, 97n);
});

test('what nobody can have is refused without holding anything up', async () => {
  const [one, two] = [await connect('holds'), await connect('asks')];
  const budgets = createBudgets();
  const own = budget(3n);
  await batch(one, budgets, [own], facts => takeFrom(facts, own, 5n, 'refuse'));
  await one.run(transactionStatements.BEGIN);
  await budgets.load(one, [own], true);
  for (let held = 0; held < 2 * store.SHARDS; held += 1) {
    const { result, attempts } = await batch(two, budgets, [own], facts =>
      takeFrom(facts, own, 5n, 'refuse'),
    );
    assert.deepEqual([result, attempts], [0n, 1]);
  }
  await one.run(transactionStatements.ROLLBACK);
});

/** 64 workers, each of which does one batch after the other, on the connections of two processes. */
async function race(
  crew: readonly { connection: Connection; budgets: Budgets }[],
  work: (worker: number, connection: Connection, budgets: Budgets) => Promise<void>,
): Promise<void> {
  const waiting = Array.from({ length: 64 }, (_, worker) => worker);
  await Promise.all(
    crew.map(async ({ connection, budgets }) => {
      for (let worker = waiting.shift(); worker !== undefined; worker = waiting.shift())
        await work(worker, connection, budgets);
    }),
  );
}

const crewOf = async (each: number) =>
  (
    await Promise.all(
      [createBudgets(), createBudgets()].map(budgets =>
        Promise.all(
          Array.from({ length: each }, async (_, n) => ({ connection: await connect(`race ${n}`), budgets })),
        ),
      ),
    )
  ).flat();

const crew = await crewOf(10);

test(`64 workers with unit grants and twice the demand give out exactly the budget (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const mode: WhenShort = round % 2 === 0 ? 'trim' : 'refuse';
    const limit = BigInt(32 + ((round * 97) % 480));
    const own = budget(limit);
    const each = Number((2n * limit) / 64n) + 1;
    let granted = 0n;
    await race(crew, async (_worker, connection, budgets) => {
      for (let left = each; left > 0; left -= 3) {
        const { result } = await batch(connection, budgets, [own], facts => {
          let sum = 0n;
          for (let command = 0; command < Math.min(3, left); command += 1)
            sum += takeFrom(facts, own, 1n, mode);
          return sum;
        });
        granted += result;
      }
    });
    assert.equal(granted, limit, `round ${round}`);
    const state = await stateOf(own);
    assert.deepEqual([state.left, state.granted], [0n, limit]);
  }
});

test(`with grants of any size, returns and two budgets the sums agree after every round (${ROUNDS} rounds)`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const pair = [budget(BigInt(100 + 37 * round)), budget(BigInt(50 + 11 * round))] as const;
    const granted = [0n, 0n];
    await race(crew, async (worker, connection, budgets) => {
      for (let turn = 0; turn < 4; turn += 1) {
        const both = worker % 2 === 0 ? pair : pair.toReversed();
        const moved = await batch(connection, budgets, both, facts =>
          pair.map((own, place) => {
            const taken = takeFrom(
              facts,
              own,
              BigInt(1 + ((worker + turn) % 7)),
              place === 0 ? 'trim' : 'refuse',
            );
            const back = taken > 1n && worker % 3 === 0 ? taken / 2n : 0n;
            giveTo(facts, own, back);
            return taken - back;
          }),
        );
        for (const [place, points] of moved.result.entries())
          granted[place] = (granted[place] as bigint) + points;
        if (worker % 8 === 0 && moved.result[0] !== undefined && moved.result[0] > 0n) {
          const back = moved.result[0];
          await batch(connection, budgets, [], facts => giveTo(facts, pair[0], back));
          granted[0] = (granted[0] as bigint) - back;
        }
      }
    });
    for (const [place, own] of pair.entries()) {
      const state = await stateOf(own);
      assert.equal(state.granted, granted[place], `round ${round}`);
      assert.equal(state.total, own.limit);
    }
  }
});

test('a raise in the middle of a race adds the difference once', async () => {
  const { programId } = budget(0n);
  let granted = 0n;
  await race(crew, async (worker, connection, budgets) => {
    const own = worker < 24 ? budget(60n, 1, programId) : budget(90n, 2, programId);
    const { result } = await batch(connection, budgets, [own], facts => takeFrom(facts, own, 2n));
    granted += result;
  });
  assert.equal(granted, 90n);
  const state = await stateOf(budget(90n, 2, programId));
  assert.deepEqual([state.points, state.total, state.left], [90n, 90n, 0n]);
});

test('a transaction that is killed takes nothing and holds nothing', async () => {
  const own = budget(64n);
  let granted = 0n;
  await race(crew, async (worker, connection, budgets) => {
    if (worker % 8 !== 0) {
      const { result } = await batch(connection, budgets, [own], facts => takeFrom(facts, own, 2n));
      granted += result;
      return;
    }
    const victim = await connect('victim');
    await victim.run(transactionStatements.BEGIN);
    const facts = await budgets.load(victim, [own], true);
    try {
      takeFrom(facts, own, 1n);
    } catch (error) {
      assert.equal((error as { code?: string }).code, '40001');
    }
    await storeBudgets(victim, facts);
    await victim.close();
  });
  assert.equal(granted, 64n);
  assert.equal((await stateOf(own)).left, 0n);
});
