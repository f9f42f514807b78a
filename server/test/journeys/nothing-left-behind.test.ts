import assert from 'node:assert/strict';
import test from 'node:test';
import { balance, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const POLICIES = ['clamp_to_zero', 'allow_negative', 'refuse'] as const;
const NOTHING = { available: '0', pending: '0', held: '0', debt: '0', shortfall: '0' };

/** Everything that a wallet holds; what it counts over its life is left out. */
async function holdings(program: string, member = 'ext:ann') {
  const { body } = await run.on(program).get(`/v1/members/${member}/balances`);
  const { available, pending, held, debt, shortfall } = body.balances[0];
  return { available, pending, held, debt, shortfall };
}

const rule = (more: object = {}) => ({
  ...testClock(),
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' }, ...more }],
});

for (const if_spent of POLICIES) {
  test(`${if_spent}: earn, redeem, return, refund leaves nothing behind`, async () => {
    const name = `spent-${if_spent.replaceAll('_', '-')}`;
    await run.program(name, { ...rule(), returns: { if_spent } });
    const api = run.on(name);
    await api.post('/v1/orders', order(100, { external_id: 'o' }));
    const redeemed = await api.post('/v1/redemptions', {
      external_id: 'x',
      member: 'ext:ann',
      points: '80',
      capture: true,
    });
    const back = { external_id: 'r', occurred_at: NOON };
    const returned = await api.post('/v1/orders/ext:o/returns', back);
    if (if_spent === 'refuse') {
      assert.deepEqual([returned.status, returned.body.code], [422, 'points_already_spent']);
      assert.deepEqual(await holdings(name), { ...NOTHING, available: '20' });
    } else {
      assert.equal(returned.status, 201);
      const [{ decided, taken, shortfall, debt }] = returned.body.return.clawed_back;
      const missing = { decided: '100', taken: '20', shortfall: '0', debt: '0' };
      const owed = if_spent === 'clamp_to_zero' ? { shortfall: '80' } : { debt: '80' };
      assert.deepEqual({ decided, taken, shortfall, debt }, { ...missing, ...owed });
      const available = if_spent === 'allow_negative' ? '-80' : '0';
      assert.deepEqual(await holdings(name), { ...NOTHING, available, ...owed });
    }
    // Given back in two parts, so that each pays its share of what is owed.
    for (const points of ['30', undefined]) {
      const refunded = await api.post(`/v1/redemptions/${redeemed.body.redemption.id}/refunds`, {
        external_id: `f-${points}`,
        points,
      });
      assert.equal(refunded.status, 201);
    }
    if (if_spent === 'refuse') assert.equal((await api.post('/v1/orders/ext:o/returns', back)).status, 201);
    assert.deepEqual(await holdings(name), NOTHING);
  });

  test(`${if_spent}: earn, hold, return, void leaves nothing behind`, async () => {
    const name = `held-${if_spent.replaceAll('_', '-')}`;
    await run.program(name, { ...rule(), returns: { if_spent } });
    const api = run.on(name);
    await api.post('/v1/orders', order(100, { external_id: 'o' }));
    const held = await api.post('/v1/redemptions', { external_id: 'x', member: 'ext:ann', points: '70' });
    const back = { external_id: 'r', occurred_at: NOON };
    const returned = await api.post('/v1/orders/ext:o/returns', back);
    assert.equal(returned.status, if_spent === 'refuse' ? 422 : 201);
    const id = held.body.redemption.id;
    const voided = await api.post(`/v1/redemptions/${id}/void`, undefined, { 'idempotency-key': 'v' });
    assert.equal(voided.status, 201);
    if (if_spent === 'refuse') assert.equal((await api.post('/v1/orders/ext:o/returns', back)).status, 201);
    assert.deepEqual(await holdings(name), NOTHING);
  });

  test(`${if_spent}: what was pending is cancelled, what had expired is not taken twice`, async () => {
    const name = `due-${if_spent.replaceAll('_', '-')}`;
    await run.program(name, {
      ...rule({ pending: { for: 'P10D' }, expires: { after: 'P20D' } }),
      returns: { if_spent },
    });
    const api = run.on(name);
    await api.post('/v1/orders', order(100, { external_id: 'pending' }));
    const cancelled = await api.post('/v1/orders/ext:pending/returns', {
      external_id: 'r1',
      occurred_at: NOON,
    });
    assert.deepEqual(
      cancelled.body.effects.map((effect: Json) => [effect.type, effect.points]),
      [['cancel', '-100']],
    );
    await api.post('/v1/orders', order(60, { external_id: 'expired' }));
    await run.clock(name, '2026-03-21T12:00:00.000Z');
    await api.post('/v1/orders', order(40, { external_id: 'own', occurred_at: '2026-03-11T12:00:00Z' }));
    const lapsed = await api.post('/v1/orders/ext:expired/returns', { external_id: 'r2', occurred_at: NOON });
    assert.equal(lapsed.status, 201);
    const [{ decided, taken, expired_before }] = lapsed.body.return.clawed_back;
    assert.deepEqual({ decided, taken, expired_before }, { decided: '60', taken: '0', expired_before: '60' });
    assert.equal((await balance(api)).available, '40');
  });
}

test('a debt is repaid by the next points, a shortfall is not taken from them', async () => {
  for (const [if_spent, left] of [
    ['allow_negative', '15'],
    ['clamp_to_zero', '25'],
  ] as const) {
    const name = `next-${if_spent.replaceAll('_', '-')}`;
    await run.program(name, { ...rule(), returns: { if_spent } });
    const api = run.on(name);
    await api.post('/v1/orders', order(10, { external_id: 'o' }));
    await api.post('/v1/redemptions', { external_id: 'x', member: 'ext:ann', points: '10', capture: true });
    await api.post('/v1/orders/ext:o/returns', { external_id: 'r', occurred_at: NOON });
    await api.post('/v1/orders', order(25));
    assert.equal((await balance(api)).available, left, if_spent);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
