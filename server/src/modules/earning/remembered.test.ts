import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type Json, type TestEngine, testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import { capacity } from './remembered.ts';

/*
 * Two engines on one database. The one that writes alone remembers what its decisions were made of; what the other writes
 * ends that. A dry run reads everything: it says what has to come of an order, whatever is remembered.
 */
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 2, 1, 12);
const here = await testEngine();
const there = await testEngine({ database: here.database });
after(async () => {
  await there.stop();
  await here.stop();
});
const SHOP = {
  currency: 'USD',
  clock: { test: new Date(NOW).toISOString() },
  units: { points: { worth: '0.01' } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: '1' } }],
  tiers: {
    qualify_by: 'spend',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'silver', from: '200.00', multiplier: '2' },
      { id: 'gold', from: '600.00', multiplier: '3' },
    ],
  },
  campaigns: [
    {
      id: 'first-three',
      if: "order.channel == 'web'",
      limit: { per_member: 3, every: 'month' },
      effect: { earn: { unit: 'points', fixed: '50' } },
    },
    {
      id: 'capped',
      if: "order.channel == 'app'",
      cap: { points: '70', per: 'month' },
      effect: { earn: { unit: 'points', fixed: '50' } },
    },
  ],
};
await here.publish('shop', SHOP);

let orders = 0;
interface Sent {
  readonly external_id: string;
  readonly member: string;
  readonly [name: string]: unknown;
}
const orderOf = (member: string, dollars: number, more: object = {}): Sent => ({
  external_id: `o${++orders}`,
  member: `ext:${member}`,
  occurred_at: new Date(NOW).toISOString(),
  currency: 'USD',
  lines: [{ id: '1', amount: String(dollars * 100) }],
  ...more,
});

/** What an answer says was earned, by which rule, and what the balance is then. */
interface Earned {
  readonly effects: readonly { readonly rule: string; readonly points: string; readonly kind: string }[];
  readonly balances: Json;
}
const told = ({ effects, balances }: Earned) => ({
  effects: effects.map(({ rule, points, kind }) => [rule, points, kind]),
  balances,
});

async function buy(engine: TestEngine, order: Sent): Promise<ReturnType<typeof told>> {
  const dry = await there.call<Earned>('POST', '/v1/orders', { program: 'shop', body: order, dryRun: true });
  const { status, body } = await engine.post<Earned>('/v1/orders', 'shop', order);
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual(told(body), told(dry.body), `order ${order.external_id}`);
  return told(body);
}

/** How many batches of an engine were decided again because it was not alone, or a key not new. */
async function secondTries(engine: TestEngine): Promise<number> {
  const { payload } = await engine.engine.http.inject({ url: '/metrics' });
  return Number(/fealty_batch_retries_total\{reason="keys"\} (\d+)/.exec(payload)?.[1] ?? 0);
}

const soleWriter = async (): Promise<unknown> =>
  (await here.sql('select process from ledger.sole_writer'))[0]?.['process'];
const rulesOf = ({ effects }: ReturnType<typeof told>) => effects.map(([rule]) => rule).sort();

test('what another engine writes about a member who is remembered is seen by the next order', async () => {
  for (let i = 0; i < 3; i += 1) await buy(here, orderOf('ann', 50, { channel: 'store' }));
  const before = await secondTries(here);
  await buy(there, orderOf('ann', 60, { channel: 'web' }));
  for (let i = 0; i < 2; i += 1) await buy(there, orderOf('ann', 1, { channel: 'web' }));
  const silver = await buy(here, orderOf('ann', 10, { channel: 'web' }));
  assert.deepEqual(rulesOf(silver), ['base@1', 'base@1*silver@1']);
  assert.equal((await secondTries(here)) - before, 1, 'what was remembered was used, and found to be void');
  await buy(here, orderOf('ann', 10));
  assert.equal((await secondTries(here)) - before, 1, 'and is not used any more');
});

test('a plain program of another engine ends what is remembered too', async () => {
  await here.publish('plain', { currency: 'USD', units: { points: {} }, earning: [] });
  const fresh = await testEngine({ database: here.database });
  try {
    for (let i = 0; i < 3; i += 1) await buy(fresh, orderOf('bob', 1));
    const owner = await soleWriter();
    assert.notEqual(owner, null);
    await there.post('/v1/orders', 'plain', orderOf('x', 1));

    assert.equal(await soleWriter(), null);
    await buy(fresh, orderOf('bob', 1));
    assert.equal(await secondTries(fresh), 1);
  } finally {
    await fresh.stop();
  }
});

