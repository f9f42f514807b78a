import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  balance,
  eventsWith,
  type Json,
  order,
  type Running,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const START = '2026-01-01T00:00:00.000Z';
const DAY = 86_400_000;

const pass = async (on: Running, name: string, body: object) => {
  const passed = await on.post(`/v1/programs/${name}/clock`, body);
  assert.equal(passed.status, 200, JSON.stringify(passed.body));
  return passed.body.clock.now;
};
const earns = (id: string, category: string, more: object) => ({
  id,
  on: 'order',
  when: { category: [category] },
  earn: { unit: 'points', per_currency_unit: '1' },
  ...more,
});
const sale = (category: string, dollars: number, occurred_at: string, more: object = {}) =>
  order(dollars, { occurred_at, lines: [{ id: '1', category, amount: String(dollars * 100) }], ...more });
/** The facts about points, as a consumer sees them: when, whose, what. */
const factsOf = async (on: Running, name: string, enough: number): Promise<Json[]> => {
  const { data } = await eventsWith(on.on(name), events => events.length >= enough);
  return data.filter((fact: Json) => fact.type === 'points.expiring' || fact.type === 'wallet.settled');
};
const reminders = async (on: Running, name: string, enough: number) =>
  (await factsOf(on, name, enough))
    .filter(fact => fact.type === 'points.expiring')
    .map(({ occurred_at, booked_at, data }) => [occurred_at, booked_at, data.before, data.points]);

const WITH_REMINDERS = { reminders: ['P30D', 'P7D', 'P1D'] };

test('time that passes under a key passes once, however often and however late it is asked again', async () => {
  await run.program('keyed', testClock(START));
  const advance = (by: string, key?: string, query = '') =>
    run.post(
      `/v1/programs/keyed/clock${query}`,
      { advance: by },
      key === undefined ? {} : { 'idempotency-key': key },
    );
  const now = async () => (await run.get('/v1/programs/keyed')).body.clock.now;
  await advance('P1D', 'one', '?dry_run=true');
  assert.equal(await now(), START, 'a dry run takes no key');
  const answers = await Promise.all([advance('P1D', 'one'), advance('P1D', 'one'), advance('P1D', 'one')]);
  for (const { status, body } of answers)
    assert.deepEqual([status, body.clock.now], [200, '2026-01-02T00:00:00.000Z']);
  assert.equal(await now(), '2026-01-02T00:00:00.000Z');
  await advance('P1D', 'two');
  await advance('P1D');
  const late = await advance('P1D', 'one');
  assert.deepEqual([late.status, late.body.clock.now], [200, '2026-01-04T00:00:00.000Z']);
  const other = await advance('P2D', 'one');
  assert.deepEqual([other.status, other.body.code], [409, 'key_reused']);
  assert.deepEqual(other.body.differences, [{ pointer: '/advance', stored: 'P1D', sent: 'P2D' }]);
});

test('members are reminded once for each date and length, with what is left of the points at that time', async () => {
  const name = 'remind';
  await run.program(name, {
    ...testClock(START),
    ...WITH_REMINDERS,
    time_zone: 'Europe/Paris',
    earning: [earns('base', 'any', { expires: { after: 'P3M' } })],
  });
  const api = run.on(name);
  await api.post('/v1/orders', sale('any', 100, START));
  await api.post('/v1/orders', sale('any', 50, START));
  // The clocks go forward on March 29: thirty and seven days before keep the local time of day.
  await pass(run, name, { to: '2026-03-20T00:00:00Z' });
  await api.post('/v1/redemptions', { external_id: 'r', member: 'ext:ann', points: '120', capture: true });
  await pass(run, name, { to: '2026-12-01T00:00:00Z' });
  assert.deepEqual(
    await reminders(run, name, 7),
    [
      ['2026-03-02T00:00:00.000Z', '2026-03-02T00:00:00.000Z', 'P30D', '150'],
      ['2026-03-25T00:00:00.000Z', '2026-03-25T00:00:00.000Z', 'P7D', '30'],
      ['2026-03-30T23:00:00.000Z', '2026-03-30T23:00:00.000Z', 'P1D', '30'],
    ].map(row => row.map(text => text)),
  );
});

