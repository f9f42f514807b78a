import assert from 'node:assert/strict';
import test from 'node:test';
import pg from 'pg';
import { testDatabase } from './database.ts';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('each test database is migrated, empty and apart from the others', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  const [first, second] = await Promise.all([connect(one.ownerUrl), connect(two.ownerUrl)]);
  await first.query('create table only_here (a int)');
  await assert.rejects(second.query('select * from only_here'), { code: '42P01' });
  const { rows } = await second.query('select count(*)::int as n from public.migrations');
  assert.ok(rows[0].n > 0);
  await Promise.all([first.end(), second.end()]);
  await Promise.all([one.close(), two.close()]);
  await assert.rejects(connect(one.ownerUrl), { code: '3D000' });
});

test('the application can connect and owns nothing', async () => {
  const database = await testDatabase();
  const client = await connect(database.appUrl);
  const { rows } = await client.query(
    'select current_user as me, (select count(*)::int from pg_class where relowner = current_user::regrole) as owned',
  );
  assert.deepEqual(rows, [{ me: 'fealty_app', owned: 0 }]);
  await client.end();
  await database.close();
});

test('a connection that is left open fails the close by its name and is cut', async () => {
  const database = await testDatabase();
  const url = new URL(database.appUrl);
  url.searchParams.set('application_name', 'forgotten pool');
  const client = await connect(url.href);
  const cut = new Promise(resolve => client.once('end', resolve));
  await assert.rejects(database.close(), /Close these connections before the test database: forgotten pool/);
  await cut;
});
