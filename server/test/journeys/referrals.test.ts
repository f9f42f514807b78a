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
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-01T12:00:00.000Z';
const INVITE = {
  id: 'invite',
  referrer: { earn: { unit: 'points', fixed: '500' } },
  friend: { earn: { unit: 'points', fixed: '100' } },
};
let sent = 0;

/** A program with referrals, and a member who brings. */
async function publish(name: string, referrals: object = INVITE, more: object = {}): Promise<Caller> {
  const document = { ...POINTS_PER_DOLLAR, ...testClock(NOW), referrals, ...more };
  const { status, body } = await run.put(`/v1/programs/${name}`, document);
  assert.ok(status < 300, JSON.stringify(body));
  const api = run.on(name);
  await api.post('/v1/members', { external_id: 'ann' });
  return api;
}

const referral = (referrer: string, friend: string, more: object = {}) => ({
  external_id: `r-${++sent}`,
  referrer: `ext:${referrer}`,
  friend: `ext:${friend}`,
  occurred_at: AT,
  ...more,
});

const refer = async (api: Caller, referrer: string, friend: string, more: object = {}) => {
  const { status, body } = await api.post('/v1/referrals', referral(referrer, friend, more));
  return status < 300 ? body.referral : body.code;
};

const buy = async (api: Caller, member: string, dollars: number, more: object = {}) => {
  const { status, body } = await api.post(
    '/v1/orders',
    order(dollars, { member: `ext:${member}`, occurred_at: '2026-03-02T12:00:00Z', ...more }),
  );
  assert.ok(status < 300, JSON.stringify(body));
  return body.order;
};

/** Points of both sides, once everything is paid that is owed. */
async function points(api: Caller, ...members: string[]): Promise<number[]> {
  await run.engine.payReferrals();
  return Promise.all(members.map(async member => Number(await available(api, `ext:${member}`))));
}

test("the friend's first order pays both sides, once, however often it is paid and whatever follows", async () => {
  const api = await publish('both');
  const { id } = await refer(api, 'ann', 'ben');
  assert.deepEqual(await points(api, 'ann', 'ben'), [0, 0]);
  const bought = await buy(api, 'ben', 10);
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 110]);
  await buy(api, 'ben', 10);
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 120]);
  await run.base.sql('update earning.referral_steps set done = false');
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 120]);
  const { body } = await api.get(`/v1/referrals/${id}`);
  assert.deepEqual(
    [body.state, body.order, body.payments],
    [
      'qualified',
      bought.id,
      [
        { side: 'referrer', rule: 'invite@1', unit: 'points', points: '500' },
        { side: 'friend', rule: 'invite@1', unit: 'points', points: '100' },
      ],
    ],
  );
  const entries = await api.get('/v1/members/ext:ann/entries');
  const why = await api.get(`/v1/entries/${entries.body.data[0].id}`);
  assert.ok(JSON.stringify(why.body).includes(`"referral":"${id}","side":"referrer","step":"qualified"`));
  const { data } = await eventsWith(
    api,
    rows => rows.filter(row => row.type === 'referral.paid').length === 2,
  );
  const types = data.map((event: Json) => event.type).filter((type: string) => type.startsWith('referral'));
  assert.deepEqual(types.sort(), [
    'referral.accepted',
    'referral.paid',
    'referral.paid',
    'referral.qualified',
  ]);
});

test('the same referral again is known, another content under its id is shown', async () => {
  const api = await publish('repeat');
  const one = referral('ann', 'ben');
  const first = await api.post('/v1/referrals', one);
  const again = await api.post('/v1/referrals', one);
  assert.deepEqual([first.status, again.status, again.body], [201, 200, { ...first.body, known: true }]);
  const other = await api.post('/v1/referrals', { ...one, friend: 'ext:cem', occurred_at: NOW });
  assert.deepEqual(
    [other.status, other.body.code, other.body.differences.map((one: Json) => one.pointer)],
    [409, 'key_reused', ['/friend', '/occurred_at']],
  );
  const dry = await api.post('/v1/referrals?dry_run=true', referral('ann', 'dan'));
  assert.equal(dry.status, 200);
  assert.equal((await api.get('/v1/members/ext:dan')).status, 404);
});

