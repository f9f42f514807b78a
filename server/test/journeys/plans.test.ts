import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine } from './engine.ts';

const run = await startEngine();

const rate = (per_currency_unit: string, more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit } }],
  ...more,
});
const publish = async (name: string, document: object, query = '') =>
  run.put(`/v1/programs/${name}${query}`, document);
const sentences = (changes: Json[]) => changes.map(change => change.sentence);
const RAISED = 'The points for each currency unit of the rule "base" are raised from';

test('a plan says what publishing would change, and publishes nothing', async () => {
  const first = await run.post('/v1/programs/planned/plan', rate('1'));
  assert.deepEqual([first.status, first.body.program, first.body.base_version], [200, 'planned', 0]);
  assert.deepEqual(sentences(first.body.changes), [
    'The currency is set: USD.',
    'The unit "points" is added.',
    'The rule "base" is added.',
  ]);
  assert.equal((await run.get('/v1/programs/planned')).status, 404);

  await publish('planned', rate('1'));
  const next = await run.post('/v1/programs/planned/plan', rate('1.5', { time_zone: 'Europe/Paris' }));
  assert.deepEqual(next.body, {
    program: 'planned',
    base_version: 1,
    changes: [
      {
        pointer: '/earning/0/earn/per_currency_unit',
        kind: 'changed',
        old: '1',
        new: '1.5',
        sentence: `${RAISED} 1 to 1.5.`,
      },
      {
        pointer: '/time_zone',
        kind: 'added',
        old: null,
        new: 'Europe/Paris',
        sentence: 'The time zone is set: Europe/Paris.',
      },
    ],
  });
  const same = await run.post('/v1/programs/planned/plan', rate('1'));
  assert.deepEqual(same.body, { program: 'planned', base_version: 1, changes: [] });
  assert.equal((await run.get('/v1/programs/planned')).body.version, 1);
});

test('a plan refuses what a publication would refuse', async () => {
  await publish('strict', rate('1', { units: { points: {}, miles: {} } }));
  const { status, body } = await run.post('/v1/programs/strict/plan', rate('1'));
  assert.deepEqual([status, body.code, body.errors[0].pointer], [422, 'program_invalid', '/units']);
  const none = await run.post('/v1/programs/none/plan', { units: { points: {} } });
  assert.deepEqual([none.status, none.body.errors[0].pointer], [422, '/currency']);
});

test('two versions are compared in either direction, by default the last two', async () => {
  for (const each of ['1', '2', '4']) await publish('compared', rate(each));
  const changes = async (query: string) => (await run.get(`/v1/programs/compared/changes${query}`)).body;
  const last = await changes('');
  assert.deepEqual([last.from, last.to, sentences(last.changes)], [2, 3, [`${RAISED} 2 to 4.`]]);
  assert.deepEqual(sentences((await changes('?from=1')).changes), [`${RAISED} 1 to 4.`]);
  const back = await changes('?from=3&to=1');
  assert.deepEqual(sentences(back.changes), [
    'The points for each currency unit of the rule "base" are lowered from 4 to 1.',
  ]);
  const made = await changes('?to=1');
  assert.deepEqual([made.from, made.changes.length], [0, 3]);
  assert.deepEqual((await changes('?from=2&to=2')).changes, []);
  assert.equal((await changes('?to=4')).code, 'program_version_not_found');
  assert.equal((await run.get('/v1/programs/nothing/changes')).body.code, 'program_not_found');
});

test('two people publish at once: one gets the conflict, with what the other one changed', async () => {
  await publish('shared', rate('1'));
  const both = await Promise.all([
    publish('shared', rate('2'), '?base_version=1'),
    publish('shared', rate('3'), '?base_version=1'),
  ]);
  assert.deepEqual(both.map(each => each.status).sort(), [201, 409]);
  const won = both.find(each => each.status === 201) as Json;
  const lost = both.find(each => each.status === 409) as Json;
  const points = won.body.document.earning[0].earn.per_currency_unit;
  assert.deepEqual(lost.body.reasons, [
    {
      code: 'program_version_conflict',
      base_version: 1,
      latest_version: 2,
      changes: [
        {
          pointer: '/earning/0/earn/per_currency_unit',
          kind: 'changed',
          old: '1',
          new: points,
          sentence: `${RAISED} 1 to ${points}.`,
        },
      ],
    },
  ]);
  const unknown = await publish('shared', rate('5'), '?base_version=7');
  assert.deepEqual([unknown.status, unknown.body.reasons[0].changes], [409, []]);
});

test('a document is shown character by character as it was sent', async () => {
  const text =
    '{"units":{"b":{},"a":{"worth":"0.010","redeemable":true}},"earning":[{"earn":{"fixed":"5","unit":"b"},"on":"order","id":"x"}],"currency":"USD"}';
  assert.equal((await run.put('/v1/programs/exact', text)).status, 201);
  const { body } = await run.get('/v1/programs/exact?version=1');
  assert.equal(JSON.stringify(body.document), text);
});

test('a budget below what its campaign has given is refused, by a plan and by a publication', async () => {
  const doubled = (points: string) =>
    rate('1', {
      campaigns: [{ id: 'double', effect: { multiply: '2' }, budget: { points } }],
    });
  await publish('budget', doubled('1000'));
  const { body: sold } = await run
    .on('budget')
    .post('/v1/orders', order(300, { occurred_at: new Date().toISOString() }));
  assert.equal(sold.effects.length > 0, true, JSON.stringify(sold));
  for (const refused of [
    await run.post('/v1/programs/budget/plan', doubled('299')),
    await publish('budget', doubled('299')),
  ]) {
    assert.deepEqual([refused.status, refused.body.errors?.[0].pointer], [422, '/campaigns/0/budget/points']);
    assert.match(refused.body.errors[0].message, /"double" has given 300 points already/);
  }
  const kept = await publish('budget', doubled('300'));
  assert.deepEqual([kept.status, kept.body.version], [201, 2]);
});

test('a publication that is sent again gets its answer, whatever its budgets have given since', async () => {
  const budget = (points: string) => ({
    ...rate('1'),
    clock: { test: '2026-01-01T00:00:00.000Z' },
    campaigns: [{ id: 'gift', effect: { earn: { unit: 'points', fixed: '50' } }, budget: { points } }],
  });
  await publish('spent', budget('200'));
  const later = '?effective_from=2026-06-01T00:00:00Z';
  assert.equal((await publish('spent', budget('60'), later)).status, 201);
  for (const external_id of ['a', 'b']) {
    const sent = order(10, { external_id, occurred_at: '2026-01-01T00:00:00.000Z' });
    assert.equal((await run.on('spent').post('/v1/orders', sent)).status, 201);
  }
  const again = await publish('spent', budget('60'), later);
  assert.deepEqual([again.status, again.body.version], [200, 2], JSON.stringify(again.body));
  const plan = await run.post('/v1/programs/spent/plan', budget('60'));
  assert.deepEqual([plan.status, plan.body.changes], [200, []]);
  const lower = await publish('spent', budget('99'));
  assert.deepEqual(
    [lower.status, lower.body.errors[0].pointer],
    [422, '/campaigns/0/budget/points'],
    'another document is still held against what was given',
  );
});
