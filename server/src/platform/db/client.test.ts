import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import pg from 'pg';
import { testDatabase } from '../../../test/support/database.ts';
import { numbers, texts } from './arrays.ts';
import {
  Connection,
  numbered,
  Pool,
  parseTimestamp,
  statement,
  transactionStatements,
  unnested,
} from './client.ts';

const database = await testDatabase();
const pool = new Pool(database.ownerUrl, 'client', 2);
const owner = new pg.Client({ connectionString: database.ownerUrl });
await owner.connect();
await owner.query('create table numbers (n integer primary key)');
await owner.query(
  `create function note() returns void language plpgsql as $$ begin raise notice 'noted'; end $$`,
);
after(async () => {
  await owner.end();
  await pool.close();
  await database.close();
});

const add = statement('test_add', 'insert into numbers (n) values ($1)');
const addAll = statement('test_add_all', 'insert into numbers (n) select unnest($1::integer[])');
const all = statement('test_all', 'select n from numbers order by n');
const clear = statement('test_clear', 'delete from numbers');
const asText = statement('test_as_text', 'select $1::timestamptz::text, $1::timestamptz');
const backend = statement('test_backend', 'select pg_backend_pid()');
const pause = statement('test_pause', 'select pg_sleep(30)');
const noted = statement('test_noted', 'select note()::text');
const stored = async (): Promise<unknown[]> => (await pool.run(all)).flat();

test('two statements of one name are a mistake that shows at once', () => {
  assert.throws(() => statement('test_add', 'select 1'), /two statements are named test_add/);
});

test('a timestamp is read to the millisecond, however many digits PostgreSQL writes', async () => {
  const whole = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31) });
  await fc.assert(
    fc.asyncProperty(whole, async at => {
      const [row] = await pool.run<[string, number]>(asText, [new Date(at).toISOString()]);
      assert.equal(row?.[1], at);
      assert.equal(parseTimestamp(row?.[0] as string), at);
    }),
    { numRuns: 60 },
  );
  assert.equal(parseTimestamp('2026-11-21 10:00:00+00'), Date.UTC(2026, 10, 21, 10));
  assert.equal(parseTimestamp('2026-11-21 10:00:00.5+00'), Date.UTC(2026, 10, 21, 10, 0, 0, 500));
  assert.equal(parseTimestamp('2026-11-21 10:00:00.123456+00'), Date.UTC(2026, 10, 21, 10, 0, 0, 123));
});

test('statements go out without waiting for each other and are answered in order', async () => {
  const connection = await Connection.open(database.ownerUrl, 'pipeline');
  const answers: string[] = [];
  const note = (name: string) => () => void answers.push(name);
  const begun = connection.run(transactionStatements.BEGIN).then(note('begin'));
  const added = connection.run(add, [1]).then(note('add'));
  const read = connection.run(all).then(note('read'));
  const committed = connection.commit().then(note('commit'));
  await Promise.all([begun, added, read, committed]);
  assert.deepEqual(answers, ['begin', 'add', 'read', 'commit']);
  assert.deepEqual(await stored(), [1]);
  await connection.close();
  await pool.run(clear);
});

test('the commit of a transaction in which a statement failed before says so', async () => {
  const connection = await Connection.open(database.ownerUrl, 'tag');
  const begun = connection.run(transactionStatements.BEGIN);
  const first = connection.run(add, [1]);
  await assert.rejects(connection.run(add, [1]), { code: '23505' });
  await Promise.all([begun, first]);
  assert.equal(await connection.commit(), 'ROLLBACK');
  assert.ok(connection.usable);
  assert.deepEqual(await stored(), []);
  await connection.close();
});

test('what goes out together with a statement that fails, and behind it, is left out and fails alike, the commit too', async () => {
  const connection = await Connection.open(database.ownerUrl, 'together');
  const begun = connection.run(transactionStatements.BEGIN);
  const first = connection.run(add, [1]);
  const others = [connection.run(add, [1]), connection.run(all), connection.commit()];
  for (const outcome of await Promise.allSettled(others))
    assert.equal(outcome.status === 'rejected' && (outcome.reason as { code?: string }).code, '23505');
  await Promise.all([begun, first]);
  await connection.run(transactionStatements.ROLLBACK);
  assert.deepEqual(await stored(), []);
  // The connection goes on, with statements that it knew and one that it could not come to know.
  assert.deepEqual(await connection.run(all), []);
  await connection.close();
});