test('a run that comes late makes up for what was missed; a second one and another engine double nothing', async () => {
  const name = 'late';
  await run.program(name, {
    ...testClock(START),
    ...WITH_REMINDERS,
    earning: [
      earns('base', 'any', { expires: { after: 'P60D' } }),
      earns('short', 'short', { expires: { after: 'P10D' } }),
    ],
  });
  const api = run.on(name);
  await api.post('/v1/orders', sale('any', 10, START));
  await api.post('/v1/orders', sale('any', 5, START, { member: 'ext:bob' }));
  const sweep = () => run.post(`/v1/programs/${name}/sweep`);
  // Early: nothing is due.
  await sweep();
  // `now` sets the clock as if the engine had stood still: both reminders of March 2 have been missed by a day.
  await run.clock(name, '2026-02-25T00:00:00.000Z');
  await api.post('/v1/orders', sale('any', 1_000, '2026-01-01T00:00:00Z', { external_id: 'came-later' }));
  const other = await run.beside(name);
  await Promise.all([sweep(), other.post(`/v1/programs/${name}/sweep`), sweep()]);
  await sweep();
  const seen = (await reminders(run, name, 5)).sort();
  assert.deepEqual(seen, [
    ['2026-01-31T00:00:00.000Z', '2026-02-25T00:00:00.000Z', 'P30D', '10'],
    ['2026-01-31T00:00:00.000Z', '2026-02-25T00:00:00.000Z', 'P30D', '5'],
    ['2026-02-23T00:00:00.000Z', '2026-02-25T00:00:00.000Z', 'P7D', '10'],
    ['2026-02-23T00:00:00.000Z', '2026-02-25T00:00:00.000Z', 'P7D', '5'],
  ]);
  // Points that live for ten days were not there thirty days before.
  await api.post('/v1/orders', sale('short', 7, '2026-02-25T00:00:00Z', { member: 'ext:eve' }));
  await sweep();
  await pass(run, name, { advance: 'P1M' });
  const eve = (await reminders(run, name, 11)).filter(row => row[3] === '7');
  assert.deepEqual(
    eve.map(row => [row[0], row[2]]),
    [
      ['2026-02-28T00:00:00.000Z', 'P7D'],
      ['2026-03-06T00:00:00.000Z', 'P1D'],
    ],
  );
  assert.equal((await reminders(run, name, 11)).filter(row => row[2] === 'P1D').length, 3);
  // Nothing is kept of dates that are past.
  await sweep();
  const kept = await run.base.sql(
    'select count(*)::integer as n from ledger.reminders where expires_at < $1',
    ['2026-03-20T00:00:00Z'],
  );
  assert.deepEqual(kept, [{ n: 0 }]);
});

test('a job that is killed half way goes on where it was: every member is reminded once', async () => {
  const name = 'killed';
  await run.program(name, {
    ...testClock(START),
    reminders: ['P7D'],
    earning: [earns('base', 'any', { expires: { after: 'P1M' } })],
  });
  const orders = Array.from({ length: 250 }, (_, index) =>
    sale('any', 1, START, { member: `ext:k${index}` }),
  );
  const taken = await run.on(name).post('/v1/orders/bulk', { orders });
  assert.equal(taken.body.created, 250, JSON.stringify(taken.body).slice(0, 300));
  await run.clock(name, '2026-01-25T00:00:00.000Z');
  const { ledger } = run.engine;
  const facts = await ledger.directory.programNamed(name);
  assert.ok(facts);
  const carryOut = ledger.run.bind(ledger);
  let calls = 0;
  ledger.run = (commands, dryRun) => {
    calls += 1;
    if (calls === 2) throw new Error('killed');
    return carryOut(commands, dryRun);
  };
  await assert.rejects(ledger.remind(facts), /killed/);
  ledger.run = carryOut;
  assert.equal(await ledger.remind(facts), 150);
  assert.equal(await ledger.remind(facts), 0);
  const reminded = await eventsWith(run.on(name), events => events.length >= 500);
  const members = reminded.data.flatMap((fact: Json) => (fact.type === 'points.expiring' ? fact.member : []));
  assert.deepEqual([members.length, new Set(members).size], [250, 250]);
});

