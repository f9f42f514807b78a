import assert from 'node:assert/strict';
import { type TestEngine, testEngine } from './engine.ts';

/** A program with points that wait, expire and are worth money, on a test clock. */
export const SHOP = {
  currency: 'USD',
  clock: { test: '2026-01-01T00:00:00Z' },
  units: { points: { worth: '0.01' } },
  earning: [
    { id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' }, expires: { after: 'P12M' } },
    {
      id: 'shoes',
      on: 'order',
      when: { category: ['shoes'] },
      earn: { unit: 'points', fixed: '50' },
      pending: { for: 'P14D' },
    },
  ],
};

export const orderOf = (externalId: string, member: string, amount: string, more: object = {}) => ({
  external_id: externalId,
  member: `ext:${member}`,
  occurred_at: '2026-01-01T00:00:00Z',
  currency: 'USD',
  lines: [{ id: '1', amount }],
  ...more,
});

/**
 * An engine whose books hold an entry of nearly every kind, of two members: earned and pending points, a hold, a
 * redemption, a return, an adjustment. Each request was a batch of its own.
 */
export async function engineWithBooks(): Promise<TestEngine> {
  const engine = await testEngine();
  await engine.publish('shop', SHOP);
  const post = async (path: string, body: object): Promise<void> => {
    const { status, body: answer } = await engine.post(path, 'shop', body);
    assert.equal(status, 201, JSON.stringify(answer));
  };
  await post(
    '/v1/orders',
    orderOf('o1', 'ann', '10000', { lines: [{ id: '1', category: 'shoes', amount: '10000' }] }),
  );
  await post('/v1/orders', orderOf('o2', 'bob', '5000'));
  await post('/v1/redemptions', { external_id: 'r1', member: 'ext:ann', points: '30' });
  await post('/v1/redemptions', { external_id: 'r2', member: 'ext:bob', points: '20', capture: true });
  await post('/v1/orders/ext:o2/returns', {
    external_id: 't1',
    occurred_at: '2026-01-01T00:00:00Z',
    lines: [{ id: '1', amount: '1000' }],
  });
  await post('/v1/members/ext:bob/adjustments', { external_id: 'a1', points: '7', reason: 'goodwill' });
  return engine;
}
