import assert from 'node:assert/strict';
import test from 'node:test';
import { invariants } from '../support/invariants.ts';
import { type Json, startEngine, testClock } from './engine.ts';

/*
 * What a reward costs a member, and every reason why it cannot be had: each by itself, all at once, in the list of what a
 * member can have, in a dry run and in the redemption, which all say the same.
 */
const run = await startEngine();
const cost = { unit: 'points', points: '100' };
await run.program('shop', {
  ...testClock('2026-03-01T12:00:00Z'),
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'basic', from: '0' },
      { id: 'gold', from: '1000' },
    ],
  },
  segments: {
    dutch: { if: "member.country == 'NL'" },
    regulars: { if: 'member.orders >= 2' },
    golden: { if: "tier == 'gold'" },
  },
  rewards: [
    {
      id: 'priced',
      gives: { product: 'A' },
      cost: [
        { tiers: ['gold'], segments: ['dutch'], unit: 'points', points: '10' },
        { segments: ['golden'], unit: 'points', points: '20' },
        { segments: ['regulars', 'dutch'], unit: 'points', points: '30' },
        { unit: 'points', points: '40' },
      ],
    },
    { id: 'nobody', gives: { product: 'B' }, cost: [{ segments: ['golden'], unit: 'points', points: '1' }] },
    { id: 'tier', gives: { product: 'C' }, cost, audience: { tiers: ['gold'] } },
    { id: 'segment', gives: { product: 'D' }, cost, audience: { segments: ['dutch'] } },
    { id: 'both', gives: { product: 'D' }, cost, audience: { tiers: ['basic'], segments: ['dutch'] } },
    { id: 'stock', gives: { product: 'E' }, cost, stock: 0 },
    { id: 'pool', gives: { voucher: 'empty' }, cost },
    {
      id: 'limit',
      gives: { product: 'F' },
      cost: { unit: 'points', points: '1' },
      limit: { per_member: 1, every: 'month' },
    },
    { id: 'early', gives: { product: 'G' }, cost, from: '2026-03-01T12:00:00.001Z' },
    { id: 'late', gives: { product: 'H' }, cost, until: '2026-03-01T12:00:00Z' },
    { id: 'minimum', gives: { percent_off: '10' }, cost, minimum: { order_total: '50.00' } },
    { id: 'dear', gives: { product: 'I' }, cost: { unit: 'points', points: '1000000' } },
    {
      id: 'everything',
      gives: { product: 'J' },
      cost: { unit: 'points', points: '1000000' },
      audience: { tiers: ['gold'], segments: ['dutch'] },
      from: '2026-04-01T00:00:00Z',
      stock: 0,
      minimum: { order_total: '50.00' },
    },
  ],
});
const shop = run.on('shop');
let keys = 0;
const enrol = async (name: string, points: number, more: object = {}) => {
  assert.equal((await shop.post('/v1/members', { external_id: name, ...more })).status, 201);
  const body = { external_id: `start ${name}`, points: String(points), reason: 'a start' };
  assert.equal((await shop.post(`/v1/members/ext:${name}/adjustments`, body)).status, 201);
};
const buy = async (name: string, amount: string) => {
  const order = { external_id: `o${++keys}`, member: `ext:${name}`, occurred_at: '2026-02-01T00:00:00Z' };
  const { status } = await shop.post('/v1/orders', {
    ...order,
    currency: 'USD',
    lines: [{ id: '1', amount }],
  });
  assert.equal(status, 201);
};
const redeem = (name: string, reward: string, more: object = {}, query = '') =>
  shop.post(`/v1/redemptions${query}`, {
    external_id: `r${++keys}`,
    member: `ext:${name}`,
    reward,
    capture: true,
    ...more,
  });

/** What the list of a member's rewards says of one. */
async function listed(name: string, reward: string, total?: string): Promise<Json> {
  const query = total === undefined ? '' : `?order_total=${total}`;
  const { body } = await shop.get(`/v1/members/ext:${name}/rewards${query}`);
  return body.data.find(({ id }: Json) => id === reward);
}

/** The reasons, which the list, a dry run and a redemption agree on. */
async function reasons(name: string, reward: string, total?: string): Promise<Json[]> {
  const row = await listed(name, reward, total);
  const more = total === undefined ? {} : { order_total: total };
  const dry = await redeem(name, reward, more, '?dry_run=true');
  assert.deepEqual(dry.body.reasons, row.reasons);
  const wet = await redeem(name, reward, more);
  assert.deepEqual([wet.status, wet.body.code], [422, 'reward_unavailable']);
  assert.deepEqual(wet.body.reasons, row.reasons);
  assert.equal(row.available, false);
  return row.reasons;
}

