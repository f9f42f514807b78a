import assert from 'node:assert/strict';
import test from 'node:test';
import { available, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
await run.program('shop', {
  ...testClock(),
  currencies: { EUR: { rate: '1.10' } },
  units: { points: { worth: '0.01' }, visits: { redeemable: false } },
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P12M' },
    },
    {
      id: 'coffee',
      on: 'order',
      when: { category: ['coffee'] },
      earn: { unit: 'points', per_currency_unit: '2' },
      pending: { for: 'P14D' },
      expires: { after: 'P24M' },
    },
    { id: 'visit', on: 'order', earn: { unit: 'visits', fixed: '1' } },
  ],
});
const shop = run.on('shop');

const basket = {
  external_id: 'basket',
  member: 'ext:ann',
  occurred_at: '2026-02-28T23:30:00.000Z',
  currency: 'USD',
  kind: 'retail',
  channel: 'web',
  partner: 'mall',
  lines: [
    { id: 'a', sku: 'A-1', category: 'coffee', quantity: 3, amount: '1050' },
    { id: 'b', amount: '999' },
  ],
  attributes: { gift: true, nights: 2, note: 'thanks', a: 'b,c', 'a,b': 'c' },
};

test('an order answers with what it earned, by which rule and version, into which lot, usable and expiring when', async () => {
  const { status, body } = await shop.post('/v1/orders', basket);
  assert.equal(status, 201);
  assert.equal(body.known, false);
  const { id, member, ...rest } = body.order;
  assert.match(id, /^ord_[0-9a-z]{13}$/);
  assert.match(member, /^mem_[0-9a-z]{13}$/);
  assert.deepEqual(rest, {
    external_id: 'basket',
    source: 'api',
    revision: 1,
    occurred_at: basket.occurred_at,
    late: false,
  });
  assert.deepEqual(
    body.effects.map(({ entry, lots, ...effect }: Json) => {
      assert.deepEqual(lots, [{ lot: entry, points: effect.points }]);
      return effect;
    }),
    [
      // 10.50 and 9.99 at 1 and 10.50 at 2: 41.49, rounded down once; the largest fraction gets what is left over.
      {
        type: 'earn',
        unit: 'points',
        points: '20',
        rule: 'base@1',
        available_at: null,
        expires_at: '2027-02-28T23:30:00.000Z',
      },
      {
        type: 'earn',
        unit: 'points',
        points: '21',
        rule: 'coffee@1',
        available_at: '2026-03-14T23:30:00.000Z',
        expires_at: '2028-02-28T23:30:00.000Z',
      },
      { type: 'earn', unit: 'visits', points: '1', rule: 'visit@1', available_at: null, expires_at: null },
    ],
  );
  assert.deepEqual(body.balances, [
    { unit: 'points', available: '20', pending: '21', held: '0' },
    { unit: 'visits', available: '1', pending: '0', held: '0' },
  ]);
});

test('a retry gets the first answer, whatever has happened since and however the JSON is written', async () => {
  const first = await shop.post('/v1/orders', { ...basket, external_id: 'retried' });
  await shop.post('/v1/redemptions', {
    external_id: 'spent',
    member: 'ext:ann',
    points: '30',
    capture: true,
  });
  await shop.post('/v1/orders', order(5));
  const before = (await shop.get('/v1/members/ext:ann/balances')).body;
  const { lines, attributes, ...fields } = basket;
  const reordered = {
    attributes: Object.fromEntries(Object.entries(attributes).reverse()),
    lines: [{ ...lines[0] }, { quantity: 1, ...lines[1] }],
    revision: 1,
    source: 'api',
    ...fields,
    external_id: 'retried',
    member: first.body.order.member,
    occurred_at: '2026-03-01T00:30:00+01:00',
  };
  for (const again of [{ ...basket, external_id: 'retried' }, reordered]) {
    const { status, body } = await shop.post('/v1/orders', again);
    assert.equal(status, 200);
    assert.deepEqual(body, { ...first.body, known: true });
  }
  assert.deepEqual((await shop.get('/v1/members/ext:ann/balances')).body, before);
});

