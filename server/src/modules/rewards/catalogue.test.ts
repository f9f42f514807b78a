import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CATALOGUE, Shop } from '../../../test/support/catalogue.ts';
import { invariants } from '../../../test/support/invariants.ts';

const shop = await Shop.open();
const { engine } = shop;
after(() => engine.stop());

const codesOf = (reasons: readonly { code?: unknown }[]) => reasons.map(({ code }) => code);

test('a reward takes what it costs and says what it gives, by which rule of which version', async () => {
  const member = await shop.member(1_600);
  const ten = await shop.redeem(member, 'ten-off');
  assert.equal(ten.status, 201);
  assert.deepEqual(ten.body.redemption.money_off, { amount: '1000', currency: 'USD' });
  assert.deepEqual(ten.body.redemption.reward, {
    id: 'ten-off',
    rule: 'ten-off@1',
    gives: { money_off: '10.00' },
    fulfilment: null,
    code: null,
  });
  const tenth = await shop.redeem(member, 'tenth-off', { order_total: '9999' });
  assert.equal(tenth.body.redemption.money_off?.amount, '1249', 'an eighth of 99.99, rounded down');
  assert.equal(await shop.available(member), '100');
});

test('per cent off of an order that was not named is no sum of money', async () => {
  const member = await shop.member(500);
  assert.equal((await shop.redeem(member, 'tenth-off')).body.redemption.money_off, null);
});

test('every reason why a reward is not available is told, with what is missing', async () => {
  const member = await shop.member(4);
  const refused = await shop.redeem(member, 'weekly', { order_total: '1500' });
  assert.equal(refused.status, 422);
  assert.equal(refused.body['code'], 'reward_unavailable');
  const reasons = [
    { code: 'not_yet_valid', from: '2026-01-02T00:00:00.000Z' },
    { code: 'below_minimum', required: '2000', order_total: '1500', missing: '500' },
    { code: 'insufficient_balance', unit: 'points', required: '10', available: '4', missing: '6' },
  ];
  assert.deepEqual(refused.body['reasons'], reasons);
  assert.deepEqual(await shop.reasons(member, 'weekly', '1500'), reasons, 'the list says the same');
  assert.deepEqual(codesOf(await shop.reasons(member, 'cinema')), ['out_of_stock', 'insufficient_balance']);
});

test('a redemption is of points or of a reward of the program, and of nothing in between', async () => {
  const member = await shop.member(1_000);
  const both = await shop.redeem(member, 'ten-off', { points: '5', unit: 'points' });
  assert.equal(both.status, 400);
  assert.deepEqual(
    (both.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer),
    ['/points', '/unit'],
  );
  const neither = await engine.post('/v1/redemptions', 'shop', { external_id: 'n', member });
  assert.equal(neither.status, 400);
  const total = await engine.post('/v1/redemptions', 'shop', {
    external_id: 't',
    member,
    points: '5',
    order_total: '100',
  });
  assert.equal(total.status, 400);
  const unknown = await shop.redeem(member, 'eleven-off');
  assert.deepEqual([unknown.status, unknown.body['code']], [422, 'reward_unknown']);
});

test('a retry gets its first answer, and another reward under the same key is a conflict', async () => {
  const member = await shop.member(2_000);
  const first = await shop.redeem(member, 'ten-off', { external_id: 'twice' });
  const again = await shop.redeem(member, 'ten-off', { external_id: 'twice' });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual({ ...again.body, known: false }, first.body);
  const other = await shop.redeem(member, 'tenth-off', { external_id: 'twice', order_total: '100' });
  assert.equal(other.body['code'], 'key_reused');
  assert.deepEqual(other.body['differences'], [
    { pointer: '/reward', stored: 'ten-off', sent: 'tenth-off' },
    { pointer: '/order_total', stored: null, sent: '100' },
  ]);
});

test('a dry run says what would be granted, takes nothing and hands out no code', async () => {
  await shop.upload(['DRY-1']);
  const member = await shop.member(500);
  const dry = await shop.redeem(member, 'cinema', {}, true);
  assert.equal(dry.status, 200);
  assert.deepEqual(dry.body.redemption.reward.fulfilment, 'pending');
  assert.equal(dry.body.redemption.reward.code, null);
  assert.equal(await shop.left('cinema'), 1);
  assert.equal(await shop.available(member), '500');
  const wet = await shop.redeem(member, 'cinema');
  assert.equal(wet.body.redemption.reward.code, 'DRY-1');
});

