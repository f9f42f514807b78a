import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';
import { backtestOf, differing, NOTHING } from './replays.ts';

const run = await startEngine();
const NOW = '2026-06-01T00:00:00.000Z';
const AT = '2026-03-02T12:00:00.000Z';
const points = (fixed: number) => ({ earn: { unit: 'points', fixed: String(fixed) } });
let sent = 0;

const NIGHTS = { id: 'nights', on: 'order', when: { kind: ['hotel'] }, if: 'order.attributes.nights >= 3' };
const DOCUMENT = {
  ...POINTS_PER_DOLLAR,
  ...testClock(NOW),
  earning: [
    ...POINTS_PER_DOLLAR.earning,
    { ...NIGHTS, ...points(30) },
    { id: 'good', on: 'activity:review', if: 'activity.attributes.stars >= 4', ...points(50) },
  ],
  activities: { review: { attributes: { stars: 'integer' } } },
  segments: { old: { if: 'member.attributes.age > 60' } },
  campaigns: [
    {
      id: 'room',
      if: "order.attributes.room == 'suite'",
      effect: points(7),
      audience: { channels: ['app'] },
    },
    { id: 'seniors', audience: { segments: ['old'], channels: ['club'] }, effect: points(9) },
  ],
  challenges: [
    {
      ...{ id: 'long', name: 'Long', on: 'order', if: 'order.attributes.nights >= 5', measure: 'count' },
      ...{ audience: { channels: ['app'] }, every: 'ever', goals: [{ target: '9', ...points(1) }] },
    },
    {
      ...{ id: 'walk', name: 'Walk', on: 'order', measure: 'count', every: 'ever' },
      ...{ audience: { segments: ['old'], channels: ['club'] }, goals: [{ target: '9', ...points(1) }] },
    },
  ],
};

const MISSING = 'order.attributes.nights is missing.';
const NIGHTS_MISSING = { rule: 'nights@1', reason: MISSING };
const STARS_MISSING = { rule: 'good@1', reason: 'activity.attributes.stars is missing.' };

async function publish(name: string, more: object = {}) {
  const { status, body } = await run.put(`/v1/programs/${name}`, { ...DOCUMENT, ...more });
  assert.ok(status < 300, JSON.stringify(body));
}

/** What the alarm has counted of a program, by rule. */
async function counted(program: string): Promise<Record<string, number>> {
  const { body } = await run.get('/metrics');
  const line = /^fealty_conditions_not_judged_total\{program="([^"]*)",rule="([^"]*)"\} (\d+)$/gm;
  const all = [...String(body).matchAll(line)].filter(([, of]) => of === program);
  return Object.fromEntries(all.map(([, , rule, count]) => [rule, Number(count)]));
}

/** Sends it as a dry run, in earnest and again, which must all say the same of conditions; gives the first answer. */
async function send(program: string, path: string, asked: object): Promise<Json> {
  const api = run.on(program);
  const dry = await api.post(`${path}?dry_run=true`, asked);
  const first = await api.post(path, asked);
  assert.equal(first.status, 201, JSON.stringify(first.body));
  assert.deepEqual(dry.body.not_judged, first.body.not_judged);
  assert.equal('not_judged' in dry.body, 'not_judged' in first.body);
  const again = await api.post(path, asked);
  assert.deepEqual([again.status, again.body], [200, { ...first.body, known: true }]);
  return first.body;
}

const buy = (program: string, dollars: number, more: Record<string, unknown> = {}) =>
  send(program, '/v1/orders', order(dollars, { occurred_at: AT, ...more }));
const review = (program: string, attributes: object) =>
  send(program, '/v1/activities', {
    ...{ external_id: `a${++sent}`, member: 'ext:ann', type: 'review', occurred_at: AT },
    attributes,
  });
const stored = async (program: string, id: string): Promise<Json> =>
  (await run.on(program).get(`/v1/orders/${id}`)).body;
const storedActivity = async (program: string, id: string): Promise<Json> =>
  (await run.on(program).get(`/v1/activities/${id}`)).body;

test('an order that earned nothing says which conditions could not be judged, and is counted once', async () => {
  await publish('nothing', { earning: [{ ...NIGHTS, ...points(30) }] });
  const { order: taken, effects, not_judged } = await buy('nothing', 10, { kind: 'hotel' });
  assert.deepEqual([effects, not_judged], [[], [NIGHTS_MISSING]]);
  assert.deepEqual((await stored('nothing', taken.id)).not_judged, [NIGHTS_MISSING]);
  assert.deepEqual(await counted('nothing'), { nights: 1 });
});

