import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCursor } from '#platform/http/cursors.ts';
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
const NOW = '2026-06-01T00:00:00.000Z';
const TIERED = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  earning: [
    {
      id: 'base',
      on: 'order',
      earn: { unit: 'points', per_currency_unit: '1' },
      expires: { after: 'P12M' },
    },
  ],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P6M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '100', multiplier: '1.25' },
      { id: 'gold', from: '300', multiplier: '1.5' },
    ],
  },
  campaigns: [
    {
      id: 'twice',
      limit: { per_member: 2, every: 'month' },
      effect: { earn: { unit: 'points', fixed: '11' } },
    },
  ],
};
const YEAR = { from: '2025-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };

async function settled(api: Caller, id: string): Promise<Json> {
  for (;;) {
    const { body } = await api.get(`/v1/rerates/${id}`);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}
async function planned(api: Caller, body: object): Promise<Json> {
  const made = await api.post('/v1/rerates', { note: 'a test', ...body });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  return settled(api, made.body.id);
}
async function step(api: Caller, id: string, name: 'apply' | 'reverse'): Promise<Json> {
  const { status, body } = await api.post(`/v1/rerates/${id}/${name}`);
  assert.equal(status, 202, JSON.stringify(body));
  return settled(api, id);
}

/** What members have: balances with the points of each expiry date, and the tier. */
async function holdings(api: Caller, members: readonly string[]): Promise<Json> {
  return Promise.all(
    members.map(async member => {
      const balances = await api.get(`/v1/members/${member}/balances?expiring=true`);
      const tier = await api.get(`/v1/members/${member}/tier`);
      const [wallet] = balances.body.balances;
      return [member, wallet.available, wallet.pending, wallet.expiring, tier.body.tier];
    }),
  );
}

const MEMBERS = Array.from({ length: 8 }, (_, index) => `ext:m${index}`);
let seed = 11;
const next = (below: number) => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
};
const ORDERS = Array.from({ length: 120 }, (_, index) =>
  order(next(80), {
    external_id: `o${index}`,
    member: MEMBERS[next(8)],
    occurred_at: new Date(Date.UTC(2025, 9, 1) + index * 2 * 86_400_000).toISOString(),
  }),
);

test('orders that came late: after a re-rating of the period every member has what order would have given', async () => {
  for (const name of ['in-order', 'mixed']) {
    await run.put(`/v1/programs/${name}`, TIERED);
    const late = (index: number) => name === 'mixed' && index % 9 === 4;
    const arrival = [
      ...ORDERS.filter((_, index) => !late(index)),
      ...ORDERS.filter((_, index) => late(index)),
    ];
    await run.on(name).post('/v1/orders/bulk', { orders: arrival });
  }
  const wanted = await holdings(run.on('in-order'), MEMBERS);
  assert.notDeepEqual(await holdings(run.on('mixed'), MEMBERS), wanted);
  const nothing = await planned(run.on('in-order'), YEAR);
  assert.deepEqual([nothing.state, nothing.orders, nothing.change], ['planned', 0, []]);
  const found = await planned(run.on('mixed'), YEAR);
  assert.ok(found.orders > 3, JSON.stringify(found));
  const applied = await step(run.on('mixed'), found.id, 'apply');
  assert.deepEqual([applied.state, applied.applied, applied.refused], ['applied', found.orders, 0]);
  assert.deepEqual(await holdings(run.on('mixed'), MEMBERS), wanted);
  const again = await planned(run.on('mixed'), YEAR);
  assert.equal(again.orders, 0);
});

test('a re-rating taken back leaves the balances, the lots by expiry and the tiers of before', async () => {
  const api = run.on('mixed-2');
  await run.put('/v1/programs/mixed-2', TIERED);
  await api.post('/v1/orders/bulk', { orders: ORDERS.toReversed() });
  const before = await holdings(api, MEMBERS);
  const { id, orders } = await planned(api, YEAR);
  await step(api, id, 'apply');
  assert.notDeepEqual(await holdings(api, MEMBERS), before);
  const back = await step(api, id, 'reverse');
  assert.deepEqual([back.state, back.reversed], ['reversed', orders]);
  assert.deepEqual(await holdings(api, MEMBERS), before);
});

test('a faulty rule is corrected by a later version, previewed order by order, within the period only', async () => {
  const api = run.on('wrong');
  const rate = (per_currency_unit: string) => ({
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit } }],
  });
  await run.put('/v1/programs/wrong', rate('10'));
  await api.post('/v1/orders', order(5, { external_id: 'a', occurred_at: '2026-02-01T00:00:00Z' }));
  await api.post('/v1/orders', order(7, { external_id: 'b', occurred_at: '2026-03-01T00:00:00Z' }));
  await api.post('/v1/orders/ext:b/returns', {
    external_id: 'r',
    occurred_at: '2026-04-01T00:00:00Z',
    lines: [{ id: '1', amount: '200' }],
  });
  await run.put('/v1/programs/wrong', rate('1'));
  const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z', version: 2 };
  const { id, change } = await planned(api, march);
  assert.deepEqual(change, [{ unit: 'points', points: '-45' }]);
  const preview = await api.get(`/v1/rerates/${id}/orders`);
  assert.deepEqual(
    preview.body.data.map((row: Json) => [row.change, row.applied]),
    [[[{ unit: 'points', points: '-45' }], null]],
  );
  await step(api, id, 'apply');
  const { body } = await api.get('/v1/members/ext:ann/balances');
  assert.equal(body.balances[0].available, '55');
  // What comes back from now on is counted by the version that decided last.
  const some = await api.post('/v1/orders/ext:b/returns', {
    external_id: 'r2',
    occurred_at: '2026-04-15T00:00:00Z',
    lines: [{ id: '1', amount: '100' }],
  });
  assert.deepEqual(
    some.body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [['base@2', '-1']],
  );
  const rest = await api.post('/v1/orders/ext:b/cancel', {
    external_id: 'c',
    occurred_at: '2026-05-01T00:00:00Z',
  });
  assert.deepEqual(
    rest.body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [['base@2', '-4']],
  );
  const entries = await api.get('/v1/members/ext:ann/entries');
  const moved = entries.body.data.find((entry: Json) => entry.rule === 'base@2' && entry.kind === 'earn');
  const why = (await api.get(`/v1/entries/${moved.id}`)).body.why;
  assert.deepEqual([why.rerate, why.program_version], [id, 2]);
});

