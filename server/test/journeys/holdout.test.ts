import assert from 'node:assert/strict';
import test from 'node:test';
import { order, POINTS_PER_DOLLAR, startEngine, testClock } from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00.000Z';
await run.program('shop', {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  holdout: { share: '0.3' },
  campaigns: [{ id: 'double', effect: { multiply: '2' } }],
});
const shop = run.on('shop');

/** Who got no bonus is held out. */
const held = new Set<string>();
const MEMBERS = Array.from({ length: 40 }, (_, index) => `h${index}`);
for (const name of MEMBERS) {
  const sent = { external_id: name, member: `ext:${name}`, occurred_at: AT };
  const { body } = await shop.post('/v1/orders', order(10, sent));
  if (body.effects.length === 1) held.add(name);
}
const others = MEMBERS.filter(name => !held.has(name));
await shop.post('/v1/members', { external_id: 'never-bought-1' });
const report = async (query = '') => {
  const { status, body } = await run.get(`/v1/programs/shop/holdout${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

test('the figures of the holdout stand beside those of the others, and both are everybody', async () => {
  const body = await report();
  const both = body.holdout.members + body.others.members;
  assert.equal(both, 41);
  assert.deepEqual([body.holdout.buyers, body.others.buyers], [held.size, others.length]);
  assert.deepEqual([body.holdout.orders, body.others.orders], [held.size, others.length]);
  assert.deepEqual(
    [body.holdout.spend, body.others.spend],
    [String(held.size * 1_000), String(others.length * 1_000)],
  );
  assert.deepEqual(
    [body.holdout.points, body.others.points],
    [String(held.size * 10), String(others.length * 20)],
  );
  assert.deepEqual([body.currency, body.unit, body.to], ['USD', 'points', '2026-06-01T00:00:00.001Z']);
});

test('only the period counts, from its first instant and without its end; what came back does not', async () => {
  const [first = ''] = others;
  const later = { external_id: 'later', member: `ext:${first}`, occurred_at: '2026-04-01T00:00:00.000Z' };
  await shop.post('/v1/orders', order(33, later));
  const april = await report('?from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z');
  assert.deepEqual([april.others.orders, april.others.spend, april.others.points], [1, '3300', '66']);
  const members = april.others.members;
  assert.equal(april.others.points_per_member, (Math.floor(6_600 / members) / 100).toFixed(2));
  assert.equal(april.others.spend_per_member, String(Math.floor(3_300 / members)));
  assert.deepEqual([april.holdout.orders, april.holdout.spend_per_member], [0, '0']);
  assert.equal((await report('?from=2026-04-01T00:00:00.001Z')).others.orders, 0);
  assert.equal((await report('?from=2026-04-01T00:00:00Z&to=2026-04-01T00:00:00Z')).others.orders, 0);
  await shop.post('/v1/orders/ext:later/returns', { external_id: 'r', occurred_at: '2026-04-02T00:00:00Z' });
  const after = await report('?from=2026-04-01T00:00:00Z');
  assert.deepEqual([after.others.buyers, after.others.spend, after.others.points], [0, '0', '0']);
});

test('a program that holds nobody out, or that is none, is refused', async () => {
  await run.program('all', testClock(NOW));
  const all = await run.get('/v1/programs/all/holdout');
  assert.deepEqual([all.status, all.body.code], [404, 'program_without_holdout']);
  const none = await run.get('/v1/programs/none/holdout');
  assert.deepEqual([none.status, none.body.code], [404, 'program_not_found']);
});
