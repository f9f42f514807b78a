import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Pool, type Tx } from '#platform/db/client.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { createMembers, type Located, type MemberRef, memberId } from './index.ts';
import { FIRST_PREVIEW_ID, parseReference } from './model.ts';

const database = await testDatabase();
const pool = new Pool(database.appUrl, 'members', 6);
const app = new pg.Client({ connectionString: database.appUrl });
await app.connect();
after(async () => {
  await app.end();
  await pool.close();
  await database.close();
});

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const engine = (remembered?: number) => createMembers({ remembered });
// Two engines: they share the database, but not what they remember.
const [one, two] = [engine(), engine()];

/** Each test has a program of its own. */
let program = 1_000;
const ext = (id: string, more: Partial<MemberRef> = {}): MemberRef => ({
  programId: program,
  member: `ext:${id}`,
  enrol: true,
  ...more,
});

type Outcomes = Awaited<ReturnType<typeof one.locate>>;
const located = (outcomes: Outcomes): Located[] =>
  outcomes.map(outcome => {
    assert.ok(outcome.ok, outcome.ok ? '' : outcome.refusal.detail);
    return outcome.value;
  });
const codes = (outcomes: Outcomes): string[] =>
  outcomes.map(outcome => (outcome.ok ? 'ok' : outcome.refusal.code));

const enrol = (by: typeof one, ...ids: string[]): Promise<Located[]> =>
  pool.transaction(async tx =>
    located(
      await by.locate(
        tx,
        ids.map(id => ext(id)),
        NOW,
      ),
    ),
  );

const stored = async (): Promise<string[]> => {
  const { rows } = await app.query(
    'select external_id from members.members where program_id = $1 order by external_id',
    [program],
  );
  return rows.map(row => row.external_id);
};

/** A transaction handle that counts its statements. */
function counting(tx: Tx): { tx: Tx; count: () => number } {
  let count = 0;
  return {
    tx: {
      run: (statement, values) => {
        count += 1;
        return tx.run(statement, values);
      },
    },
    count: () => count,
  };
}

test.beforeEach(() => {
  program += 1;
});

test('a batch enrols the unknown once each and finds the known, in its own order', async () => {
  const [b] = await enrol(one, 'b');
  const batch = ['c', 'b', 'a', 'c', 'a'];
  const found = await enrol(one, ...batch);
  assert.deepEqual(
    found.map(member => member.externalId),
    batch,
  );
  assert.deepEqual(
    found.map(member => member.enrolled),
    [true, false, true, true, true],
  );
  assert.deepEqual(await stored(), ['a', 'b', 'c']);
  assert.equal(found[1]?.id, b?.id);
  assert.equal(found[0]?.id, found[3]?.id);
  const again = await enrol(two, ...batch);
  assert.deepEqual(
    again.map(member => member.id),
    found.map(member => member.id),
  );
  assert.ok(again.every(member => !member.enrolled));
});

test('both kinds of id name the same member', async () => {
  const [made] = await enrol(one, '42');
  assert.ok(made);
  const refs = [ext('42'), ext('', { member: memberId(made.id) }), ext('', { member: { id: made.id } })];
  const found = located(await two.locate(pool, [...refs, ext('', { member: { externalId: '42' } })], NOW));
  assert.deepEqual(
    found.map(member => [member.id, member.externalId]),
    Array(4).fill([made.id, '42']),
  );
  two.remember(found);
  assert.deepEqual(
    located(await two.locate(pool, refs, NOW)).map(member => member.id),
    Array(3).fill(made.id),
  );
});

test('a member of another program is not found, by no id, remembered or not', async () => {
  const [made] = await enrol(one, '42');
  assert.ok(made);
  one.remember([made]);
  const other = program + 500_000;
  for (const members of [one, two]) {
    const outcomes = await members.locate(
      pool,
      [
        { programId: other, member: memberId(made.id), enrol: true },
        { programId: other, member: { id: made.id }, enrol: true },
        { programId: other, member: 'ext:42', enrol: false },
      ],
      NOW,
    );
    assert.deepEqual(codes(outcomes), ['member_not_found', 'member_not_found', 'member_not_found']);
    const found = await members.find(pool, other, memberId(made.id));
    assert.equal(found.ok, false);
  }
});

test('members of two programs with one external id are not mixed up, even when both are remembered', async () => {
  const [mine] = await enrol(one, '42');
  program += 1;
  const [theirs] = await enrol(one, '42');
  assert.ok(mine && theirs);
  one.remember([mine, theirs]);
  const refs = [ext('42'), ext('', { member: memberId(theirs.id) }), ext('', { member: memberId(mine.id) })];
  const outcomes = await one.locate(pool, refs, NOW);
  assert.deepEqual(codes(outcomes), ['ok', 'ok', 'member_not_found']);
  assert.deepEqual(
    located(outcomes.slice(0, 2)).map(member => member.id),
    [theirs.id, theirs.id],
  );
});

