import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { available, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
await run.program('shop', {
  ...testClock(),
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } },
    {
      id: 'tea',
      on: 'order',
      when: { category: ['tea'] },
      earn: { unit: 'points', per_currency_unit: '0.333' },
    },
  ],
});
const shop = run.on('shop');
let returns = 0;

const takeBack = (orderId: string, lines?: object[], more: object = {}) =>
  shop.post(`/v1/orders/ext:${orderId}/returns`, {
    external_id: `r-${++returns}`,
    occurred_at: NOON,
    lines,
    ...more,
  });
const clawed = (answer: Json): bigint =>
  answer.body.return.clawed_back.reduce((sum: bigint, part: Json) => sum + BigInt(part.decided), 0n);
const returnedOf = async (id: string): Promise<string[]> =>
  (await shop.get(`/v1/orders/ext:${id}`)).body.lines.map((line: Json) => line.returned);

test('a part of a line comes back by quantity or by amount, and takes its share of the points', async () => {
  const lines = [
    { id: 'a', quantity: 4, amount: '10000' },
    { id: 'b', quantity: 1, amount: '5000' },
  ];
  await shop.post('/v1/orders', order(0, { external_id: 'parts', member: 'ext:parts', lines }));
  assert.equal(await available(shop, 'ext:parts'), '150');
  const byQuantity = await takeBack('parts', [{ id: 'a', quantity: 1 }]);
  assert.equal(byQuantity.status, 201);
  assert.deepEqual(byQuantity.body.return.clawed_back, [
    {
      rule: 'base@1',
      decided: '25',
      cancelled: '0',
      taken: '25',
      expired_before: '0',
      shortfall: '0',
      debt: '0',
    },
  ]);
  assert.deepEqual(byQuantity.body.balances, [{ unit: 'points', available: '125', pending: '0', held: '0' }]);
  const byAmount = await takeBack('parts', [{ id: 'b', amount: '1000' }]);
  assert.equal(clawed(byAmount), 10n);
  assert.deepEqual(await returnedOf('parts'), ['1/4', '1/5']);
  // All that is left of a line that is named, then all that is left of the order.
  assert.equal(clawed(await takeBack('parts', [{ id: 'b' }])), 40n);
  assert.equal(clawed(await takeBack('parts')), 75n);
  assert.deepEqual(await returnedOf('parts'), ['1', '1']);
  assert.equal(await available(shop, 'ext:parts'), '0');
});

test('more than was bought, nothing, and a line that is not there are refused and change nothing', async () => {
  const lines = [
    { id: 'a', quantity: 2, amount: '2000' },
    { id: 'free', quantity: 2, amount: '0' },
  ];
  await shop.post('/v1/orders', order(0, { external_id: 'limits', member: 'ext:limits', lines }));
  await takeBack('limits', [{ id: 'a', quantity: 1 }]);
  const refusals: [string, number, object[] | undefined][] = [
    ['return_exceeds_order', 422, [{ id: 'a', quantity: 2 }]],
    ['return_exceeds_order', 422, [{ id: 'a', amount: '1001' }]],
    [
      'return_exceeds_order',
      422,
      [
        { id: 'a', quantity: 1 },
        { id: 'a', quantity: 1 },
      ],
    ],
    ['return_exceeds_order', 422, [{ id: 'free', amount: '1' }]],
    ['line_unknown', 422, [{ id: 'b' }]],
    ['invalid_request', 400, [{ id: 'a', quantity: 1, amount: '500' }]],
    ['invalid_request', 400, [{ id: 'a', quantity: 0 }]],
    ['invalid_request', 400, [{ id: 'a', amount: '0' }]],
    ['invalid_request', 400, []],
  ];
  for (const [code, status, wrong] of refusals) {
    const { status: got, body } = await takeBack('limits', wrong);
    assert.deepEqual([got, body.code], [status, code], JSON.stringify(wrong));
  }
  assert.equal(await available(shop, 'ext:limits'), '10');
  assert.deepEqual(await returnedOf('limits'), ['1/2', '0']);
  assert.equal((await takeBack('limits', [{ id: 'free', quantity: 2 }])).status, 201);
  assert.equal((await takeBack('limits')).status, 201);
  assert.equal((await takeBack('limits')).body.code, 'return_exceeds_order');
});

test('a return is known by its key: the first answer, or what differs', async () => {
  const lines = [{ id: '1', quantity: 10, amount: '10000' }];
  await shop.post('/v1/orders', order(0, { external_id: 'twice', member: 'ext:twice', lines }));
  const first = await takeBack('twice', [{ id: '1', quantity: 3 }], { external_id: 'known' });
  await takeBack('twice', [{ id: '1', quantity: 3 }]);
  const again = await takeBack('twice', [{ id: '1', quantity: 3 }], { external_id: 'known' });
  assert.equal(again.status, 200);
  assert.deepEqual(again.body, { ...first.body, known: true });
  const changes: [string, string, object[] | undefined, object][] = [
    ['twice', '/lines', [{ id: '1', quantity: 4 }], {}],
    ['twice', '/lines', undefined, {}],
    ['twice', '/occurred_at', [{ id: '1', quantity: 3 }], { occurred_at: '2026-02-01T00:00:00Z' }],
    ['limits', '/order', [{ id: '1', quantity: 3 }], {}],
  ];
  for (const [id, pointer, changed, more] of changes) {
    const { status, body } = await takeBack(id, changed, { external_id: 'known', ...more });
    assert.equal(status, 409);
    assert.deepEqual([body.code, body.differences[0].pointer], ['key_reused', pointer]);
    assert.notDeepEqual(body.differences[0].stored, body.differences[0].sent);
  }
  assert.equal(await available(shop, 'ext:twice'), '40');
});

