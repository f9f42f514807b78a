import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00Z';
let sent = 0;

async function publish(name: string, campaigns: object[], more: object = {}) {
  const document = { ...POINTS_PER_DOLLAR, ...testClock(NOW), campaigns, ...more };
  const { status, body } = await run.put(`/v1/programs/${name}`, document);
  assert.ok(status < 300, JSON.stringify(body));
}

const told = (body: Json) =>
  Object.fromEntries(body.effects.map((effect: Json) => [effect.rule, Number(effect.points)]));

/** Sends an order as a dry run and in earnest, which must agree, and gives the points of its effects by rule. */
async function earn(program: string, dollars: number, more: Record<string, unknown> = {}) {
  sent += 1;
  const api = run.on(program);
  const asked = order(dollars, { external_id: `c${sent}`, occurred_at: AT, ...more });
  const dry = await api.post('/v1/orders?dry_run=true', asked);
  const { status, body } = await api.post('/v1/orders', asked);
  assert.ok(status < 300, JSON.stringify(body));
  assert.deepEqual(told(dry.body), told(body));
  return told(body);
}

async function until(program: string, path: string): Promise<Json> {
  for (;;) {
    const { body } = await run.on(program).get(path);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}

test('a percentage is added beside the highest multiplier, of what the rule gives alone', async () => {
  const earning = [
    ...POINTS_PER_DOLLAR.earning,
    { id: 'visit', on: 'order', earn: { unit: 'points', fixed: '8' } },
  ];
  const campaigns = [
    { id: 'double', effect: { multiply: '2' } },
    { id: 'more', effect: { multiply: '1.5' } },
    { id: 'eighth', effect: { percent: '12.5' } },
    { id: 'own', effect: { earn: { unit: 'points', fixed: '16' } } },
  ];
  await publish('beside', campaigns, { earning });
  assert.deepEqual(await earn('beside', 40), {
    'base@1': 40,
    'base@1*double@1': 40,
    'base@1*eighth@1': 5,
    'visit@1': 8,
    'visit@1*eighth@1': 1,
    'own@1': 16,
  });
  const { body } = await run.on('beside').get('/v1/members/ext:ann/entries');
  const entry = body.data.find(({ rule }: Json) => rule === 'base@1*eighth@1');
  assert.equal(entry.kind, 'bonus');
  const { why } = (await run.on('beside').get(`/v1/entries/${entry.id}`)).body;
  assert.deepEqual([why.campaigns, why.parts], [['eighth@1', 'own@1'], [{ rule: 'eighth@1', part: '1/8' }]]);
});

test('an order is rounded once with its percentage, exactly', async () => {
  await publish('exact', [{ id: 'third', effect: { percent: '33.33' } }]);
  // 3 + 0.9999: a point less than 4. With floating point or by line it is easily 4 or 2.
  const points = await earn('exact', 3);
  assert.deepEqual(points, { 'base@1': 3 });
  const lines = ['1', '2', '3'].map(id => ({ id, amount: '50' }));
  // 1.5 + 0.49995
  assert.deepEqual(await earn('exact', 0, { lines }), { 'base@1': 1 });
});

test('caps, budgets and limits bound a percentage; a return and an amendment give back what it had', async () => {
  await publish('bounds', [
    { id: 'capped', effect: { percent: '50' }, cap: { points: '7', per: 'order' } },
    { id: 'money', effect: { percent: '10' }, budget: { money: '0.08' } },
    { id: 'once', effect: { percent: '100' }, limit: { per_member: 1 } },
  ]);
  const first = { 'base@1': 40, 'base@1*capped@1': 7, 'base@1*money@1': 4, 'base@1*once@1': 40 };
  assert.deepEqual(await earn('bounds', 40, { external_id: 'a' }), first);
  assert.deepEqual(await earn('bounds', 60, { external_id: 'b' }), {
    'base@1': 60,
    'base@1*capped@1': 7,
    'base@1*money@1': 4,
  });
  assert.deepEqual(await earn('bounds', 10, { external_id: 'c' }), { 'base@1': 10, 'base@1*capped@1': 5 });
  assert.deepEqual(await earn('bounds', 20, { external_id: 'a', revision: 2 }), {
    'base@1': -20,
    'base@1*money@1': -2,
    'base@1*once@1': -20,
  });
  assert.deepEqual(await earn('bounds', 50, { external_id: 'd' }), {
    'base@1': 50,
    'base@1*capped@1': 7,
    'base@1*money@1': 2,
  });
  await run.on('bounds').post('/v1/orders/ext:a/returns', { external_id: 'r', occurred_at: NOW });
  assert.deepEqual(await earn('bounds', 10, { external_id: 'e' }), {
    'base@1': 10,
    'base@1*capped@1': 5,
    'base@1*money@1': 1,
    'base@1*once@1': 10,
  });
});

test('of a group the percentage wins where it alone gives the order more', async () => {
  await publish('group', [
    { id: 'fixed', group: 'g', effect: { earn: { unit: 'points', fixed: '10' } } },
    { id: 'fifth', group: 'g', effect: { percent: '20' } },
  ]);
  assert.deepEqual(await earn('group', 50), { 'base@1': 50, 'fixed@1': 10 });
  assert.deepEqual(await earn('group', 55), { 'base@1': 55, 'base@1*fifth@1': 11 });
});

test('sequences of partial returns take back exactly what the percentage gave', async () => {
  await publish('parts', [{ id: 'third', effect: { percent: '33.3' }, budget: { points: '7' } }]);
  const lines = ['1', '2', '3'].map(id => ({ id, quantity: 3, amount: '1099' }));
  await earn('parts', 0, { external_id: 'p', lines });
  for (const [index, id] of ['2', '1', '3', '1', '2', '3', '3', '1', '2'].entries()) {
    const { status, body } = await run.on('parts').post('/v1/orders/ext:p/returns', {
      external_id: `r${index}`,
      occurred_at: NOW,
      lines: [{ id, quantity: 1 }],
    });
    assert.ok(status < 300, JSON.stringify(body));
  }
  const { body } = await run.on('parts').get('/v1/members/ext:ann/balances');
  assert.equal(body.balances[0].available, '0');
  assert.deepEqual(await earn('parts', 100), { 'base@1': 100, 'base@1*third@1': 7 });
});

test('a backtest of the live program comes to what happened, and a draft gives what its percentage adds', async () => {
  const backtest = async (program: string, body: object) => {
    const made = await run.on(program).post('/v1/backtests', body);
    assert.equal(made.status, 202, JSON.stringify(made.body));
    return (await until(program, `/v1/backtests/${made.body.id}`)).report;
  };
  for (const program of ['bounds', 'group', 'parts']) {
    const { rules } = await backtest(program, {});
    assert.deepEqual(
      rules.filter((line: Json) => line.difference !== '0'),
      [],
      program,
    );
  }
  const campaigns = [{ id: 'eighth', effect: { percent: '12.5' } }];
  const { units } = await backtest('group', { document: { ...POINTS_PER_DOLLAR, campaigns } });
  // (50 + 55) x 1.125, rounded for each order: 56 + 61.
  assert.deepEqual([units[0].actual, units[0].draft], [String(50 + 10 + 55 + 11), '117']);
});

test('a re-rating brings a percentage to the past, and its reversal takes it away again', async () => {
  await publish('rerated', []);
  const api = run.on('rerated');
  await earn('rerated', 80, { external_id: 'x' });
  await publish('rerated', [{ id: 'eighth', effect: { percent: '12.5' } }]);
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-05-01T00:00:00Z', version: 2, note: 'a test' };
  const { id } = (await api.post('/v1/rerates', span)).body;
  await until('rerated', `/v1/rerates/${id}`);
  const balance = async () => (await api.get('/v1/members/ext:ann/balances')).body.balances[0].available;
  for (const [step, points] of [
    ['apply', '90'],
    ['reverse', '80'],
  ]) {
    await api.post(`/v1/rerates/${id}/${step}`);
    await until('rerated', `/v1/rerates/${id}`);
    assert.equal(await balance(), points, step);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
