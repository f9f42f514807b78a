import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'silver', from: '200.00', multiplier: '1.25' },
  { id: 'gold', from: '500.00', multiplier: '1.5' },
];
const tiered = (tiers: object) => ({
  ...POINTS_PER_DOLLAR,
  ...testClock('2026-06-01T00:00:00.000Z'),
  tiers: { qualify_by: 'spend', window: { rolling: 'P12M' }, levels: LEVELS, ...tiers },
});
let orders = 0;

/** Sends an order and gives the points of its effects by rule. */
async function earn(program: string, member: string, dollars: number, at: string, more: object = {}) {
  orders += 1;
  const sent = { external_id: `t${orders}`, member, occurred_at: at, ...more };
  const { status, body } = await run.on(program).post('/v1/orders', order(dollars, sent));
  assert.ok(status < 300, JSON.stringify(body));
  return Object.fromEntries(body.effects.map((effect: Json) => [effect.rule, Number(effect.points)]));
}

test('an order is decided by the tier that was there just before it', async () => {
  await run.put('/v1/programs/rolling', tiered({}));
  assert.deepEqual(await earn('rolling', 'ext:ann', 200, '2026-01-01T00:00:00Z'), { 'base@1': 200 });
  // At the same instant, but after it: silver. The floor is taken once for the order: 101 x 1.25 = 126.25.
  assert.deepEqual(await earn('rolling', 'ext:ann', 101, '2026-01-01T00:00:00Z'), {
    'base@1': 101,
    'base@1*silver@1': 25,
  });
  assert.deepEqual(await earn('rolling', 'ext:ann', 199, '2026-01-02T00:00:00Z'), {
    'base@1': 199,
    'base@1*silver@1': 49,
  });
  assert.deepEqual(await earn('rolling', 'ext:ann', 10, '2026-01-03T00:00:00Z'), {
    'base@1': 10,
    'base@1*gold@1': 5,
  });
});

test('a purchase leaves a rolling window at the very instant, calendar months later', async () => {
  await earn('rolling', 'ext:edge', 300, '2025-02-28T12:00:00Z');
  assert.deepEqual(await earn('rolling', 'ext:edge', 4, '2026-02-28T11:59:59.999Z'), {
    'base@1': 4,
    'base@1*silver@1': 1,
  });
  assert.deepEqual(await earn('rolling', 'ext:edge', 4, '2026-02-28T12:00:00Z'), { 'base@1': 4 });
  // Twelve months are not 365 days: over the leap day of 2024 the window is 366 days long.
  await earn('rolling', 'ext:leap', 300, '2023-06-01T00:00:00Z');
  assert.deepEqual(await earn('rolling', 'ext:leap', 4, '2024-05-31T00:00:00Z'), {
    'base@1': 4,
    'base@1*silver@1': 1,
  });
  assert.deepEqual(await earn('rolling', 'ext:leap', 4, '2024-06-01T00:00:00Z'), { 'base@1': 4 });
});

test('what comes late is decided by its own time and counts from then on', async () => {
  await earn('rolling', 'ext:late', 150, '2026-01-10T00:00:00Z');
  await earn('rolling', 'ext:late', 60, '2026-03-10T00:00:00Z');
  assert.deepEqual(await earn('rolling', 'ext:late', 60, '2026-02-10T00:00:00Z'), { 'base@1': 60 });
  assert.deepEqual(await earn('rolling', 'ext:late', 4, '2026-02-11T00:00:00Z'), {
    'base@1': 4,
    'base@1*silver@1': 1,
  });
  const tier = await run.on('rolling').get('/v1/members/ext:late/tier?as_of=2026-03-10T00:00:00.000Z');
  assert.deepEqual([tier.body.tier, tier.body.sum], ['silver', '27400']);
});

test('a return takes its part off the sum from when it happened, unless the program keeps it', async () => {
  for (const [name, after_return] of [
    ['lower', 'lower'],
    ['kept', 'keep'],
  ] as const) {
    await run.put(`/v1/programs/${name}`, tiered({ after_return }));
    await earn(name, 'ext:bob', 250, '2026-01-10T00:00:00Z', { external_id: 'big' });
    await run
      .on(name)
      .post('/v1/orders/ext:big/returns', { external_id: 'r', occurred_at: '2026-02-10T00:00:00Z' });
    const after = await earn(name, 'ext:bob', 4, '2026-03-01T00:00:00Z');
    assert.equal(Object.keys(after).length, name === 'lower' ? 1 : 2, name);
    // An order from between purchase and return, sent only now, has the tier of then.
    assert.equal(Object.keys(await earn(name, 'ext:bob', 4, '2026-02-01T00:00:00Z')).length, 2, name);
  }
});