test('a hold holds its stock; a void and the end of the hold give it back at that instant', async () => {
  const member = await shop.member(2_000);
  const hold = { capture: false, hold_for: 'PT10M' };
  const [one, two] = [await shop.redeem(member, 'mug', hold), await shop.redeem(member, 'mug', hold)];
  assert.equal(two.status, 201);
  assert.deepEqual(codesOf((await shop.redeem(member, 'mug')).body['reasons'] as []), ['out_of_stock']);
  assert.equal((await shop.change(one.body.redemption.id, 'void')).status, 201);
  assert.equal(await shop.left('mug'), 1);
  const third = await shop.redeem(member, 'mug', hold);
  assert.equal(third.status, 201, 'the unit of the voided one');
  const { body } = await engine.get<{ clock: { now: string } }>('/v1/programs/shop');
  const now = Date.parse(body.clock.now);
  await engine.setClock('shop', now + 10 * 60_000 - 1);
  assert.equal(await shop.left('mug'), 0);
  await engine.setClock('shop', now + 10 * 60_000);
  assert.equal(await shop.left('mug'), 2);
  const again = [
    await shop.redeem(member, 'mug'),
    await shop.redeem(member, 'mug'),
    await shop.redeem(member, 'mug'),
  ];
  assert.deepEqual(
    again.map(({ status }) => status),
    [201, 201, 422],
  );
  assert.equal((await shop.change(two.body.redemption.id, 'capture')).body['code'], 'redemption_expired');
  for (const { body: given } of again.slice(0, 2)) await shop.change(given.redemption.id, 'refunds');
  assert.equal(await shop.left('mug'), 2, 'a refund of the whole gives back');
});

test('a hold whose unit another engine gave away, by a clock that is ahead, has ended', async () => {
  const member = await shop.member(300);
  const held = await shop.redeem(member, 'mug', { capture: false });
  const { id } = held.body.redemption;
  const external = [held.body.redemption.external_id];
  await engine.sql('update rewards.redemptions set released = true where external_id = $1', external);
  for (const what of ['capture', 'void'])
    assert.equal((await shop.change(id, what)).body['code'], 'redemption_expired', what);
  await engine.sql('update rewards.redemptions set released = false where external_id = $1', external);
  assert.equal((await shop.change(id, 'void')).status, 201);
});

test('a refund of a part keeps the stock and the limit; what keeps its stock never comes back', async () => {
  const member = await shop.member(1_000);
  const mug = await shop.redeem(member, 'mug');
  await shop.change(mug.body.redemption.id, 'refunds', { points: '100' });
  assert.equal(await shop.left('mug'), 1);
  await shop.change(mug.body.redemption.id, 'refunds');
  assert.equal(await shop.left('mug'), 2);
  const last = await shop.redeem(member, 'last-one');
  await shop.change(last.body.redemption.id, 'refunds');
  assert.deepEqual(codesOf(await shop.reasons(member, 'last-one')), ['out_of_stock', 'limit_reached']);
  assert.equal(await shop.available(member), '1000');
});

test('a limit counts the redemptions of the calendar week of the program, those that were voided left out', async () => {
  // Monday the 5th begins at 05:00 UTC in New York.
  await engine.setClock('shop', Date.parse('2026-01-05T04:59:00Z'));
  const member = await shop.member(1_000);
  const order = { order_total: '2000' };
  const held = await shop.redeem(member, 'weekly', { ...order, capture: false });
  await shop.redeem(member, 'weekly', order);
  const third = await shop.redeem(member, 'weekly', order);
  assert.deepEqual(third.body['reasons'], [{ code: 'limit_reached', limit: 2, every: 'week', used: 2 }]);
  await shop.change(held.body.redemption.id, 'void');
  assert.equal((await shop.redeem(member, 'weekly', order)).status, 201);
  await engine.setClock('shop', Date.parse('2026-01-05T05:00:00Z'));
  assert.deepEqual(await shop.reasons(member, 'weekly', '2000'), []);
  await engine.setClock('shop', Date.parse('2026-02-01T00:00:00Z'));
  assert.deepEqual(codesOf(await shop.reasons(member, 'weekly', '2000')), ['no_longer_valid']);
});