/** With an engine that is new on the database and writes alone from its first batch on. */
async function alone(work: (engine: TestEngine) => Promise<void>): Promise<void> {
  await here.sql('update ledger.sole_writer set process = null');
  const fresh = await testEngine({ database: here.database });
  try {
    await work(fresh);
    assert.equal(fresh.engine.ledger.soleWriter.era, 1);
  } finally {
    await fresh.stop();
  }
}

const ago = (days: number) => ({ occurred_at: new Date(NOW - days * DAY).toISOString() });

test('what came back later counts for an order from before that, however often it is asked', () =>
  alone(async engine => {
    const second = orderOf('cas', 400, ago(19));
    for (const order of [orderOf('cas', 300, ago(20)), second]) await buy(engine, order);
    const back = { external_id: 'r', ...ago(10) };
    const { status } = await engine.post(`/v1/orders/ext:${second.external_id}/returns`, 'shop', back);
    assert.equal(status, 201);
    for (const days of [15, 14, 13])
      assert.deepEqual(rulesOf(await buy(engine, orderOf('cas', 1, ago(days)))), ['base@1', 'base@1*gold@1']);
    assert.deepEqual(rulesOf(await buy(engine, orderOf('cas', 1, ago(9)))), ['base@1', 'base@1*silver@1']);
  }));

test('a call with orders of two months leaves the count of each as it is', () =>
  alone(async engine => {
    const web = (days: number) => orderOf('dan', 10, { channel: 'web', ...ago(days) });
    for (const order of [orderOf('dan', 10, ago(4)), web(3)]) await buy(engine, order);
    await engine.post('/v1/orders/bulk', 'shop', { orders: [web(2), web(0)] });
    assert.deepEqual(rulesOf(await buy(engine, web(1))), ['base@1', 'first-three@1']);
    assert.deepEqual(rulesOf(await buy(engine, web(1))), ['base@1']);
  }));

/** One step of a sequence. */
type Step =
  | {
      readonly do: 'buy';
      readonly member: number;
      readonly dollars: number;
      readonly days: number;
      readonly channel: string;
    }
  | { readonly do: 'return' | 'amend'; readonly nth: number }
  | { readonly do: 'grant'; readonly member: number }
  | { readonly do: 'pass'; readonly days: number };

const member = fc.integer({ min: 0, max: 1 });
const buying = fc.record({
  do: fc.constant('buy' as const),
  member,
  dollars: fc.integer({ min: 1, max: 150 }),
  // Mostly now, sometimes late, also by more than the window.
  days: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -400, max: 0 })),
  channel: fc.constantFrom('web', 'app', 'store'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: buying },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('return', 'amend'), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('grant' as const), member }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass' as const), days: fc.integer({ min: 1, max: 200 }) }),
  },
);

interface Bought {
  readonly id: string;
  readonly order: Sent;
}

/** A program of which one engine decides and another, which only reads, says beforehand what must come of it. */
class Sequence {
  private static count = 0;
  private readonly program = `p${++Sequence.count}`;
  private readonly bought: Bought[] = [];
  private now = NOW;
  private readonly engine: TestEngine;
  private readonly reader: TestEngine;

  constructor(engine: TestEngine, reader: TestEngine) {
    this.engine = engine;
    this.reader = reader;
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.engine.publish(this.program, SHOP);
    for (const one of steps) await this.take(one);
  }

  private async take(one: Step): Promise<void> {
    if (one.do === 'pass') {
      this.now += one.days * DAY;
      return this.engine.setClock(this.program, this.now);
    }
    if (one.do === 'buy') return this.buy(one);
    if (one.do === 'grant') {
      const body = { external_id: `g${++orders}`, tier: 'gold', reason: 'test' };
      await this.change(`/v1/members/ext:${this.program}-${one.member}/tier-grants`, body, [201, 404]);
      return;
    }
    const at = this.bought[one.nth % Math.max(this.bought.length, 1)];
    if (at === undefined) return;
    const lines = [{ id: '1', amount: '100000' }];
    if (one.do === 'amend')
      await this.change('/v1/orders', { ...at.order, revision: 2, lines }, [200, 201, 409, 422]);
    else
      await this.change(
        `/v1/orders/${at.id}/returns`,
        { external_id: `r${++orders}`, occurred_at: at.order['occurred_at'] },
        [201, 409, 422],
      );
  }

  private async change(path: string, body: object, statuses: readonly number[]): Promise<void> {
    const answer = await this.engine.post(path, this.program, body);
    assert.ok(statuses.includes(answer.status), JSON.stringify(answer));
  }