test('a statement that cannot be parsed fails each time, and the others go on', async () => {
  const connection = await Connection.open(database.ownerUrl, 'parse');
  const wrong = statement('test_wrong', 'select nothing from nowhere');
  for (let time = 0; time < 2; time += 1) {
    await assert.rejects(connection.run(wrong), { code: '42P01' });
    assert.deepEqual(await connection.run(all), []);
  }
  const twice = await Promise.all([connection.run(clear), connection.run(all), connection.run(all)]);
  assert.deepEqual(twice, [[], [], []]);
  await connection.close();
});

test('what is asked for while a round is on its way goes with the next, in order', async () => {
  const connection = await Connection.open(database.ownerUrl, 'next');
  const first = connection.run(add, [1]);
  await setImmediate();
  const second = connection.run(add, [2]);
  const read = connection.run(all);
  assert.deepEqual(await read, [[1], [2]]);
  await Promise.all([first, second]);
  await connection.run(clear);
  await connection.close();
});

test('nothing can be sent behind a commit, where it would run outside of the transaction', async () => {
  const connection = await Connection.open(database.ownerUrl, 'behind');
  const begun = connection.run(transactionStatements.BEGIN);
  const committed = connection.commit();
  await assert.rejects(connection.run(add, [1]), /was sent after the commit/);
  assert.equal(await committed, 'COMMIT');
  await begun;
  assert.deepEqual(await stored(), []);
  await connection.close();
});

test('a transaction of which a statement could not be sent is not committed, and the connection goes on', async () => {
  const connection = await Connection.open(database.ownerUrl, 'unsent');
  for (let time = 0; time < 2; time += 1) {
    const begun = connection.run(transactionStatements.BEGIN);
    const first = connection.run(add, [1]);
    const unsent = connection.run(addAll, [numbers([2 ** 31])]);
    const committed = connection.commit();
    await assert.rejects(unsent, { code: '22003' });
    await assert.rejects(committed, { code: '22003' });
    await Promise.all([begun, first]);
    await connection.run(transactionStatements.ROLLBACK);
    assert.deepEqual(await stored(), []);
  }
  const whole = [connection.run(transactionStatements.BEGIN), connection.run(addAll, [numbers([3, 4])])];
  assert.equal(await connection.commit(), 'COMMIT');
  await Promise.all(whole);
  assert.deepEqual(await connection.run(all), [[3], [4]]);
  await connection.run(clear);
  await connection.close();
});

test('a connection that was cut says that it is not usable', async () => {
  const connection = await Connection.open(database.ownerUrl, 'cut');
  const [row] = await connection.run<[number]>(backend);
  // Watched from the start: it can be refused before the one who cuts has the answer.
  const refused = assert.rejects(connection.run(statement('test_sleep', 'select pg_sleep(30)')));
  await owner.query('select pg_terminate_backend($1)', [row?.[0]]);
  await refused;
  // The answer to the statement can come a moment before the end of the connection.
  while (connection.usable) await setImmediate();
  await connection.close();
  await assert.rejects(connection.run(all));
});

const settledBy = async (work: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(work)).map(({ status }) => status);

test('who closes or cuts a connection fails the round that is under way and those that wait, and nobody is left', async () => {
  for (const end of ['close', 'cut'] as const) {
    const connection = await Connection.open(database.ownerUrl, 'under way');
    const [row] = await connection.run<[number]>(backend);
    const work = [connection.run(pause), connection.run(all)];
    const first = settledBy(work);
    await setImmediate();
    const waiting = settledBy([connection.run(all), connection.commit()]);
    const closed = end === 'close' ? connection.close() : undefined;
    if (end === 'cut') await owner.query('select pg_terminate_backend($1)', [row?.[0]]);
    assert.deepEqual(await first, ['rejected', 'rejected']);
    assert.deepEqual(await waiting, ['rejected', 'rejected']);
    assert.deepEqual(await settledBy([connection.run(all)]), ['rejected']);
    await closed;
    assert.ok(!connection.usable);
    await connection.close();
    // PostgreSQL goes on with what it was sent until it looks at the connection again.
    await owner.query('select pg_terminate_backend($1, 5000)', [row?.[0]]);
  }
});

