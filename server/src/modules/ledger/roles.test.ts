import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pg from 'pg';
import { engineWithBooks } from '../../../test/support/books.ts';

const engine = await engineWithBooks();
const app = new pg.Client({ connectionString: engine.database.appUrl });
await app.connect();
after(async () => {
  await app.end();
  await engine.stop();
});

const DENIED = { code: '42501' };
/** What was written once and is never to change: the journal, the log, the chain, keys, orders and all other records. */
const FOREVER = [
  'ledger.entries',
  'ledger.keys',
  'ledger.adjustments',
  'events.log',
  'audit.batches',
  'audit.seals',
  'earning.orders',
  'earning.returns',
  'rewards.changes',
  'program.versions',
  'program.units',
];

/** A table with all its partitions. */
async function withPartitions(table: string): Promise<string[]> {
  const rows = await engine.sql(
    `select relid::regclass::text as name from pg_partition_tree($1::text::regclass) union select $1::text`,
    [table],
  );
  return rows.map(row => String(row['name']));
}

test('the role of the engine owns nothing and is no member of anything', async () => {
  const { rows } =
    await app.query(`select current_user as name, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls, r.rolreplication,
    (select count(*)::int from pg_class where relowner = r.oid) as tables, (select count(*)::int from pg_proc where proowner = r.oid) as functions,
    (select count(*)::int from pg_namespace where nspowner = r.oid) as schemas, (select count(*)::int from pg_auth_members where member = r.oid) as groups
    from pg_roles r where r.rolname = current_user`);
  assert.deepEqual(rows, [
    {
      name: 'fealty_app',
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolbypassrls: false,
      rolreplication: false,
      tables: 0,
      functions: 0,
      schemas: 0,
      groups: 0,
    },
  ]);
});

for (const table of FOREVER) {
  test(`the role of the engine cannot update, delete or truncate ${table}, in no partition of it`, async () => {
    const tables = await withPartitions(table);
    const [column] = await engine.sql(
      `select attname from pg_attribute where attrelid = $1::text::regclass and attnum = 1`,
      [table],
    );
    for (const name of tables) {
      await assert.rejects(
        app.query(`update ${name} set ${column?.['attname']} = ${column?.['attname']}`),
        DENIED,
        name,
      );
      await assert.rejects(app.query(`delete from ${name}`), DENIED, name);
      await assert.rejects(app.query(`truncate ${name}`), DENIED, name);
      await assert.rejects(app.query(`alter table ${name} disable trigger all`), DENIED, name);
      await assert.rejects(app.query(`drop table ${name}`), DENIED, name);
    }
    await assert.doesNotReject(app.query(`select 1 from ${table} limit 1`));
  });
}

test('a partition of the journal cannot be taken out, and the journal cannot be replaced', async () => {
  const [, partition] = await withPartitions('ledger.entries');
  await assert.rejects(app.query(`alter table ledger.entries detach partition ${partition}`), DENIED);
  await assert.rejects(app.query('create table ledger.other (a int)'), DENIED);
  await assert.rejects(app.query('alter table ledger.entries rename to old'), DENIED);
  await assert.rejects(
    app.query('create rule silent as on insert to ledger.entries do instead nothing'),
    DENIED,
  );
  await assert.rejects(app.query('select ledger.make_partitions(1)'), DENIED);
});

test('no table of the engine is open to everybody', async () => {
  const open =
    await engine.sql(`select table_schema, table_name, privilege_type from information_schema.table_privileges
    where grantee = 'PUBLIC' and table_schema not in ('pg_catalog', 'information_schema')`);
  assert.deepEqual(open, []);
});

test('of a redemption only its state and what was refunded can change, of a wallet nothing can be deleted', async () => {
  await assert.rejects(app.query('update rewards.redemptions set points = 1'), DENIED);
  await assert.rejects(app.query('delete from rewards.redemptions'), DENIED);
  await assert.rejects(app.query('delete from ledger.wallets'), DENIED);
  await assert.rejects(app.query('truncate ledger.open_lots'), DENIED);
  await assert.doesNotReject(app.query('update rewards.redemptions set refunded = refunded'));
});
