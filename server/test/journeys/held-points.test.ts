import assert from 'node:assert/strict';
import test from 'node:test';
import { invariants } from '../support/invariants.ts';
import { type Json, startEngine, testClock } from './engine.ts';

/*
 * Points that a case holds back do not expire while nobody has decided it: released, they live as long as they would have, or
 * as long again where that time has passed meanwhile.
 */
const run = await startEngine();
const START = '2026-03-01T12:00:00.000Z';
const rule = (id: string, expires?: object) => ({
  id,
  on: 'order',
  when: { category: [id] },
  earn: { unit: 'points', per_currency_unit: '1' },
  ...(expires === undefined ? {} : { expires }),
});
const document = {
  ...testClock(START),
  earning: [
    rule('dated', { after: 'P10D' }),
    rule('forever'),
    rule('idle', { inactivity: 'P10D' }),
    { ...rule('late', { after: 'P10D' }), pending: { for: 'P20D' } },
  ],
  velocity: [{ id: 'burst', unit: 'points', more_than: '100', within: 'PT5M', pause: 'PT1H' }],
};
let keys = 0;

/** Somebody whose order has begun a pause, in a program of their own; then an order of 50 points that the pause holds back. */
async function paused(name: string, category = 'dated', occurred = '2026-03-01T11:30:00Z') {
  await run.program(name, document);
  const own = run.on(name);
  const buy = async (what: string, dollars: number, at: string): Promise<Json> => {
    const order = { external_id: `o${++keys}`, member: 'ext:m', occurred_at: at, currency: 'USD' };
    const lines = [{ id: '1', category: what, amount: String(dollars * 100) }];
    const { status, body } = await own.post('/v1/orders', { ...order, lines });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const first = new Date(Date.parse(occurred) - 600_000).toISOString();
  await buy('forever', 101, first);
  await buy(category, 50, occurred);
  const decide = async (verdict: 'release' | 'confirm') => {
    const { body } = await own.get('/v1/cases');
    const path = `/v1/cases/${body.data[0].id}/${verdict}`;
    const decided = await own.post(path, { note: 'looked at' }, { 'idempotency-key': `k${++keys}` });
    assert.equal(decided.status, 201, JSON.stringify(decided.body));
    return decided.body;
  };
  const points = async () => {
    const { body } = await own.get('/v1/members/ext:m/balances?expiring=true');
    const [wallet] = body.balances;
    return [
      wallet.available,
      wallet.pending,
      ...wallet.expiring.map(({ expires_at: at, points: many }: Json) => `${many} ${at}`),
    ];
  };
  const pass = async (by: string) => {
    const passed = await own.post(`/v1/programs/${name}/clock`, { advance: by });
    assert.equal(passed.status, 200, JSON.stringify(passed.body));
  };
  return { own, buy, decide, points, pass };
}

test('points whose time has passed while a case was open live as long again from its release', async () => {
  const { decide, points, pass } = await paused('passed');
  assert.deepEqual(await points(), ['101', '50']);
  await pass('P60D');
  assert.deepEqual(await points(), ['101', '50'], 'nobody has decided, so nothing has expired');
  const { effects } = await decide('release');
  assert.deepEqual(
    effects.map(({ type, points: many, expires_at }: Json) => [type, many, expires_at]),
    [
      ['activate', '0', '2026-05-10T12:00:00.000Z'],
      ['activate', '50', null],
    ],
  );
  assert.deepEqual(await points(), ['151', '0', '50 2026-05-10T12:00:00.000Z']);
  await pass('P9DT23H59M59S');
  assert.equal((await points())[0], '151');
  await pass('PT1S');
  assert.deepEqual(await points(), ['101', '0']);
});

test('points whose time has not passed when the case is released keep their date', async () => {
  const { decide, points, pass } = await paused('kept');
  await pass('P5D');
  await decide('release');
  assert.deepEqual(await points(), ['151', '0', '50 2026-03-11T11:30:00.000Z']);
});

test('points that never expire never do, and those that wait go on waiting', async () => {
  const never = await paused('never', 'forever');
  await never.pass('P60D');
  await never.decide('release');
  assert.deepEqual(await never.points(), ['151', '0']);
  const waits = await paused('waits', 'late');
  await waits.pass('P5D');
  await waits.decide('release');
  assert.deepEqual((await waits.points()).slice(0, 2), ['101', '50']);
});

test('points that expire by inactivity live on with the member, or as long again', async () => {
  const idle = await paused('idle', 'idle');
  await idle.pass('P60D');
  assert.deepEqual(await idle.points(), ['101', '50']);
  await idle.decide('release');
  assert.deepEqual(await idle.points(), ['151', '0', '50 2026-05-10T12:00:00.000Z']);
  const active = await paused('active', 'idle');
  await active.pass('P8D');
  await active.buy('forever', 1, '2026-03-09T12:00:00Z');
  await active.pass('P8D');
  await active.decide('release');
  assert.deepEqual(await active.points(), ['152', '0', '50 2026-03-19T12:00:00.000Z']);
  await active.buy('forever', 1, '2026-03-17T12:00:00Z');
  assert.deepEqual((await active.points())[2], '50 2026-03-27T12:00:00.000Z');
});

test('what was redeemed of released points comes back with the date that they have now', async () => {
  const { own, decide, points, pass } = await paused('spent');
  await pass('P60D');
  await decide('release');
  const redeem = async (capture: boolean) => {
    const body = { external_id: `r${++keys}`, member: 'ext:m', points: '20', capture };
    const { status, body: answer } = await own.post('/v1/redemptions', body);
    assert.equal(status, 201);
    return answer.redemption.id;
  };
  const back = await redeem(true);
  const held = await redeem(false);
  assert.deepEqual(await points(), ['111', '0', '10 2026-05-10T12:00:00.000Z']);
  const refund = await own.post(`/v1/redemptions/${back}/refunds`, { external_id: `f${++keys}` });
  assert.equal(refund.status, 201);
  await own.post(`/v1/redemptions/${held}/void`, undefined, { 'idempotency-key': `v${++keys}` });
  assert.deepEqual(await points(), ['151', '0', '50 2026-05-10T12:00:00.000Z']);
  const whole = await (async () => {
    const body = { external_id: `r${++keys}`, member: 'ext:m', points: '151', capture: true };
    return (await own.post('/v1/redemptions', body)).body.redemption.id;
  })();
  await own.post(`/v1/redemptions/${whole}/refunds`, { external_id: `f${++keys}` });
  assert.deepEqual(await points(), ['151', '0', '50 2026-05-10T12:00:00.000Z']);
});

test('points that had expired before they were given get no second life, and confirmed fraud leaves none', async () => {
  const old = await paused('old', 'dated', '2026-01-01T10:30:00Z');
  assert.deepEqual(await old.points(), ['101', '0']);
  await old.pass('P1D');
  await old.decide('release');
  assert.deepEqual(await old.points(), ['101', '0']);
  const fraud = await paused('fraud');
  await fraud.pass('P60D');
  await fraud.decide('confirm');
  assert.deepEqual(await fraud.points(), ['101', '0']);
});

test('the books agree after all of this', () => invariants(run.base));