test('commands of one batch see what those before them took of stock and limit', async () => {
  const member = await shop.member(1_000);
  const answers = await Promise.all([1, 2, 3, 4].map(() => shop.redeem(member, 'mug')));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 422, 422]);
  for (const { body, status } of answers)
    if (status === 201) await shop.change(body.redemption.id, 'fulfilment', { state: 'rejected' });
  assert.equal(await shop.left('mug'), 2);
});

test('a later version raises and lowers the stock of what it names, granted units counted', async () => {
  const member = await shop.member(5_000);
  await shop.redeem(member, 'mug');
  const stocked = (stock: number) => ({
    ...CATALOGUE,
    rewards: CATALOGUE.rewards.map(reward => (reward.id === 'mug' ? { ...reward, stock } : reward)),
  });
  await engine.publish('shop', stocked(20));
  assert.equal(await shop.left('mug'), 19);
  const { body } = await shop.redeem(member, 'mug');
  assert.equal(body.redemption.reward.rule, 'mug@2');
  await engine.publish('shop', stocked(1));
  assert.equal(await shop.left('mug'), 0);
  assert.equal((await shop.redeem(member, 'mug')).status, 422);
  await shop.change(body.redemption.id, 'refunds');
  assert.equal(await shop.left('mug'), 0, 'one granted, one in stock');
  assert.equal((await shop.redeem(member, 'mug')).status, 422);
  await engine.publish('shop', stocked(3));
  assert.equal(await shop.left('mug'), 2);
  const more = [
    await shop.redeem(member, 'mug'),
    await shop.redeem(member, 'mug'),
    await shop.redeem(member, 'mug'),
  ];
  assert.deepEqual(
    more.map(({ status }) => status),
    [201, 201, 422],
  );
});

test('points of another unit are credited with the capture, expire as told, and go with a refund of the whole', async () => {
  const member = await shop.member(400);
  const held = await shop.redeem(member, 'miles', { capture: false });
  assert.equal(await shop.available(member, 'miles'), '0');
  const captured = await shop.change(held.body.redemption.id, 'capture');
  const credit = (captured.body['effects'] as { type: string; rule: string; expires_at: string }[])[1];
  assert.deepEqual([credit?.type, credit?.rule], ['bonus', 'miles@4']);
  assert.equal(await shop.available(member, 'miles'), '40');
  const part = await shop.change(held.body.redemption.id, 'refunds', { points: '50' });
  assert.equal(part.body['code'], 'refund_not_divisible');
  assert.equal((await shop.change(held.body.redemption.id, 'refunds')).status, 201);
  assert.deepEqual([await shop.available(member, 'miles'), await shop.available(member)], ['0', '400']);
  const spent = await shop.redeem(member, 'miles');
  await shop.adjust(member, -1, 'miles');
  assert.equal((await shop.change(spent.body.redemption.id, 'refunds')).body['code'], 'reward_points_spent');
});

test('what somebody has to hand over is pending until it is fulfilled or rejected, once', async () => {
  const member = await shop.member(1_000);
  await engine.publish('shop', {
    ...CATALOGUE,
    rewards: CATALOGUE.rewards.map(reward => (reward.id === 'mug' ? { ...reward, stock: 50 } : reward)),
  });
  const held = await shop.redeem(member, 'mug', { capture: false });
  assert.equal(held.body.redemption.reward.fulfilment, null);
  const id = held.body.redemption.id;
  assert.equal(
    (await shop.change(id, 'fulfilment', { state: 'fulfilled' })).body['code'],
    'redemption_not_captured',
  );
  assert.equal((await shop.change(id, 'capture')).body.redemption.reward.fulfilment, 'pending');
  const done = await shop.change(id, 'fulfilment', { state: 'fulfilled' });
  assert.deepEqual([done.status, done.body.redemption.reward.fulfilment], [201, 'fulfilled']);
  assert.equal(
    (await shop.change(id, 'fulfilment', { state: 'rejected' })).body['code'],
    'fulfilment_not_pending',
  );
  const other = await shop.redeem(member, 'mug');
  const before = await shop.available(member);
  const rejected = await shop.change(other.body.redemption.id, 'fulfilment', { state: 'rejected' });
  assert.deepEqual(
    [rejected.body.redemption.reward.fulfilment, rejected.body.redemption.refunded],
    ['rejected', '300'],
  );
  assert.equal(Number(await shop.available(member)) - Number(before), 300);
  const money = await shop.redeem(await shop.member(1_000), 'ten-off');
  assert.equal(
    (await shop.change(money.body.redemption.id, 'fulfilment', { state: 'fulfilled' })).body['code'],
    'fulfilment_not_pending',
  );
  type Read = { data: { type: string; data: Record<string, unknown> }[] };
  const readAll = async () => (await engine.get<Read>('/v1/events?limit=1000', 'shop')).body;
  // Transactions of other tests on the same server hold the readers of the log back for a moment.
  let read = await readAll();
  const isThere = () =>
    read.data.some(({ type, data }) => data['redemption'] === id && type === 'redemption.fulfilled');
  for (let waited = 0; !isThere() && waited < 20_000; waited += 50) {
    await sleep(50);
    read = await readAll();
  }
  const told = read.data.filter(({ data }) => data['redemption'] === id).map(({ type }) => type);
  assert.deepEqual(told, ['redemption.held', 'redemption.captured', 'redemption.fulfilled']);
  const fact = read.data.find(({ type }) => type === 'redemption.fulfilled')?.data;
  assert.deepEqual([fact?.['reward'], fact?.['rule'], fact?.['fulfilment']], ['mug', 'mug@5', 'fulfilled']);
});

