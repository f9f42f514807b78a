import assert from 'node:assert/strict';
import test from 'node:test';
import {
  available,
  type Caller,
  eventsWith,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';

const run = await startEngine();
const NOW = '2026-12-01T00:00:00.000Z';
const NOTHING_FOR_MONEY = {
  ...POINTS_PER_DOLLAR,
  earning: [],
  badges: {
    explorer: { name: 'Explorer' },
    critic: { name: 'Critic', description: 'Three reviews' },
  },
  activities: { review: {} },
};
let sent = 0;

const publish = async (name: string, challenges: object[], more: object = {}): Promise<Caller> => {
  const document = { ...NOTHING_FOR_MONEY, ...testClock(NOW), challenges, ...more };
  const { status, body } = await run.put(`/v1/programs/${name}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  return run.on(name);
};

const hotel = (day: string, nights: number, more: Record<string, unknown> = {}) =>
  order(100, { occurred_at: `2026-11-${day}T12:00:00.000Z`, kind: 'hotel', attributes: { nights }, ...more });

/** What an answer gave and took, as `rule points`. */
const effects = ({ status, body }: { status: number; body: Json }): string[] => {
  assert.ok(status < 300, JSON.stringify(body));
  return body.effects.map(({ type, rule, points }: Json) => `${type} ${rule} ${points}`);
};
const book = async (api: Caller, body: object): Promise<string[]> =>
  effects(await api.post('/v1/orders', body));
const giveBack = async (api: Caller, id: string, more: object = {}): Promise<string[]> =>
  effects(
    await api.post(`/v1/orders/ext:${id}/returns`, {
      external_id: `r-${++sent}`,
      occurred_at: '2026-11-28T12:00:00.000Z',
      ...more,
    }),
  );
const challengesOf = async (api: Caller, member = 'ext:ann'): Promise<Json[]> =>
  (await api.get(`/v1/members/${member}/challenges`)).body.data;
const badgesOf = async (api: Caller, member = 'ext:ann'): Promise<Json[]> =>
  (await api.get(`/v1/members/${member}/badges`)).body.data;

const POINTS = (fixed: string) => ({ earn: { unit: 'points', fixed } });
const THREE_NIGHTS = {
  id: 'three-nights',
  name: 'Three nights this month',
  on: 'order',
  if: "order.kind == 'hotel'",
  measure: 'nights',
  every: 'month',
  goals: [{ target: '3', ...POINTS('500'), badge: 'explorer', expires: { after: 'P6M' } }],
};

test('three hotel nights in a month give 500 points and a badge, once, and a return takes both back', async () => {
  const api = await publish('hotel', [THREE_NIGHTS]);
  assert.deepEqual(await book(api, hotel('01', 2, { external_id: 'a' })), []);
  assert.deepEqual(await book(api, order(100, { kind: 'flight', attributes: { nights: 9 } })), []);
  const third = hotel('05', 1, { external_id: 'b' });
  const first = await api.post('/v1/orders', third);
  assert.deepEqual(effects(first), ['bonus three-nights@1 500']);
  assert.equal(first.body.effects[0].expires_at, '2027-05-05T12:00:00.000Z');
  const again = await api.post('/v1/orders', third);
  assert.deepEqual([again.status, again.body], [200, { ...first.body, known: true }]);
  assert.deepEqual(await book(api, hotel('06', 4, { external_id: 'c' })), []);
  // The month is over on the clock; its progress stays what it was.
  assert.equal((await challengesOf(api))[0].progress, '0');
  assert.deepEqual(
    (await badgesOf(api)).map(({ badge, name, since, withdrawn_at }) => [badge, name, since, withdrawn_at]),
    [['explorer', 'Explorer', '2026-11-05T12:00:00.000Z', null]],
  );
  assert.deepEqual(await giveBack(api, 'c'), []);
  const lost = await api.post('/v1/orders/ext:a/returns', {
    external_id: 'r-a',
    occurred_at: '2026-11-28T12:00:00.000Z',
  });
  assert.deepEqual(effects(lost), ['clawback three-nights@1 -500']);
  const [badge] = await badgesOf(api);
  assert.deepEqual(
    [badge.withdrawn_at, badge.withdrawn_by],
    ['2026-11-28T12:00:00.000Z', lost.body.return.id],
  );
  assert.equal(await available(api), '0');
  // Reached again, it is given again.
  assert.deepEqual(await book(api, hotel('20', 2)), ['bonus three-nights@1 500']);
  assert.deepEqual(
    (await badgesOf(api)).map(({ withdrawn_at }) => withdrawn_at),
    [null, '2026-11-28T12:00:00.000Z'],
  );
});

test('why an entry is what it is: the goal, and how far the member was', async () => {
  const api = await publish('why', [THREE_NIGHTS]);
  await book(api, hotel('01', 1, { external_id: 'w-1' }));
  const given = await api.post('/v1/orders', hotel('02', 2, { external_id: 'w-2' }));
  const why = async (entry: string): Promise<Json> =>
    (await api.get(`/v1/entries/${entry}`)).body.why.challenge;
  const reached = await why(given.body.effects[0].entry);
  assert.deepEqual(
    [reached.rule, reached.period, reached.target, reached.progress, reached.definition.id],
    ['three-nights@1', 'nights month 2026-11-01', '3', { before: '1', after: '3' }, 'three-nights'],
  );
  const lost = await api.post('/v1/orders/ext:w-1/returns', {
    external_id: 'w-r',
    occurred_at: '2026-11-28T12:00:00.000Z',
  });
  const taken = await why(lost.body.effects[0].entry);
  assert.deepEqual(
    [taken.rule, taken.progress, taken.reached_by, taken.taken_back.decided, taken.taken_back.taken],
    ['three-nights@1', { before: '3', after: '2' }, given.body.order.id, '500', '500'],
  );
});
test('the ledger agrees with itself', () => verified(run));
