import assert from 'node:assert/strict';
import test from 'node:test';
import { available, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
await run.program('shop', {
  ...testClock(),
  currencies: { EUR: { rate: '1.10' } },
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } },
    {
      id: 'app',
      on: 'order',
      when: { channel: ['app'] },
      earn: { unit: 'points', fixed: '7' },
      expires: { after: 'P1M' },
    },
  ],
});
const shop = run.on('shop');

const amend = (id: string, revision: number, dollars: number, more: object = {}) =>
  shop.post('/v1/orders', order(dollars, { external_id: id, member: `ext:${id}`, revision, ...more }));
const effects = (answer: Json) =>
  answer.body.effects.map((effect: Json) => [effect.type, effect.rule, effect.points]);

test('a higher revision posts the difference, up and down, and the order stands as it was sent last', async () => {
  await amend('updown', 1, 100);
  const up = await amend('updown', 2, 150, { channel: 'app' });
  assert.equal(up.status, 201);
  assert.equal(up.body.order.revision, 2);
  assert.deepEqual(effects(up), [
    ['earn', 'base@1', '50'],
    ['earn', 'app@1', '7'],
  ]);
  const down = await amend('updown', 5, 30);
  assert.deepEqual(effects(down), [
    ['clawback', 'base@1', '-120'],
    ['clawback', 'app@1', '-7'],
  ]);
  assert.equal(await available(shop, 'ext:updown'), '30');
  const { body } = await shop.get('/v1/orders/ext:updown');
  assert.deepEqual([body.revision, body.channel, body.lines[0].amount], [5, null, '3000']);
  assert.deepEqual(
    body.earned.map((grant: Json) => [grant.rule, grant.earned, grant.clawed_back]),
    [
      ['base@1', '150', '120'],
      ['app@1', '7', '7'],
    ],
  );
});

test('a revision that comes too late is refused, one that was taken gets its own first answer', async () => {
  const first = await amend('order', 2, 20);
  const third = await amend('order', 4, 40);
  const late = await amend('order', 3, 30);
  assert.deepEqual([late.status, late.body.code], [409, 'revision_outdated']);
  const conflicts = [await amend('order', 4, 41), await amend('order', 2, 21)];
  for (const { status, body } of conflicts) {
    assert.deepEqual([status, body.code], [409, 'key_reused']);
    assert.deepEqual(
      body.differences.map((difference: Json) => difference.pointer),
      ['/lines/0'],
    );
  }
  for (const [revision, dollars, original] of [
    [2, 20, first],
    [4, 40, third],
  ] as const) {
    const { status, body } = await amend('order', revision, dollars);
    assert.deepEqual([status, body], [200, { ...original.body, known: true }]);
  }
  assert.equal(await available(shop, 'ext:order'), '40');
});

test('an amendment is held to the same conditions as an order', async () => {
  await amend('held', 1, 10);
  const refusals: [string, number, object][] = [
    ['currency_unknown', 422, { currency: 'XTS' }],
    ['occurred_in_future', 422, { occurred_at: '9999-01-01T00:00:00Z' }],
    ['occurred_too_early', 422, { occurred_at: '1900-01-01T00:00:00Z' }],
    ['key_reused', 409, { member: 'ext:somebody-else' }],
  ];
  for (const [code, status, change] of refusals) {
    const { status: got, body } = await amend('held', 2, 99, change);
    assert.deepEqual([got, body.code], [status, code]);
  }
  assert.equal(await available(shop, 'ext:held'), '10');
  assert.equal((await amend('held', 2, 10, { currency: 'EUR' })).status, 201);
  assert.equal(await available(shop, 'ext:held'), '11');
});

test('what has come back of a line stays back when the order is amended, and the line cannot be changed', async () => {
  const lines = (second: string) => [
    { id: 'a', quantity: 2, amount: '2000' },
    { id: 'b', amount: second },
  ];
  await amend('back', 1, 0, { lines: lines('1000') });
  await shop.post('/v1/orders/ext:back/returns', {
    external_id: 'back-1',
    occurred_at: NOON,
    lines: [{ id: 'a', quantity: 1 }],
  });
  assert.equal(await available(shop, 'ext:back'), '20');
  const changed = [
    [{ id: 'a', quantity: 2, amount: '2001' }],
    [{ id: 'a', quantity: 3, amount: '2000' }],
    [{ id: 'b', amount: '1000' }],
  ];
  for (const wrong of changed) {
    const { status, body } = await amend('back', 2, 0, { lines: wrong });
    assert.deepEqual([status, body.code], [409, 'returned_line_changed']);
  }
  const more = await amend('back', 2, 0, { lines: lines('3000') });
  assert.deepEqual(effects(more), [['earn', 'base@1', '20']]);
  assert.equal(await available(shop, 'ext:back'), '40');
  await shop.post('/v1/orders/ext:back/returns', { external_id: 'back-2', occurred_at: NOON });
  assert.equal(await available(shop, 'ext:back'), '0');
});

test('what an amendment earns has the terms of the order, counted from when it occurred', async () => {
  const more = { channel: 'app', occurred_at: '2026-02-28T12:00:00.000Z' };
  await amend('terms', 1, 10, { occurred_at: more.occurred_at });
  const { body } = await amend('terms', 2, 10, more);
  assert.deepEqual(
    body.effects.map((effect: Json) => [effect.rule, effect.expires_at]),
    [['app@1', '2026-03-28T12:00:00.000Z']],
  );
});

test('what the ledger says agrees along every path', () => verified(run));
