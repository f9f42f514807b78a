import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  balance,
  type Caller,
  type Json,
  order,
  startEngine,
  testClock,
  verified,
} from '../journeys/engine.ts';
import { type PlainCheck, PlainVelocity } from '../support/velocity.ts';

const run = await startEngine();
const NOW = '2026-06-01T12:00:00.000Z';
const START = Date.parse('2026-06-01T06:00:00.000Z');
const MINUTE = 60_000;
const CHECKS: PlainCheck[] = [
  { id: 'burst', moreThan: 100, within: 5 * MINUTE, window: 'tumbling', pause: 20 * MINUTE },
  { id: 'slide', moreThan: 100, within: 5 * MINUTE, window: 'sliding', pause: 10 * MINUTE },
  { id: 'day', moreThan: 600, within: 60 * MINUTE, window: 'sliding', pause: null },
];
const velocity = CHECKS.map(({ moreThan, within, pause, window, id }) => ({
  id,
  window,
  unit: 'points',
  more_than: String(moreThan),
  within: `PT${within / 1000}S`,
  ...(pause === null ? { action: 'flag' } : { pause: `PT${pause / 1000}S` }),
}));

function chances(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

await run.program('random', { ...testClock(NOW), velocity });
const engines: Caller[] = [run.on('random'), await run.beside('random')];

/** Every case of a member, the oldest first. */
async function casesOf(api: Caller, member: string): Promise<Json[]> {
  return (await api.get(`/v1/cases?limit=1000&member=${member}`)).body.data.reverse();
}

/** Some hundred commands of one member, now by one engine, now by the other, each answered before the next. */
async function live(member: string, seed: number, steps: number): Promise<PlainVelocity> {
  const next = chances(seed);
  const plain = new PlainVelocity(CHECKS);
  const sent: Json[] = [];
  const pick = (): Caller => engines[next(2)] as Caller;
  for (let step = 0; step < steps; step += 1) {
    const kind = next(12);
    if (kind === 0 && sent.length > 0) {
      const again = await pick().post('/v1/orders', sent[next(sent.length)]);
      assert.deepEqual([again.status, again.body.known], [200, true]);
    } else if (kind === 1 && plain.cases.some(({ state }) => state === 'open')) {
      const which = plain.cases.findIndex(({ state }) => state === 'open');
      const verdict = next(2) === 0 ? 'release' : 'confirm';
      const found = (await casesOf(pick(), member))[which];
      const key = { 'idempotency-key': `${member} ${step}` };
      const call = () => pick().post(`/v1/cases/${found.id}/${verdict}`, { note: 'x' }, key);
      assert.deepEqual([(await call()).status, (await call()).status], [201, 200]);
      plain.decide(
        plain.cases[which] as (typeof plain.cases)[0],
        verdict === 'release' ? 'released' : 'confirmed',
      );
    } else {
      // Mostly onwards, sometimes late; several in one call see each other.
      const rows = Array.from({ length: 1 + next(3) }, () => {
        const at = START + (step + next(4)) * MINUTE - (next(6) === 0 ? next(40) * MINUTE : 0) + next(3) - 1;
        const points = next(60);
        plain.order(at, points);
        return order(points, { member, occurred_at: new Date(at).toISOString() });
      });
      sent.push(...rows);
      const { body } = await pick().post('/v1/orders/bulk', { orders: rows });
      assert.equal(body.created, rows.length, JSON.stringify(body));
    }
  }
  return plain;
}

async function backtest(body: object): Promise<Json> {
  const api = engines[0] as Caller;
  const { body: started } = await api.post('/v1/backtests', body);
  for (;;) {
    const { body: found } = await api.get(`/v1/backtests/${started.id}`);
    if (found.state !== 'running') return found.report;
    await sleep(20);
  }
}

test('hundreds of random commands by two engines give what the plain model gives', async () => {
  const members = ['ext:a', 'ext:b', 'ext:c', 'ext:d'];
  const plains = await Promise.all(members.map((member, index) => live(member, 11 + index, 110)));
  for (const [index, member] of members.entries()) {
    const plain = plains[index] as PlainVelocity;
    const { available, pending } = await balance(engines[0] as Caller, member);
    assert.deepEqual(
      [Number(available), Number(pending)],
      [plain.sum('given', 'freed'), plain.sum('held')],
      member,
    );
    assert.deepEqual(
      (await casesOf(engines[1] as Caller, member)).map(found => [
        Date.parse(found.occurred_at),
        found.state,
        found.crossings.map(({ check }: Json) => check),
      ]),
      plain.cases.map(({ at, state, checks }) => [at, state, checks.map(({ id }) => `${id}@1`)]),
      member,
    );
  }
  const all = plains.flatMap(({ cases }) => cases);
  for (const state of ['open', 'released', 'confirmed'])
    assert.ok(
      all.some(each => each.state === state),
      `no case was ${state}`,
    );
  for (const fate of ['given', 'held', 'freed', 'gone'] as const)
    assert.ok(
      plains.some(plain => plain.sum(fate) > 0),
      `nothing was ${fate}`,
    );
});

test('a backtest of the live program equals what happened: what a pause holds back is given', async () => {
  const report = await backtest({});
  assert.ok(report.decisions > 500, String(report.decisions));
  assert.deepEqual(
    report.units.map((line: Json) => line.difference),
    ['0'],
  );
  assert.deepEqual([report.members.winners, report.members.losers], [0, 0]);
});

test('of many who decide a case at once, at two engines, one does', async () => {
  for (let round = 0; round < 10; round += 1) {
    const member = `ext:race-${round}`;
    const api = engines[0] as Caller;
    await api.post('/v1/orders', order(101, { member, occurred_at: NOW }));
    await api.post('/v1/orders', order(7, { member, occurred_at: NOW }));
    const [found] = await casesOf(api, member);
    const calls = Array.from({ length: 8 }, (_, index) =>
      (engines[index % 2] as Caller).post(
        `/v1/cases/${found.id}/${index < 4 ? 'release' : 'confirm'}`,
        { note: 'x' },
        { 'idempotency-key': `${member} ${index}` },
      ),
    );
    const orders = Array.from({ length: 4 }, (_, index) =>
      (engines[index % 2] as Caller).post('/v1/orders', order(1, { member, occurred_at: NOW })),
    );
    const answers = await Promise.all(calls);
    await Promise.all(orders);
    const done = answers.filter(({ status }) => status === 201);
    assert.equal(done.length, 1);
    assert.ok(answers.every(({ status, body }) => status === 201 || body.code === 'case_decided'));
    const { available, pending } = await balance(api, member);
    const released = done[0]?.body.decision.verdict === 'release';
    assert.deepEqual([available, pending], [released ? '112' : '101', '0']);
  }
});

test('of many orders that cross the line at once, at two engines, one does, and the others are pended', async () => {
  for (let round = 0; round < 10; round += 1) {
    const member = `ext:crowd-${round}`;
    await engines[0]?.post('/v1/orders', order(100, { member, occurred_at: NOW }));
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (engines[index % 2] as Caller).post('/v1/orders', order(1, { member, occurred_at: NOW })),
      ),
    );
    assert.ok(answers.every(({ status }) => status === 201));
    assert.equal((await casesOf(engines[1] as Caller, member)).length, 1);
    const { available, pending } = await balance(engines[0] as Caller, member);
    assert.deepEqual([available, pending], ['101', '15']);
  }
});

test('what the ledger says agrees along every path', () => verified(run));
