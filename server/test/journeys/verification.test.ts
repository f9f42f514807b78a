import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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
const budgeted = (by: string, more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  activities: { review: {} },
  earning: [
    POINTS_PER_DOLLAR.earning[0],
    { id: 'review', on: 'activity:review', earn: { unit: 'points', fixed: '5' }, limit: { per_member: 2 } },
  ],
  campaigns: [
    { id: 'double', effect: { multiply: by }, budget: { points: '900' }, limit: { per_member: 9 } },
    {
      id: 'kept',
      effect: { earn: { unit: 'points', fixed: '10' } },
      budget: { points: '400' },
      returns: 'keep',
    },
  ],
  ...more,
});

/** Orders with revisions, returns and activities; some budgets run out. */
async function live(program: string): Promise<Caller> {
  const api = run.on(program);
  for (let index = 0; index < 40; index += 1) {
    const sent = {
      external_id: `o${index}`,
      member: `ext:m${index % 7}`,
      occurred_at: '2026-03-01T00:00:00Z',
    };
    await api.post('/v1/orders', order(10 + ((index * 37) % 60), sent));
    if (index % 3 === 0) await api.post('/v1/orders', { ...order((index * 13) % 50, sent), revision: 2 });
    if (index % 4 === 0)
      await api.post(`/v1/orders/ext:o${index}/returns`, {
        external_id: `r${index}`,
        occurred_at: NOW,
        lines: [{ id: '1', amount: '300' }],
      });
    await api.post('/v1/activities', {
      external_id: `a${index}`,
      member: `ext:m${index % 7}`,
      type: 'review',
      occurred_at: '2026-03-01T00:00:00Z',
    });
  }
  return api;
}

const verification = async (program: string): Promise<Json> => {
  const { status, body } = await run.post('/v1/verify', { program });
  assert.equal(status, 200, JSON.stringify(body));
  return Object.fromEntries(body.checks.map(({ name, ...check }: Json) => [name, check]));
};

test('budgets that give, take back and run out say what orders, revisions, returns and re-ratings cite', async () => {
  await run.put('/v1/programs/budgets', budgeted('2'));
  const api = await live('budgets');
  const before = await verification('budgets');
  assert.deepEqual(
    [before.budgets.ok, before.budgets.checked, before.uses.ok, before.uses.checked > 20],
    [true, 2, true, true],
  );
  // Another version of the campaign decides all of it again, without a budget for one of them.
  const { campaigns } = budgeted('1.5');
  await run.put(
    '/v1/programs/budgets',
    budgeted('1.5', { campaigns: [campaigns[0], { ...campaigns[1], budget: undefined }] }),
  );
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-12-01T00:00:00Z', version: 2, note: 'a test' };
  const { body } = await api.post('/v1/rerates', span);
  for (const wanted of ['planned', 'applied']) {
    for (;;) {
      const { state } = (await api.get(`/v1/rerates/${body.id}`)).body;
      if (state === wanted) break;
      await sleep(20);
    }
    if (wanted === 'planned') await api.post(`/v1/rerates/${body.id}/apply`);
  }
  await verified(run);
});

test('a budget or a use that somebody changes by hand is found, with the numbers', async () => {
  await run.put('/v1/programs/changed', budgeted('2'));
  await live('changed');
  const of = (table: string) =>
    `update earning.${table} where budget_id = (select b.id from earning.budgets b join program.programs p on p.id = b.program_id where p.name = 'changed' and b.campaign = 'kept') and shard = 3`;
  await run.base.sql(of('budget_shards set remaining = remaining + 7'));
  const { budgets } = await verification('changed');
  assert.equal(budgets.ok, false);
  assert.match(
    budgets.differences[0],
    /^the budget of kept in program \d+ has granted 393, orders cite 400$/,
  );
  assert.equal((await verification('budgets')).budgets.ok, true);
  await run.base.sql(of('budget_shards set remaining = remaining - 7'));
  await run.base.sql(
    `update earning.uses set count = 2 where count = 1 and (member_id, campaign, order_id) = (select u.member_id, u.campaign, u.order_id from earning.uses u
       join earning.activities a on a.id = u.order_id join program.programs p on p.id = a.program_id where p.name = 'changed' and u.count = 1 limit 1)`,
  );
  const { uses } = await verification('changed');
  assert.match(uses.differences[0], /^review counted 2 times for one order or activity/);
  await run.base.sql('update earning.uses set count = 1 where count = 2');
});

test('what the ledger says agrees along every path', () => verified(run));