test('a return before its order has arrived is refused, and taken once the order is there', async () => {
  const early = await takeBack('not-yet', undefined, { external_id: 'early' });
  assert.deepEqual([early.status, early.body.code], [404, 'order_not_found']);
  await shop.post('/v1/orders', order(7, { external_id: 'not-yet', member: 'ext:early' }));
  assert.equal((await takeBack('not-yet', undefined, { external_id: 'early' })).status, 201);
});

test('whatever the sequence of partial returns, it takes exactly what the order earned', async () => {
  const part = fc.record({
    line: fc.nat(2),
    by: fc.constantFrom('quantity' as const, 'amount' as const),
    share: fc.nat(99),
  });
  const line = fc.record({
    quantity: fc.integer({ min: 1, max: 7 }),
    amount: fc.integer({ min: 1, max: 20_000 }),
    tea: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 3, maxLength: 3 }),
      fc.array(part, { maxLength: 6 }),
      async (bought, parts) => {
        const id = `any-${++returns}`;
        const made = await shop.post(
          '/v1/orders',
          order(0, {
            external_id: id,
            member: `ext:${id}`,
            lines: bought.map(({ quantity, amount, tea }, index) => ({
              id: String(index),
              quantity,
              amount: String(amount),
              category: tea ? 'tea' : undefined,
            })),
          }),
        );
        const earned = made.body.effects.reduce(
          (sum: bigint, effect: Json) => sum + BigInt(effect.points),
          0n,
        );
        let taken = 0n;
        for (const { line: index, by, share } of parts) {
          const whole = (bought[index] as (typeof bought)[0])[by];
          const some = Math.max(1, Math.floor((whole * share) / 100));
          const answer = await takeBack(id, [
            { id: String(index), [by]: by === 'amount' ? String(some) : some },
          ]);
          if (answer.status === 201) taken += clawed(answer);
          else assert.equal(answer.body.code, 'return_exceeds_order');
          assert.equal(await available(shop, `ext:${id}`), String(earned - taken));
        }
        const rest = await takeBack(id);
        if (rest.status === 201) taken += clawed(rest);
        assert.equal(taken, earned);
        assert.equal(await available(shop, `ext:${id}`), '0');
      },
    ),
    { numRuns: 15 },
  );
});

test('a cancellation takes all that is left, once, and ends the order', async () => {
  const lines = [
    { id: 'a', quantity: 3, amount: '3000' },
    { id: 'b', amount: '5000' },
  ];
  const sent = order(0, { external_id: 'cancelled', member: 'ext:cancelled', lines });
  await shop.post('/v1/orders', sent);
  await takeBack('cancelled', [{ id: 'a', quantity: 1 }]);
  const cancel = { external_id: 'cancel-1', occurred_at: NOON };
  const first = await shop.post('/v1/orders/ext:cancelled/cancel', cancel);
  assert.equal(first.status, 201);
  assert.equal(first.body.return.cancels, true);
  assert.equal(clawed(first), 70n);
  assert.equal(await available(shop, 'ext:cancelled'), '0');
  const again = await shop.post('/v1/orders/ext:cancelled/cancel', cancel);
  assert.deepEqual([again.status, again.body], [200, { ...first.body, known: true }]);
  assert.equal((await shop.get('/v1/orders/ext:cancelled')).body.cancelled, true);
  const after = [
    await shop.post('/v1/orders/ext:cancelled/cancel', { ...cancel, external_id: 'cancel-2' }),
    await takeBack('cancelled'),
    await shop.post('/v1/orders', { ...sent, revision: 2 }),
  ];
  for (const answer of after) assert.deepEqual([answer.status, answer.body.code], [409, 'order_cancelled']);
  // The order itself, sent again, is still answered as at first.
  assert.equal((await shop.post('/v1/orders', sent)).status, 200);
});

test('an order of which all came back can still be cancelled', async () => {
  await shop.post('/v1/orders', order(10, { external_id: 'gone', member: 'ext:gone' }));
  await takeBack('gone');
  const cancelled = await shop.post('/v1/orders/ext:gone/cancel', { external_id: 'gone', occurred_at: NOON });
  assert.equal(cancelled.status, 201);
  assert.deepEqual(cancelled.body.effects, []);
  assert.equal((await shop.get('/v1/orders/ext:gone')).body.cancelled, true);
});

test('what the ledger says agrees along every path', () => verified(run));
