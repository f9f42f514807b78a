import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00Z';
let sent = 0;

const publish = async (name: string, campaigns: object[], more: object = {}) => {
  const { status, body } = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    campaigns,
    ...more,
  });
  assert.ok(status < 300, JSON.stringify(body));
};

const byRule = (effects: readonly Json[]) =>
  Object.fromEntries(effects.map(effect => [effect.rule, Number(effect.points)]));

/** Sends an order and gives the points of its effects by rule. */
async function earn(program: string, dollars: number, more: Record<string, unknown> = {}) {
  sent += 1;
  const { status, body } = await run
    .on(program)
    .post('/v1/orders', order(dollars, { external_id: `c${sent}`, occurred_at: AT, ...more }));
  assert.ok(status < 300, JSON.stringify(body));
  return byRule(body.effects);
}

test('the highest multiplier wins, or all are multiplied as exact numbers', async () => {
  const campaigns = [
    { id: 'double', effect: { multiply: '2' } },
    { id: 'more', effect: { multiply: '1.1' } },
  ];
  await publish('highest', campaigns);
  await publish('stacked', campaigns, { combination: 'stack' });
  assert.deepEqual(await earn('highest', 15), { 'base@1': 15, 'base@1*double@1': 15 });
  // 15 x 2 x 1.1 = 33 exactly, where floating point has 33.00000000000001 or less than 33.
  assert.deepEqual(await earn('stacked', 15), { 'base@1': 15, 'base@1*double@1': 15, 'base@1*more@1': 3 });
});

test('the tier and campaigns are combined together, and a level does not count beside a better campaign', async () => {
  const tiers = {
    qualify_by: 'orders',
    window: 'lifetime',
    levels: [{ id: 'one', from: '0', multiplier: '1.5' }],
  };
  await publish('with-tier', [{ id: 'double', until: '2026-03-02T12:00', effect: { multiply: '2' } }], {
    tiers,
  });
  assert.deepEqual(await earn('with-tier', 10, { occurred_at: '2026-03-02T11:59:59.999Z' }), {
    'base@1': 10,
    'base@1*double@1': 10,
  });
  assert.deepEqual(await earn('with-tier', 10), { 'base@1': 10, 'base@1*one@1': 5 });
});

test('a campaign gives points of its own with terms of its own, once an order', async () => {
  await publish('own', [
    {
      id: 'welcome',
      effect: { earn: { unit: 'points', fixed: '50' }, pending: { for: 'P200D' } },
      limit: { per_member: 1 },
    },
  ]);
  assert.deepEqual(await earn('own', 10), { 'base@1': 10, 'welcome@1': 50 });
  assert.deepEqual(await earn('own', 10), { 'base@1': 10 });
  const { body } = await run.on('own').get('/v1/members/ext:ann/balances');
  assert.deepEqual([body.balances[0].available, body.balances[0].pending], ['20', '50']);
});

test('only for tiers, channels and while the schedule is open', async () => {
  await publish('audience', [
    { id: 'app', audience: { channels: ['app'] }, weekdays: ['monday'], effect: { multiply: '3' } },
  ]);
  assert.deepEqual(await earn('audience', 10, { channel: 'app' }), { 'base@1': 10, 'base@1*app@1': 20 });
  assert.deepEqual(await earn('audience', 10, { channel: 'web' }), { 'base@1': 10 });
  assert.deepEqual(await earn('audience', 10), { 'base@1': 10 });
  assert.deepEqual(await earn('audience', 10, { channel: 'app', occurred_at: '2026-03-03T00:00:00Z' }), {
    'base@1': 10,
  });
});

test('of an exclusive group only the campaign that gives the order most counts', async () => {
  await publish('group', [
    { id: 'fixed', group: 'g', effect: { earn: { unit: 'points', fixed: '30' } } },
    { id: 'double', group: 'g', effect: { multiply: '2' } },
    { id: 'apart', effect: { earn: { unit: 'points', fixed: '1' } } },
  ]);
  assert.deepEqual(await earn('group', 20), { 'base@1': 20, 'fixed@1': 30, 'apart@1': 1 });
  assert.deepEqual(await earn('group', 40), { 'base@1': 40, 'base@1*double@1': 40, 'apart@1': 1 });
});