test('who may not be enrolled is not found, unless an earlier row of the batch enrols', async () => {
  const no = { enrol: false };
  const refs = [ext('new', no), ext('new'), ext('new', no), ext('none', no), ext('none', no)];
  const outcomes = await pool.transaction(tx => one.locate(tx, refs, NOW));
  assert.deepEqual(codes(outcomes), ['member_not_found', 'ok', 'ok', 'member_not_found', 'member_not_found']);
  assert.deepEqual(await stored(), ['new']);
  assert.deepEqual(codes(await two.locate(pool, [ext('new', no)], NOW)), ['ok']);
});

const BAD = [
  '',
  'ext:',
  'mem_',
  '42',
  'mem_0000000000000x',
  'mem_000000000000u',
  'EXT:1',
  'ext:a\0',
  'ext:\ud800',
];
BAD.push('ext:a\nb', `ext:${'x'.repeat(201)}`, 'ord_0000000000000', 'mem_zzzzzzzzzzzzz');

test('what is no reference is refused by its own code, and nothing is enrolled for it', async () => {
  const outcomes = await pool.transaction(tx =>
    one.locate(tx, [...BAD.map(member => ext('', { member })), ext('good')], NOW),
  );
  assert.deepEqual(codes(outcomes), [...BAD.map(() => 'member_reference_invalid'), 'ok']);
  assert.deepEqual(await stored(), ['good']);
});

test('external ids are taken as they are: quotes, blanks, signs of other scripts, 200 characters', async () => {
  const ids = [
    '"',
    '\\',
    '{a,b}',
    'null',
    ' x ',
    "o'neil",
    '日本',
    '\u{1f600}',
    '\u{1f600}'.repeat(200),
    'ext:1',
    '007',
    '7',
  ];
  const made = await enrol(one, ...ids);
  assert.equal(new Set(made.map(member => member.id)).size, ids.length);
  assert.deepEqual(new Set(await stored()), new Set(ids));
  assert.deepEqual(
    (await enrol(two, ...ids)).map(member => member.id),
    made.map(member => member.id),
  );
  for (const id of ids) assert.deepEqual(parseReference(`ext:${id}`), { externalId: id });
});

/** Enrols in a transaction that stays open until `end` is called. */
async function openTransaction(by: typeof one, ...ids: string[]) {
  const [ready, end] = [Promise.withResolvers<Located[]>(), Promise.withResolvers<void>()];
  const done = pool.transaction(async tx => {
    ready.resolve(
      located(
        await by.locate(
          tx,
          ids.map(id => ext(id)),
          NOW,
        ),
      ),
    );
    await end.promise;
  });
  done.catch(ready.reject);
  return {
    made: await ready.promise,
    done,
    commit: () => end.resolve(),
    abort: (error: Error) => end.reject(error),
  };
}

test('two transactions that enrol the same member at once both get the one member', async () => {
  const first = await openTransaction(one, 'a', 'b', 'c');
  const second = enrol(two, 'c', 'a', 'd');
  await waitForLock().finally(first.commit);
  const found = await second;
  assert.deepEqual(
    first.made.map(member => member.enrolled),
    [true, true, true],
  );
  assert.deepEqual(
    found.map(member => member.enrolled),
    [false, false, true],
  );
  assert.deepEqual([found[0]?.id, found[1]?.id], [first.made[2]?.id, first.made[0]?.id]);
  await first.done;
  assert.deepEqual(await stored(), ['a', 'b', 'c', 'd']);
});

test('when the faster of two transactions is rolled back, the other one enrols', async () => {
  const first = await openTransaction(one, 'a');
  const second = enrol(two, 'a');
  await waitForLock().finally(() => first.abort(new Error('rolled back')));
  await assert.rejects(first.done, /rolled back/);
  assert.deepEqual(
    (await second).map(member => member.enrolled),
    [true],
  );
});

test('batches that enrol the same people in different orders never deadlock', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `m${index}`);
  for (let round = 0; round < 10; round += 1) {
    program += 1;
    const orders = [ids, [...ids].reverse(), [...ids.slice(30), ...ids.slice(0, 30)]];
    const results = await Promise.all(orders.map((order, index) => enrol(index % 2 ? one : two, ...order)));
    const byName = results.map(result => new Map(result.map(member => [member.externalId, member.id])));
    for (const id of ids) assert.equal(new Set(byName.map(map => map.get(id))).size, 1);
    const made = results.flat().filter(member => member.enrolled);
    assert.equal(made.length, ids.length, 'each is enrolled by exactly one');
  }
});