test('nobody brings themselves, a customer, one who was brought, or somebody who brought them', async () => {
  const api = await publish('rings');
  const { body: ann } = await api.get('/v1/members/ext:ann');
  assert.equal(await refer(api, 'ann', 'ann'), 'referral_to_self');
  const named = await api.post('/v1/referrals', { ...referral('ann', 'x'), friend: ann.id });
  assert.equal(named.body.code, 'referral_to_self');
  assert.equal(await refer(api, 'nobody', 'ben'), 'member_not_found');
  for (const [referrer, friend] of [
    ['ann', 'ben'],
    ['ben', 'cem'],
    ['cem', 'dan'],
  ] as const)
    assert.ok((await refer(api, referrer, friend)).id);
  assert.equal(await refer(api, 'ann', 'ben'), 'referral_exists');
  assert.equal(await refer(api, 'dan', 'cem'), 'referral_exists');
  assert.equal(await refer(api, 'ben', 'ann'), 'referral_ring');
  assert.equal(await refer(api, 'dan', 'ann'), 'referral_ring');
  await buy(api, 'old', 5);
  assert.equal(await refer(api, 'ann', 'old'), 'friend_has_ordered');
  const plain = await publish('plain', INVITE, { referrals: undefined });
  assert.equal(await refer(plain, 'ann', 'ben'), 'referrals_not_offered');
});

test('of two that would close a ring from both sides at once, one is refused, in two processes too', async () => {
  const api = await publish('race');
  const other = await run.beside('race');
  for (let round = 0; round < 20; round += 1) {
    const [a, b] = [`a${round}`, `b${round}`];
    for (const external_id of [a, b]) await api.post('/v1/members', { external_id });
    const codes = await Promise.all([refer(api, a, b), refer(other, b, a)]);
    assert.deepEqual(
      codes.filter(code => typeof code === 'string'),
      ['referral_ring'],
    );
  }
});

test('an order qualifies from the minimum on, from the referral on, and within its time', async () => {
  const api = await publish('terms', { ...INVITE, minimum: '50.00', within: 'P30D', friend: undefined });
  const cases: [friend: string, dollars: number, at: string, paid: boolean][] = [
    ['less', 49.99, '2026-03-02T12:00:00Z', false],
    ['enough', 50, '2026-03-02T12:00:00Z', true],
    ['before', 50, '2026-03-01T11:59:59.999Z', false],
    ['at-once', 50, AT, true],
    ['just', 50, '2026-03-31T11:59:59.999Z', true],
    ['too-late', 50, '2026-03-31T12:00:00Z', false],
  ];
  let expected = 0;
  for (const [friend, dollars, occurred_at, isPaid] of cases) {
    await refer(api, 'ann', friend);
    await buy(api, friend, dollars, { occurred_at });
    if (isPaid) expected += 500;
    assert.deepEqual(await points(api, 'ann'), [expected], friend);
  }
  await buy(api, 'less', 50);
  assert.deepEqual(await points(api, 'ann'), [expected + 500], 'the first order that is enough');
});

test('a return of the order takes both payments back, once, and no later order brings them again', async () => {
  const api = await publish('back', { ...INVITE, minimum: '10.00' });
  const { id } = await refer(api, 'ann', 'ben');
  const { id: first } = await buy(api, 'ben', 40);
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 140]);
  const giveBack = (amount: string) =>
    api.post(`/v1/orders/${first}/returns`, {
      external_id: `ret-${++sent}`,
      occurred_at: '2026-03-05T00:00:00Z',
      lines: [{ id: '1', amount }],
    });
  await giveBack('3000');
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 110], 'ten dollars are left, which is enough');
  await giveBack('1');
  assert.deepEqual(await points(api, 'ann', 'ben'), [0, 10]);
  await giveBack('999');
  await buy(api, 'ben', 20);
  assert.deepEqual(await points(api, 'ann', 'ben'), [0, 20]);
  const { body } = await api.get(`/v1/referrals/${id}`);
  assert.deepEqual(
    [body.state, body.payments.map((payment: Json) => Number(payment.points)).sort()],
    ['revoked', [-100, -500, 100, 500].sort()],
  );
});

test('a return before anything was paid leaves nothing; "keep" leaves what was paid', async () => {
  const api = await publish('soon');
  await refer(api, 'ann', 'ben');
  const { id } = await buy(api, 'ben', 10);
  const cancel = (to: Caller, bought: string) =>
    to.post(`/v1/orders/${bought}/cancel`, { external_id: `c-${++sent}`, occurred_at: AT });
  await cancel(api, id);
  assert.deepEqual(await points(api, 'ann', 'ben'), [0, 0]);
  const keeping = await publish('keeping', { ...INVITE, returns: 'keep' });
  await refer(keeping, 'ann', 'ben');
  await cancel(keeping, (await buy(keeping, 'ben', 10)).id);
  assert.deepEqual(await points(keeping, 'ann', 'ben'), [500, 100]);
});