test('limits and cooldowns count by the time of the orders, late ones too', async () => {
  await publish('limits', [
    { id: 'daily', limit: { per_member: 2, every: 'day' }, effect: { earn: { unit: 'points', fixed: '5' } } },
    { id: 'rare', cooldown: 'P7D', effect: { earn: { unit: 'points', fixed: '100' } } },
  ]);
  const at = (occurred_at: string) => earn('limits', 0, { occurred_at });
  assert.deepEqual(await at('2026-03-10T10:00:00Z'), { 'daily@1': 5, 'rare@1': 100 });
  assert.deepEqual(await at('2026-03-10T23:59:59Z'), { 'daily@1': 5 });
  assert.deepEqual(await at('2026-03-10T12:00:00Z'), {});
  assert.deepEqual(await at('2026-03-11T00:00:00Z'), { 'daily@1': 5 });
  assert.deepEqual(await at('2026-03-17T09:59:59Z'), { 'daily@1': 5 });
  assert.deepEqual(await at('2026-03-17T10:00:00Z'), { 'daily@1': 5, 'rare@1': 100 });
  // Less than a week before one that counted already.
  assert.deepEqual(await at('2026-03-05T00:00:00Z'), { 'daily@1': 5 });
});

test('a limit per day does not count the other days of the same call', async () => {
  await publish('days', [
    { id: 'daily', limit: { per_member: 1, every: 'day' }, effect: { earn: { unit: 'points', fixed: '5' } } },
  ]);
  const orders = ['2026-03-10', '2026-03-11', '2026-03-11', '2026-03-12'].map((day, index) =>
    order(0, { external_id: `d${index}`, occurred_at: `${day}T10:00:00Z` }),
  );
  const { body } = await run.on('days').post('/v1/orders/bulk', { orders });
  assert.deepEqual(
    body.results.map((row: Json) => row.answer.effects.length),
    [1, 1, 0, 1],
  );
});

test('a cap gives what is left of it, per order and per period', async () => {
  await publish('caps', [
    {
      id: 'order',
      cap: { points: '15', per: 'order' },
      effect: { earn: { unit: 'points', per_currency_unit: '1' } },
    },
    {
      id: 'month',
      cap: { points: '25', per: 'month' },
      effect: { earn: { unit: 'points', per_currency_unit: '1' } },
    },
  ]);
  assert.deepEqual(await earn('caps', 20), { 'base@1': 20, 'order@1': 15, 'month@1': 20 });
  assert.deepEqual(await earn('caps', 20), { 'base@1': 20, 'order@1': 15, 'month@1': 5 });
  assert.deepEqual(await earn('caps', 20), { 'base@1': 20, 'order@1': 15 });
  assert.deepEqual(await earn('caps', 20, { occurred_at: '2026-04-01T00:00:00Z' }), {
    'base@1': 20,
    'order@1': 15,
    'month@1': 20,
  });
});

test('a budget is given out to the last point and never exceeded; a return puts it back', async () => {
  await publish('budget', [
    { id: 'trim', budget: { points: '25' }, effect: { multiply: '2' } },
    {
      id: 'whole',
      budget: { points: '25', when_short: 'refuse' },
      effect: { earn: { unit: 'points', fixed: '10' } },
    },
  ]);
  assert.deepEqual(await earn('budget', 20, { external_id: 'first' }), {
    'base@1': 20,
    'base@1*trim@1': 20,
    'whole@1': 10,
  });
  assert.deepEqual(await earn('budget', 20), { 'base@1': 20, 'base@1*trim@1': 5, 'whole@1': 10 });
  assert.deepEqual(await earn('budget', 20), { 'base@1': 20 });
  await run
    .on('budget')
    .post('/v1/orders/ext:first/returns', { external_id: 'r', occurred_at: '2026-04-02T00:00:00Z' });
  assert.deepEqual(await earn('budget', 20), { 'base@1': 20, 'base@1*trim@1': 20, 'whole@1': 10 });
});

test('a refused multiplier makes way for the next best', async () => {
  await publish('next', [
    { id: 'triple', budget: { points: '30', when_short: 'refuse' }, effect: { multiply: '3' } },
    { id: 'double', effect: { multiply: '2' } },
  ]);
  assert.deepEqual(await earn('next', 10), { 'base@1': 10, 'base@1*triple@1': 20 });
  assert.deepEqual(await earn('next', 10), { 'base@1': 10, 'base@1*double@1': 10 });
});

