import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';
import { backtestOf, differing, NOTHING } from './replays.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const CAMPAIGNS = [
  { id: 'double', weekdays: ['monday'], effect: { multiply: '2' }, budget: { points: '700' } },
  { id: 'hello', limit: { per_member: 1 }, effect: { earn: { unit: 'points', fixed: '50' } } },
  { id: 'app', if: "order.channel == 'app'", cap: { points: '20', per: 'day' }, effect: { multiply: '1.5' } },
];
const RICH = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  earning: [
    ...POINTS_PER_DOLLAR.earning,
    {
      id: 'large',
      on: 'order',
      if: `order.total >= 4000 && time.weekday != 'sunday'`,
      earn: { unit: 'points', fixed: '9' },
    },
  ],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P3M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'gold', from: '150', multiplier: '1.25' },
    ],
  },
  campaigns: CAMPAIGNS,
};

/** Orders of some members over months, with revisions, returns and late ones, always the same. */
async function live(program: string, document: object) {
  const { status, body } = await run.put(`/v1/programs/${program}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  const api = run.on(program);
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let index = 0; index < 150; index += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + next(145) * 86_400_000 + next(86_400) * 1000).toISOString();
    const sent = {
      external_id: `o${index}`,
      member: `ext:m${next(9)}`,
      occurred_at: at,
      ...(next(2) === 0 && { channel: 'app' }),
    };
    const made = await api.post('/v1/orders', order(next(90), sent));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    if (next(6) === 0) await api.post('/v1/orders', { ...order(next(90), sent), revision: 2 });
    if (next(5) === 0)
      await api.post(`/v1/orders/ext:o${next(index + 1)}/returns`, {
        external_id: `r${index}`,
        occurred_at: NOW,
      });
  }
}

const backtest = (program: string, body: object = {}): Promise<Json> => backtestOf(run, program, body);

test('the live program replayed over all time comes to what happened', async () => {
  await live('rich', RICH);
  const report = await backtest('rich', {});
  assert.ok(report.decisions > 180, String(report.decisions));
  assert.ok(report.rules.length >= 5, JSON.stringify(report.rules));
  assert.deepEqual(differing(report), NOTHING);
  assert.deepEqual([report.members.winners, report.members.losers], [0, 0]);
});

test('so does any part of it', async () => {
  for (const [from, to] of [
    ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['2026-03-09T12:00:00Z', '2026-05-09T00:00:00Z'],
  ])
    assert.deepEqual(differing(await backtest('rich', { from, to })), NOTHING, from);
});

test('a draft is told apart by what another program with it as its document does', async () => {
  await live('plain', { ...POINTS_PER_DOLLAR, ...testClock(NOW) });
  const report = await backtest('plain', { document: RICH });
  const rich = await backtest('rich', {});
  const given = (side: string, own: Json) =>
    Object.fromEntries(own.rules.map((line: Json) => [line.rule, line[side]]));
  assert.deepEqual(given('draft', report), given('actual', rich));
  assert.deepEqual(
    report.tiers.map((tier: Json) => [tier.tier, tier.members.draft]),
    rich.tiers.map((tier: Json) => [tier.tier, tier.members.actual]),
  );
  assert.ok(report.members.winners > 0 && report.members.losers === 0);
  const [unit] = report.units;
  assert.equal(unit.money.difference, unit.difference);
});

test('a draft with less tells which redemptions would have failed', async () => {
  await run
    .on('plain')
    .post('/v1/orders', order(500, { external_id: 'big', member: 'ext:spender', occurred_at: NOW }));
  await run
    .on('plain')
    .post('/v1/redemptions', { external_id: 'x', member: 'ext:spender', points: '400', capture: true });
  // For this one there is enough, because the first one does not take its points.
  await run
    .on('plain')
    .post('/v1/redemptions', { external_id: 'y', member: 'ext:spender', points: '90', capture: true });
  const half = [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '0.5' } }];
  const report = await backtest('plain', {
    document: { ...POINTS_PER_DOLLAR, earning: half },
    to: '2026-06-02T00:00:00Z',
  });
  assert.deepEqual(report.redemptions, { would_fail: 1, points: '400' });
  const lost = report.members.most_lost.find(({ member }: Json) => member === 'ext:spender');
  assert.equal(lost.difference, '-250');
});

test('a draft with a mistake is refused with its place; nothing of a backtest is written to the ledger', async () => {
  const { status, body } = await run.on('plain').post('/v1/backtests', {
    document: { ...RICH, campaigns: [{ id: 'x', if: 'order.totl > 1', effect: { multiply: '2' } }] },
  });
  assert.deepEqual([status, body.code, body.errors[0].pointer], [422, 'program_invalid', '/campaigns/0/if']);
  const wallet = async () =>
    JSON.stringify((await run.on('plain').get('/v1/members/ext:spender/entries')).body);
  const before = await wallet();
  await backtest('plain', { document: RICH });
  assert.equal(await wallet(), before);
  assert.equal((await run.on('rich').get('/v1/backtests/bkt_0000000000000')).status, 404);
});

test('what the ledger says agrees along every path', () => verified(run));
