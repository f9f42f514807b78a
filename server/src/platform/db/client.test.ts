import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { testDatabase } from '../../../test/support/database.ts';
import { Pool, statement } from './client.ts';

const database = await testDatabase();
test.after(() => database.close());

const answer = statement('client_test_answer', 'select 42');

test('a pooled connection that is cut inside a transaction fails that transaction and nothing else', async () => {
  const pool = new Pool(database.appUrl, 'cut', 2);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  for (const work of ['transaction', 'snapshot'] as const) {
    const cut = pool[work](async tx => {
      await tx.run(answer);
      await owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'fealty cut'",
      );
      // The end of the connection arrives while no statement waits for it.
      await sleep(100);
      await tx.run(answer);
    });
    await assert.rejects(cut, /not queryable|terminated|terminating/i);
    assert.deepEqual(await pool[work](tx => tx.run(answer)), [[42]]);
  }
  await owner.end();
  await pool.close();
});