test('a reminder of points that expire by inactivity follows the date as it moves', async () => {
  const name = 'moving';
  await run.program(name, {
    ...testClock(START),
    reminders: ['P7D'],
    earning: [earns('base', 'any', { expires: { inactivity: 'P1M' } })],
  });
  const api = run.on(name);
  await api.post('/v1/orders', sale('any', 10, START));
  await pass(run, name, { to: '2026-01-20T00:00:00Z' });
  await api.post('/v1/orders', sale('any', 10, '2026-01-20T00:00:00Z'));
  await pass(run, name, { to: '2026-03-01T00:00:00Z' });
  assert.deepEqual(
    (await reminders(run, name, 4)).map(row => [row[0], row[3]]),
    [['2026-02-13T00:00:00.000Z', '20']],
  );
  assert.deepEqual(await balance(api), { available: '0', pending: '0', held: '0' });
});

test('the clock of a test program goes by a length or to an instant, and never back', async () => {
  const name = 'steps';
  await run.program(name, { ...testClock('2026-01-31T12:00:00Z'), time_zone: 'Europe/Paris' });
  assert.equal(await pass(run, name, { advance: 'P1M' }), '2026-02-28T12:00:00.000Z');
  assert.equal(await pass(run, name, { advance: 'PT6H' }), '2026-02-28T18:00:00.000Z');
  assert.equal(await pass(run, name, { advance: 'P1M2D' }), '2026-03-30T17:00:00.000Z');
  assert.equal(await pass(run, name, { to: '2026-03-30T17:00:00Z' }), '2026-03-30T17:00:00.000Z');
  const path = `/v1/programs/${name}/clock`;
  const cases: [object, number, string][] = [
    [{ to: '2026-03-30T16:59:59.999Z' }, 409, 'clock_backwards'],
    [{ advance: 'a month' }, 400, 'invalid_request'],
    [{ advance: '-P1D' }, 400, 'invalid_request'],
    [{ advance: 'P1D', to: '2027-01-01T00:00:00Z' }, 400, 'invalid_request'],
    [{}, 400, 'invalid_request'],
    [{ to: '9999-01-01T00:00:00Z' }, 400, 'invalid_request'],
  ];
  for (const [body, status, code] of cases) {
    const refused = await run.post(path, body);
    assert.deepEqual([refused.status, refused.body.code], [status, code], JSON.stringify(body));
  }
  const dry = await run.post(`${path}?dry_run=true`, { advance: 'P1Y' });
  assert.equal(dry.body.clock.now, '2027-03-30T17:00:00.000Z');
  assert.equal((await run.get(`/v1/programs/${name}`)).body.clock.now, '2026-03-30T17:00:00.000Z');
  await run.program('real');
  assert.equal(
    (await run.post('/v1/programs/real/clock', { advance: 'P1D' })).body.code,
    'clock_not_settable',
  );
});

/** Everything that can fall due, in one program. */
const FULL = {
  ...testClock(START),
  ...WITH_REMINDERS,
  time_zone: 'Europe/Paris',
  earning: [
    earns('rolling', 'rolling', { pending: { for: 'P14D' }, expires: { after: 'P4M' } }),
    earns('calendar', 'calendar', { expires: { at_end_of: 'quarter', plus: 'P1M' } }),
    earns('inactive', 'inactive', { expires: { inactivity: 'P3M' } }),
    earns('stay', 'stay', {
      pending: { until_event: 'stay.completed', at_latest: 'P90D', otherwise: 'cancel' },
      expires: { at_end_of: 'year' },
    }),
    earns('trip', 'trip', {
      pending: { until_event: 'trip.ended', at_latest: 'P2M' },
      expires: { after: 'P6M' },
    }),
    earns('dated', 'dated', { pending: { until: '2026-05-01T00:00:00Z' } }),
  ],
};
const KINDS = ['rolling', 'calendar', 'inactive', 'stay', 'trip', 'dated'] as const;

interface Act {
  kind: (typeof KINDS)[number] | 'hold';
  member: number;
  points: number;
  /** Days before the start at which it occurred; of a hold how many it lasts. */
  days: number;
}

