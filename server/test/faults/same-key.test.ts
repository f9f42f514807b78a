import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Json, type Reply, testEngine } from '../support/engine.ts';
import { PLAIN } from './program.ts';

// A client whose request got no answer in time sends it again, to another engine perhaps, while the first one still
// works on it. Both engines wait for the same wallet here, so the second decides just after the first has committed.

const first = await testEngine();
const second = await testEngine({ database: first.database });
await first.publish('shop', PLAIN);
after(async () => {
  await second.stop();
  await first.stop();
});

let orders = 0;

/** Enrols a member with 100 points and gives the order that they came from. */
async function member(): Promise<{ name: string; order: string }> {
  orders += 1;
  const name = `m${orders}`;
  const { body } = await first.post<{ order: { id: string } }>('/v1/orders', 'shop', {
    external_id: `order-${orders}`,
    member: `ext:${name}`,
    occurred_at: new Date().toISOString(),
    currency: 'USD',
    lines: [{ id: '1', category: 'books', amount: '10000' }],
  });
  return { name, order: body.order.id };
}

async function hold(name: string): Promise<string> {
  const body = { external_id: `hold-${name}`, member: `ext:${name}`, points: '100' };
  const answer = await first.post<{ redemption: { id: string } }>('/v1/redemptions', 'shop', body);
  return answer.body.redemption.id;
}

/** Sends a request to both engines and lets neither of them have the wallets before both wait for them. */
async function toBoth(
  path: string,
  body: Json | undefined,
  headers: Record<string, string> = {},
): Promise<Reply[]> {
  await first.sql('begin');
  await first.sql('select 1 from ledger.wallets for update');
  const answers = [first.post(path, 'shop', body, headers)];
  await waiting(1);
  answers.push(second.post(path, 'shop', body, headers));
  await waiting(2);
  await first.sql('commit');
  return Promise.all(answers);
}

async function waiting(wanted: number): Promise<void> {
  const text = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
  for (let waited = 0; ; waited += 10) {
    // Without this, the transaction that holds the locks would see the same activity for ever.
    await first.sql('select pg_stat_clear_snapshot()');
    const [row] = await first.sql<{ n: number }>(text);
    if (row?.n === wanted) return;
    assert.ok(waited < 10_000, `${row?.n} wait for the locks, not ${wanted}`);
    await sleep(10);
  }
}

/** One effect, told twice in the same words. */
function assertOneEffect([one, two]: Reply[]): void {
  assert.deepEqual([one?.status, two?.status].sort(), [200, 201], JSON.stringify([one?.body, two?.body]));
  assert.notEqual(one?.body.known, two?.body.known);
  assert.deepEqual({ ...two?.body, known: null }, { ...one?.body, known: null });
}

test('a capture that two engines are asked for at once is made once and told twice', async () => {
  const { name } = await member();
  const path = `/v1/redemptions/${await hold(name)}/capture`;
  assertOneEffect(await toBoth(path, undefined, { 'idempotency-key': `capture-${name}` }));
});

test('a void that two engines are asked for at once is made once and told twice', async () => {
  const { name } = await member();
  const path = `/v1/redemptions/${await hold(name)}/void`;
  assertOneEffect(await toBoth(path, undefined, { 'idempotency-key': `void-${name}` }));
});

test('a redemption of all points that two engines are asked for at once is not refused for what it took itself', async () => {
  const { name } = await member();
  assertOneEffect(
    await toBoth('/v1/redemptions', { external_id: `all-${name}`, member: `ext:${name}`, points: '100' }),
  );
});

test('a return of a whole order that two engines are asked for at once is made once and told twice', async () => {
  const { name, order } = await member();
  const body = { external_id: `return-${name}`, occurred_at: new Date().toISOString() };
  assertOneEffect(await toBoth(`/v1/orders/${order}/returns`, body));
});

test('an adjustment to nothing that two engines are asked for at once is made once and told twice', async () => {
  const { name } = await member();
  const body = { external_id: `adjust-${name}`, points: '-100', reason: 'test' };
  assertOneEffect(await toBoth(`/v1/members/ext:${name}/adjustments`, body));
});

test('two different captures of one hold stay two: the second is refused', async () => {
  const { name } = await member();
  const path = `/v1/redemptions/${await hold(name)}/capture`;
  const one = await first.post(path, 'shop', undefined, { 'idempotency-key': `one-${name}` });
  const two = await second.post(path, 'shop', undefined, { 'idempotency-key': `two-${name}` });
  assert.deepEqual([one.status, two.status, two.body.code], [201, 409, 'redemption_captured']);
});