test('nobody is remembered whose transaction was rolled back', async () => {
  const members = engine();
  let lost: Located | undefined;
  await assert.rejects(
    pool.transaction(async tx => {
      [lost] = located(await members.locate(tx, [ext('ghost')], NOW));
      // The same transaction asks again: it must see its own member, and still not keep it.
      const [again] = located(await members.locate(tx, [ext('ghost')], NOW));
      assert.equal(again?.id, lost?.id);
      throw new Error('rolled back');
    }),
    /rolled back/,
  );
  const refs = [ext('ghost', { enrol: false }), ext('', { member: memberId(lost?.id ?? 0n), enrol: false })];
  assert.deepEqual(codes(await members.locate(pool, refs, NOW)), ['member_not_found', 'member_not_found']);
  const [real] = await enrol(members, 'ghost');
  assert.notEqual(real?.id, lost?.id);
});

test('remembered members cost no statement, others one a batch, and only so many are remembered', async () => {
  const members = engine(3);
  const made = await enrol(members, 'a', 'b', 'c');
  const statements = async (...ids: string[]) => {
    const { tx, count } = counting(pool);
    located(
      await members.locate(
        tx,
        ids.map(id => ext(id)),
        NOW,
      ),
    );
    return count();
  };
  assert.equal(await statements('a', 'b', 'c'), 1);
  members.remember(made);
  assert.equal(await statements('b', 'c', 'a', 'b'), 0);
  members.remember(await enrol(members, 'd'));
  assert.equal(await statements('a', 'b', 'd'), 0);
  assert.equal(await statements('c'), 1, 'who was not asked for the longest is forgotten');
  members.remember(made.slice(2));
  assert.equal(await statements('c', 'd'), 0, 'and can be remembered again');
  members.remember(made.slice(0, 2));
  const { tx, count } = counting(pool);
  const names = made.map(member => ext('', { member: memberId(member.id) }));
  located(await members.locate(tx, names.slice(0, 2), NOW));
  assert.equal(count(), 0, 'by either id');
  located(await members.locate(tx, names.slice(2), NOW));
  assert.equal(count(), 1);
});

test('who is remembered was not enrolled by the call that recalls him', async () => {
  const members = engine();
  const made = await enrol(members, 'a');
  assert.equal(made[0]?.enrolled, true);
  members.remember(made);
  assert.equal(located(await members.locate(pool, [ext('a')], NOW))[0]?.enrolled, false);
});

test('a dry run shows who would be enrolled, with ids that exist nowhere, and remembers nobody', async () => {
  const members = engine();
  const refs = [ext('x'), ext('y'), ext('x'), ext('z', { enrol: false })];
  const outcomes = await pool.snapshot(tx => members.locate(tx, refs, NOW, { dryRun: true }));
  assert.deepEqual(codes(outcomes), ['ok', 'ok', 'ok', 'member_not_found']);
  const shown = located(outcomes.slice(0, 3));
  assert.ok(shown.every(member => member.enrolled && member.id >= FIRST_PREVIEW_ID));
  assert.deepEqual([shown[0]?.id === shown[2]?.id, shown[0]?.id === shown[1]?.id], [true, false]);
  members.remember(shown);
  assert.deepEqual(codes(await members.locate(pool, [ext('x', { enrol: false })], NOW)), [
    'member_not_found',
  ]);
  assert.deepEqual(await stored(), []);
});

test('a batch is found by index, also with a plan that was made while there were few members', async () => {
  await enrol(one, 'a', 'b');
  await app.query('set plan_cache_mode = force_generic_plan');
  for (const text of await statementTexts()) {
    await app.query(`prepare check_plan as ${text}`);
    const { rows } = await app.query("explain execute check_plan('{1}', '{1}')");
    const plan = rows.map(row => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Cond: \(\(program_id = \(unnest\(\$1\)\)\) AND/, plan);
    await app.query('deallocate check_plan');
  }
  await app.query('reset plan_cache_mode');
});

/** Waits until some transaction of this database waits for another one. */
async function waitForLock(): Promise<void> {
  const waiting =
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    if ((await app.query(waiting)).rowCount !== 0) return;
    await sleep(5);
  }
  assert.fail('no transaction waits');
}

/** The texts of the two look-ups of a batch, as a connection receives them. */
async function statementTexts(): Promise<string[]> {
  const texts: string[] = [];
  const spy: Tx = {
    run: async statement => {
      texts.push(statement.text);
      return [];
    },
  };
  const missing = [ext('a', { enrol: false }), ext('', { member: 'mem_0000000000001', enrol: false })];
  await engine().locate(spy, missing, NOW);
  return texts;
}
