import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { engineWithBooks, SHOP } from '../../../test/support/books.ts';
import { invariants } from '../../../test/support/invariants.ts';

const engine = await engineWithBooks();
await engine.publish('empty', SHOP);
after(() => engine.stop());

interface Report {
  ok: boolean;
  checks: { name: string; ok: boolean; checked: number; differences: string[] }[];
  liability: { unit: number; wallets: number; available: string; pending: string; held: string }[];
}

const verify = async (program?: string): Promise<Report> =>
  (await engine.call<Report>('POST', '/v1/verify', { body: program === undefined ? {} : { program } })).body;

/** Does something to the tables, asks, and undoes it. */
async function tampered(sql: string, undo: string): Promise<{ failed: string[]; differences: string[] }> {
  await engine.sql(sql);
  const report = await verify();
  const [own, other] = [await verify('shop'), await verify('empty')];
  await engine.sql(undo);
  assert.equal(report.ok, false);
  assert.equal(own.ok, false, 'also when only its program is asked for');
  const others = other.checks.filter(check => !check.ok && check.name !== 'chain' && check.name !== 'events');
  assert.deepEqual(others, [], 'and another program is clean');
  const failed = report.checks.filter(check => !check.ok);
  return { failed: failed.map(check => check.name), differences: failed.flatMap(check => check.differences) };
}

test('clean books verify, and the report says how much was compared and what is owed', async () => {
  const report = await verify();
  assert.equal(report.ok, true);
  const checked = Object.fromEntries(report.checks.map(check => [check.name, check.checked]));
  assert.ok(
    report.checks.every(
      check => ['holds', 'transfers', 'budgets', 'uses'].includes(check.name) || check.checked > 0,
    ),
    JSON.stringify(checked),
  );
  // ann: 100 earned, 30 held, 50 pending; bob: 50 earned, 20 redeemed, 10 returned, 7 given.
  assert.deepEqual(
    report.liability.map(({ wallets, available, pending, held }) => ({ wallets, available, pending, held })),
    [{ wallets: 2, available: '97', pending: '50', held: '30' }],
  );
  await invariants(engine);
});

// A duplicate of an entry cannot be made unnoticed either, but that is the chain's to tell.
const CASES: [what: string, check: string, sql: string, undo: string, says: RegExp][] = [
  [
    'a wallet’s balance',
    'wallets',
    'update ledger.wallets set available = available + 5',
    'update ledger.wallets set available = available - 5',
    /wallet \d+ holds/,
  ],
  [
    'a wallet’s lifetime sum',
    'wallets',
    'update ledger.wallets set redeemed = redeemed + 1',
    'update ledger.wallets set redeemed = redeemed - 1',
    /wallet \d+ holds/,
  ],
  [
    'a wallet’s shortfall',
    'wallets',
    'update ledger.wallets set shortfall = shortfall + 1',
    'update ledger.wallets set shortfall = shortfall - 1',
    /wallet \d+ holds/,
  ],
  [
    'what is left of a lot',
    'lots',
    'update ledger.open_lots set remaining = remaining + 1 where not pending',
    'update ledger.open_lots set remaining = remaining - 1 where not pending',
    /lot \d+ of wallet \d+ has \d+ left, its entries leave \d+/,
  ],
  [
    'whether a lot is pending',
    'cover',
    'update ledger.open_lots set pending = not pending',
    'update ledger.open_lots set pending = not pending',
    /wallet \d+: available/,
  ],
  [
    'a hold',
    'holds',
    'update ledger.open_holds set points = points - 1',
    'update ledger.open_holds set points = points + 1',
    /hold \d+ of wallet \d+ is open with 29, its entries say 30/,
  ],
  [
    'a total',
    'totals',
    `update ledger.totals set available = available + 1 where kind = 'adjust'`,
    `update ledger.totals set available = available - 1 where kind = 'adjust'`,
    /adjust: the engine noted/,
  ],
  [
    'how many entries an event speaks of',
    'events',
    'update events.log set entries_count = entries_count + 1',
    'update events.log set entries_count = entries_count - 1',
    /its events speak of/,
  ],
  [
    'an entry’s number',
    'sequences',
    `update ledger.entries set seq = 900 where kind = 'adjust'`,
    'update ledger.entries set seq = 4 where seq = 900',
    /has \d+ entries numbered 1 to 900/,
  ],
  [
    'the sums that an entry states',
    'running_sums',
    `update ledger.entries set held_after = 1 where kind = 'adjust'`,
    `update ledger.entries set held_after = 0 where kind = 'adjust'`,
    /its entries sum to/,
  ],
];

for (const [what, check, sql, undo, says] of CASES) {
  test(`verify tells when somebody changed ${what}`, async () => {
    const { failed, differences } = await tampered(sql, undo);
    assert.ok(failed.includes(check), failed.join());
    assert.ok(
      differences.some(difference => says.test(difference)),
      JSON.stringify(differences),
    );
    assert.equal((await verify()).ok, true, 'clean again');
  });
}

test('verify tells when a lot, a hold, a wallet or an event is gone', async () => {
  for (const [table, check] of [
    ['ledger.open_lots', 'lots'],
    ['ledger.open_holds', 'holds'],
    ['ledger.wallets', 'wallets'],
    ['ledger.totals', 'totals'],
    ['events.log', 'events'],
  ] as const) {
    await engine.sql(`create table kept as select * from ${table}`);
    await engine.sql(`delete from ${table}`);
    const report = await verify();
    await engine.sql(`insert into ${table} select * from kept`);
    await engine.sql('drop table kept');
    assert.ok(
      report.checks.some(own => own.name === check && !own.ok),
      `${table}: ${JSON.stringify(report.checks.filter(own => !own.ok))}`,
    );
  }
  assert.equal((await verify()).ok, true);
});
