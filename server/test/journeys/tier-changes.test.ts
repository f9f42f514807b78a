import assert from 'node:assert/strict';
import test from 'node:test';
import { testEngine } from '../support/engine.ts';
import {
  eventsWith,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const LEVELS = [
  { id: 'bronze', from: '0' },
  { id: 'silver', from: '200.00', multiplier: '1.25' },
  { id: 'gold', from: '500.00', multiplier: '1.5' },
  { id: 'black' },
];
const START = '2026-01-01T00:00:00.000Z';
const tiered = (tiers: object = {}, now = START) => ({
  ...POINTS_PER_DOLLAR,
  ...testClock(now),
  tiers: { qualify_by: 'spend', window: { rolling: 'P12M' }, levels: LEVELS, ...tiers },
});
const buy = async (name: string, dollars: number, at: string, more: object = {}) => {
  const { status, body } = await run
    .on(name)
    .post('/v1/orders', order(dollars, { occurred_at: at, ...more }));
  assert.ok(status < 300, JSON.stringify(body));
  return body.order.id as string;
};
const pass = async (name: string, to: string) => {
  const { status, body } = await run.post(`/v1/programs/${name}/clock`, { to });
  assert.equal(status, 200, JSON.stringify(body));
};
/** What was announced of tiers, in order, once there is as much as that. */
async function told(name: string, count: number, type = 'tier.changed'): Promise<Json[]> {
  const { data } = await eventsWith(
    run.on(name),
    events => events.filter(e => e.type === type).length >= count,
  );
  return data.filter((event: Json) => event.type === type);
}
const changes = async (name: string, count: number) =>
  (await told(name, count)).map(({ occurred_at, data }) => [occurred_at, data.from, data.to, data.reason]);

test('each change of a tier is announced once, at the instant at which it happened, with its reason', async () => {
  await run.put('/v1/programs/rolling', tiered());
  await buy('rolling', 200, '2026-01-01T00:00:00Z');
  await run.engine.announceTiers();
  await run.engine.announceTiers();
  await pass('rolling', '2026-02-01T00:00:00Z');
  await buy('rolling', 300, '2026-02-01T00:00:00Z');
  await pass('rolling', '2027-12-01T00:00:00Z');
  assert.deepEqual(await changes('rolling', 4), [
    ['2026-01-01T00:00:00.000Z', 'bronze', 'silver', 'qualified'],
    ['2026-02-01T00:00:00.000Z', 'silver', 'gold', 'qualified'],
    ['2027-01-01T00:00:00.000Z', 'gold', 'silver', 'window_passed'],
    ['2027-02-01T00:00:00.000Z', 'silver', 'bronze', 'window_passed'],
  ]);
});

test('what was granted by hand, given back or came late is announced with its reason', async () => {
  await run.put('/v1/programs/reasons', tiered());
  const api = run.on('reasons');
  await buy('reasons', 150, '2026-01-01T00:00:00Z');
  await buy('reasons', 100, '2026-01-01T00:00:00Z', { external_id: 'back' });
  await run.engine.announceTiers();
  await pass('reasons', '2026-02-01T00:00:00Z');
  await api.post('/v1/orders/ext:back/returns', { external_id: 'r', occurred_at: '2026-02-01T00:00:00Z' });
  await run.engine.announceTiers();
  const grant = { external_id: 'g', tier: 'black', reason: 'invited', until: '2026-04-01T00:00:00Z' };
  await api.post('/v1/members/ext:ann/tier-grants', { ...grant, from: '2026-03-01T00:00:00Z' });
  await pass('reasons', '2026-05-01T00:00:00Z');
  await buy('reasons', 60, '2026-01-15T00:00:00Z');
  await run.engine.announceTiers();
  assert.deepEqual(await changes('reasons', 5), [
    ['2026-01-01T00:00:00.000Z', 'bronze', 'silver', 'qualified'],
    ['2026-02-01T00:00:00.000Z', 'silver', 'bronze', 'returned'],
    ['2026-03-01T00:00:00.000Z', 'bronze', 'black', 'granted'],
    ['2026-04-01T00:00:00.000Z', 'black', 'bronze', 'grant_ended'],
    ['2026-01-15T00:00:00.000Z', 'bronze', 'silver', 'qualified'],
  ]);
});

test('other rules are announced for everybody whose tier is another by them, also who had none before', async () => {
  const { tiers: _, ...plain } = tiered();
  await run.put('/v1/programs/turned', plain);
  for (const member of ['a', 'b', 'c'])
    await buy('turned', member === 'c' ? 10 : 250, '2026-01-01T00:00:00Z', { member: `ext:${member}` });
  const publish = async (document: object, from: string) => {
    const { status, body } = await run.put(`/v1/programs/turned?effective_from=${from}`, document);
    assert.ok(status < 300, JSON.stringify(body));
  };
  await publish(tiered(), '2026-02-01T00:00:00.000Z');
  await pass('turned', '2026-03-01T00:00:00Z');
  const higher = LEVELS.map(level => (level.id === 'silver' ? { ...level, from: '300.00' } : level));
  await publish(tiered({ levels: higher }), '2026-04-01T00:00:00.000Z');
  await pass('turned', '2026-05-01T00:00:00Z');
  const first = ['2026-02-01T00:00:00.000Z', 'bronze', 'silver', 'program_changed'];
  const second = ['2026-04-01T00:00:00.000Z', 'silver', 'bronze', 'program_changed'];
  assert.deepEqual(await changes('turned', 4), [first, first, second, second]);
});

test('a member is told of a fall in time, once for each length, and again where a purchase has put it off', async () => {
  await run.put('/v1/programs/notice', tiered({ notice: ['P30D', 'P7D'] }));
  await buy('notice', 250, '2026-01-01T00:00:00Z');
  await pass('notice', '2026-12-10T00:00:00Z');
  await buy('notice', 220, '2026-12-10T00:00:00Z');
  await pass('notice', '2027-12-31T00:00:00Z');
  const notices = (await told('notice', 3, 'tier.expiring')).map(({ occurred_at, data }) => [
    occurred_at,
    data.before,
    data.falls_at,
    data.to,
    data.missing,
  ]);
  assert.deepEqual(notices, [
    ['2026-12-02T00:00:00.000Z', 'P30D', '2027-01-01T00:00:00.000Z', 'bronze', '20000'],
    ['2027-11-10T00:00:00.000Z', 'P30D', '2027-12-10T00:00:00.000Z', 'bronze', '20000'],
    ['2027-12-03T00:00:00.000Z', 'P7D', '2027-12-10T00:00:00.000Z', 'bronze', '20000'],
  ]);
  assert.deepEqual(
    (await changes('notice', 2)).map(([at]) => at),
    ['2026-01-01T00:00:00.000Z', '2027-12-10T00:00:00.000Z'],
  );
});

test('the answer about a tier says until when it lasts, what follows, and what keeps it', async () => {
  await run.put('/v1/programs/projected', tiered({ window: 'calendar_year', grace: 'P2M' }));
  await buy('projected', 600, '2026-01-01T00:00:00Z');
  const shown = async (at: string) => {
    const { body } = await run.on('projected').get(`/v1/members/ext:ann/tier?as_of=${at}`);
    return [body.tier, body.until, body.projected];
  };
  const keep = { tier: 'bronze', missing: '50000' };
  assert.deepEqual(await shown('2026-06-01T00:00:00.000Z'), ['gold', '2028-03-01T00:00:00.000Z', keep]);
  assert.deepEqual(await shown('2028-02-29T23:59:59.999Z'), ['gold', '2028-03-01T00:00:00.000Z', keep]);
  const none = { tier: 'bronze', missing: null };
  assert.deepEqual(await shown('2028-03-01T00:00:00.000Z'), ['bronze', null, none]);
});

test("the member's own year begins on the day of the enrolment, and ends on its anniversary", async () => {
  await run.put('/v1/programs/own', tiered({ window: 'member_year' }, '2024-02-29T15:00:00.000Z'));
  await run.on('own').post('/v1/members', { external_id: 'ann' });
  // Before the enrolment: the year that ended that very midnight.
  await buy('own', 250, '2024-02-28T23:59:59.999Z');
  await buy('own', 600, '2024-02-29T00:00:00Z');
  const tierAt = async (at: string) =>
    (await run.on('own').get(`/v1/members/ext:ann/tier?as_of=${at}`)).body.tier;
  assert.equal(await tierAt('2024-02-28T23:59:59.999Z'), 'silver');
  assert.equal(await tierAt('2025-02-27T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('2026-02-27T23:59:59.999Z'), 'gold');
  assert.equal(await tierAt('2026-02-28T00:00:00.000Z'), 'bronze');
  await pass('own', '2026-06-01T00:00:00Z');
  const own = (await changes('own', 3)).slice(-1);
  assert.deepEqual(own, [['2026-02-28T00:00:00.000Z', 'gold', 'bronze', 'period_ended']]);
});

test('a job that is killed half way, run twice and by two engines announces each change once', async () => {
  await run.engine.announceTiers();
  await run.put('/v1/programs/killed', tiered());
  const orders = Array.from({ length: 250 }, (_, index) =>
    order(250, { member: `ext:k${index}`, occurred_at: '2026-01-01T00:00:00Z' }),
  );
  const taken = await run.on('killed').post('/v1/orders/bulk', { orders });
  assert.equal(taken.body.created, 250);
  // As if the engine had stood still: both changes of each member have been missed.
  await run.clock('killed', '2027-02-01T00:00:00.000Z');
  const { ledger } = run.engine;
  const carryOut = ledger.run.bind(ledger);
  let calls = 0;
  ledger.run = (commands, dryRun) => {
    calls += 1;
    if (calls === 2) throw new Error('killed');
    return carryOut(commands, dryRun);
  };
  await assert.rejects(run.engine.announceTiers(), /killed/);
  ledger.run = carryOut;
  const announced = async () =>
    Number(
      (
        await run.base.sql(
          `select count(*) as n from earning.tier_watches t join program.programs p on p.id = t.program_id
           where p.name = 'killed' and t.seen_at is not null`,
        )
      )[0]?.['n'],
    );
  const half = await announced();
  assert.ok(half >= 100 && half < 250, String(half));
  const second = await testEngine({ database: run.base.database });
  try {
    await Promise.all([run.engine.announceTiers(), second.engine.announceTiers()]);
    await run.engine.announceTiers();
  } finally {
    await second.stop();
  }
  const all = await told('killed', 500);
  const byMember = Object.groupBy(all, (event: Json) => event.member);
  assert.equal(Object.keys(byMember).length, 250);
  for (const changesOf of Object.values(byMember))
    assert.deepEqual(
      changesOf?.map(({ occurred_at, data: { to } }: Json) => [occurred_at, to]),
      [
        ['2026-01-01T00:00:00.000Z', 'silver'],
        ['2027-01-01T00:00:00.000Z', 'bronze'],
      ],
    );
});

test('what the ledger says agrees along every path', () => verified(run));