test('points that are spent are taken by the policy; each step is done once and only at its time', async () => {
  const api = run.on('spent');
  await run.put('/v1/programs/spent', { ...TIERED, returns: { if_spent: 'allow_negative' } });
  await api.post('/v1/orders', order(150, { external_id: 'b', occurred_at: '2026-03-01T00:00:00Z' }));
  await api.post('/v1/orders', order(100, { external_id: 'c', occurred_at: '2026-03-02T00:00:00Z' }));
  await api.post('/v1/orders/ext:b/cancel', { external_id: 'x', occurred_at: '2026-03-01T00:00:00Z' });
  const held = (await api.get('/v1/members/ext:ann/balances')).body.balances[0].available;
  await api.post('/v1/redemptions', { external_id: 'all', member: 'ext:ann', points: held, capture: true });
  const { id } = await planned(api, YEAR);
  const early = await api.post(`/v1/rerates/${id}/reverse`);
  assert.deepEqual([early.status, early.body.code], [409, 'rerate_not_ready']);
  const applied = await step(api, id, 'apply');
  assert.equal(applied.refused, 0);
  assert.equal((await api.post(`/v1/rerates/${id}/apply`)).status, 409);
  assert.equal((await run.on('wrong').get(`/v1/rerates/${id}`)).status, 404);
  for (const path of ['/v1/rerates', '/v1/backtests']) {
    const turned = { from: YEAR.to, to: YEAR.from, ...(path === '/v1/rerates' && { note: 'x' }) };
    const { status, body } = await api.post(path, turned);
    assert.deepEqual([status, body.errors[0].pointer], [400, '/to'], path);
  }
  const unknown = await api.post('/v1/rerates', { ...YEAR, note: 'x', version: 9 });
  assert.equal(unknown.body.code, 'program_version_not_found');
});

