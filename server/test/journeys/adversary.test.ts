import assert from 'node:assert/strict';
import test from 'node:test';
import { available, balance, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

/* Whoever looks for a way round the rules: many at once, ids that look alike, sums at the edge of what can be counted. */

const run = await startEngine();
await run.program('shop', testClock());
const shop = run.on('shop');
const codes = (answers: { status: number }[]) => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const beside = await run.beside('shop');

/** Posts to the first engine or to the one beside it, in turn. */
const toEither = (index: number, url: string, body: Json, headers?: Record<string, string>) =>
  (index % 2 === 0 ? shop : beside).post(url, body, headers);

test('one order sent many times at once to two engines is taken once', async () => {
  const sent = order(10, { member: 'ext:once' });
  const answers = await Promise.all(times(40, index => toEither(index, '/v1/orders', sent)));
  assert.deepEqual(codes(answers), { 200: 39, 201: 1 });
  assert.equal(new Set(answers.map(answer => answer.body.order.id)).size, 1);
  assert.equal(await available(shop, 'ext:once'), '10');
});

test('one key with many contents at once is taken once, and the others are told what differs', async () => {
  const answers = await Promise.all(
    times(30, index =>
      toEither(
        index,
        '/v1/orders',
        order(index + 1, { external_id: 'fought', member: `ext:fight-${index % 5}` }),
      ),
    ),
  );
  assert.deepEqual(codes(answers), { 201: 1, 409: 29 });
  for (const { status, body } of answers) if (status === 409) assert.ok(body.differences.length > 0);
  let sum = 0n;
  for (const { status, body } of answers) if (status === 201) sum += BigInt(body.balances[0].available);
  let held = 0n;
  for (const member of times(5, index => `ext:fight-${index}`)) {
    const found = await shop.get(`/v1/members/${member}/balances`);
    if (found.status === 200) held += BigInt(found.body.balances[0].available);
  }
  assert.equal(held, sum);
});

test('of many redemptions at once exactly those succeed that the balance affords', async () => {
  await shop.post('/v1/orders', order(100, { member: 'ext:rush' }));
  const answers = await Promise.all(
    times(60, index =>
      toEither(index, '/v1/redemptions', {
        external_id: `rush-${index}`,
        member: 'ext:rush',
        points: '7',
        capture: index % 3 === 0,
      }),
    ),
  );
  assert.deepEqual(codes(answers), { 201: 14, 422: 46 });
  const { available: left } = await balance(shop, 'ext:rush');
  assert.equal(left, '2');
});

test('a capture and a void at once: one of them wins, and the points are in one place', async () => {
  await shop.post('/v1/orders', order(1_000, { member: 'ext:race' }));
  for (const round of times(10, index => index)) {
    const made = await shop.post('/v1/redemptions', {
      external_id: `race-${round}`,
      member: 'ext:race',
      points: '10',
    });
    const at = `/v1/redemptions/${made.body.redemption.id}`;
    const [capture, cancel] = await Promise.all([
      toEither(round, `${at}/capture`, {}, { 'idempotency-key': `c-${round}` }),
      toEither(round + 1, `${at}/void`, {}, { 'idempotency-key': `v-${round}` }),
    ]);
    assert.deepEqual(codes([capture as Json, cancel as Json]), { 201: 1, 409: 1 });
  }
  assert.equal((await balance(shop, 'ext:race')).held, '0');
});

test('returns at once never take more than was bought', async () => {
  await shop.post('/v1/orders', {
    ...order(0, { external_id: 'thirds', member: 'ext:thirds' }),
    lines: [{ id: '1', quantity: 3, amount: '10000' }],
  });
  const answers = await Promise.all(
    times(9, index =>
      toEither(index, '/v1/orders/ext:thirds/returns', {
        external_id: `third-${index}`,
        occurred_at: NOON,
        lines: [{ id: '1', quantity: 1 }],
      }),
    ),
  );
  assert.deepEqual(codes(answers), { 201: 3, 422: 6 });
  assert.equal(await available(shop, 'ext:thirds'), '0');
});

test('refunds at once never give back more than was redeemed', async () => {
  await shop.post('/v1/orders', order(50, { member: 'ext:back' }));
  const made = await shop.post('/v1/redemptions', {
    external_id: 'back',
    member: 'ext:back',
    points: '50',
    capture: true,
  });
  const url = `/v1/redemptions/${made.body.redemption.id}/refunds`;
  const answers = await Promise.all(
    times(12, index => toEither(index, url, { external_id: `back-${index}`, points: '20' })),
  );
  assert.deepEqual(codes(answers), { 201: 2, 422: 10 });
  assert.equal(await available(shop, 'ext:back'), '40');
});

test('a new member who comes from everywhere at once is one member', async () => {
  const answers = await Promise.all([
    ...times(20, index => toEither(index, '/v1/orders', order(1, { member: 'ext:newcomer' }))),
    ...times(20, index => toEither(index, '/v1/members', { external_id: 'newcomer' })),
  ]);
  const ids = answers.map(({ body }) => body.order?.member ?? body.id);
  assert.equal(new Set(ids).size, 1);
  assert.equal(await available(shop, 'ext:newcomer'), '20');
});

test('ids that look alike are different members, and every id finds its own again', async () => {
  const ids = [
    'é',
    'e\u0301',
    'É',
    'ann ',
    ' ann',
    'ann',
    'ANN',
    'ext:ann',
    'mem_0000000000001',
    'a/b',
    'a%2Fb',
    'a%252Fb',
    '..',
    '../ann',
    'a?b=c#d',
    "'; drop table members.members; --",
    '"quoted", {1,2}\\',
    '\u2028\u2029',
    '\ufeffann',
    '\u202eann',
    'ﬁ',
    'fi',
    'ß',
    'SS',
    '😀'.repeat(200),
    'İ',
    'i',
    '0',
    'null',
    'constructor',
    '__proto__',
    '10000000000000000000000000',
  ];
  const found = new Set<string>();
  for (const [index, id] of ids.entries()) {
    const { status, body } = await shop.post(
      '/v1/orders',
      order(index + 1, { external_id: `look-${index}`, member: `ext:${id}` }),
    );
    assert.equal(status, 201, id);
    found.add(body.order.member);
    const path = `/v1/members/ext:${encodeURIComponent(id)}`;
    const member = await shop.get(path);
    assert.deepEqual([member.status, member.body.id, member.body.external_id], [200, body.order.member, id]);
    assert.equal(await available(shop, `ext:${encodeURIComponent(id)}`), String(index + 1), id);
  }
  assert.equal(found.size, ids.length);
});

test('parts of a key cannot be moved from one of its fields into another', async () => {
  const pairs: [string, string][] = [
    ['a', 'b:c'],
    ['a.b', 'c'],
    ['a', 'b.c'],
    ['1', '1:1'],
    ['11', ':1'],
  ];
  const answers = [];
  for (const [source, external_id] of pairs)
    answers.push(await shop.post('/v1/orders', order(1, { source, external_id, member: 'ext:fields' })));
  assert.deepEqual(codes(answers), { 201: pairs.length });
  const lines: [object, number][] = [
    [{ sku: 'a', category: 'b' }, 201],
    [{ sku: 'a","b' }, 409],
    [{ category: 'a', sku: 'b' }, 409],
  ];
  for (const [line, status] of lines) {
    const sent = { external_id: 'moved', member: 'ext:fields', lines: [{ id: '1', amount: '1', ...line }] };
    assert.equal((await shop.post('/v1/orders', order(0, sent))).status, status);
  }
});

test('sums at the edge of 64 bits are exact or refused, never wrapped', async () => {
  const most = 9_223_372_036_854_775_807n;
  const give = (member: string, points: bigint, key: string) =>
    shop.post(`/v1/members/ext:${member}/adjustments`, {
      external_id: key,
      points: String(points),
      reason: 'edge',
    });
  for (const member of ['edge', 'edge-2', 'edge-3']) {
    await shop.post('/v1/members', { external_id: member });
    assert.equal((await give(member, most - 1n, `${member}-1`)).status, 201);
  }
  assert.equal((await give('edge', 2n, 'edge-over')).body.code, 'points_out_of_range');
  assert.equal((await give('edge', 1n, 'edge-last')).status, 201);
  assert.equal(await available(shop, 'ext:edge'), String(most));
  const bought = await shop.post('/v1/orders', order(1, { external_id: 'edge', member: 'ext:edge' }));
  assert.equal(bought.body.code, 'points_out_of_range');
  const all = { external_id: 'edge', member: 'ext:edge', points: String(most), capture: true };
  const redeemed = await shop.post('/v1/redemptions', all);
  assert.equal(redeemed.status, 201);
  const back = `/v1/redemptions/${redeemed.body.redemption.id}/refunds`;
  assert.equal((await shop.post(back, { external_id: 'edge-1', points: String(most - 1n) })).status, 201);
  assert.equal(
    (await shop.post(back, { external_id: 'edge-2', points: '2' })).body.code,
    'refund_exceeds_redemption',
  );
  assert.equal((await shop.post(back, { external_id: 'edge-3' })).status, 201);
  assert.equal(await available(shop, 'ext:edge'), String(most));
  const { body } = await run.post('/v1/verify', { program: 'shop' });
  assert.ok(BigInt(body.liability[0].available) > 3n * (most - 1n));
});

test('what points are worth beyond what can be counted is refused in the rehearsal as in earnest', async () => {
  await run.program('rich', { ...testClock(), units: { points: { worth: '999999999999.99' } } });
  const rich = run.on('rich');
  await rich.post('/v1/members', { external_id: 'ann' });
  await rich.post('/v1/members/ext:ann/adjustments', {
    external_id: 'a',
    points: '9223372036854775807',
    reason: 'edge',
  });
  const wish = { external_id: 'r', member: 'ext:ann', points: '9223372036854775807' };
  for (const query of ['?dry_run=true', '']) {
    const { status, body } = await rich.post(`/v1/redemptions${query}`, wish);
    assert.deepEqual([status, body.code], [422, 'points_out_of_range']);
  }
  assert.equal((await rich.post('/v1/redemptions', { ...wish, points: '92233' })).status, 201);
});

test('a hold of one member cannot be ended through an id of another, and ids of other kinds open nothing', async () => {
  const made = await shop.post('/v1/redemptions', {
    external_id: 'kinds',
    member: 'ext:rich-one',
    points: '1',
  });
  assert.equal(made.status, 404);
  const { body } = await shop.post('/v1/orders', order(1, { member: 'ext:kinds' }));
  const number = body.order.id.slice(4);
  for (const path of [
    `/v1/redemptions/red_${number}`,
    `/v1/members/mem_${number}`,
    `/v1/members/mem_${number}/balances`,
    `/v1/entries/ent_${number}0000001`,
    `/v1/orders/ord_${'z'.repeat(13)}`,
    `/v1/orders/ord_7${'z'.repeat(12)}`,
  ]) {
    const { status } = await shop.get(path);
    assert.ok([400, 404].includes(status), `${path} ${status}`);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