test('the same key with another payload is a conflict that says what differs, and changes nothing', async () => {
  await shop.post('/v1/orders', { ...basket, external_id: 'taken' });
  await shop.post('/v1/members', { external_id: 'bob' });
  const before = (await shop.get('/v1/members/ext:ann/balances')).body;
  const changes: [string, object][] = [
    ['/member', { member: 'ext:bob' }],
    ['/member', { member: 'ext:never-seen' }],
    ['/occurred_at', { occurred_at: '2026-02-28T23:30:00.001Z' }],
    ['/currency', { currency: 'EUR' }],
    ['/kind', { kind: 'hotel' }],
    ['/channel', { channel: undefined }],
    ['/partner', { partner: 'other' }],
    ['/attributes', { attributes: { ...basket.attributes, nights: 3 } }],
    ['/lines/0', { lines: [{ ...basket.lines[0], amount: '1051' }, basket.lines[1]] }],
    ['/lines/1', { lines: basket.lines.slice(0, 1) }],
  ];
  for (const [pointer, change] of changes) {
    const { status, body } = await shop.post('/v1/orders', { ...basket, external_id: 'taken', ...change });
    assert.equal(status, 409, pointer);
    assert.equal(body.code, 'key_reused', pointer);
    assert.deepEqual(
      body.differences.map((difference: Json) => difference.pointer),
      [pointer],
    );
    assert.notDeepEqual(body.differences[0].stored, body.differences[0].sent, pointer);
  }
  assert.deepEqual((await shop.get('/v1/members/ext:ann/balances')).body, before);
  assert.equal((await shop.get('/v1/members/ext:never-seen')).status, 404);
});

test('a refused order does not burn its key and leaves nothing behind', async () => {
  const later = order(12, { external_id: 'later', member: 'ext:later', occurred_at: '2026-03-03T00:00:00Z' });
  assert.equal((await shop.post('/v1/orders', later)).body.code, 'occurred_in_future');
  assert.equal((await shop.get('/v1/members/ext:later')).status, 404);
  assert.equal((await shop.get('/v1/orders/ext:later')).status, 404);
  const many = Array.from({ length: 200 }, (_, index) => ({
    id: String(index),
    amount: '9223372036854775807',
  }));
  const tooMuch = await shop.post('/v1/orders', { ...later, occurred_at: NOON, lines: many });
  assert.equal(tooMuch.body.code, 'points_out_of_range');
  assert.equal((await shop.get('/v1/members/ext:later')).status, 404);
  const now = await shop.post('/v1/orders', { ...later, occurred_at: NOON });
  assert.equal(now.status, 201);
  assert.equal(await available(shop, 'ext:later'), '12');
});

test('an order that earns nothing is known all the same', async () => {
  await run.program('visits-only', {
    ...testClock(),
    earning: [
      {
        id: 'hotel',
        on: 'order',
        when: { kind: ['hotel'] },
        earn: { unit: 'points', per_currency_unit: '1' },
      },
    ],
  });
  const api = run.on('visits-only');
  const nothing = order(0, { external_id: 'nothing' });
  const first = await api.post('/v1/orders', nothing);
  assert.equal(first.status, 201);
  assert.deepEqual(first.body.effects, []);
  assert.equal((await api.post('/v1/orders', nothing)).status, 200);
  assert.equal((await api.post('/v1/orders', order(5, { external_id: 'nothing' }))).status, 409);
  assert.equal((await api.get('/v1/orders/ext:nothing')).body.lines[0].amount, '0');
});

test('an order is kept with its lines, as it was sent', async () => {
  const sent = { ...basket, external_id: 'kept' };
  const { body: made } = await shop.post('/v1/orders', sent);
  const byId = await shop.get(`/v1/orders/${made.order.id}`);
  assert.equal(byId.status, 200);
  assert.deepEqual((await shop.get('/v1/orders/ext:kept')).body, byId.body);
  const { external_id, occurred_at, currency, kind, channel, partner, attributes, lines } = byId.body;
  assert.deepEqual(
    { external_id, member: 'ext:ann', occurred_at, currency, kind, channel, partner, lines, attributes },
    {
      ...sent,
      lines: [
        { ...basket.lines[0], returned: '0' },
        { id: 'b', sku: null, category: null, quantity: 1, amount: '999', returned: '0' },
      ],
    },
  );
  assert.deepEqual(
    byId.body.earned.map((grant: Json) => [grant.rule, grant.unit, grant.earned, grant.clawed_back]),
    [
      ['base@1', 'points', '20', '0'],
      ['coffee@1', 'points', '21', '0'],
      ['visit@1', 'visits', '1', '0'],
    ],
  );
});

test('another currency earns by the rate of the program', async () => {
  const { body } = await shop.post('/v1/orders', order(100, { member: 'ext:eve', currency: 'EUR' }));
  assert.equal(body.effects[0].points, '110');
});

test('what the ledger says agrees along every path', () => verified(run));
