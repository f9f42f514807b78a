import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const DAY = 86_400_000;
const day = (days: number): string => new Date(Date.parse(NOW) + days * DAY).toISOString();
let made = 0;

/** A program in which each campaign gives one point of its own, with what it is for. */
async function program(campaigns: Record<string, object>, more: object = {}) {
  made += 1;
  const name = `audience-${made}`;
  const effect = { earn: { unit: 'points', fixed: '1' } };
  const published = await run.put(`/v1/programs/${name}`, {
    ...POINTS_PER_DOLLAR,
    ...testClock(NOW),
    earning: [],
    campaigns: Object.entries(campaigns).map(([id, own]) => ({ id, effect, ...own })),
    ...more,
  });
  assert.ok(published.status < 300, JSON.stringify(published.body));
  const api = run.on(name);
  let sent = 0;
  /** Sends an order and gives the campaigns that were for it. */
  const order_ = async (at: string, fields: Record<string, unknown> = {}): Promise<string[]> => {
    sent += 1;
    const { status, body } = await api.post(
      '/v1/orders',
      order(10, { external_id: `${name}-${sent}`, occurred_at: at, ...fields }),
    );
    assert.ok(status < 300, JSON.stringify(body));
    return campaignsOf(body);
  };
  const ok = async (answer: Promise<{ status: number; body: Json }>): Promise<Json> => {
    const { status, body } = await answer;
    assert.ok(status < 300, JSON.stringify(body));
    return body;
  };
  return {
    name,
    api,
    order: order_,
    enrol: (id: string, profile: object = {}) => ok(api.post('/v1/members', { external_id: id, profile })),
    profile: (id: string, body: object) => ok(api.patch(`/v1/members/ext:${id}/profile`, body)),
    list: (mode: string, list: string, ...ids: string[]) =>
      ok(api.post(`/v1/lists/${list}/members`, { mode, members: ids.map(id => `ext:${id}`) })),
    clock: (at: string) => run.clock(name, at),
  };
}

/** The campaigns that gave points in an answer. */
const campaignsOf = (body: Json): string[] =>
  body.effects
    .filter((effect: Json) => Number(effect.points) > 0)
    .map((effect: Json) => effect.rule.replace(/@.*/, ''))
    .sort();

test('an audience by country asks where the member lived when the order was placed', async () => {
  const shop = await program({ benelux: { audience: { countries: ['NL', 'BE'] } } });
  await shop.enrol('ann');
  assert.deepEqual(await shop.order(NOW), [], 'a country that is not known is none');
  await shop.profile('ann', { country: 'NL', occurred_at: day(-20) });
  await shop.profile('ann', { country: 'FR', occurred_at: day(-10) });
  assert.deepEqual(await shop.order(day(-21)), []);
  assert.deepEqual(await shop.order(day(-20)), ['benelux']);
  assert.deepEqual(await shop.order(day(-10)), []);
  assert.deepEqual(await shop.order(day(-15), { member: 'ext:new' }), [], 'nor is that of a newcomer');
});

test('an audience by list asks who was on it when the order was placed', async () => {
  const shop = await program({
    vips: { audience: { lists: ['vip', 'press'] } },
    nobody: { audience: { lists: ['never-uploaded'] } },
  });
  await shop.enrol('ann');
  await shop.list('add', 'press', 'ann');
  await shop.clock(day(2));
  await shop.list('remove', 'press', 'ann');
  await shop.clock(day(4));
  await shop.list('add', 'vip', 'ann');
  for (const [at, campaigns] of [
    [-1, []],
    [0, ['vips']],
    [1.9, ['vips']],
    [2, []],
    [4, ['vips']],
  ] as const)
    assert.deepEqual(await shop.order(day(at)), campaigns, `day ${at}`);
});