test('an order that was decided again after the plan was made is left alone, and the others are not', async () => {
  const api = run.on('meanwhile');
  await run.put('/v1/programs/meanwhile', TIERED);
  await api.post('/v1/orders/bulk', { orders: ORDERS.toReversed() });
  const [first, second] = [await planned(api, YEAR), await planned(api, YEAR)];
  assert.equal(first.orders, second.orders);
  await step(api, first.id, 'apply');
  const applied = await step(api, second.id, 'apply');
  assert.deepEqual([applied.applied, applied.refused], [0, second.orders]);
  const { body } = await api.get(`/v1/rerates/${second.id}/orders?limit=1`);
  for (const [member, order, status] of [
    ['9223372036854775807', '9223372036854775807', 200],
    ['9223372036854775808', '0', 400],
    ['0', '9223372036854775808', 400],
  ] as const) {
    const cursor = encodeCursor(member, order);
    assert.equal((await api.get(`/v1/rerates/${second.id}/orders?cursor=${cursor}`)).status, status);
  }
  assert.equal(body.data[0].applied, 'order_changed');
});

test('a backtest of the live program comes to what happened, re-ratings included', async () => {
  const made = await run.on('mixed').post('/v1/backtests', {});
  for (;;) {
    const { body } = await run.on('mixed').get(`/v1/backtests/${made.body.id}`);
    if (body.state === 'running') {
      await sleep(20);
      continue;
    }
    assert.equal(body.state, 'done');
    assert.deepEqual(
      body.report.rules.filter((line: Json) => line.difference !== '0'),
      [],
    );
    return;
  }
});

test('points that count towards a tier are those of the new decision, also of what came back', async () => {
  const document = (fixed: string) => ({
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    units: { points: { worth: '0.01', qualifying: true } },
    earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: fixed } }],
    tiers: {
      qualify_by: 'points',
      window: { rolling: 'P6M' },
      levels: [
        { id: 'bronze', from: '0' },
        { id: 'gold', from: '100', multiplier: '2' },
      ],
    },
  });
  const bought = async (name: string) => {
    const api = run.on(name);
    const at = (day: number) => `2026-03-0${day}T00:00:00Z`;
    await api.post('/v1/orders', order(60, { external_id: 'a', occurred_at: at(1) }));
    await api.post('/v1/orders', order(50, { external_id: 'b', occurred_at: at(2) }));
    await api.post('/v1/orders', order(10, { external_id: 'c', occurred_at: at(3) }));
    const lines = [{ id: '1', amount: '5000' }];
    await api.post('/v1/orders/ext:a/returns', { external_id: 'r', occurred_at: at(4), lines });
    await api.post('/v1/orders', order(10, { external_id: 'd', occurred_at: at(5) }));
    return api;
  };
  // Right from the beginning: c is an order of gold, d one of bronze, because a part of a came back before it.
  await run.put('/v1/programs/right', document('1'));
  const wanted = await holdings(await bought('right'), ['ext:ann']);
  assert.equal(wanted[0][1], '90');
  for (const wrong of ['10', '0.1']) {
    const name = `wrong-${wrong.length}`;
    await run.put(`/v1/programs/${name}`, document(wrong));
    const api = await bought(name);
    await run.put(`/v1/programs/${name}`, document('1'));
    const { id, activities } = await planned(api, { ...YEAR, version: 2 });
    assert.equal(activities, 0);
    await step(api, id, 'apply');
    assert.deepEqual(await holdings(api, ['ext:ann']), wanted, wrong);
    assert.equal((await planned(api, { ...YEAR, version: 2 })).orders, 0);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
