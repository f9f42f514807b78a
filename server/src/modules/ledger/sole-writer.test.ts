import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from '#platform/db/client.ts';
import { orderOf, SHOP } from '../../../test/support/books.ts';
import { testEngine } from '../../../test/support/engine.ts';
import { freshOf } from './runner.ts';
import { SoleWriter } from './sole-writer.ts';

const engine = await testEngine();
const pool = new Pool(engine.database.appUrl, 'test', 4);
after(async () => {
  await pool.close();
  await engine.stop();
});
let now = 1_000_000;
const writer = () => new SoleWriter(() => now);

/** What a batch does about it: it says that it writes, and tells when that is committed. */
async function write(sole: SoleWriter): Promise<void> {
  (await pool.transaction(tx => sole.announce(tx)))();
}
const confirm = (sole: SoleWriter) => pool.transaction(tx => sole.confirm(tx));
const refused = (sole: SoleWriter) => assert.rejects(confirm(sole), { code: '40001' });

test('one process writes alone until another one writes', async () => {
  const [one, other] = [writer(), writer()];
  assert.equal(one.era, null);
  await write(one);
  assert.equal(one.era, 1);
  await confirm(one);
  await write(other);
  assert.equal(other.era, null, 'who finds another one only ends it');
  assert.equal(one.era, 1, 'it has not heard of it yet');
  await refused(one);
  assert.equal(one.era, null);
});

test('what is not committed is not claimed', async () => {
  const [one, other] = [writer(), writer()];
  await write(other);
  await write(one);
  now += 60_000;
  const rolledBack = pool.transaction(async tx => {
    await one.announce(tx);
    throw new Error('something else failed');
  });
  await assert.rejects(rolledBack);
  assert.equal(one.era, null);
  await refused(one);
});

test('who lost it waits before the next try, longer each time it is lost soon; each era has a number of its own', async () => {
  const [one, other] = [writer(), writer()];
  const eras: (number | null)[] = [];
  for (const wait of [10_000, 20_000]) {
    now += 600_000;
    await write(other);
    await write(one);
    now += 600_000;
    await write(one);
    eras.push(one.era);
    other.lose();
    await write(other);
    await refused(one);
    now += wait - 1;
    await write(one);
    assert.equal(one.era, null, `before ${wait} ms`);
  }
  assert.equal(new Set(eras).size, 2);
  assert.ok(!eras.includes(null));
});

test('after a lost connection, when nobody knows what became of a batch, nothing is remembered', async () => {
  await engine.publish('shop', SHOP);
  const { soleWriter } = engine.engine.ledger;
  await engine.sql('update ledger.sole_writer set process = null');
  const order = (id: string) => engine.post('/v1/orders', 'shop', orderOf(id, 'ann', '1000'));
  assert.equal((await order('a')).status, 201);
  assert.equal((await order('b')).status, 201);
  assert.notEqual(soleWriter.era, null);
  await engine.sql('begin');
  await engine.sql('lock table ledger.entries in access exclusive mode');
  const third = order('c');
  const cut = async () => {
    const [{ count } = { count: '0' }] = await engine.sql<{ count: string }>(
      `select count(pg_terminate_backend(pid)) from pg_stat_activity
       where application_name like 'fealty lane%' and datname = current_database() and wait_event_type = 'Lock'`,
    );
    return Number(count);
  };
  while ((await cut()) === 0) await sleep(20);
  await engine.sql('rollback');
  assert.equal((await third).status, 201);
  assert.equal(soleWriter.era, null);
});

test('a key that is taken leaves what is remembered as it is', async () => {
  const fresh = await testEngine({ database: engine.database });
  try {
    await engine.sql('update ledger.sole_writer set process = null');
    const { soleWriter } = fresh.engine.ledger;
    const order = (id: string, amount: string) =>
      fresh.post('/v1/orders', 'shop', orderOf(id, 'ben', amount));
    assert.equal((await order('d', '1000')).status, 201);
    const { era } = soleWriter;
    assert.notEqual(era, null);
    assert.deepEqual([(await order('d', '1000')).status, (await order('d', '2000')).status], [200, 409]);
    assert.equal(soleWriter.era, era);
  } finally {
    await fresh.stop();
  }
});

test('all is known only of a member who is new, and of whom things of one kind are stored', () => {
  const newcomer = (id: number) => ({ id, programId: 1, externalId: String(id), at: 0 });
  const store = (...members: number[]) =>
    ({ members: new Set(members) }) as unknown as Parameters<typeof freshOf>[0]['stores'][number];
  const stores = [store(1, 2, 3), store(2)];
  assert.deepEqual([...freshOf({ newcomers: [newcomer(1), newcomer(2)], stores })], [1]);
});