test('answers about orders and activities without such conditions are as they always were', async () => {
  await publish('plain');
  const bought = await buy('plain', 10, { kind: 'hotel', attributes: { nights: 3 } });
  assert.ok(!('not_judged' in bought));
  assert.ok(!('not_judged' in (await stored('plain', bought.order.id))));
  assert.ok(!('not_judged' in (await review('plain', { stars: 4 }))));
  assert.deepEqual(await counted('plain'), {});
});

test('rules, campaigns, segments and challenges are all told, each once', async () => {
  await publish('all');
  const app = await buy('all', 10, { kind: 'hotel', channel: 'app' });
  const told = [
    NIGHTS_MISSING,
    { rule: 'room@1', reason: 'order.attributes.room is missing.' },
    { rule: 'long@1', reason: MISSING },
  ];
  assert.deepEqual(app.not_judged, told);
  assert.deepEqual((await stored('all', app.order.id)).not_judged, told);
  const why = (await run.on('all').get(`/v1/entries/${app.effects[0].entry}`)).body.why;
  assert.deepEqual(why.not_judged, told);
  // A campaign and a challenge ask for the same segment.
  const old = { rule: 'segments.old@1', reason: 'member.attributes.age is missing.' };
  assert.deepEqual((await buy('all', 10, { channel: 'club' })).not_judged, [old]);
  assert.deepEqual(await counted('all'), { nights: 1, room: 1, long: 1, 'segments.old': 1 });
});

test('an activity keeps and tells which rules could not be judged', async () => {
  await publish('reviews');
  const { effects, not_judged } = await review('reviews', {});
  assert.deepEqual([effects, not_judged], [[], [STARS_MISSING]]);
  assert.deepEqual(await counted('reviews'), { good: 1 });
  const rows = ['x', 'y'].map(id => ({
    ...{ external_id: id, member: 'ext:ann', type: 'review', occurred_at: AT },
    attributes: id === 'x' ? { stars: 5 } : {},
  }));
  const { body } = await run.on('reviews').post('/v1/activities/bulk', { activities: rows });
  assert.deepEqual(
    body.results.map(({ answer }: Json) => answer.not_judged),
    [undefined, [STARS_MISSING]],
  );
  assert.deepEqual(await counted('reviews'), { good: 2 });
});

test('each revision is decided anew: it is counted, and the order says what the newest one came to', async () => {
  await publish('revised');
  const asked = order(10, { external_id: 'r', occurred_at: AT, kind: 'hotel' });
  const first = await run.on('revised').post('/v1/orders', asked);
  const again = { ...asked, revision: 2, attributes: { nights: 2 } };
  const second = await run.on('revised').post('/v1/orders', again);
  assert.deepEqual([second.status, second.body.not_judged], [201, undefined]);
  assert.ok(!('not_judged' in (await stored('revised', 'ext:r'))));
  const third = await run.on('revised').post('/v1/orders', { ...asked, revision: 3 });
  assert.deepEqual(third.body.not_judged, [NIGHTS_MISSING]);
  assert.deepEqual((await stored('revised', 'ext:r')).not_judged, [NIGHTS_MISSING]);
  const retry = await run.on('revised').post('/v1/orders', asked);
  assert.deepEqual(retry.body, { ...first.body, known: true });
  assert.deepEqual(await counted('revised'), { nights: 2 });
});

test('what is refused after it was decided is not counted', async () => {
  const rich = { id: 'rich', on: 'order', earn: { unit: 'points', per_currency_unit: '1000000' } };
  await publish('refused', { earning: [{ ...NIGHTS, ...points(30) }, rich] });
  const hotel = () => order(6e12, { occurred_at: AT, kind: 'hotel' });
  const [first, second] = [hotel(), hotel()];
  assert.equal((await run.on('refused').post('/v1/orders', first)).status, 201);
  const { status, body } = await run.on('refused').post('/v1/orders', second);
  assert.deepEqual([status, body.code], [422, 'points_out_of_range']);
  assert.deepEqual(await counted('refused'), { nights: 1 });
});

