import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { orderOf, SHOP } from '../../../test/support/books.ts';
import { type TestEngine, testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import { NewKeys } from './new-keys.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-01-01T00:00:00Z');

/** Two engines on one database: one always takes keys to be new, the other never does. */
const daring = await testEngine({ newKeysAfter: 0 });
const careful = await testEngine({ database: daring.database, newKeysAfter: 1_000_000 });
after(async () => {
  await careful.stop();
  await daring.stop();
});
await daring.publish('shop', SHOP);

/** How many batches of an engine had to be decided again because a key or a program was not as it was taken to be. */
async function secondTries(engine: TestEngine): Promise<number> {
  const { payload } = await engine.engine.http.inject({ url: '/metrics' });
  return Number(/fealty_batch_retries_total\{reason="keys"\} (\d+)/.exec(payload)?.[1] ?? 0);
}

async function triesOf<T>(engine: TestEngine, work: () => Promise<T>): Promise<{ result: T; tries: number }> {
  const before = await secondTries(engine);
  const result = await work();
  return { result, tries: (await secondTries(engine)) - before };
}

const send = (engine: TestEngine, id: string, amount: string, more: object = {}) =>
  engine.post<{ effects: { points: string }[] }>('/v1/orders', 'shop', orderOf(id, 'ann', amount, more));
const pointsOf = (reply: { body: { effects: { points: string }[] } }) =>
  reply.body.effects.map(({ points }) => points).join();

test('keys are expected to be new after enough new ones in a row, and no longer after one that was taken', () => {
  const keys = new NewKeys(1_000);
  assert.equal(keys.expected, false);
  keys.met(999);
  assert.equal(keys.expected, false);
  keys.met(1);
  assert.equal(keys.expected, true);
  keys.metTaken();
  assert.equal(keys.expected, false);
  keys.met(1_000);
  assert.equal(keys.expected, true);
});

test('new keys need one try, whether they are looked up or not', async () => {
  for (const engine of [daring, careful]) {
    const { result, tries } = await triesOf(engine, () => send(engine, `new-${engine === daring}`, '1000'));
    assert.deepEqual([result.status, pointsOf(result), tries], [201, '10', 0]);
  }
});

test('a key that is taken after all costs a second try, and is answered as ever', async () => {
  const first = await send(careful, 'twice', '2000');
  const again = await triesOf(daring, () => send(daring, 'twice', '2000'));
  assert.deepEqual([again.result.status, again.tries], [200, 1]);
  assert.deepEqual(again.result.body.effects, first.body.effects);
  const other = await triesOf(daring, () => send(daring, 'twice', '2100'));
  assert.deepEqual([other.result.status, other.tries], [409, 1]);
  const looked = await triesOf(careful, () => send(careful, 'twice', '2000'));
  assert.deepEqual([looked.result.status, looked.tries], [200, 0]);
});

test('one taken key among new ones is found, and the others are carried out once', async () => {
  const orders = ['a', 'twice', 'b'].map(id => orderOf(id, 'ann', '2000'));
  const { result, tries } = await triesOf(daring, () =>
    daring.post<{ results: { status: string }[] }>('/v1/orders/bulk', 'shop', { orders }),
  );
  assert.deepEqual(
    result.body.results.map(({ status }) => status),
    ['created', 'known', 'created'],
  );
  assert.equal(tries, 1);
});

test('what was carried out and is sent again is not refused for its own effect', async () => {
  const balance = await daring.get<{ balances: { available: string }[] }>(
    '/v1/members/ext:ann/balances',
    'shop',
  );
  const points = balance.body.balances[0]?.available as string;
  const all = { external_id: 'all', member: 'ext:ann', points, capture: true };
  const first = await careful.post('/v1/redemptions', 'shop', all);
  assert.equal(first.status, 201);
  const again = await triesOf(daring, () => daring.post('/v1/redemptions', 'shop', all));
  assert.deepEqual([again.result.status, again.tries], [200, 1]);
  const more = await daring.post('/v1/redemptions', 'shop', { ...all, external_id: 'more' });
  assert.equal(more.status, 422);
});

test('an engine decides by what another one has published, and by the clock that it has set', async () => {
  const doubled = { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '2' } };
  await send(daring, 'met', '1000');
  await careful.publish('shop', { ...SHOP, earning: [doubled] });
  const twice = await triesOf(daring, () => send(daring, 'doubled', '1000'));
  assert.deepEqual([pointsOf(twice.result), twice.tries], ['20', 1]);
  assert.equal((await triesOf(daring, () => send(daring, 'settled', '1000'))).tries, 0);
  const occurred_at = new Date(NOW + 3 * DAY).toISOString();
  const early = await send(daring, 'early', '1000', { occurred_at });
  assert.equal(early.status, 422);
  await careful.setClock('shop', NOW + 3 * DAY);
  const due = await triesOf(daring, () => send(daring, 'due', '1000', { occurred_at }));
  assert.deepEqual([due.result.status, due.tries], [201, 1]);
});

test('a member is known from its enrolment on, without being looked up', async () => {
  const memberOf = async (id: string) => {
    const order = orderOf(id, 'newcomer', '1000', { occurred_at: new Date(NOW).toISOString() });
    return (await daring.post<{ order: { member: string } }>('/v1/orders', 'shop', order)).body.order.member;
  };
  const enrolled = await memberOf('first');
  const rename = (from: string, to: string) =>
    daring.sql('update members.members set external_id = $2 where external_id = $1', [from, to]);
  // Who is looked up now is not found, and would be enrolled once more.
  await rename('newcomer', 'renamed');
  assert.equal(await memberOf('second'), enrolled);
  await rename('renamed', 'newcomer');
});

test('what the ledger says agrees along every path', () => invariants(daring));
