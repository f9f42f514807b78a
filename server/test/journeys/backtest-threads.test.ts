import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { MAX_RUNNING } from '../../src/modules/earning/replay/backtests.ts';
import { type TestEngine, testEngine } from '../support/engine.ts';
import { type Json, order, POINTS_PER_DOLLAR, testClock } from './engine.ts';

/*
 * A backtest runs in a thread of its own. Whatever becomes of it, the engine stays; and what the engine's stop cuts short
 * the next one finishes.
 */

const ORDERS = 40;
const DOUBLE = {
  ...POINTS_PER_DOLLAR,
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '2' } }],
};

const TIERED = {
  ...DOUBLE,
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P3M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'gold', from: '50', multiplier: '1.25' },
    ],
  },
};

const engine = await testEngine();
after(() => engine.stop());
await engine.publish('shop', { ...POINTS_PER_DOLLAR, ...testClock('2026-03-02T00:00:00.000Z') });
for (let index = 0; index < ORDERS; index += 1)
  assert.equal((await engine.post('/v1/orders', 'shop', order(10))).status, 201);

const threads: Worker[] = [];
process.on('worker', worker => threads.push(worker));

async function started(on: TestEngine, body: object = { document: DOUBLE }): Promise<string> {
  const { status, body: made } = await on.post<Json>('/v1/backtests', 'shop', body);
  assert.equal(status, 202, JSON.stringify(made));
  return made.id;
}

const find = async (on: TestEngine, id: string): Promise<Json> =>
  (await on.get<Json>(`/v1/backtests/${id}`, 'shop')).body;

async function ended(on: TestEngine, id: string): Promise<Json> {
  for (;;) {
    const found = await find(on, id);
    if (found.state !== 'running') return found;
    await sleep(20);
  }
}

/** Works while a backtest of tiers is in the middle of its first page: it waits for a table that nobody else reads. */
async function amid(work: (id: string) => Promise<void>): Promise<string> {
  await engine.sql('begin');
  await engine.sql('lock table earning.tier_grants in access exclusive mode');
  try {
    const id = await started(engine, { document: TIERED });
    for (let waiting = 0; waiting === 0; await sleep(20)) waiting = (await connections('Lock')).length;
    await work(id);
    return id;
  } finally {
    await engine.sql('rollback');
  }
}

/** The connections of backtests, where they wait for something of the type. */
async function connections(waitsFor: string | null = null): Promise<{ pid: number }[]> {
  // Inside a transaction PostgreSQL would show what it had shown before.
  await engine.sql('select pg_stat_clear_snapshot()');
  return engine.sql<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'fealty backtest'
     and ($1::text is null or wait_event_type = $1)`,
    [waitsFor],
  );
}

test('a backtest runs in a thread of its own, which ends with it', async () => {
  const before = threads.length;
  const id = await started(engine);
  const done = await ended(engine, id);
  assert.deepEqual([done.state, done.replayed, done.failure], ['done', ORDERS, null]);
  assert.deepEqual(done.report.units[0], {
    unit: 'points',
    ...{ actual: '400', draft: '800', difference: '400' },
    money: { currency: 'USD', difference: '400' },
  });
  assert.equal(threads.length, before + 1);
  const thread = threads.at(-1) as Worker;
  while (thread.threadId !== -1) await sleep(10);
});

test('one that needs more memory than it may have fails and says what to do; the engine goes on', async () => {
  const small = await testEngine({ database: engine.database, backtestMemory: 1 });
  const { state, report, failure } = await ended(small, await started(small));
  assert.deepEqual([state, report], ['failed', null]);
  assert.match(failure, /more memory than the 1 MB that FEALTY_BACKTEST_MEMORY allows.*raise the setting/);
  assert.equal((await small.get('/v1/members/ext:ann/balances', 'shop')).status, 200);
  await small.stop();
});

test('one whose thread dies has failed, and there is room for the next', async () => {
  for (let round = 0; round <= MAX_RUNNING; round += 1) {
    // An error that nobody in the thread foresaw.
    const id = await amid(async own => {
      for (const { pid } of await connections()) await engine.sql('select pg_terminate_backend($1)', [pid]);
      await ended(engine, own);
    });
    const { state, report, failure } = await find(engine, id);
    assert.deepEqual([state, report], ['failed', null]);
    assert.equal(failure, 'It came upon a fault. The log of the engine says which.');
  }
});

test('a draft that fits no more when its turn comes fails with what does not fit', async () => {
  const id = await amid(() => engine.restart());
  await engine.sql(
    `update earning.backtests set input = '{"document":{},"from":null,"to":0}' where state = 'stopped'`,
  );
  await engine.engine.resumeBacktests();
  const { state, failure } = await ended(engine, id);
  assert.equal(state, 'failed');
  assert.match(failure, /^The program has changed since: /);
});

test('the stop of the engine ends it, and the next engine goes on with it', async () => {
  const { report: expected } = await ended(engine, await started(engine, { document: TIERED }));
  const before = threads.length;
  const id = await amid(async own => {
    await engine.restart();
    assert.equal((await find(engine, own)).state, 'interrupted');
    assert.equal((threads.at(-1) as Worker).threadId, -1);
  });
  // PostgreSQL sees that its client has gone once the lock is.
  while ((await connections()).length > 0) await sleep(20);
  const second = await testEngine({ database: engine.database });
  await Promise.all([engine, second].map(each => each.engine.resumeBacktests()));
  const { state, report } = await ended(engine, id);
  assert.deepEqual([state, report], ['done', expected]);
  assert.equal(threads.length, before + 2, 'one engine, and only one, went on with it');
  await second.stop();
});
