import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  available,
  type Json,
  order,
  POINTS_PER_DOLLAR,
  startEngine,
  testClock,
  verified,
} from './engine.ts';
import { backtestOf } from './replays.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00Z';
const [BASE] = POINTS_PER_DOLLAR.earning;
const points = (fixed: number) => ({ earn: { unit: 'points', fixed: String(fixed) } });
let sent = 0;

const BIG = { id: 'big', on: 'order', if: 'order.total >= 10000', ...points(100) };
const RULES = [
  BIG,
  {
    id: 'spa',
    on: 'order',
    when: { category: ['spa'] },
    if: `order.lines.exists(l, l.category == 'room')`,
    earn: { unit: 'points', per_currency_unit: '2' },
  },
  { id: 'nights', on: 'order', when: { kind: ['hotel'] }, if: 'order.attributes.nights >= 3', ...points(30) },
  { id: 'morning', on: 'order', if: `time.hour < 12`, ...points(7) },
];

const documentOf = (rules: object[], more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  currencies: { EUR: { rate: '2' } },
  time_zone: 'Europe/Paris',
  earning: [BASE, ...rules],
  ...more,
});

async function publish(name: string, rules: object[], more: object = {}) {
  const { status, body } = await run.put(`/v1/programs/${name}`, documentOf(rules, more));
  assert.ok(status < 300, JSON.stringify(body));
}

const told = (body: Json) =>
  Object.fromEntries(body.effects.map((effect: Json) => [effect.rule, Number(effect.points)]));

/** Sends it as a dry run and in earnest, which must agree, and gives the points of its effects by rule. */
async function send(program: string, path: string, asked: object) {
  const api = run.on(program);
  const dry = await api.post(`${path}?dry_run=true`, asked);
  const { status, body } = await api.post(path, asked);
  assert.ok(status < 300, JSON.stringify(body));
  assert.deepEqual(told(dry.body), told(body));
  return { told: told(body), body };
}

async function earn(program: string, dollars: number, more: Record<string, unknown> = {}) {
  sent += 1;
  const asked = order(dollars, { external_id: `c${sent}`, occurred_at: AT, ...more });
  return (await send(program, '/v1/orders', asked)).told;
}

async function review(program: string, attributes: object, more: object = {}) {
  sent += 1;
  const own = { external_id: `a${sent}`, member: 'ext:ann', type: 'review', occurred_at: AT };
  return send(program, '/v1/activities', { ...own, attributes, ...more });
}

const why = async (program: string, entry: string) =>
  (await run.on(program).get(`/v1/entries/${entry}`)).body.why;