  private async buy({ member, dollars, channel, days }: Extract<Step, { do: 'buy' }>): Promise<void> {
    const occurred_at = new Date(this.now + days * DAY).toISOString();
    const order = orderOf(`${this.program}-${member}`, dollars, { channel, occurred_at });
    const call = { program: this.program, body: order };
    const dry = await this.reader.call<Earned>('POST', '/v1/orders', { ...call, dryRun: true });
    const { status, body } = await this.engine.call<Earned & { order: Bought }>('POST', '/v1/orders', call);
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(told(body), told(dry.body));
    this.bought.push({ id: body.order.id, order });
  }
}

test('a new member of whom one order of a call cannot be followed is read again', () =>
  alone(async engine => {
    await buy(engine, orderOf('gus', 1));
    const orders = [5, 10, 3].map(days => orderOf('hal', 250, ago(days)));
    assert.equal((await engine.post('/v1/orders/bulk', 'shop', { orders })).status, 200);
    assert.deepEqual(rulesOf(await buy(engine, orderOf('hal', 1, ago(1)))), ['base@1', 'base@1*gold@1']);
  }));

/** A program whose tier depends on points, so that a re-rating changes it. */
const byPoints = (rate: string) => ({
  ...SHOP,
  units: { points: { worth: '0.01', qualifying: true } },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: rate } }],
  tiers: {
    qualify_by: 'points',
    window: { rolling: 'P12M' },
    levels: [
      { id: 'bronze', from: '0' },
      { id: 'gold', from: '100', multiplier: '2' },
    ],
  },
  campaigns: [],
});

/** Waits until so many transactions wait for a member; gives up where fewer do. */
async function waiting(many: number): Promise<void> {
  const count = async () =>
    (
      await here.sql<{ n: number }>(
        `select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted`,
      )
    )[0]?.n;
  for (let tries = 0; tries < 100 && (await count()) !== many; tries += 1) await sleep(10);
}

test('an order that comes while its member is decided again is decided by what came of that', () =>
  alone(async engine => {
    const program = 'points-tiers';
    await engine.publish(program, byPoints('1'));
    const buying = () => engine.post<Earned>('/v1/orders', program, orderOf('ivo', 20));
    for (let i = 0; i < 3; i += 1) assert.equal((await buying()).status, 201);
    await engine.publish(program, byPoints('10'));
    const span = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z', version: 2, note: 'ten' };
    const { body: made } = await engine.post<{ id: string }>('/v1/rerates', program, span);
    const settled = async () => {
      for (;;) {
        const { body } = await engine.call<{ state: string }>('GET', `/v1/rerates/${made.id}`, { program });
        if (!/ing$/.test(body.state)) return body.state;
        await sleep(10);
      }
    };
    assert.equal(await settled(), 'planned');
    await here.sql('begin');
    await here.sql(`select pg_advisory_xact_lock(id) from members.members where external_id = 'ivo'`);
    await engine.post(`/v1/rerates/${made.id}/apply`, program, {});
    await waiting(1);
    const bought = buying();
    await waiting(2);
    await here.sql('rollback');
    assert.equal(await settled(), 'applied');
    assert.deepEqual(rulesOf(told((await bought).body)), ['base@2', 'base@2*gold@2']);
  }));

test('of a new member with few uses all are known, of one with more they are read', () =>
  alone(async engine => {
    await buy(engine, orderOf('gus', 1));
    const january = (channel: string, days: number) => orderOf('fay', 10, { channel, ...ago(days) });
    for (const days of [41, 40, 39]) await buy(engine, january('web', days));
    for (const days of [38, 37]) await buy(engine, january('app', days));
    await buy(engine, january('app', 1));
    assert.deepEqual(rulesOf(await buy(engine, january('app', 36))), ['base@1']);
  }));

test('what leaves the window is not counted, although the sum before it was remembered', () =>
  alone(engine => {
    const order = (days: number) => ({ do: 'buy' as const, member: 0, dollars: 150, days, channel: 'store' });
    const half = { do: 'pass' as const, days: 200 };
    const steps = [order(-400), order(0), half, order(0), half, order(0), order(0)];
    return new Sequence(engine, there).run(steps);
  }));

test('any sequence is decided as if everything had been read', async () => {
  const engine = await testEngine();
  const reader = await testEngine({ database: engine.database });
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), steps =>
        new Sequence(engine, reader).run(steps),
      ),
      { numRuns: 25 },
    );
    await invariants(engine);
  } finally {
    await reader.stop();
    await engine.stop();
  }
});

test('how many are remembered follows the memory', () => {
  assert.deepEqual([2 ** 28, 2 ** 33, 2 ** 40].map(capacity), [1_342, 42_949, 500_000]);
});

test('the books agree after all of this', () => invariants(here));
