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

const simple = (id: string, more: object) => ({ id, on: 'order', every: 'month', ...more });
const plain = (occurred_at: string, more: Record<string, unknown> = {}) =>
  order(10, { occurred_at, ...more });

test('late orders count in the month of their own time, in the zone of the challenge', async () => {
  const two = simple('two', {
    time_zone: 'America/New_York',
    goals: [{ target: '2', ...POINTS('10') }],
  });
  const api = await publish('late', [two]);
  // 1 December in UTC, still November in New York.
  assert.deepEqual(await book(api, plain('2026-12-01T04:59:59.999Z')), []);
  assert.deepEqual(await book(api, plain('2026-12-01T05:00:00.000Z')), []);
  assert.deepEqual(await book(api, plain('2026-11-02T12:00:00.000Z')), ['bonus two@1 10']);
  assert.deepEqual(await book(api, plain('2026-11-01T03:59:59.999Z')), []);
  assert.deepEqual(await book(api, plain('2026-10-15T12:00:00.000Z')), ['bonus two@1 10']);
});

test('an order that moves to another month takes its progress with it, both ways', async () => {
  const api = await publish('moves', [simple('two', { goals: [{ target: '2', ...POINTS('10') }] })]);
  const moving = plain('2026-11-05T12:00:00.000Z', { external_id: 'moving' });
  await book(api, moving);
  await book(api, plain('2026-10-06T12:00:00.000Z'));
  assert.deepEqual(await book(api, plain('2026-11-06T12:00:00.000Z')), ['bonus two@1 10']);
  const revised = { ...moving, revision: 2, occurred_at: '2026-10-05T12:00:00.000Z' };
  assert.deepEqual(await book(api, revised), ['clawback two@1 -10', 'bonus two@1 10']);
  assert.deepEqual(await book(api, { ...moving, revision: 3 }), ['clawback two@1 -10', 'bonus two@1 10']);
  assert.equal(await available(api), '10');
});

test('spend counts what is kept of the lines that are meant, in the currency of the program', async () => {
  const shoes = simple('shoes', {
    measure: 'spend',
    when: { category: ['shoes'] },
    goals: [
      { target: '50.00', ...POINTS('5') },
      { target: '100.00', ...POINTS('20') },
    ],
  });
  const api = await publish('spend', [shoes], { currencies: { EUR: { rate: '2' } } });
  const at = '2026-12-01T00:00:00.000Z';
  const lines = [
    { id: '1', category: 'shoes', quantity: 2, amount: '4000' },
    { id: '2', category: 'tea', amount: '99900' },
  ];
  assert.deepEqual(await book(api, plain(at, { external_id: 's', lines, currency: 'EUR' })), [
    'bonus shoes@1 5',
  ]);
  const [first] = await challengesOf(api);
  assert.deepEqual(
    [first.progress, first.target, first.missing, first.currency, first.state],
    ['8000', '10000', '2000', 'USD', 'running'],
  );
  assert.deepEqual(await book(api, plain(at, { lines: lines.slice(0, 1) })), ['bonus shoes@1 20']);
  assert.deepEqual(await giveBack(api, 's', { occurred_at: at, lines: [{ id: '2' }] }), []);
  assert.deepEqual(await giveBack(api, 's', { occurred_at: at, lines: [{ id: '1', quantity: 1 }] }), [
    'clawback shoes@1 -20',
  ]);
  assert.deepEqual(await giveBack(api, 's', { occurred_at: at, lines: [{ id: '1' }] }), [
    'clawback shoes@1 -5',
  ]);
});

test('items, days and rounds: each goal is given once in a round, and days count once', async () => {
  const api = await publish('rounds', [
    simple('items', { measure: 'quantity', times: 2, goals: [{ target: '3', ...POINTS('1') }] }),
    simple('days', { measure: 'days', goals: [{ target: '2', ...POINTS('100') }] }),
  ]);
  const items = (day: string, quantity: number, more: object = {}) =>
    plain(`2026-11-${day}T12:00:00.000Z`, { lines: [{ id: '1', quantity, amount: '1000' }], ...more });
  assert.deepEqual(await book(api, items('01', 4)), ['bonus items@1 1']);
  assert.deepEqual(await book(api, items('01', 1, { external_id: 'five' })), []);
  assert.deepEqual(await book(api, items('02', 5)), ['bonus items@1 1', 'bonus days@1 100']);
  assert.deepEqual(await giveBack(api, 'five'), []);
});

