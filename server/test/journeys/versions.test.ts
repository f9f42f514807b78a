import assert from 'node:assert/strict';
import test from 'node:test';
import {
  available,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const START = '2026-01-01T00:00:00.000Z';
const clock = { clock: { test: START } };
const rate = (per_currency_unit: string, more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  ...clock,
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit }, ...more }],
});
const publish = (name: string, document: object, query = '') =>
  run.put(`/v1/programs/${name}${query}`, document);
const rule = async (program: string, occurred_at: string, member = 'ext:ann') => {
  const { body } = await run.on(program).post('/v1/orders', order(10, { occurred_at, member }));
  return body.effects.map((effect: Json) => `${effect.rule} ${effect.points}`).join();
};

test('a rule is chosen by when the order occurred, and the entry cites rule and version', async () => {
  await publish('shop', rate('1'));
  const later = await publish('shop', rate('2'), '?effective_from=2026-02-01T00:00:00Z');
  assert.deepEqual([later.status, later.body.version], [201, 2]);
  assert.equal(later.body.effective_from, '2026-02-01T00:00:00.000Z');
  await run.clock('shop', '2026-02-10T00:00:00Z');
  assert.equal(await rule('shop', '1999-12-31T23:59:59Z'), 'base@1 10');
  assert.equal(await rule('shop', '2026-01-31T23:59:59.999Z'), 'base@1 10');
  assert.equal(await rule('shop', '2026-02-01T00:00:00.000Z'), 'base@2 20');
  const now = await publish('shop', rate('3'));
  assert.deepEqual([now.body.version, now.body.effective_from], [3, '2026-02-10T00:00:00.000Z']);
  assert.equal(await rule('shop', '2026-02-09T23:59:59.999Z'), 'base@2 20');
  assert.equal(await rule('shop', '2026-02-10T00:00:00.000Z'), 'base@3 30');
});

test('a return takes back under the version of the purchase, an amendment earns under it', async () => {
  const shop = run.on('shop');
  const sent = { external_id: 'old', member: 'ext:old', occurred_at: '2026-01-15T00:00:00Z' };
  await shop.post('/v1/orders', order(10, sent));
  const more = await shop.post('/v1/orders', order(15, { ...sent, revision: 2 }));
  assert.deepEqual(
    more.body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [['base@1', '5']],
  );
  const back = await shop.post('/v1/orders/ext:old/returns', {
    external_id: 'old',
    occurred_at: '2026-02-10T00:00:00Z',
  });
  assert.deepEqual(
    back.body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [['base@1', '-15']],
  );
  // Moved to a day of another version, the order earns by that one's rule.
  await shop.post('/v1/orders', order(10, { ...sent, external_id: 'moved', member: 'ext:moved' }));
  const moved = await shop.post('/v1/orders', {
    ...order(10, { ...sent, external_id: 'moved', member: 'ext:moved' }),
    occurred_at: '2026-02-05T00:00:00Z',
    revision: 2,
  });
  assert.deepEqual(
    moved.body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [
      ['base@1', '-10'],
      ['base@2', '20'],
    ],
  );
  assert.equal(await available(shop, 'ext:moved'), '20');
});

test('the same document again publishes nothing; a stale base, a past start and mistakes are refused', async () => {
  await publish('same', rate('1'));
  const again = await publish('same', rate('1'));
  assert.deepEqual([again.status, again.body.version], [200, 1]);
  const refusals: [string, number, string, object][] = [
    ['program_version_conflict', 409, '?base_version=7', rate('2')],
    ['program_effective_from_invalid', 422, '?effective_from=2025-12-31T23:59:59Z', rate('2')],
    ['program_invalid', 422, '', { ...rate('2'), currency: 'DOLLAR' }],
    ['program_invalid', 422, '', rate('2', { earn: { unit: 'stars', fixed: '1' } })],
    ['program_invalid', 422, '', {}],
    ['program_invalid', 422, '', { ...rate('2'), clock: 'wall' }],
    ['program_invalid', 422, '', { ...rate('2'), units: { miles: {} } }],
    ['invalid_request', 400, '?effective_from=tomorrow', rate('2')],
    ['invalid_request', 400, '?base_version=-1', rate('2')],
  ];
  for (const [code, status, query, document] of refusals) {
    const answer = await publish('same', document, query);
    assert.deepEqual([answer.status, answer.body.code], [status, code], query + JSON.stringify(document));
  }
  assert.equal((await run.get('/v1/programs/same')).body.version, 1);
});

test('every version stays readable', async () => {
  for (const [version, points] of [
    [1, '1'],
    [2, '2'],
    [3, '3'],
  ] as const) {
    const { body } = await run.get(`/v1/programs/shop?version=${version}`);
    assert.deepEqual([body.version, body.document.earning[0].earn.per_currency_unit], [version, points]);
  }
  const missing = await run.get('/v1/programs/shop?version=4');
  assert.deepEqual([missing.status, missing.body.code], [404, 'program_version_not_found']);
  assert.equal((await run.get('/v1/programs/nowhere')).body.code, 'program_not_found');
});

test('a unit that a version adds is there for everyone, and what was held keeps its own', async () => {
  await run.program('units', testClock());
  const api = run.on('units');
  await api.post('/v1/orders', order(5));
  const added = await publish('units', {
    ...POINTS_PER_DOLLAR,
    ...testClock(),
    units: { ...POINTS_PER_DOLLAR.units, stars: {} },
  });
  assert.equal(added.status, 201);
  const { body } = await api.get('/v1/members/ext:ann/balances');
  assert.deepEqual(
    body.balances.map((wallet: Json) => [wallet.unit, wallet.available]),
    [
      ['points', '5'],
      ['stars', '0'],
    ],
  );
  const given = await api.post('/v1/members/ext:ann/adjustments', {
    external_id: 'star',
    unit: 'stars',
    points: '1',
    reason: 'a star',
  });
  assert.deepEqual(given.body.balances, [{ unit: 'stars', available: '1', pending: '0', held: '0' }]);
});

test('enrolment is the business of the program: automatic, or only by hand', async () => {
  await run.program('closed', { ...testClock(), enrolment: 'explicit' });
  const api = run.on('closed');
  const sent = order(5, { external_id: 'first' });
  const stranger = await api.post('/v1/orders', sent);
  assert.deepEqual([stranger.status, stranger.body.code], [404, 'member_not_found']);
  const enrolled = await api.post('/v1/members', { external_id: 'ann' });
  assert.equal(enrolled.status, 201);
  const again = await api.post('/v1/members', { external_id: 'ann' });
  assert.deepEqual([again.status, again.body], [200, enrolled.body]);
  assert.equal((await api.post('/v1/orders', sent)).status, 201);
});

test('what the ledger says agrees along every path', () => verified(run));
