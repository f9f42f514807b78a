import assert from 'node:assert/strict';
import test from 'node:test';
import {
  available,
  type Caller,
  eventsWith,
  type Json,
  NOON,
  order,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
await run.program('red', { ...testClock(), activities: { review: {} } });
await run.program('blue', {
  ...testClock(),
  activities: { review: {} },
  earning: [{ id: 'double', on: 'order', earn: { unit: 'points', per_currency_unit: '2' } }],
});
const red = run.on('red');
const blue = run.on('blue');

/** The same story with the same ids, told in one program. */
async function story(api: Caller) {
  const member = (await api.post('/v1/members', { external_id: 'ann' })).body;
  const made = (await api.post('/v1/orders', order(100, { external_id: 'o' }))).body;
  const held = (await api.post('/v1/redemptions', { external_id: 'x', member: 'ext:ann', points: '30' }))
    .body;
  const returned = (
    await api.post('/v1/orders/ext:o/returns', {
      external_id: 'r',
      occurred_at: NOON,
      lines: [{ id: '1', amount: '1000' }],
    })
  ).body;
  const done = (
    await api.post('/v1/activities', {
      external_id: 'a',
      member: 'ext:ann',
      type: 'review',
      occurred_at: NOON,
    })
  ).body;
  return { member, made, held, returned, done };
}

const inRed = await story(red);
const inBlue = await story(blue);

test('the same external ids in two programs are two members, orders and redemptions', async () => {
  assert.notEqual(inRed.member.id, inBlue.member.id);
  assert.notEqual(inRed.made.order.id, inBlue.made.order.id);
  assert.notEqual(inRed.done.activity.id, inBlue.done.activity.id);
  assert.notEqual(inRed.held.redemption.id, inBlue.held.redemption.id);
  for (const told of [inRed, inBlue])
    for (const answer of [told.made, told.held, told.returned, told.done]) assert.equal(answer.known, false);
  assert.deepEqual([await available(red), await available(blue)], ['60', '150']);
});

test('an id of one program is not there in the other', async () => {
  const { member, made, held, returned, done } = inRed;
  const back = { external_id: 'z', occurred_at: NOON };
  const key = { 'idempotency-key': 'z' };
  const answers: Record<string, Json> = {
    member_not_found: [
      await blue.get(`/v1/members/${member.id}`),
      await blue.get(`/v1/members/${member.id}/balances`),
      await blue.get(`/v1/members/${member.id}/entries`),
      await blue.post(`/v1/members/${member.id}/adjustments`, { external_id: 'z', points: '1', reason: 'x' }),
      await blue.post('/v1/orders', order(1, { member: member.id })),
      await blue.post('/v1/redemptions', { external_id: 'z', member: member.id, points: '1' }),
    ],
    order_not_found: [
      await blue.get(`/v1/orders/${made.order.id}`),
      await blue.post(`/v1/orders/${made.order.id}/returns`, back),
      await blue.post(`/v1/orders/${made.order.id}/cancel`, back),
    ],
    activity_not_found: [await blue.get(`/v1/activities/${done.activity.id}`)],
    redemption_not_found: [
      await blue.get(`/v1/redemptions/${held.redemption.id}`),
      await blue.post(`/v1/redemptions/${held.redemption.id}/capture`, undefined, key),
      await blue.post(`/v1/redemptions/${held.redemption.id}/void`, undefined, key),
      await blue.post(`/v1/redemptions/${held.redemption.id}/refunds`, { external_id: 'z' }),
    ],
    entry_not_found: [
      await blue.get(`/v1/entries/${made.effects[0].entry}`),
      await blue.get(`/v1/entries/${returned.effects[0].entry}`),
    ],
  };
  for (const [code, group] of Object.entries(answers))
    for (const { status, body } of group) assert.deepEqual([status, body.code], [404, code]);
  assert.deepEqual([await available(red), await available(blue)], ['60', '150']);
});

test('lists and events show a program its own only', async () => {
  for (const [api, told] of [
    [red, inRed],
    [blue, inBlue],
  ] as const) {
    const ids = (await api.get('/v1/members')).body.data.map((member: Json) => member.id);
    assert.deepEqual(ids, [told.member.id]);
    const events = (await eventsWith(api, data => data.length >= 4)).data;
    assert.equal(events.length, 4);
    assert.ok(events.every((event: Json) => event.member === told.member.id));
  }
  // A cursor of one program's log reads nothing of it in another.
  const { next } = (await red.get('/v1/events?limit=1')).body;
  const { data } = (await blue.get(`/v1/events?after=${next}`)).body;
  assert.ok(data.every((event: Json) => event.program === 'blue'));
});

test('one clock moves one program only', async () => {
  await run.clock('red', '2026-03-01T12:15:00.000Z');
  assert.deepEqual([await available(red), await available(blue)], ['90', '150']);
});

test('each program and both together agree along every path', async () => {
  for (const program of ['red', 'blue']) {
    const { body } = await run.post('/v1/verify', { program });
    assert.equal(body.ok, true);
    assert.equal(body.liability.length, 1);
  }
  await verified(run);
});