test('a price and an audience go by the tier that the member has at that instant', async () => {
  await engine.publish('tiered', {
    ...CATALOGUE,
    tiers: {
      qualify_by: 'spend',
      window: { rolling: 'P1M' },
      levels: [
        { id: 'basic', from: '0' },
        { id: 'silver', from: '100.00' },
        { id: 'gold', from: '200.00' },
      ],
    },
    rewards: [
      {
        id: 'spa',
        gives: { product: 'SPA' },
        cost: [
          { tiers: ['gold'], unit: 'points', points: '20' },
          { tiers: ['silver'], unit: 'points', points: '30' },
        ],
      },
      {
        id: 'lounge',
        gives: { product: 'L' },
        cost: { unit: 'points', points: '1' },
        audience: { tiers: ['gold'] },
      },
    ],
  });
  let orders = 0;
  const buy = async (amount: string, at: string) => {
    orders += 1;
    const lines = [{ id: '1', amount }];
    const order = { external_id: `o${orders}`, member: 'ext:vip', occurred_at: at, currency: 'USD', lines };
    assert.equal((await engine.post('/v1/orders', 'tiered', order)).status, 201);
  };
  const redeem = (reward: string) =>
    engine.post<{ redemption?: { points: string }; reasons?: unknown[] }>('/v1/redemptions', 'tiered', {
      external_id: `${reward} ${orders}`,
      member: 'ext:vip',
      reward,
      capture: true,
    });
  const listed = async () => {
    const { body } = await engine.get<{
      tier: string;
      data: { id: string; cost: { points: string } | null; available: boolean }[];
    }>('/v1/members/ext:vip/rewards', 'tiered');
    return [body.tier, ...body.data.map(({ cost, available }) => (available ? cost?.points : null))];
  };
  await buy('5000', '2026-01-01T00:00:00Z');
  assert.deepEqual((await redeem('spa')).body.reasons, [
    { code: 'not_in_audience', tiers: ['gold', 'silver'], tier: 'basic' },
  ]);
  assert.deepEqual((await redeem('lounge')).body.reasons, [
    { code: 'not_in_audience', tiers: ['gold'], tier: 'basic' },
  ]);
  assert.deepEqual(await listed(), ['basic', null, null]);
  await buy('5000', '2026-01-01T00:00:00Z');
  assert.equal((await redeem('spa')).body.redemption?.points, '30');
  await buy('10000', '2026-01-01T00:00:00Z');
  assert.deepEqual(await listed(), ['gold', '20', '1']);
  assert.equal((await redeem('spa')).body.redemption?.points, '20');
  assert.equal((await redeem('lounge')).status, 201);
  await engine.setClock('tiered', Date.parse('2026-02-01T05:00:00Z'));
  assert.deepEqual(await listed(), ['basic', null, null], 'the purchases have left the window');
});

test('the books agree after all of this, and the stock is what was granted and not given back', async () => {
  await invariants(engine);
  const rows = await engine.sql(
    `select s.item, sum(s.granted)::int as granted, (select count(*)::int from rewards.redemptions r
       where r.program_id = s.program_id and r.stock_item = s.item and not (r.released and r.code_id is null)) as counted
     from rewards.stock s group by s.program_id, s.item`,
  );
  for (const { item, granted, counted } of rows) assert.equal(granted, counted, item);
});