test('an amendment moves limit and budget by the difference; a whole return gives the use back', async () => {
  await publish('amend', [
    { id: 'once', limit: { per_member: 1 }, budget: { points: '100' }, effect: { multiply: '2' } },
  ]);
  const buy = (dollars: number, revision: number) => earn('amend', dollars, { external_id: 'a', revision });
  assert.deepEqual(await buy(60, 1), { 'base@1': 60, 'base@1*once@1': 60 });
  assert.deepEqual(await buy(120, 2), { 'base@1': 60, 'base@1*once@1': 40 });
  assert.deepEqual(await buy(50, 3), { 'base@1': -70, 'base@1*once@1': -50 });
  assert.deepEqual(await earn('amend', 10), { 'base@1': 10 });
  await run
    .on('amend')
    .post('/v1/orders/ext:a/cancel', { external_id: 'x', occurred_at: '2026-04-02T00:00:00Z' });
  assert.deepEqual(await earn('amend', 99), { 'base@1': 99, 'base@1*once@1': 99 });
});

test('a use is given back when all has come back, also where the last line had no points of the campaign', async () => {
  await publish('last-line', [
    { id: 'once', limit: { per_member: 1 }, effect: { earn: { unit: 'points', fixed: '25' } } },
  ]);
  const buy = () =>
    earn('last-line', 0, {
      external_id: `both${sent}`,
      lines: [
        { id: 'dear', amount: '19900' },
        { id: 'cheap', amount: '100' },
      ],
    });
  const order = `both${sent}`;
  assert.deepEqual(await buy(), { 'base@1': 200, 'once@1': 25 });
  for (const id of ['dear', 'cheap']) {
    assert.deepEqual(await earn('last-line', 10), { 'base@1': 10 }, `before ${id} has come back`);
    const { status } = await run.on('last-line').post(`/v1/orders/ext:${order}/returns`, {
      external_id: `back-${id}`,
      occurred_at: '2026-04-02T00:00:00Z',
      lines: [{ id, quantity: 1 }],
    });
    assert.equal(status, 201);
  }
  assert.deepEqual(await buy(), { 'base@1': 200, 'once@1': 25 });
  assert.deepEqual(await earn('last-line', 10), { 'base@1': 10 });
});

test('a multiplier that gave nothing was not used, and nothing is given back for it', async () => {
  await publish('nothing-given', [{ id: 'more', limit: { per_member: 1 }, effect: { multiply: '1.1' } }]);
  assert.deepEqual(await earn('nothing-given', 1, { external_id: 'small' }), { 'base@1': 1 });
  await run
    .on('nothing-given')
    .post('/v1/orders/ext:small/returns', { external_id: 'x', occurred_at: '2026-04-02T00:00:00Z' });
  assert.deepEqual(await earn('nothing-given', 10), { 'base@1': 10, 'base@1*more@1': 1 });
  assert.deepEqual(await earn('nothing-given', 10), { 'base@1': 10 });
});

test('a revision that raises an order uses a limited multiplier, which rounded to nothing before', async () => {
  const program = 'raised';
  await publish(program, [{ id: 'more', limit: { per_member: 2 }, effect: { multiply: '1.1' } }]);
  const bonus = { 'base@1': 10, 'base@1*more@1': 1 };
  for (const external_id of ['a', 'b', 'c'])
    assert.deepEqual(await earn(program, 1, { external_id }), { 'base@1': 1 });
  assert.deepEqual(await earn(program, 10), bonus);
  const raised = async (external_id: string) => {
    const { status, body } = await run
      .on(program)
      .post('/v1/orders', order(10, { external_id, revision: 2, occurred_at: AT }));
    assert.equal(status, 201);
    return byRule(body.effects);
  };
  assert.deepEqual(await raised('a'), { 'base@1': 9, 'base@1*more@1': 1 });
  assert.deepEqual(await raised('b'), { 'base@1': 9 });
  const back = { external_id: 'x', occurred_at: '2026-04-02T00:00:00Z' };
  assert.equal((await run.on(program).post('/v1/orders/ext:a/returns', back)).status, 201);
  assert.deepEqual(await raised('c'), { 'base@1': 9, 'base@1*more@1': 1 });
  assert.deepEqual(await earn(program, 10), { 'base@1': 10 });
});