test('activities count by number and by day, and only their own', async () => {
  const api = await publish('deeds', [
    {
      id: 'critic',
      on: 'activity:review',
      every: 'year',
      goals: [{ target: '3', badge: 'critic', ...POINTS('30') }],
    },
  ]);
  const review = (id: string, at: string, member = 'ext:ann') =>
    api.post('/v1/activities', { external_id: id, member, type: 'review', occurred_at: at });
  await review('1', '2026-01-01T00:00:00.000Z');
  await review('2', '2026-02-01T00:00:00.000Z');
  assert.deepEqual(effects(await review('2', '2026-02-01T00:00:00.000Z')), []);
  assert.deepEqual(effects(await review('x', '2025-12-31T23:59:59.999Z')), []);
  assert.deepEqual(effects(await review('y', '2026-03-01T00:00:00.000Z', 'ext:ben')), []);
  const third = await review('3', '2026-03-01T00:00:00.000Z');
  assert.deepEqual(effects(third), ['bonus critic@1 30']);
  const why = (await api.get(`/v1/entries/${third.body.effects[0].entry}`)).body.why;
  assert.deepEqual(why.challenge.progress, { before: '2', after: '3' });
  const [badge] = await badgesOf(api);
  assert.deepEqual(
    [badge.name, badge.description, badge.from],
    ['Critic', 'Three reviews', third.body.activity.id],
  );
});

test('rows of one call see what the rows before them did, and everything of it is stored', async () => {
  const api = await publish('bulk', [
    simple('two', { goals: [{ target: '2', ...POINTS('10'), badge: 'explorer' }] }),
  ]);
  const at = '2026-12-01T00:00:00.000Z';
  const first = plain(at, { external_id: 'first', member: 'ext:new' });
  const { body } = await api.post('/v1/orders/bulk', {
    orders: [
      first,
      plain(at, { member: 'ext:new' }),
      first,
      { ...first, revision: 2, occurred_at: '2026-11-01T00:00:00.000Z' },
      { ...first, revision: 3 },
    ],
  });
  assert.deepEqual(
    body.results.map(({ answer }: Json) => answer.effects.map(({ type }: Json) => type)),
    [[], ['bonus'], [], ['clawback'], ['bonus']],
  );
  assert.deepEqual((await challengesOf(api, 'ext:new'))[0].progress, '2');
  assert.equal((await badgesOf(api, 'ext:new')).length, 2);
});

for (const if_spent of ['clamp_to_zero', 'allow_negative', 'refuse'] as const)
  test(`points of a challenge that are spent come back as the program says: ${if_spent}`, async () => {
    const api = await publish(
      `spent-${if_spent.replaceAll('_', '-')}`,
      [simple('one', { goals: [{ target: '1', ...POINTS('10'), badge: 'explorer' }] })],
      { returns: { if_spent } },
    );
    await book(api, plain('2026-11-01T12:00:00.000Z', { external_id: 'o' }));
    await api.post('/v1/redemptions', { external_id: 'x', member: 'ext:ann', points: '6', capture: true });
    const back = { external_id: 'r', occurred_at: '2026-11-02T12:00:00.000Z' };
    const { status, body } = await api.post('/v1/orders/ext:o/returns', back);
    const { balances } = (await api.get('/v1/members/ext:ann/balances')).body;
    const [{ available: left, debt, shortfall }] = balances;
    const [badge] = await badgesOf(api);
    if (if_spent === 'refuse') {
      assert.deepEqual([status, body.code, left], [422, 'points_already_spent', '4']);
      assert.equal(badge.withdrawn_at, null);
      return;
    }
    assert.deepEqual([status, left], [201, if_spent === 'allow_negative' ? '-6' : '0']);
    assert.deepEqual([debt, shortfall], if_spent === 'allow_negative' ? ['6', '0'] : ['0', '6']);
    assert.equal(badge.withdrawn_at, back.occurred_at);
  });