async function until(program: string, path: string): Promise<Json> {
  for (;;) {
    const { body } = await run.on(program).get(path);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}

const backtest = (program: string, body: object): Promise<Json> => backtestOf(run, program, body);

const differing = ({ rules }: Json) => rules.filter((line: Json) => line.difference !== '0');

test('a rule gives its points to orders that meet its condition, beside "when"', async () => {
  await publish('orders', RULES);
  assert.deepEqual(await earn('orders', 99.99), { 'base@1': 99 });
  assert.deepEqual(await earn('orders', 100), { 'base@1': 100, 'big@1': 100 });
  // Amounts are in the program's currency: 50 euros are 100 dollars.
  assert.deepEqual(await earn('orders', 50, { currency: 'EUR' }), { 'base@1': 100, 'big@1': 100 });
  const spa = { id: '2', category: 'spa', amount: '2000' };
  assert.deepEqual(await earn('orders', 0, { lines: [{ id: '1', category: 'room', amount: '5000' }, spa] }), {
    'base@1': 70,
    'spa@1': 40,
  });
  assert.deepEqual(await earn('orders', 0, { lines: [spa] }), { 'base@1': 20 });
  const nights = (stayed: number) => earn('orders', 1, { kind: 'hotel', attributes: { nights: stayed } });
  assert.deepEqual(await nights(3), { 'base@1': 1, 'nights@1': 30 });
  assert.deepEqual(await nights(2), { 'base@1': 1 });
  const at = (time: string) => earn('orders', 1, { occurred_at: `2026-03-02T${time}Z` });
  assert.deepEqual(await at('10:59:59.999'), { 'base@1': 1, 'morning@1': 7 });
  assert.deepEqual(await at('11:00:00'), { 'base@1': 1 });
});

test('a condition that cannot be judged counts as not met, and why says so', async () => {
  await publish('faults', RULES);
  const { body } = await send('faults', '/v1/orders', order(10, { occurred_at: AT, kind: 'hotel' }));
  assert.deepEqual(told(body), { 'base@1': 10 });
  const missing = [{ rule: 'nights@1', reason: 'order.attributes.nights is missing.' }];
  assert.deepEqual((await why('faults', body.effects[0].entry)).not_judged, missing);
  const plain = await send('faults', '/v1/orders', order(100, { occurred_at: AT }));
  const explained = await why('faults', plain.body.effects[1].entry);
  assert.equal(explained.not_judged, undefined);
  assert.deepEqual(explained.rules.find(({ rule }: Json) => rule === 'big@1').definition, BIG);
});

test('amendments move into a condition and out of it, by the version of the purchase, and returns sum exactly', async () => {
  await publish('changing', RULES);
  const revised = (revision: number, dollars: number) =>
    earn('changing', dollars, { external_id: 'y', revision });
  assert.deepEqual(await revised(1, 120), { 'base@1': 120, 'big@1': 100 });
  assert.deepEqual(await revised(2, 80), { 'base@1': -40, 'big@1': -100 });
  const lines = [
    { id: 'a', amount: '10000' },
    { id: 'b', amount: '5000' },
  ];
  assert.deepEqual(await earn('changing', 0, { external_id: 'x', lines }), { 'base@1': 150, 'big@1': 100 });
  // A later version with another condition leaves what was bought before as it was.
  await publish('changing', [{ ...BIG, if: 'order.total >= 99999999' }]);
  assert.deepEqual(await revised(3, 130), { 'base@1': 50, 'big@1': 100 });
  const back = async (id: string, own: object) =>
    (await send('changing', '/v1/orders/ext:x/returns', { external_id: id, occurred_at: NOW, ...own })).told;
  // What came back was bought all the same: the order stays one of 150 dollars.
  assert.deepEqual(await back('r1', { lines: [{ id: 'b' }] }), { 'base@1': -50, 'big@1': -33 });
  assert.deepEqual(await back('r2', {}), { 'base@1': -100, 'big@1': -67 });
  assert.equal(await available(run.on('changing')), '230');
});

test('rows of one call are judged one by one', async () => {
  await publish('bulk', RULES);
  const orders = [99, 100, 101].map(dollars => order(dollars, { occurred_at: AT }));
  const { body } = await run.on('bulk').post('/v1/orders/bulk', { orders });
  assert.deepEqual(
    body.results.map(({ answer }: Json) => Object.keys(told(answer)).length),
    [1, 2, 2],
  );
});

test('multipliers of campaigns multiply what a rule with a condition gives, and nothing where it is not met', async () => {
  const rule = { ...BIG, earn: { unit: 'points', per_currency_unit: '1' } };
  await publish('multiplied', [rule], { campaigns: [{ id: 'double', effect: { multiply: '2' } }] });
  assert.deepEqual(await earn('multiplied', 10), { 'base@1': 10, 'base@1*double@1': 10 });
  assert.deepEqual(await earn('multiplied', 100), {
    'base@1': 100,
    'base@1*double@1': 100,
    'big@1': 100,
    'big@1*double@1': 100,
  });
});

const ACTIVITIES = { activities: { review: { attributes: { stars: 'integer', photo: 'boolean' } } } };
const GOOD = { id: 'good', on: 'activity:review', if: 'activity.attributes.stars >= 4', ...points(50) };
const PHOTO = {
  id: 'photo',
  on: 'activity:review',
  if: `has(activity.attributes.photo) && activity.attributes.photo && time.weekday == 'monday'`,
  ...points(10),
};

test('a rule on an activity gives its points to those that meet its condition, and only they use its limit', async () => {
  await publish('reviews', [{ ...GOOD, limit: { per_member: 1 } }, PHOTO], ACTIVITIES);
  const earned = async (attributes: object, more?: object) =>
    (await review('reviews', attributes, more)).told;
  assert.deepEqual(await earned({ stars: 3 }), {});
  assert.deepEqual(await earned({ stars: 4 }), { 'good@1': 50 });
  assert.deepEqual(await earned({ stars: 5, photo: true }), { 'photo@1': 10 });
  assert.deepEqual(await earned({ stars: 5, photo: false }, { member: 'ext:bob' }), { 'good@1': 50 });
  // Sunday in Paris, and Monday.
  assert.deepEqual(await earned({ photo: true }, { occurred_at: '2026-03-01T22:59:59Z' }), {});
  const { told: given, body } = await review(
    'reviews',
    { photo: true },
    { occurred_at: '2026-03-01T23:00:00Z' },
  );
  assert.deepEqual(given, { 'photo@1': 10 });
  const explained = await why('reviews', body.effects[0].entry);
  assert.deepEqual(
    [explained.not_judged, explained.definition],
    [[{ rule: 'good@1', reason: 'activity.attributes.stars is missing.' }], PHOTO],
  );
});

test('a backtest of the live program comes to what happened, and a draft with other conditions is told apart', async () => {
  for (const program of ['orders', 'faults', 'changing', 'bulk', 'multiplied', 'reviews'])
    assert.deepEqual(differing(await backtest(program, {})), [], program);
  const lower = [{ ...BIG, if: 'order.total >= 9900' }];
  assert.deepEqual(
    (await backtest('bulk', { document: documentOf(lower) })).rules.map((line: Json) => [
      line.rule,
      line.draft,
    ]),
    [
      ['base', '300'],
      ['big', '300'],
    ],
  );
  const draft = documentOf([{ ...GOOD, if: 'activity.attributes.stars >= 3' }], ACTIVITIES);
  const { rules } = await backtest('reviews', { document: draft });
  const good = rules.find((line: Json) => line.rule === 'good');
  // Bob's and Ann's first, and without the limit the ones of three and five stars.
  assert.deepEqual([good.actual, good.draft], ['100', '200']);
});

test('a re-rating applies a condition to the past, and its reversal takes it away again', async () => {
  await publish('rerated', [{ id: 'big', on: 'order', ...points(100) }]);
  const api = run.on('rerated');
  await earn('rerated', 80);
  await earn('rerated', 120);
  await publish('rerated', [BIG]);
  const span = { from: '2026-01-01T00:00:00Z', to: '2026-05-01T00:00:00Z', version: 2, note: 'a test' };
  const { id } = (await api.post('/v1/rerates', span)).body;
  await until('rerated', `/v1/rerates/${id}`);
  for (const [step, sum] of [
    ['apply', '300'],
    ['reverse', '400'],
  ]) {
    await api.post(`/v1/rerates/${id}/${step}`);
    await until('rerated', `/v1/rerates/${id}`);
    assert.equal(await available(api), sum, step);
  }
});

test('a rule that asks for the member is refused with its place, and a plan tells conditions in words', async () => {
  const refused = await run.put(
    '/v1/programs/refused',
    documentOf([{ ...BIG, if: `order.total > 0 && tier == 'gold'` }]),
  );
  assert.deepEqual([refused.status, refused.body.code], [422, 'program_invalid']);
  assert.deepEqual(refused.body.errors, [
    {
      pointer: '/earning/1/if',
      message:
        'At character 20 of the condition: A rule on orders is decided by the order alone, so it reads "order" and "time" only. Make what depends on "tier" a campaign, which can have this condition.',
    },
  ]);
  const rules = [{ ...BIG, if: 'order.total >= 5000' }];
  const { body } = await run.post('/v1/programs/bulk/plan', documentOf([...rules, ...RULES.slice(1)]));
  assert.deepEqual(
    body.changes.map((change: Json) => change.sentence),
    ['The condition of the rule "big" is changed from order.total >= 10000 to order.total >= 5000.'],
  );
});

test('the ledger agrees with itself after all of this', () => verified(run));