test('sequences of partial returns take back exactly what the campaign gave', async () => {
  await publish('parts', [{ id: 'third', effect: { multiply: '1.333' }, budget: { points: '7' } }]);
  const lines = ['1', '2', '3'].map(id => ({ id, quantity: 3, amount: '1099' }));
  await earn('parts', 0, { external_id: 'p', lines });
  for (const [index, id] of ['2', '1', '3', '1', '2', '3', '3', '1', '2'].entries()) {
    const { status, body } = await run.on('parts').post('/v1/orders/ext:p/returns', {
      external_id: `r${index}`,
      occurred_at: '2026-04-02T00:00:00Z',
      lines: [{ id, quantity: 1 }],
    });
    assert.ok(status < 300, JSON.stringify(body));
  }
  const { body } = await run.on('parts').get('/v1/members/ext:ann/balances');
  assert.equal(body.balances[0].available, '0');
  // All seven are there again.
  assert.deepEqual(await earn('parts', 100), { 'base@1': 100, 'base@1*third@1': 7 });
});

test('a share of the members is held out of all campaigns, always the same', async () => {
  await publish('held', [{ id: 'double', effect: { multiply: '2' } }], { holdout: { share: '0.3' } });
  const outcomes = async () => {
    const held: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      const points = await earn('held', 1, { member: `ext:h${index}` });
      if (points['base@1*double@1'] === undefined) held.push(`h${index}`);
    }
    return held;
  };
  const held = await outcomes();
  assert.ok(held.length > 5 && held.length < 35, String(held.length));
  assert.deepEqual(await outcomes(), held);
});

test('why: an entry tells the campaign, what it multiplied and what bounded it', async () => {
  const { body } = await run.on('budget').get('/v1/members/ext:ann/entries');
  const bonus = body.data.find((entry: Json) => entry.rule === 'base@1*trim@1' && entry.available === '5');
  const why = (await run.on('budget').get(`/v1/entries/${bonus.id}`)).body.why;
  assert.deepEqual(why.multipliers, [{ rule: 'trim@1', multiplier: '2/1' }]);
  assert.deepEqual(why.bounds, [{ rule: 'trim@1', points: '5' }]);
});

test('a dry run takes nothing from limits and budgets', async () => {
  await publish('dry', [
    {
      id: 'once',
      limit: { per_member: 1 },
      budget: { points: '10' },
      effect: { earn: { unit: 'points', fixed: '10' } },
    },
  ]);
  const asked = order(1, { external_id: 'd', occurred_at: AT });
  for (let round = 0; round < 3; round += 1) {
    const { body } = await run.on('dry').post('/v1/orders?dry_run=true', asked);
    assert.equal(body.effects.length, 2);
  }
  assert.deepEqual(await earn('dry', 1), { 'base@1': 1, 'once@1': 10 });
});

test('what the ledger says agrees along every path', () => verified(run));

test('a condition decides, and one that cannot be judged counts as not met and is told', async () => {
  await publish('if', [
    {
      id: 'big-hotel',
      if: "order.kind == 'hotel' && order.total >= 5000 && order.lines.exists(l, l.category == 'suite')",
      effect: { multiply: '2' },
    },
    { id: 'nights', if: 'order.attributes.nights >= 3', effect: { earn: { unit: 'points', fixed: '7' } } },
  ]);
  const lines = [{ id: '1', category: 'suite', amount: '5000' }];
  assert.deepEqual(await earn('if', 0, { kind: 'hotel', lines, attributes: { nights: 3 } }), {
    'base@1': 50,
    'base@1*big-hotel@1': 50,
    'nights@1': 7,
  });
  assert.deepEqual(await earn('if', 0, { kind: 'flight', lines, attributes: { nights: 2 } }), {
    'base@1': 50,
  });
  assert.deepEqual(await earn('if', 49, { kind: 'hotel' }), { 'base@1': 49 });
  const { body } = await run.on('if').get('/v1/members/ext:ann/entries');
  const why = (await run.on('if').get(`/v1/entries/${body.data[0].id}`)).body.why;
  assert.equal(why.not_judged[0].rule, 'nights@1');
});