test('what cannot be parsed fails its own round and none of those that wait behind it', async () => {
  const connection = await Connection.open(database.ownerUrl, 'parse between');
  const wrong = statement('test_wrong_between', 'select nothing from nowhere');
  const fresh = statement('test_fresh', 'select 7');
  const first = settledBy([connection.run(fresh), connection.run(wrong), connection.run(noted)]);
  await setImmediate();
  const second = [connection.run(fresh), connection.run(noted), connection.run(all)];
  assert.deepEqual(await first, ['fulfilled', 'rejected', 'rejected']);
  assert.deepEqual(await Promise.all(second), [[[7]], [['']], []]);
  const third = settledBy([connection.run(wrong), connection.run(all)]);
  await setImmediate();
  assert.deepEqual(await settledBy([connection.run(wrong)]), ['rejected']);
  assert.deepEqual(await third, ['rejected', 'rejected']);
  assert.deepEqual(await connection.run(fresh), [[7]]);
  await connection.close();
});

test('a value that cannot be read fails its statement and not the process, and those behind it are answered', async () => {
  const connection = await Connection.open(database.ownerUrl, 'unreadable');
  const unreadable = statement(
    'test_unreadable',
    `select n, array[null::bigint] from generate_series(1, 3) n`,
  );
  for (let time = 0; time < 2; time += 1) {
    const [none, seven] = [connection.run(unreadable), connection.run(all)];
    await assert.rejects(none, SyntaxError);
    assert.deepEqual(await seven, []);
  }
  await connection.close();
});

test('rows of arrays come in their order, twice where they stand twice, with null where an array is null or shorter', async () => {
  const rows = statement('test_unnested', `select * from ${unnested(1, 'a bigint, b text')} as u`);
  const joined = statement(
    'test_numbered',
    `select u.nr::integer, u.b from ${numbered(1, 'a bigint, b text')} as u
     join generate_series(1, 3) s on s = u.a order by u.nr desc`,
  );
  const cases: [a: (number | null)[], b: (string | null)[]][] = [
    [[], []],
    [
      [3, 1, 3],
      ['x', null, 'x'],
    ],
    [
      [1, null],
      ['x', 'y'],
    ],
    [[2], ['x', 'y', 'z']],
    [[2, 9, 1], []],
  ];
  for (const [a, b] of cases) {
    const wanted = Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
      const number = a[index] ?? null;
      return [number === null ? null : BigInt(number), b[index] ?? null] as const;
    });
    assert.deepEqual(await pool.run(rows, [numbers(a), texts(b)]), wanted);
    const found = wanted.map(([number, text], index) => ({ number, row: [index + 1, text] }));
    assert.deepEqual(
      await pool.run(joined, [numbers(a), texts(b)]),
      found
        .filter(({ number }) => number !== null && number <= 3n)
        .map(({ row }) => row)
        .reverse(),
    );
  }
});

test('the name of a statement fits what PostgreSQL keeps of it', () => {
  assert.throws(() => statement('x'.repeat(64), 'select 1'), /longer than 63/);
});

test('a transaction of the pool is whole or not at all', async () => {
  await pool.transaction(async tx => {
    await Promise.all([tx.run(add, [1]), tx.run(add, [2])]);
  });
  await assert.rejects(
    pool.transaction(async tx => {
      await tx.run(add, [3]);
      throw new Error('changed my mind');
    }),
    /changed my mind/,
  );
  assert.deepEqual(await stored(), [1, 2]);
  await pool.run(clear);
});

test('a snapshot sees one state and cannot write', async () => {
  await pool.snapshot(async tx => {
    const before = await tx.run(all);
    await owner.query('insert into numbers (n) values (9)');
    assert.deepEqual(await tx.run(all), before);
  });
  await assert.rejects(
    pool.snapshot(tx => tx.run(add, [1])),
    { code: '25006' },
  );
  assert.deepEqual(await stored(), [9]);
  await pool.run(clear);
});

test('the pool goes on after a connection of it was cut', async () => {
  const lost = pool.transaction(async tx => {
    const [row] = await tx.run<[number]>(backend);
    await owner.query('select pg_terminate_backend($1)', [row?.[0]]);
    await tx.run(all);
  });
  await assert.rejects(lost);
  assert.deepEqual(await stored(), []);
});

test('a connection that is cut between two statements fails its transaction and not the process', async () => {
  for (const work of ['transaction', 'snapshot'] as const) {
    const lost = pool[work](async tx => {
      const [row] = await tx.run<[number]>(backend);
      await owner.query('select pg_terminate_backend($1)', [row?.[0]]);
      // The end of the connection arrives while no statement waits for it, and nobody listens but the pool.
      await sleep(100);
      await tx.run(all);
    });
    await assert.rejects(lost, /not queryable|terminat/);
    assert.deepEqual(await stored(), []);
  }
});
