import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Caller,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const AT = '2026-11-05T12:00:00.000Z';
const POINTS = (fixed: string) => ({ earn: { unit: 'points', fixed } });
const TWICE = { id: 'twice', on: 'order', every: 'month', goals: [{ target: '2', ...POINTS('30') }] };

const publish = async (name: string, more: object): Promise<Caller> => {
  const document = { ...POINTS_PER_DOLLAR, ...testClock('2026-12-01T00:00:00.000Z'), ...more };
  const { status, body } = await run.put(`/v1/programs/${name}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  return run.on(name);
};
const buy = async (api: Caller, external_id: string, more: object = {}): Promise<Json> => {
  const sent = order(10, { occurred_at: AT, external_id, ...more });
  const dry = await api.post('/v1/orders?dry_run=true', sent);
  const { status, body } = await api.post('/v1/orders', sent);
  assert.ok(status < 300, JSON.stringify(body));
  assert.deepEqual(dry.body.gifts, body.gifts);
  const again = await api.post('/v1/orders', sent);
  assert.deepEqual(again.body.gifts, body.gifts, 'a repeat says the same');
  return body;
};
const parts = (body: Json): string[] =>
  body.return.clawed_back.map(
    ({ rule, decided, taken, debt }: Json) => `${rule} ${decided} = ${taken} + ${debt}`,
  );

test('a return says what challenges took back, under their own name; its repeat says the very same', async () => {
  const api = await publish('taken', {
    badges: { loyal: { name: 'Loyal' } },
    challenges: [
      TWICE,
      { ...TWICE, id: 'badge-only', goals: [{ target: '2', badge: 'loyal' }] },
      {
        id: 'rich',
        on: 'order',
        measure: 'spend',
        goals: [
          { target: '5.00', ...POINTS('7') },
          { target: '15.00', ...POINTS('11') },
        ],
      },
    ],
  });
  await buy(api, 'a');
  await buy(api, 'b');
  const sent = { external_id: 'r-b', occurred_at: '2026-11-20T12:00:00.000Z' };
  const dry = await api.post('/v1/orders/ext:b/returns?dry_run=true', sent);
  const { status, body } = await api.post('/v1/orders/ext:b/returns', sent);
  assert.equal(status, 201);
  assert.deepEqual(parts(body), ['base@1 10 = 10 + 0', 'rich@1 11 = 11 + 0', 'twice@1 30 = 30 + 0']);
  assert.deepEqual(dry.body.return.clawed_back, body.return.clawed_back);
  const again = await api.post('/v1/orders/ext:b/returns', sent);
  assert.deepEqual([again.status, again.body], [200, { ...body, known: true }]);
  // What is decided sums to what the entries took.
  const decided = body.return.clawed_back.reduce((sum: number, part: Json) => sum + Number(part.decided), 0);
  const booked = body.effects.reduce((sum: number, { points }: Json) => sum + Number(points), 0);
  assert.equal(decided, -booked);
});

test('a goal that stays reached is not in the answer, and the second of two returns has only its own', async () => {
  const api = await publish('own', {
    challenges: [TWICE, { ...TWICE, id: 'once', goals: [{ target: '1', ...POINTS('5') }] }],
  });
  for (const id of ['a', 'b', 'c']) await buy(api, id);
  const back = async (id: string) =>
    (
      await api.post(`/v1/orders/ext:${id}/returns`, {
        external_id: `r-${id}`,
        occurred_at: '2026-11-20T12:00:00.000Z',
      })
    ).body;
  assert.deepEqual(parts(await back('a')), ['base@1 10 = 10 + 0']);
  assert.deepEqual(parts(await back('b')), ['base@1 10 = 10 + 0', 'twice@1 30 = 30 + 0']);
  assert.deepEqual(parts(await back('c')), ['base@1 10 = 10 + 0', 'once@1 5 = 5 + 0']);
  assert.deepEqual(parts(await back('b')), ['base@1 10 = 10 + 0', 'twice@1 30 = 30 + 0']);
});

test('an order names the progress that campaigns add, in challenges that are open for it', async () => {
  const campaigns = [
    { id: 'push', if: 'order.total >= 5000', effect: { challenge: 'twice', progress: '2' } },
    { id: 'euros', effect: { challenge: 'rich', progress: '2.50' } },
    { id: 'closed', effect: { challenge: 'summer', progress: '1' } },
  ];
  const api = await publish('gifts', {
    challenges: [
      TWICE,
      { id: 'rich', on: 'order', measure: 'spend', goals: [{ target: '500.00', ...POINTS('7') }] },
      { ...TWICE, id: 'summer', from: '2026-06-01T00:00', until: '2026-08-31T24:00' },
    ],
    campaigns,
  });
  assert.deepEqual((await buy(api, 'small')).gifts, [
    { rule: 'euros@1', challenge: 'rich', progress: '250' },
  ]);
  const large = { lines: [{ id: '1', amount: '5000' }] };
  const gifts = [
    { rule: 'push@1', challenge: 'twice', progress: '2' },
    { rule: 'euros@1', challenge: 'rich', progress: '250' },
  ];
  assert.deepEqual((await buy(api, 'large', large)).gifts, gifts);
  const plain = await publish('plain', { challenges: [TWICE] });
  assert.equal((await buy(plain, 'x')).gifts, undefined);
});

test('what the ledger says agrees along every path', () => verified(run));
