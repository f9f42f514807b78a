import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
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
const NOW = '2026-12-01T00:00:00.000Z';
let sent = 0;

/** A program that gives nothing but what its one monthly challenge on orders gives. */
async function publish(name: string, challenge: object, more: object = {}): Promise<Caller> {
  await run.program(name, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    earning: [],
    challenges: [{ id: 'c', on: 'order', every: 'month', ...challenge }],
    ...more,
  });
  return run.on(name);
}

const POINTS = (fixed: string) => ({ earn: { unit: 'points', fixed } });
const plain = (occurred_at: string, more: Record<string, unknown> = {}) =>
  order(10, { occurred_at, ...more });

/** What an answer gave and took, as `rule points`. */
const effects = ({ status, body }: { status: number; body: Json }): string[] => {
  assert.ok(status < 300, JSON.stringify(body));
  return body.effects.map(({ type, rule, points }: Json) => `${type} ${rule} ${points}`);
};
const book = async (api: Caller, body: object): Promise<string[]> =>
  effects(await api.post('/v1/orders', body));
const giveBack = async (api: Caller, id: string, more: object = {}): Promise<string[]> =>
  effects(await api.post(`/v1/orders/ext:${id}/returns`, { external_id: `r-${++sent}`, ...more }));

test('however many orders come at once, a goal is given once', async () => {
  const api = await publish('crowd', { goals: [{ target: '5', ...POINTS('10') }] });
  const second = await run.beside('crowd');
  const bodies = Array.from({ length: 24 }, () => plain('2026-11-01T12:00:00.000Z', { member: 'ext:eve' }));
  const answers = await Promise.all(
    [...bodies, ...bodies].map((body, index) => (index % 2 === 0 ? api : second).post('/v1/orders', body)),
  );
  const given = answers.filter(({ body }) => !body.known).flatMap(effects);
  assert.deepEqual(given, ['bonus c@1 10']);
});

test('any sequence of orders, revisions and returns gives what the orders that are left make', async () => {
  const api = await publish('random', {
    goals: [
      { target: '2', ...POINTS('10') },
      { target: '4', ...POINTS('100') },
    ],
  });
  let members = 0;
  const step = fc.record({
    order: fc.nat(4),
    month: fc.integer({ min: 10, max: 11 }),
    returns: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
      members += 1;
      const member = `ext:m-${members}`;
      const months = new Map<number, { month: number; revision: number } | null>();
      for (const { order: number, month, returns } of steps) {
        const external_id = `${members}-${number}`;
        const known = months.get(number);
        if (known === null || (returns && known === undefined)) continue;
        if (returns) {
          await giveBack(api, external_id, { occurred_at: NOW });
          months.set(number, null);
        } else {
          const revision = (known?.revision ?? 0) + 1;
          const body = plain(`2026-${month}-01T12:00:00.000Z`, { external_id, member, revision });
          await book(api, body);
          await book(api, body);
          months.set(number, { month, revision });
        }
      }
      const counts = [10, 11].map(month => [...months.values()].filter(own => own?.month === month).length);
      const points = counts.map(count => (count >= 4 ? 110 : 0) + (count === 2 || count === 3 ? 10 : 0));
      const { status, body } = await api.get(`/v1/members/${member}/balances`);
      const has = status === 404 ? 0 : Number(body.balances[0]?.available ?? 0);
      assert.equal(
        has,
        points.reduce((sum, own) => sum + own, 0),
      );
    }),
    { numRuns: 60 },
  );
});

test('an order of which the condition cannot be judged does not count', async () => {
  const api = await publish('unjudged', {
    if: 'order.attributes.nights >= 2',
    goals: [{ target: '1', ...POINTS('10') }],
  });
  const nights = (value: number | string) =>
    plain('2026-11-01T12:00:00.000Z', { attributes: { nights: value } });
  assert.deepEqual(await book(api, nights('two')), []);
  assert.deepEqual(await book(api, plain('2026-11-01T12:00:00.000Z')), []);
  assert.deepEqual(await book(api, nights(2)), ['bonus c@1 10']);
});

test('a campaign makes an order count for more, within its limit, until the whole order has come back', async () => {
  const api = await publish(
    'pushed',
    { if: "order.kind == 'hotel'", goals: [{ target: '3', ...POINTS('10') }] },
    {
      campaigns: [
        {
          id: 'push',
          if: "order.channel == 'app'",
          limit: { per_member: 1 },
          effect: { challenge: 'c', progress: '2' },
        },
      ],
    },
  );
  const lines = [
    { id: '1', amount: '1000' },
    { id: '2', amount: '1000' },
  ];
  const at = '2026-11-01T12:00:00.000Z';
  // No hotel: it counts by the campaign alone.
  assert.deepEqual(await book(api, plain(at, { external_id: 'p', channel: 'app', lines })), []);
  assert.deepEqual(await book(api, plain(at, { channel: 'app' })), []);
  assert.deepEqual(await book(api, plain(at, { external_id: 'h', kind: 'hotel' })), ['bonus c@1 10']);
  const back = { occurred_at: at };
  assert.deepEqual(await giveBack(api, 'p', { ...back, lines: [{ id: '1' }] }), []);
  assert.deepEqual(await giveBack(api, 'p', back), ['clawback c@1 -10']);
  assert.deepEqual(await book(api, plain(at, { kind: 'hotel', channel: 'app' })), ['bonus c@1 10']);
});

test('the ledger agrees with itself, and each challenge with what its orders count', () => verified(run));