/** What a reward costs somebody, by the list, a dry run and a redemption. */
async function price(name: string, reward: string): Promise<string> {
  const { cost: asked } = await listed(name, reward);
  const dry = await redeem(name, reward, {}, '?dry_run=true');
  const wet = await redeem(name, reward);
  assert.deepEqual([dry.body.redemption?.points, wet.body.redemption?.points], [asked.points, asked.points]);
  return asked.points;
}

test('the first price counts that is for the tier and the segments of the member, as they are now', async () => {
  await enrol('ann', 10_000);
  assert.equal(await price('ann', 'priced'), '40');
  await buy('ann', '100');
  assert.equal(await price('ann', 'priced'), '40', 'one order is not two');
  await buy('ann', '100');
  assert.equal(await price('ann', 'priced'), '30', 'a regular');
  await buy('ann', '100000');
  assert.equal(await price('ann', 'priced'), '20', 'gold');
  assert.equal((await shop.patch('/v1/members/ext:ann/profile', { country: 'NL' })).status, 201);
  assert.equal(await price('ann', 'priced'), '10', 'gold and dutch');
  await enrol('ben', 10_000, { profile: { country: 'NL' } });
  assert.equal(await price('ben', 'priced'), '30', 'dutch and new');
});

test('each reason stands by itself, with what is missing', async () => {
  await enrol('eve', 500, { profile: { country: 'BE' } });
  assert.deepEqual(await reasons('eve', 'tier'), [
    { code: 'not_in_audience', tiers: ['gold'], tier: 'basic' },
  ]);
  assert.deepEqual(await reasons('eve', 'segment'), [
    { code: 'not_in_audience', segments: ['dutch'], in_segments: [] },
  ]);
  assert.deepEqual(await reasons('eve', 'both'), [
    { code: 'not_in_audience', tiers: ['basic'], tier: 'basic', segments: ['dutch'], in_segments: [] },
  ]);
  assert.deepEqual(await reasons('eve', 'nobody'), [
    { code: 'not_in_audience', tiers: [], tier: 'basic', segments: ['golden'], in_segments: [] },
  ]);
  assert.deepEqual(await reasons('eve', 'stock'), [{ code: 'out_of_stock' }]);
  assert.deepEqual(await reasons('eve', 'pool'), [{ code: 'out_of_stock' }]);
  assert.equal((await redeem('eve', 'limit')).status, 201);
  assert.deepEqual(await reasons('eve', 'limit'), [
    { code: 'limit_reached', limit: 1, every: 'month', used: 1 },
  ]);
  assert.deepEqual(await reasons('eve', 'early'), [
    { code: 'not_yet_valid', from: '2026-03-01T12:00:00.001Z' },
  ]);
  assert.deepEqual(await reasons('eve', 'late'), [
    { code: 'no_longer_valid', until: '2026-03-01T12:00:00.000Z' },
  ]);
  assert.deepEqual(await reasons('eve', 'minimum'), [
    { code: 'below_minimum', required: '5000', order_total: null, missing: '5000' },
  ]);
  assert.deepEqual(await reasons('eve', 'minimum', '4999'), [
    { code: 'below_minimum', required: '5000', order_total: '4999', missing: '1' },
  ]);
  assert.equal((await redeem('eve', 'minimum', { order_total: '5000' })).status, 201);
  assert.deepEqual(await reasons('eve', 'dear'), [
    {
      code: 'insufficient_balance',
      unit: 'points',
      required: '1000000',
      available: '399',
      missing: '999601',
    },
  ]);
});

test('all reasons are told at once', async () => {
  const found = await reasons('eve', 'everything', '1');
  assert.deepEqual(
    found.map(({ code }) => code),
    ['not_in_audience', 'not_yet_valid', 'out_of_stock', 'below_minimum', 'insufficient_balance'],
  );
  const { body } = await redeem('eve', 'everything');
  assert.match(
    body.detail,
    /^The reward everything is not available: it is not for the tier or the segments/,
  );
});

test('the catalogue says whom its prices are for', async () => {
  const { body } = await shop.get('/v1/rewards');
  const [priced, , tier] = body.data;
  assert.deepEqual(priced.prices[0], { tiers: ['gold'], segments: ['dutch'], unit: 'points', points: '10' });
  assert.deepEqual(priced.prices[3], { tiers: null, segments: null, unit: 'points', points: '40' });
  assert.deepEqual(tier.audience, { tiers: ['gold'], segments: null });
});

test('the books agree after all of this', () => invariants(run.base));
