import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const TIERED = {
  ...POINTS_PER_DOLLAR,
  ...testClock('2026-06-01T00:00:00.000Z'),
  tiers: { qualify_by: 'orders', window: 'lifetime', levels: [{ id: 'one', from: '0' }] },
};
const send = (program: string, external_id: string, occurred_at: string, member = 'ext:ann') =>
  run.on(program).post('/v1/orders', order(10, { external_id, member, occurred_at }));
const listed = async (program: string, query = '') =>
  (await run.on(program).get(`/v1/late-orders${query}`)).body;

test('an order after a later one of its member is marked late and listed, also when it is sent again', async () => {
  await run.put('/v1/programs/tiered', TIERED);
  const first = await send('tiered', 'a', '2026-03-02T00:00:00Z');
  const late = await send('tiered', 'b', '2026-03-01T00:00:00Z');
  const same = await send('tiered', 'c', '2026-03-02T00:00:00Z');
  const other = await send('tiered', 'd', '2026-03-01T00:00:00Z', 'ext:bob');
  assert.deepEqual(
    [first, late, same, other].map(({ body }) => body.order.late),
    [false, true, false, false],
  );
  const again = await send('tiered', 'b', '2026-03-01T00:00:00Z');
  assert.deepEqual([again.status, again.body], [200, { ...late.body, known: true }]);
  const { data } = await listed('tiered');
  assert.deepEqual(
    data.map((row: Json) => [row.order, row.out_of_order]),
    [[late.body.order.id, true]],
  );
});

test('rows of one call see each other', async () => {
  const orders = ['2026-04-02', '2026-04-03', '2026-04-01'].map((day, index) =>
    order(10, { external_id: `bulk${index}`, member: 'ext:bulk', occurred_at: `${day}T00:00:00Z` }),
  );
  const { body } = await run.on('tiered').post('/v1/orders/bulk', { orders });
  assert.deepEqual(
    body.results.map((row: Json) => row.answer.order.late),
    [false, false, true],
  );
});

test('later than the program takes for granted is late too; where nothing depends on the order of arrival only that', async () => {
  await run.put('/v1/programs/limit', {
    ...POINTS_PER_DOLLAR,
    ...testClock('2026-06-01T00:00:00.000Z'),
    late_after: 'P2D',
  });
  const marks = [];
  for (const at of ['2026-05-31T00:00:00Z', '2026-05-30T00:00:00Z', '2026-05-29T23:59:59.999Z'])
    marks.push((await send('limit', at, at)).body.order.late);
  assert.deepEqual(marks, [false, false, true]);
  const { data } = await listed('limit');
  assert.deepEqual(
    data.map((row: Json) => row.out_of_order),
    [false],
  );
});

test('the list is paged, of one program only, and knows its own cursors', async () => {
  const page = await listed('tiered', '?limit=1');
  assert.equal(page.data.length, 1);
  const rest = await listed('tiered', `?limit=1&cursor=${page.next}`);
  assert.equal(rest.data.length, 1);
  assert.notEqual(rest.data[0].order, page.data[0].order);
  assert.equal((await run.on('tiered').get('/v1/late-orders?cursor=nonsense')).status, 400);
});

test('what the ledger says agrees along every path', () => verified(run));