test('an audience by segment asks the rule of the segment, and conditions ask for segments by name', async () => {
  const shop = await program(
    {
      young: { audience: { segments: ['teens', 'twens'] } },
      'dutch-teens': { if: "'teens' in member.segments && member.country == 'NL'" },
      any: { if: 'size(member.segments) > 0' },
      both: { audience: { segments: ['twens'], countries: ['NL'], channels: ['app'] } },
    },
    {
      segments: {
        teens: { if: 'has(member.attributes.age) && member.attributes.age < 20' },
        twens: { if: 'member.attributes.age >= 20 && member.attributes.age < 30' },
      },
    },
  );
  await shop.enrol('ann', { country: 'NL', attributes: { age: 19 } });
  assert.deepEqual(await shop.order(NOW), ['any', 'dutch-teens', 'young']);
  await shop.profile('ann', { attributes: { age: 20 } });
  assert.deepEqual(await shop.order(NOW), ['any', 'young']);
  assert.deepEqual(await shop.order(NOW, { channel: 'app' }), ['any', 'both', 'young']);
  await shop.profile('ann', { attributes: { age: 'thirty' } });
  assert.deepEqual(await shop.order(NOW), []);
});

test('a segment that cannot be judged has nobody in it, and the entry says so', async () => {
  const shop = await program(
    { base: {}, old: { audience: { segments: ['old'] } } },
    { segments: { old: { if: 'member.attributes.age > 60' } } },
  );
  await shop.enrol('ann');
  assert.deepEqual(await shop.order(NOW), ['base']);
  const [entry] = (await shop.api.get('/v1/members/ext:ann/entries')).body.data;
  const { why } = (await shop.api.get(`/v1/entries/${entry.id}`)).body;
  assert.match(JSON.stringify(why), /"segments\.old@1"/);
});

const LAPSED = { segments: { lapsed: { if: 'member.orders > 0 && member.last_order_days >= 30' } } };

test('a member who had lapsed is won back once, also where both orders come in one call', async () => {
  const shop = await program({ winback: { audience: { segments: ['lapsed'] } } }, LAPSED);
  assert.deepEqual(await shop.order(day(-100)), [], 'a first order wins nobody back');
  assert.deepEqual(await shop.order(day(-71)), []);
  const rows = [-41, -40.5].map((days, index) =>
    order(10, { external_id: `both-${index}`, occurred_at: day(days) }),
  );
  const { body } = await shop.api.post('/v1/orders/bulk', { orders: rows });
  assert.deepEqual(
    body.results.map((result: Json) => campaignsOf(result.answer)),
    [['winback'], []],
  );
});

test('an order that is revised is asked about what was bought before it, not about itself', async () => {
  const shop = await program(
    {
      winback: { audience: { segments: ['lapsed'] } },
      small: { if: 'member.spend < 1500' },
      first: { if: 'member.orders == 0' },
    },
    LAPSED,
  );
  await shop.order(day(-100), { external_id: 'one' });
  assert.deepEqual(await shop.order(day(-10), { external_id: 'two' }), ['small', 'winback']);
  for (const [id, dollars, kept] of [
    ['two', 40, ['small', 'winback']],
    ['one', 12, ['first', 'small']],
  ] as const) {
    const revised = order(dollars, {
      external_id: id,
      revision: 2,
      occurred_at: day(id === 'two' ? -10 : -100),
    });
    const { body } = await shop.api.post('/v1/orders', revised);
    assert.deepEqual(body.effects, [], `${id} still earns ${kept.join(', ')}: nothing is taken back`);
  }
});

/** Bounds whose campaigns tell, by which of them apply, what an order was decided by. */
const BOUNDS = [1, 2, 3, 4, 5];
const telling = {
  ...Object.fromEntries(BOUNDS.map(bound => [`orders-${bound}`, { if: `member.orders >= ${bound}` }])),
  ...Object.fromEntries(BOUNDS.map(bound => [`spend-${bound}`, { if: `member.spend >= ${bound * 1_000}` }])),
  ...Object.fromEntries(BOUNDS.map(bound => [`gap-${bound}`, { if: `member.last_order_days >= ${bound}` }])),
};