test('a return gives back the points of the tier that the order was decided by', async () => {
  await earn('rolling', 'ext:ret', 500, '2026-01-10T00:00:00Z');
  await earn('rolling', 'ext:ret', 100, '2026-01-11T00:00:00Z', { external_id: 'gold-order' });
  const { body } = await run.on('rolling').post('/v1/orders/ext:gold-order/returns', {
    external_id: 'r1',
    occurred_at: '2026-02-10T00:00:00Z',
  });
  assert.deepEqual(
    body.effects.map((effect: Json) => [effect.rule, effect.points]),
    [
      ['base@1', '-100'],
      ['base@1*gold@1', '-50'],
    ],
  );
});

test('by the calendar year: up at once, at its end down to what it reached', async () => {
  await run.put('/v1/programs/yearly', tiered({ window: 'calendar_year' }));
  await run.put('/v1/programs/graced', tiered({ window: 'calendar_year', grace: 'P2M' }));
  await run.put('/v1/programs/step', tiered({ window: 'calendar_year', downgrade: 'one_level' }));
  const tierAt = async (program: string, at: string) =>
    (await run.on(program).get(`/v1/members/ext:cy/tier?as_of=${at}`)).body.tier;
  for (const program of ['yearly', 'graced', 'step']) {
    await earn(program, 'ext:cy', 600, '2023-06-01T00:00:00Z');
    await earn(program, 'ext:cy', 10, '2024-06-01T00:00:00Z');
    await earn(program, 'ext:cy', 10, '2025-06-01T00:00:00Z');
  }
  assert.equal(await tierAt('yearly', '2023-12-31T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('yearly', '2024-12-31T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('yearly', '2025-01-01T00:00:00.000Z'), 'bronze');
  assert.equal(await tierAt('graced', '2025-02-28T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('graced', '2025-03-01T00:00:00.000Z'), 'bronze');
  assert.equal(await tierAt('step', '2025-01-01T00:00:00.000Z'), 'silver');
  assert.equal(await tierAt('step', '2026-01-01T00:00:00.000Z'), 'bronze');
});

test('by orders, nights and points', async () => {
  const levels = [
    { id: 'basic', from: '0' },
    { id: 'genius', from: '2', multiplier: '2' },
  ];
  for (const qualify_by of ['orders', 'nights']) {
    await run.put(`/v1/programs/${qualify_by}`, tiered({ qualify_by, window: 'lifetime', levels }));
    const stay = { attributes: { nights: 1 } };
    await earn(qualify_by, 'ext:n', 10, '2024-01-01T00:00:00Z', stay);
    assert.deepEqual(await earn(qualify_by, 'ext:n', 10, '2025-01-02T00:00:00Z', stay), { 'base@1': 10 });
    assert.deepEqual(await earn(qualify_by, 'ext:n', 10, '2026-01-03T00:00:00Z', stay), {
      'base@1': 10,
      'base@1*genius@1': 10,
    });
  }
  await run.put('/v1/programs/points', {
    ...tiered({
      qualify_by: 'points',
      window: 'lifetime',
      levels: [
        { id: 'a', from: '0' },
        { id: 'b', from: '10', multiplier: '2' },
      ],
    }),
    units: { points: { worth: '0.01' }, status: { redeemable: false, qualifying: true } },
    earning: [
      ...POINTS_PER_DOLLAR.earning,
      { id: 'status', on: 'order', earn: { unit: 'status', fixed: '5' } },
    ],
  });
  await earn('points', 'ext:p', 10, '2026-01-01T00:00:00Z');
  await earn('points', 'ext:p', 10, '2026-01-02T00:00:00Z');
  assert.deepEqual(await earn('points', 'ext:p', 10, '2026-01-03T00:00:00Z'), {
    'base@1': 10,
    'base@1*b@1': 10,
    'status@1': 5,
  });
});

test('a member sees the tier, the sum and what is missing; the program its members by tier', async () => {
  const { body } = await run.on('rolling').get('/v1/members/ext:late/tier?as_of=2026-03-10T00:00:00.000Z');
  assert.deepEqual(
    [body.tier, body.qualify_by, body.next],
    ['silver', 'spend', { tier: 'gold', from: '50000', missing: '22600' }],
  );
  const counted = await run.on('rolling').get('/v1/tiers?as_of=2026-03-10T00:00:00.000Z');
  const sum = counted.body.levels.reduce((all: number, level: Json) => all + level.members, 0);
  const members = await run.on('rolling').get('/v1/members');
  assert.equal(sum, members.body.data.length);
  assert.equal((await run.on('rolling').get('/v1/members/ext:nobody/tier')).status, 404);
  await run.program('flat', testClock());
  await run.on('flat').post('/v1/members', { external_id: 'x' });
  assert.deepEqual((await run.on('flat').get('/v1/members/ext:x/tier')).body.code, 'program_without_tiers');
});

test('points live as long as the tier says that the order was decided by, also what an amendment adds', async () => {
  const expires = { after: 'P12M', by_tier: { silver: { after: 'P24M' }, gold: 'never' } };
  await run.put('/v1/programs/lives', {
    ...tiered({}),
    earning: [{ ...POINTS_PER_DOLLAR.earning[0], expires }],
  });
  const dates = async (dollars: number, external_id: string, revision = 1) => {
    const sent = { external_id, revision, occurred_at: '2026-02-01T00:00:00Z' };
    const { body } = await run.on('lives').post('/v1/orders', order(dollars, sent));
    return body.effects.map((effect: Json) => [effect.rule, effect.points, effect.expires_at]);
  };
  const [one, two] = ['2027-02-01T00:00:00.000Z', '2028-02-01T00:00:00.000Z'];
  assert.deepEqual(await dates(200, 'l1'), [['base@1', '200', one]]);
  assert.deepEqual(await dates(300, 'l2'), [
    ['base@1', '300', two],
    ['base@1*silver@1', '75', two],
  ]);
  assert.deepEqual(await dates(4, 'l3'), [
    ['base@1', '4', null],
    ['base@1*gold@1', '2', null],
  ]);
  // The first order stays one of bronze.
  assert.deepEqual(await dates(250, 'l1', 2), [['base@1', '50', one]]);
});

test('rows of a bulk call see those before them, and a dry run says what the write will do', async () => {
  const rows = [200, 101, 199].map((dollars, index) =>
    order(dollars, { external_id: `b${index}`, member: 'ext:bulk', occurred_at: '2026-01-01T00:00:00Z' }),
  );
  const dry = await run.on('rolling').post('/v1/orders/bulk?dry_run=true', { orders: rows });
  const wet = await run.on('rolling').post('/v1/orders/bulk', { orders: rows });
  const points = (answer: Json) =>
    answer.body.results.map((row: Json) =>
      row.answer.effects.map((effect: Json) => [effect.rule, effect.points]),
    );
  assert.deepEqual(points(dry), points(wet));
  assert.deepEqual(points(wet)[1], [
    ['base@1', '101'],
    ['base@1*silver@1', '25'],
  ]);
});

test('what the ledger says agrees along every path', () => verified(run));

test('amounts and attributes at the end of what can be written count for what a lifetime can hold', async () => {
  const most = '9223372036854775807';
  await run.put('/v1/programs/huge', { ...tiered({}), earning: [] });
  for (let index = 0; index < 3; index += 1) {
    const lines = [1, 2].map(id => ({ id: String(id), amount: most }));
    const sent = { external_id: `huge${index}`, member: 'ext:huge', lines, attributes: { nights: 1e300 } };
    const { status, body } = await run
      .on('huge')
      .post('/v1/orders', order(0, { ...sent, occurred_at: '2026-01-01T00:00:00Z' }));
    assert.equal(status, 201, JSON.stringify(body));
  }
  const { body } = await run.on('huge').get('/v1/members/ext:huge/tier');
  assert.equal(body.sum, '3000000000000000');
});

test('tiers that come later see what was bought before them, late orders of that time too', async () => {
  const plain = { ...POINTS_PER_DOLLAR, ...testClock('2026-06-01T00:00:00.000Z') };
  await run.put('/v1/programs/grown', plain);
  await earn('grown', 'ext:old', 120, '2026-01-01T00:00:00Z');
  await earn('grown', 'ext:old', 60, '2026-03-01T00:00:00Z');
  await run.put('/v1/programs/grown', tiered({}));
  await run.clock('grown', '2026-06-02T00:00:00.000Z');
  const sumAt = async (at: string) =>
    (await run.on('grown').get(`/v1/members/ext:old/tier?as_of=${at}`)).body.sum;
  assert.equal(await sumAt('2026-06-02T00:00:00.000Z'), '18000');
  assert.deepEqual(await earn('grown', 'ext:old', 40, '2026-06-01T12:00:00Z'), { 'base@2': 40 });
  assert.deepEqual(await earn('grown', 'ext:old', 4, '2026-06-01T13:00:00Z'), {
    'base@2': 4,
    'base@2*silver@2': 1,
  });
  // Decided by the version without tiers, but counted by the one with them.
  assert.deepEqual(await earn('grown', 'ext:old', 300, '2026-02-01T00:00:00Z'), { 'base@1': 300 });
  assert.equal(await sumAt('2026-06-02T00:00:00.000Z'), '52400');
  assert.deepEqual(await earn('grown', 'ext:old', 10, '2026-06-01T14:00:00Z'), {
    'base@2': 10,
    'base@2*gold@2': 5,
  });
});
