import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { testDatabase } from '../../../test/support/database.ts';
import { silentLog } from '../observe/log.ts';
import { type Job, Jobs } from './jobs.ts';

const database = await testDatabase();
test.after(() => database.close());

/** Jobs that note their runs, at intervals too short to matter. */
function noting(runs: string[], names: readonly string[]): Job[] {
  return names.map(name => ({ name, every: 20, run: async () => void runs.push(name) }));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    assert.ok(waited < 15_000, 'it did not come to pass');
    await sleep(20);
  }
}

async function asOwner<T>(work: (owner: pg.Client) => Promise<T>): Promise<T> {
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  try {
    return await work(owner);
  } finally {
    await owner.end();
  }
}

const leaseConnections = (): Promise<number> =>
  asOwner(async owner => {
    const text =
      "select count(*)::int as n from pg_stat_activity where application_name = 'fealty test lease' and datname = current_database()";
    return (await owner.query<{ n: number }>(text)).rows[0]?.n ?? 0;
  });

test('several jobs under one lease share one connection and all of them run', async () => {
  const runs: string[] = [];
  const names = ['one', 'two', 'three', 'four'];
  const jobs = new Jobs({
    log: silentLog,
    jobs: noting(runs, names),
    lease: { url: database.appUrl, name: 'test lease' },
  });
  jobs.start();
  await until(() => names.every(name => runs.filter(run => run === name).length >= 3));
  assert.equal(await leaseConnections(), 1);
  await jobs.stop();
});

test('of two processes one works, and the other takes over when its connection is cut', async () => {
  const runs: string[] = [];
  const lease = { url: database.appUrl, name: 'test lease' };
  const [first, second] = ['first', 'second'].map(
    name => new Jobs({ log: silentLog, jobs: noting(runs, [name, name]), lease }),
  ) as [Jobs, Jobs];
  first.start();
  await until(() => runs.includes('first'));
  second.start();
  await sleep(300);
  assert.ok(!runs.includes('second'));
  await first.stop();
  await until(() => runs.includes('second'));
  const before = runs.length;
  await asOwner(owner =>
    owner.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fealty test lease' and datname = current_database()",
    ),
  );
  await until(() => runs.length > before + 4);
  assert.equal(await leaseConnections(), 1);
  await second.stop();
});