/** Two engines on databases of their own, so that ids are the same on both. */
const first = await startEngine();
const twin = await startEngine();
let programs = 0;

async function begin(on: Running, name: string, acts: readonly Act[]): Promise<void> {
  await on.program(name, FULL);
  const api = on.on(name);
  for (const [index, { kind, member, points, days }] of acts.entries()) {
    const at = new Date(Date.parse(START) - days * DAY).toISOString();
    const who = { member: `ext:m${member}`, external_id: `a-${index}` };
    const answer =
      kind === 'hold'
        ? await api.post('/v1/redemptions', { ...who, points: String(points), hold_for: `P${days + 1}D` })
        : await api.post('/v1/orders', sale(kind, points, at, who));
    assert.ok(answer.status < 300 || kind === 'hold', JSON.stringify(answer.body));
  }
}

/** What is in the ledger and in the event log of a program, without what names the batch that wrote it. */
async function told(on: Running, name: string, facts: number): Promise<{ entries: Json[]; facts: Json[] }> {
  const entries = await on.base.sql(
    `select e.wallet_id, e.seq, e.kind, e.available, e.pending, e.held, e.available_after, e.pending_after, e.held_after,
       e.occurred_at, e.booked_at, e.rule, e.available_from, e.expires_at, e.of_seq, e.lots, e.amounts, e.inactive_after, e.cancels
     from ledger.entries e join ledger.wallets w on w.wallet_id = e.wallet_id join program.programs p on p.id = w.program_id
     where p.name = $1 order by e.wallet_id, e.seq`,
    [name],
  );
  const found = await factsOf(on, name, facts);
  return {
    entries,
    facts: found.map(({ type, occurred_at, booked_at, member, data }) => ({
      type,
      occurred_at,
      booked_at,
      member,
      data,
    })),
  };
}
const eventCount = async (on: Running, name: string): Promise<number> =>
  Number(
    (
      await on.base.sql(
        'select sum(facts_count)::integer as n from events.log l join program.programs p on p.id = l.program_id where p.name = $1',
        [name],
      )
    )[0]?.['n'] ?? 0,
  );

async function sameInSteps(acts: readonly Act[], steps: readonly object[]): Promise<Json[]> {
  const name = `passing-${++programs}`;
  await begin(first, name, acts);
  await begin(twin, name, acts);
  await pass(first, name, { to: '2027-01-01T00:00:00Z' });
  for (const step of steps) await pass(twin, name, step);
  await pass(twin, name, { to: '2027-01-01T00:00:00Z' });
  const once = await told(first, name, await eventCount(first, name));
  const often = await told(twin, name, await eventCount(twin, name));
  assert.deepEqual(often, once);
  return once.facts;
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(...KINDS, 'hold' as const),
  member: fc.integer({ min: 1, max: 4 }),
  points: fc.integer({ min: 1, max: 90 }),
  days: fc.integer({ min: 0, max: 40 }),
});

test('a year in one step is a year in 365 steps: the same entries and the same facts in the same order', async () => {
  const acts = KINDS.flatMap((kind, index) =>
    [1, 2, 3].map((member): Act => ({ kind, member, points: 10 * member, days: index * member })),
  );
  acts.push(
    { kind: 'hold', member: 2, points: 15, days: 20 },
    { kind: 'hold', member: 3, points: 60, days: 140 },
  );
  const facts = await sameInSteps(
    acts,
    Array.from({ length: 365 }, () => ({ advance: 'P1D' })),
  );
  assert.ok(facts.length > 40, `${facts.length} facts`);
});

test('time passes alike in whatever steps it is asked for', async () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 2_000 }).map(hours => ({ advance: `PT${hours}H` })),
    fc.integer({ min: 1, max: 3 }).map(months => ({ advance: `P${months}M` })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 1, maxLength: 12 }),
      fc.array(step, { maxLength: 4 }),
      async (acts, steps) => void (await sameInSteps(acts, steps)),
    ),
    { numRuns: 10 },
  );
});

test('the ledgers agree with themselves', async () => {
  await verified(first);
  await verified(run);
  await verified(twin);
});