interface Bought {
  at: number;
  cents: number;
  returnedAt: number | null;
}

/** What the campaigns above should tell of an order at `at`, from the orders that came before it. */
function told(before: readonly Bought[], at: number): string[] {
  const placed = before.filter(each => each.at <= at);
  const kept = placed.filter(each => each.returnedAt === null || each.returnedAt > at);
  const spend = kept.reduce((sum, each) => sum + each.cents, 0);
  const last = placed.length === 0 ? at : Math.max(...placed.map(each => each.at));
  const figures = { orders: kept.length, spend: spend / 1_000, gap: Math.floor(at - last) };
  return Object.entries(figures)
    .flatMap(([what, figure]) => BOUNDS.filter(bound => figure >= bound).map(bound => `${what}-${bound}`))
    .sort();
}

test('what was bought before is what orders and returns in any order of arrival add up to', async () => {
  const step = fc.record({
    at: fc.integer({ min: -40, max: 0 }).map(quarters => quarters / 4),
    cents: fc.integer({ min: 1, max: 2_500 }),
    /** Which order so far comes back whole, and when. */
    back: fc.option(
      fc.tuple(
        fc.nat(5),
        fc.integer({ min: -40, max: 0 }).map(quarters => quarters / 4),
      ),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 7 }), async steps => {
      const shop = await program(telling);
      const bought: Bought[] = [];
      for (const [index, { at, cents, back }] of steps.entries()) {
        const lines = [{ id: '1', amount: String(cents) }];
        const campaigns = await shop.order(day(at), { external_id: `o${index}`, lines });
        assert.deepEqual(campaigns, told(bought, at), `order ${index}`);
        bought.push({ at, cents, returnedAt: null });
        const [which, when] = back ?? [99, 0];
        const target = bought[which];
        if (target === undefined || target.returnedAt !== null) continue;
        const path = `/v1/orders/ext:o${which}/returns`;
        const { status } = await shop.api.post(path, { external_id: `r${index}`, occurred_at: day(when) });
        assert.equal(status, 201);
        target.returnedAt = Math.max(when, target.at);
      }
    }),
    { numRuns: 25 },
  );
});

/** What a replay of the live program comes to differently, by rule. */
async function replayedDifferently(name: string): Promise<Json> {
  const started = await run.on(name).post('/v1/backtests', {});
  assert.equal(started.status, 202, JSON.stringify(started.body));
  for (;;) {
    const { body } = await run.on(name).get(`/v1/backtests/${started.body.id}`);
    if (body.state === 'done') return body.report.rules.filter((line: Json) => line.difference !== '0');
    assert.equal(body.state, 'running', JSON.stringify(body));
    await sleep(20);
  }
}

test('a replay sees of members what was known to each decision, whatever was learned later', async () => {
  const shop = await program(
    {
      dutch: { audience: { countries: ['NL'] } },
      vips: { audience: { lists: ['vip'] } },
      winback: { audience: { segments: ['lapsed'] } },
    },
    LAPSED,
  );
  for (const id of ['ann', 'bob']) await shop.enrol(id, { country: 'NL' });
  await shop.list('add', 'vip', 'ann');
  for (const member of ['ext:ann', 'ext:bob']) {
    await shop.order(day(-60), { member });
    await shop.order(NOW, { member });
  }
  // All of it at the very instants at which the orders were placed, and before.
  await shop.list('remove', 'vip', 'ann');
  await shop.list('add', 'vip', 'bob');
  await shop.profile('ann', { country: 'FR', occurred_at: day(-90) });
  await shop.profile('bob', { country: 'BE' });
  await shop.order(day(-20), { member: 'ext:ann' });
  await shop.order(NOW, { member: 'ext:bob' });
  await shop.clock(day(1));
  assert.deepEqual(await replayedDifferently(shop.name), []);
});

test('the books are in order', () => verified(run));