test('a backtest says for how many orders and activities a rule could not be judged, and counts for no alarm', async () => {
  const before = await Promise.all(['all', 'reviews', 'revised'].map(counted));
  for (const program of ['nothing', 'plain', 'all', 'reviews', 'revised']) {
    const report = await backtestOf(run, program);
    assert.deepEqual(differing(report), NOTHING, program);
    for (const { rule, actual, draft } of report.not_judged) assert.equal(draft, actual, rule);
  }
  const { not_judged } = await backtestOf(run, 'all');
  assert.deepEqual(not_judged, [
    { rule: 'long', actual: 1, draft: 1 },
    { rule: 'nights', actual: 1, draft: 1 },
    { rule: 'room', actual: 1, draft: 1 },
    { rule: 'segments.old', actual: 1, draft: 1 },
  ]);
  const asking = { id: 'asking', on: 'order', if: 'order.attributes.shop == 7', ...points(1) };
  const { clock: _, ...document } = {
    ...DOCUMENT,
    earning: [...DOCUMENT.earning.filter(({ id }) => id !== 'nights'), asking],
  };
  const draft = await backtestOf(run, 'all', { document });
  assert.deepEqual(draft.not_judged.slice(0, 3), [
    { rule: 'asking', actual: 0, draft: 2 },
    { rule: 'long', actual: 1, draft: 1 },
    { rule: 'nights', actual: 1, draft: 0 },
  ]);
  assert.deepEqual((await backtestOf(run, 'reviews')).not_judged, [{ rule: 'good', actual: 2, draft: 2 }]);
  assert.deepEqual((await backtestOf(run, 'plain')).not_judged, []);
  assert.deepEqual(await Promise.all(['all', 'reviews', 'revised'].map(counted)), before);
});

async function until(path: string): Promise<Json> {
  for (;;) {
    const { body } = await run.on('again').get(path);
    if (!/ing$/.test(body.state)) return body;
    await sleep(20);
  }
}

test('a re-rating counts what it could not judge and was not known, and leaves what challenges could not judge', async () => {
  await publish('again');
  const { order: taken } = await buy('again', 10, { kind: 'hotel', channel: 'app' });
  const { activity } = await review('again', { stars: 5 });
  const clubs = { ...NIGHTS, id: 'clubs', if: 'order.attributes.club == 1', ...points(3) };
  const photo = { id: 'photo', on: 'activity:review', if: 'activity.attributes.photo', ...points(1) };
  const earning = [
    { ...DOCUMENT.earning[0], earn: { unit: 'points', per_currency_unit: '2' } },
    clubs,
    photo,
  ];
  const activities = { review: { attributes: { stars: 'integer', photo: 'boolean' } } };
  await publish('again', { earning, activities, campaigns: [] });
  const before = await counted('again');
  const span = { from: '2026-01-01T00:00:00Z', to: NOW, version: 2, note: 'a test' };
  const { status, body } = await run.on('again').post('/v1/rerates', span);
  assert.ok(status < 300, JSON.stringify(body));
  const planned = await until(`/v1/rerates/${body.id}`);
  assert.equal(planned.state, 'planned', JSON.stringify(planned));
  await run.on('again').post(`/v1/rerates/${body.id}/apply`);
  assert.equal((await until(`/v1/rerates/${body.id}`)).state, 'applied');
  const told = [
    { rule: 'long@1', reason: MISSING },
    { rule: 'clubs@2', reason: 'order.attributes.club is missing.' },
  ];
  assert.deepEqual((await stored('again', taken.id)).not_judged, told);
  const photoMissing = { rule: 'photo@2', reason: 'activity.attributes.photo is missing.' };
  assert.deepEqual((await storedActivity('again', activity.id)).not_judged, [photoMissing]);
  const entries = (await run.on('again').get('/v1/members/ext:ann/entries')).body.data;
  const last = entries.find(({ rule }: Json) => rule === 'base@2');
  assert.deepEqual((await run.on('again').get(`/v1/entries/${last.id}`)).body.why.not_judged, told);
  assert.deepEqual(await counted('again'), { ...before, clubs: 1, photo: 1 });
  await run.on('again').post(`/v1/rerates/${body.id}/reverse`);
  assert.equal((await until(`/v1/rerates/${body.id}`)).state, 'reversed');
  assert.equal((await stored('again', taken.id)).not_judged.length, 3);
  assert.ok(!('not_judged' in (await storedActivity('again', activity.id))));
  assert.deepEqual(await counted('again'), { ...before, clubs: 1, photo: 1 });
});

test('the ledger agrees with itself', () => verified(run));
