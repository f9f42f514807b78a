import assert from 'node:assert/strict';
import test from 'node:test';
import { invariants } from '../support/invariants.ts';
import { startEngine, testClock } from './engine.ts';

/* What counts in velocity windows goes when no window can need it any more, and not before. */
const run = await startEngine();
const check = { id: 'burst', unit: 'points', more_than: '100', within: 'P1D', pause: 'PT1H' };
await run.program('shop', { ...testClock('2026-03-01T12:00:00Z'), velocity: [check] });
await run.program('plain', testClock('2026-03-01T12:00:00Z'));
const idOf = async (name: string): Promise<number> => {
  const [row] = await run.base.sql<{ id: number }>('select id from program.programs where name = $1', [name]);
  return row?.id as number;
};
const prune = async (name = 'shop') => run.engine.pruneVelocity(await idOf(name));
const counted = async () =>
  (await run.base.sql('select at from fraud.counted order by at')).map(row =>
    (row['at'] as Date).toISOString(),
  );
let keys = 0;
const buy = async (program: string, member: string, dollars: number, at: string) => {
  const order = { external_id: `o${++keys}`, member: `ext:${member}`, occurred_at: at, currency: 'USD' };
  const lines = [{ id: '1', amount: String(dollars * 100) }];
  assert.equal((await run.on(program).post('/v1/orders', { ...order, lines })).status, 201);
};

test('what counted goes 400 days and two windows later, by the clock of its program; the evidence of cases stays', async () => {
  // The horizon stands at 2025-01-23T12:00Z: 400 days and two windows of a day before the clock.
  for (const at of ['2025-01-23T11:59:59Z', '2025-01-23T12:00:00Z', '2026-02-01T00:00:00Z'])
    await buy('shop', 'ann', 10, at);
  await buy('shop', 'eve', 60, '2024-06-01T10:00:00Z');
  await buy('shop', 'eve', 60, '2024-06-01T11:00:00Z');
  await buy('shop', 'eve', 5, '2024-01-01T00:00:00Z');
  assert.equal((await run.on('shop').get('/v1/cases')).body.data.length, 1);
  assert.equal((await counted()).length, 6);
  assert.equal(await prune(), 2);
  assert.deepEqual(await counted(), [
    '2024-06-01T10:00:00.000Z',
    '2024-06-01T11:00:00.000Z',
    '2025-01-23T12:00:00.000Z',
    '2026-02-01T00:00:00.000Z',
  ]);
  assert.equal(await prune(), 0, 'done again, it finds nothing');
  const [found] = (await run.on('shop').get('/v1/cases')).body.data;
  const { body } = await run.on('shop').get(`/v1/cases/${found.id}`);
  assert.equal(body.credits.length, 2, 'what the case was opened for is still shown');
  await run.clock('shop', '2027-03-10T12:00:00Z');
  assert.equal(await prune(), 2);
});

test('a program without checks has nothing to remove', async () => {
  await buy('plain', 'ann', 10, '2020-01-01T00:00:00Z');
  assert.equal(await prune('plain'), 0);
});

test('the books agree after all of this', () => invariants(run.base));