test('only members of a tier, a segment and with a history take part; the holdout does not matter', async () => {
  const api = await publish(
    'audience',
    [
      simple('for-gold', { audience: { tiers: ['gold'] }, goals: [{ target: '1', ...POINTS('1') }] }),
      simple('loyal', { if: 'member.orders >= 2', goals: [{ target: '1', ...POINTS('2') }] }),
      simple('app', {
        audience: { channels: ['app'], segments: ['big'] },
        goals: [{ target: '1', ...POINTS('4') }],
      }),
    ],
    {
      segments: { big: { if: 'member.spend >= 1000' } },
      tiers: {
        qualify_by: 'spend',
        window: 'lifetime',
        levels: [
          { id: 'basic', from: '0' },
          { id: 'gold', from: '20.00' },
        ],
      },
    },
  );
  const at = (day: string, more: object = {}) =>
    plain(`2026-11-${day}T12:00:00.000Z`, { channel: 'app', ...more });
  assert.deepEqual(await book(api, at('01')), []);
  assert.deepEqual(await book(api, at('02', { channel: 'web' })), []);
  assert.deepEqual(await book(api, at('03')), ['bonus for-gold@1 1', 'bonus loyal@1 2', 'bonus app@1 4']);
});

test('points of a challenge that wait are cancelled, and those that have expired are not taken twice', async () => {
  const api = await publish('terms', [
    simple('waits', { goals: [{ target: '1', ...POINTS('5'), pending: { for: 'P60D' } }] }),
    simple('goes', { goals: [{ target: '1', ...POINTS('7'), expires: { after: 'P1D' } }] }),
  ]);
  await book(api, plain('2026-11-30T12:00:00.000Z', { external_id: 'o' }));
  await run.clock('terms', '2026-12-05T00:00:00.000Z');
  assert.deepEqual(await giveBack(api, 'o', { occurred_at: '2026-12-04T00:00:00.000Z' }), [
    'expire null -7',
    'cancel waits@1 -5',
  ]);
  const { balances } = (await api.get('/v1/members/ext:ann/balances')).body;
  assert.deepEqual([balances[0].available, balances[0].pending, balances[0].shortfall], ['0', '0', '0']);
});

test('another version decides from its beginning on; what was given stays, and comes back by what it asked for', async () => {
  const goals = (target: string) => [{ target, ...POINTS('10') }];
  const api = await publish('versions', [simple('c', { goals: goals('2') })]);
  const at = '2026-12-01T00:00:00.000Z';
  await book(api, plain(at, { external_id: 'v' }));
  assert.deepEqual(await book(api, plain(at)), ['bonus c@1 10']);
  await publish('versions', [simple('c', { goals: goals('3') })]);
  assert.deepEqual(await book(api, plain('2026-12-01T00:00:01.000Z')), []);
  assert.equal((await challengesOf(api))[0].state, 'completed');
  assert.deepEqual(await giveBack(api, 'v', { occurred_at: at }), []);
  await publish('versions', []);
  const before = (await challengesOf(api)).length;
  assert.equal(before, 0);
});

test('every goal and badge stands in the event log', async () => {
  const api = await publish('events', [simple('two', { goals: [{ target: '2', badge: 'explorer' }] })]);
  await book(api, plain('2026-11-01T12:00:00.000Z', { external_id: 'e' }));
  await book(api, plain('2026-11-02T12:00:00.000Z'));
  await giveBack(api, 'e');
  const { data } = await eventsWith(api, rows => rows.some(({ type }: Json) => type === 'badge.withdrawn'));
  const told = data.filter(({ type }) => /^(challenge|badge)/.test(type));
  assert.deepEqual(
    told.map(
      ({ type, data: { progress, target = '', badge = '' } }) => `${type} ${progress} ${target} ${badge}`,
    ),
    [
      'challenge.progressed 1  ',
      'challenge.completed 2 2 explorer',
      'badge.awarded 2 2 explorer',
      'challenge.reverted 1 2 explorer',
      'badge.withdrawn 1 2 explorer',
    ],
  );
});

test('points of a challenge that qualify count towards a tier, and no more when they are taken back', async () => {
  const api = await publish(
    'qualifying',
    [simple('two', { goals: [{ target: '2', earn: { unit: 'nights', fixed: '5' } }] })],
    {
      units: { points: {}, nights: { redeemable: false, qualifying: true } },
      tiers: {
        qualify_by: 'points',
        window: 'lifetime',
        levels: [
          { id: 'basic', from: '0' },
          { id: 'gold', from: '5' },
        ],
      },
    },
  );
  const tier = async () => (await api.get('/v1/members/ext:ann/tier')).body.tier;
  await book(api, plain('2026-11-01T12:00:00.000Z', { external_id: 'q' }));
  assert.equal(await tier(), 'basic');
  await book(api, plain('2026-11-02T12:00:00.000Z'));
  assert.equal(await tier(), 'gold');
  await giveBack(api, 'q');
  assert.equal(await tier(), 'basic');
});

test('the ledger agrees with itself, and each challenge with what its orders count', () => verified(run));
