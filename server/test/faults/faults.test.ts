import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after } from 'node:test';
import pg from 'pg';
import { KINDS } from './check.ts';
import { readDatabase } from './database.ts';
import { compareDecisions, type OrderRow, type UsesRow } from './decisions.ts';
import { cutConnections, inflict, killDatabase, killEngine, REMEMBERED, startVictim } from './killing.ts';
import { SCENARIOS } from './main.ts';
import { ownerUrl } from './processes.ts';
import { leave, type Options, type Report } from './world.ts';

// A small part of what main.ts does, with everything compared at the end.
const seed = Number(process.env.FEALTY_TEST_SEED ?? Date.now() % 1_000_000);
const options = (kills: number): Options => ({
  kills,
  seed,
  clients: 12,
  members: 60,
  checkEvery: Number.POSITIVE_INFINITY,
  say: line => console.log(line),
});

const victim = await startVictim('test', options(10));
const { world } = victim;
let report: Report | undefined;
after(async () => {
  await victim.close();
  leave(victim.folder, report, console.log);
});

test('killed engines, killed databases and cut connections lose, double and invent nothing', async t => {
  t.diagnostic(`seed ${seed}; FEALTY_TEST_SEED repeats the choices, not the timing`);
  await world.begin();
  await inflict(victim, [killEngine], options(3));
  await inflict(victim, [killDatabase], options(2));
  await inflict(victim, [cutConnections], options(5));
  await world.end();
  report = world.report(victim.done);
  t.diagnostic(JSON.stringify(report.figures));
  assert.deepEqual(report.wrong, []);
  assert.ok(world.client.counts.resolved > 0, 'no outcome was unknown: nothing was tested');
  assert.ok(victim.done[REMEMBERED], 'no engine remembered members when it met a fault');
});

test('what is judged again: a wrong tier, a use too many or too few, a wrong cap and wrong points are each found', async () => {
  const { booked } = await readDatabase(ownerUrl(victim.postgres) as string, 'faults');
  assert.deepEqual(compareDecisions(booked, true), []);
  const has = (id: string) => (row: OrderRow) => row.applied.includes(id);
  const mistakes: [of: (row: OrderRow) => boolean, made: (row: OrderRow) => Partial<OrderRow>][] = [
    [has('silver'), () => ({ tier: 'gold' })],
    [has('gold'), ({ applied }) => ({ applied: applied.filter(id => id !== 'gold') })],
    [has('welcome'), ({ applied }) => ({ applied: applied.filter(id => id !== 'welcome') })],
    [row => !has('welcome')(row), ({ applied }) => ({ applied: [...applied, 'welcome'] })],
    [has('monthly'), ({ points }) => ({ points: points - 10n })],
  ];
  for (const [of, made] of mistakes) {
    const found = booked.orders.findLast(of);
    assert.ok(found, `no order shows ${of}`);
    const orders = booked.orders.map(row => (row === found ? { ...row, ...made(row) } : row));
    assert.match(compareDecisions({ ...booked, orders }, true).join(), RegExp(`^${found.key} of [^,]*`));
  }
  for (const change of [{ count: 3 }, { points: 1n }]) {
    const found = booked.uses.findLast(({ campaign }) => campaign === 'monthly') as UsesRow;
    const uses = booked.uses.map(row => (row === found ? { ...row, ...change } : row));
    assert.match(compareDecisions({ ...booked, uses }, true).join(), RegExp(`^${found.member}: monthly`));
  }
});

/** One change of the owner's for each kind of finding. */
const DAMAGE = {
  missing: `delete from earning.orders where id = (select max(id) from earning.orders)`,
  doubled: `insert into ledger.adjustments select (jsonb_populate_record(a, jsonb_build_object('id', a.id + 1))).*
    from ledger.adjustments a order by id limit 1`,
  invented: `insert into ledger.entries select (jsonb_populate_record(e, jsonb_build_object('seq', 1000000))).*
    from ledger.entries e where command = 'order' limit 1`,
  changed: `update ledger.entries set available = available + 1 where kind = 'adjust'`,
  drift: `update ledger.wallets set held = held + 1`,
  decisions: `update earning.orders set applied = jsonb_set(applied::jsonb, '{tier}', '"none"')
    where id = (select max(id) from earning.orders)`,
  // Of an entry that was told, so that the invented one is not the only one without an event.
  eventsMissing: `update ledger.entries set seq = seq + 2000000 where kind = 'redeem'`,
  eventsInvented: `delete from ledger.entries where kind = 'hold'`,
} as const;

test('each kind of damage is found', async () => {
  assert.deepEqual(Object.keys(DAMAGE), [...KINDS]);
  const owner = new pg.Client({ connectionString: ownerUrl(victim.postgres) });
  await owner.connect();
  for (const [kind, sql] of Object.entries(DAMAGE)) {
    const { rowCount } = await owner.query(sql);
    assert.ok((rowCount ?? 0) > 0, `nothing could be damaged for ${kind}`);
  }
  await owner.end();
  const findings = await world.compare({ quietly: true });
  for (const kind of KINDS) assert.ok(findings[kind].length > 0, `no ${kind} was found`);
});

test('README.md tells of every scenario and of no other', () => {
  const text = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(told, Object.keys(SCENARIOS));
});
