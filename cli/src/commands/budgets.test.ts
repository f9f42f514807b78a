import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-budgets-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const server = await testEngine();
await server.engine.identity.ensureRootKey(folder);
writeFileSync(join(folder, 'url'), await server.engine.http.listen(0));
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const PROGRAM = {
  currency: 'USD',
  units: { points: { worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
};
const gift = { earn: { unit: 'points', fixed: '250' } };

async function budgets(program: string, ...more: string[]): Promise<string> {
  const { output, out, err } = keptOutput(more.includes('--json'));
  assert.equal(await fealty(['program', 'budgets', program, ...more], output), 0, err());
  return out();
}

test('what is left of each budget is shown in points, and in money where it is in money', async () => {
  await server.publish('shop', {
    ...PROGRAM,
    campaigns: [
      { id: 'welcome', effect: gift, budget: { points: '100000' } },
      { id: 'spring', effect: gift, budget: { money: '1234.50' } },
      { id: 'free', effect: gift },
    ],
  });
  const order = {
    external_id: 'o',
    member: 'ext:ann',
    occurred_at: '2026-01-01T00:00:00Z',
    currency: 'USD',
    lines: [{ id: '1', amount: '100' }],
  };
  const { status } = await server.post('/v1/orders', 'shop', order);
  assert.equal(status, 201);
  assert.equal(
    await budgets('shop'),
    [
      'campaign   points  granted     left  money         left in money',
      'spring    123,450      250  123,200  1,234.50 USD  1,232.00 USD',
      'welcome   100,000      250   99,750',
      '',
    ].join('\n'),
  );
  const [spring] = JSON.parse(await budgets('shop', '--json'));
  assert.deepEqual(spring.money, { amount: '123450', granted: '250', left: '123200', currency: 'USD' });
});

test('a program without budgets says so', async () => {
  await server.publish('plain', PROGRAM);
  assert.equal(await budgets('plain'), 'No campaign has a budget.\n');
});
