import assert from 'node:assert/strict';
import test from 'node:test';
import { available, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
await run.program('shop', testClock());
const shop = run.on('shop');
const bulk = (orders: Json[], headers?: Record<string, string>) =>
  shop.post('/v1/orders/bulk', { orders }, headers);
const statuses = (body: Json) => body.results.map((row: Json) => row.problem?.code ?? row.status);

test('each row is taken or refused by itself, and sees the rows before it', async () => {
  const first = order(10, { external_id: 'a', member: 'ext:mixed' });
  const rows = [
    first,
    first,
    { ...first, channel: 'app' },
    { ...first, revision: 2, lines: [{ id: '1', amount: '1500' }] },
    first,
    order(5, { external_id: 'b', member: 'ext:mixed', currency: 'XTS' }),
    order(5, { external_id: 'b', member: 'ext:mixed' }),
    order(5, { external_id: 'c', member: 'mem_0000000zzzzzz' }),
    order(5, { external_id: 'd', occurred_at: '2027-01-01T00:00:00Z' }),
    { ...first, external_id: 'e', lines: [] },
    { ...first, external_id: 'f', amount: '1' },
    { ...first, external_id: 'g', lines: [first.lines[0], first.lines[0]] },
    null,
    'order',
    [],
    7,
  ];
  const { status, body } = await bulk(rows);
  assert.equal(status, 200);
  assert.deepEqual(statuses(body), [
    'created',
    'known',
    'key_reused',
    'created',
    'known',
    'currency_unknown',
    'created',
    'member_not_found',
    'occurred_in_future',
    ...Array(7).fill('invalid_request'),
  ]);
  assert.deepEqual(
    body.results.map((row: Json) => row.row),
    rows.map((_, index) => index),
  );
  const { created, known, refused } = body;
  assert.deepEqual({ created, known, refused }, { created: 3, known: 2, refused: 11 });
  assert.deepEqual(
    [0, 3, 6].map(row => body.results[row].answer.balances[0].available),
    ['10', '15', '20'],
  );
  assert.equal(await available(shop, 'ext:mixed'), '20');
  assert.equal(body.results[9].problem.errors[0].pointer, '/lines');
});

test('a row is answered as the same order alone', async () => {
  const sent = order(33, { external_id: 'alone', member: 'ext:alone' });
  const { body } = await bulk([sent]);
  const alone = await shop.post('/v1/orders', sent);
  assert.deepEqual(alone.body, { ...body.results[0].answer, known: true });
});

test('a minimal answer lists only the refused rows', async () => {
  const rows = [
    order(1),
    { ...order(2), lines: [] },
    order(3),
    order(4, { occurred_at: '1950-01-01T00:00:00Z' }),
  ];
  const { body } = await bulk(rows, { prefer: 'return=minimal' });
  const { results, ...counts } = body;
  assert.deepEqual(counts, { created: 2, known: 0, refused: 2 });
  assert.deepEqual(
    results.map((row: Json) => [row.row, row.status, row.problem.code]),
    [
      [1, 'refused', 'invalid_request'],
      [3, 'refused', 'occurred_too_early'],
    ],
  );
});

test('1,000 rows are taken in one call, 1,001 and none are refused whole', async () => {
  const rows = Array.from({ length: 1_001 }, (_, index) =>
    order(1, { external_id: `many-${index}`, member: `ext:many-${index % 37}` }),
  );
  for (const wrong of [rows, []]) {
    const { status, body } = await bulk(wrong);
    assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'invalid_request', '/orders']);
  }
  assert.equal((await shop.get('/v1/members/ext:many-0')).status, 404);
  const { body } = await bulk(rows.slice(0, 1_000), { prefer: 'return=minimal' });
  assert.deepEqual(body, { created: 1_000, known: 0, refused: 0, results: [] });
  const again = await bulk(rows.slice(0, 1_000), { prefer: 'return=minimal' });
  assert.deepEqual(again.body, { created: 0, known: 1_000, refused: 0, results: [] });
  let sum = 0n;
  for (let member = 0; member < 37; member += 1) sum += BigInt(await available(shop, `ext:many-${member}`));
  assert.equal(sum, 1_000n);
});

test("a member's rows keep their order, whoever stands between them", async () => {
  const rows = Array.from({ length: 60 }, (_, index) =>
    order(index + 1, { external_id: `turn-${index}`, member: `ext:turn-${index % 3}` }),
  );
  const { body } = await bulk(rows);
  for (const turn of [0, 1, 2]) {
    const own = body.results.filter((_: Json, index: number) => index % 3 === turn);
    const entries = own.map((row: Json) => row.answer.effects[0].entry);
    assert.deepEqual(entries, [...entries].sort());
  }
});

test('the rows of a call and what happens beside it come out exactly', async () => {
  const rows = Array.from({ length: 100 }, (_, index) =>
    order(1, { external_id: `beside-${index}`, member: 'ext:beside' }),
  );
  const answers = await Promise.all([
    bulk(rows),
    bulk([...rows].reverse()),
    ...rows.slice(0, 20).map(row => shop.post('/v1/orders', row)),
  ]);
  const created = answers.reduce(
    (sum, { body, status }) => sum + (body.created ?? (status === 201 ? 1 : 0)),
    0,
  );
  assert.equal(created, 100);
  assert.equal(await available(shop, 'ext:beside'), '100');
});

test('a return in between finds the order that the call brought', async () => {
  await bulk([order(10, { external_id: 'back', member: 'ext:back' })]);
  const back = await shop.post('/v1/orders/ext:back/returns', { external_id: 'back', occurred_at: NOON });
  assert.equal(back.status, 201);
});

test('what the ledger says agrees along every path', () => verified(run));