test('a revision that falls below the minimum revokes, one that reaches it qualifies', async () => {
  const api = await publish('revisions', { ...INVITE, minimum: '30.00' });
  await refer(api, 'ann', 'ben');
  const external_id = 'changing';
  await buy(api, 'ben', 20, { external_id });
  assert.deepEqual(await points(api, 'ann'), [0]);
  await buy(api, 'ben', 30, { external_id, revision: 2 });
  assert.deepEqual(await points(api, 'ann'), [500]);
  await buy(api, 'ben', 29, { external_id, revision: 3 });
  assert.deepEqual(await points(api, 'ann'), [0]);
});

test('many who pay at once, with a restart between, pay each side once', async () => {
  const api = await publish('crowd');
  const friends = Array.from({ length: 20 }, (_, index) => `f${index}`);
  for (const friend of friends) await refer(api, 'ann', friend);
  const rows = friends.map(friend => order(1, { member: `ext:${friend}`, occurred_at: NOW }));
  await api.post('/v1/orders/bulk', { orders: rows });
  await Promise.all(Array.from({ length: 4 }, () => run.engine.payReferrals()));
  assert.deepEqual(await points(api, 'ann', 'f0', 'f19'), [10_000, 101, 101]);
  // As if the process had ended after it paid and before it noted that.
  await run.base.sql('update earning.referral_steps set done = false');
  await Promise.all(Array.from({ length: 4 }, () => run.engine.payReferrals()));
  assert.deepEqual(await points(api, 'ann', 'f0', 'f19'), [10_000, 101, 101]);
});

test('a referral and the first order of the friend at once: it is refused, or the order qualifies it', async () => {
  const api = await publish('race-order');
  for (let round = 0; round < 20; round += 1) {
    const friend = `r${round}`;
    await api.post('/v1/members', { external_id: friend });
    const [answer] = await Promise.all([refer(api, 'ann', friend), buy(api, friend, 1)]);
    const [, own] = await points(api, 'ann', friend);
    assert.equal(own, answer === 'friend_has_ordered' ? 1 : 101);
  }
});

test('one bulk call qualifies once, and the version of the referral decides', async () => {
  const api = await publish('bulk');
  await refer(api, 'ann', 'ben');
  const later = { ...INVITE, referrer: { earn: { unit: 'points', fixed: '9' } } };
  const changed = await run.put('/v1/programs/bulk', { ...POINTS_PER_DOLLAR, referrals: later });
  assert.equal(changed.body.version, 2);
  const rows = [1, 2, 3].map(dollars => order(dollars, { member: 'ext:ben', occurred_at: NOW }));
  const { body } = await api.post('/v1/orders/bulk', { orders: rows });
  assert.equal(body.created, 3);
  assert.deepEqual(await points(api, 'ann', 'ben'), [500, 106]);
});

test('points for referrals count in velocity windows, and a pause holds back those that come next', async () => {
  const velocity = [{ id: 'burst', unit: 'points', more_than: '1000', within: 'PT5M', pause: 'PT1H' }];
  const api = await publish('rapid', INVITE, { velocity });
  const bring = async (friend: string, at: string) => {
    await refer(api, 'ann', friend);
    await buy(api, friend, 10, { occurred_at: at });
    await run.engine.payReferrals();
  };
  await bring('f1', '2026-03-02T12:00:00Z');
  await bring('f2', '2026-03-02T12:01:00Z');
  assert.deepEqual((await api.get('/v1/cases')).body.data, [], '1,000 points are not more than 1,000');
  await bring('f3', '2026-03-02T12:02:00Z');
  const [found] = (await api.get('/v1/cases')).body.data;
  assert.match(found.cause, /^ref_/);
  assert.equal(found.crossings[0].points, '1500');
  await bring('f4', '2026-03-02T12:30:00Z');
  const wallet = async () => {
    const [own] = (await api.get('/v1/members/ext:ann/balances')).body.balances;
    return [own.available, own.pending];
  };
  assert.deepEqual(await wallet(), ['1500', '500'], 'the friends have theirs, ann waits for the fourth');
  await run.base.sql('update earning.referral_steps set done = false');
  assert.deepEqual(await points(api, 'f4', 'f1'), [110, 110]);
  assert.deepEqual(await wallet(), ['1500', '500'], 'paid again is paid once');
  const key = { 'idempotency-key': 'looked' };
  const released = await api.post(`/v1/cases/${found.id}/release`, { note: 'four real friends' }, key);
  assert.equal(released.status, 201);
  assert.deepEqual(await wallet(), ['2000', '0']);
});

test('the ledger agrees with itself after all of this', () => verified(run));
