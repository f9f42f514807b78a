import assert from 'node:assert/strict';
import test from 'node:test';
import { type Json, order, POINTS_PER_DOLLAR, startEngine, testClock, verified } from './engine.ts';

const run = await startEngine();
const author = run.as(await run.key({ scopes: ['program:read', 'program:draft'] }));
const reviewer = run.as(await run.key({ scopes: ['program:read', 'program:review'] }));

const rate = (per_currency_unit: string, more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit } }],
  ...more,
});
const path = (program: string, rest = '', draft = 'launch') =>
  `/v1/programs/${program}/drafts/${draft}${rest}`;
const save = async (program: string, document: object, draft = 'launch'): Promise<Json> => {
  const { status, body } = await author.put(path(program, '', draft), document);
  assert.ok(status < 300, JSON.stringify(body));
  return body;
};
const approve = (program: string, revision: number, draft = 'launch') =>
  reviewer.post(path(program, '/approve', draft), { revision });
const publish = (program: string, draft = 'launch', query = '') =>
  author.post(path(program, `/publish${query}`, draft));
const isThere = async (program: string) => {
  const { status, body } = await run.get(`/v1/programs/${program}`);
  return status === 200 ? body.version : body.code;
};

test('a program comes into being with the publication of its first draft, exactly as when it is set', async () => {
  const document = rate('2', testClock('2026-01-01T00:00:00.000Z'));
  const draft = await save('born', document);
  assert.deepEqual(
    [draft.state, draft.base_version, draft.latest_version, draft.revision],
    ['open', 0, 0, 1],
  );
  const { body: plan } = await author.post('/v1/programs/born/plan', document);
  assert.deepEqual([plan.base_version, plan.changes], [0, draft.changes]);
  assert.ok(draft.changes.length > 0 && draft.changes.every(({ kind }: Json) => kind === 'added'));
  assert.equal((await publish('born')).body.code, 'draft_not_approved');
  assert.equal((await author.post(path('born', '/approve'), { revision: 1 })).status, 403);
  assert.equal((await approve('born', 1)).body.state, 'approved');

  const { status, body } = await publish('born');
  assert.deepEqual(
    [status, body.state, body.published_version, body.latest_version],
    [200, 'published', 1, 1],
  );
  assert.deepEqual((await publish('born')).body, body, 'once more says the same');
  await run.put('/v1/programs/set', document);
  const { body: born } = await run.get('/v1/programs/born');
  const { body: set } = await run.get('/v1/programs/set');
  assert.deepEqual(
    { ...born, program: 'set', document: { ...born.document, program: undefined } },
    {
      ...set,
      document: { ...set.document, program: undefined },
    },
  );
  const { body: bought } = await run
    .on('born')
    .post('/v1/orders', order(10, { occurred_at: '2025-12-31T00:00:00Z' }));
  assert.equal(bought.effects[0].points, '20');

  const { body: second } = await author.put(path('born', '', 'second'), rate('3'));
  assert.deepEqual([second.base_version, second.changes.length], [1, 1]);
});

test('until then there is no program for anybody: no order, no backtest, no list, no clock', async () => {
  await save('unborn', rate('2', testClock('2026-01-01T00:00:00.000Z')));
  const calls = [
    run.get('/v1/programs/unborn'),
    run.get('/v1/programs/unborn/changes'),
    run.post('/v1/programs/unborn/clock', { advance: 'P1D' }),
    run.on('unborn').post('/v1/orders', order(10)),
    run.on('unborn').post('/v1/backtests', { document: rate('2') }),
    run.on('unborn').get('/v1/members'),
  ];
  for (const { status, body } of await Promise.all(calls))
    assert.deepEqual([status, body.code], [404, 'program_not_found']);
  const { data } = (await run.get('/v1/programs?limit=1000')).body;
  assert.ok(!data.some(({ program }: Json) => program === 'unborn'));
  const drafts = (await author.get('/v1/programs/unborn/drafts')).body.data;
  assert.deepEqual(
    drafts.map((each: Json) => [each.draft, each.base_version, each.state]),
    [['launch', 0, 'open']],
  );
  await author.post(path('unborn', '/withdraw'));
  assert.equal(await isThere('unborn'), 'program_not_found');
  await save('unborn', rate('2'), 'again');
  await approve('unborn', 1, 'again');
  assert.equal((await publish('unborn', 'again')).body.published_version, 1);
});

test('two first drafts are published at once: one becomes version 1, the other is shown the difference', async () => {
  await Promise.all([save('race', rate('2')), save('race', rate('3'), 'other')]);
  await Promise.all([approve('race', 1), approve('race', 1, 'other')]);
  const both = await Promise.all([publish('race'), publish('race', 'other')]);
  assert.deepEqual(both.map(each => each.status).sort(), [200, 409]);
  const lost = both.find(each => each.status === 409)?.body as Json;
  assert.deepEqual(
    [lost.code, lost.reasons[0].base_version, lost.reasons[0].latest_version],
    ['program_version_conflict', 0, 1],
  );
  assert.ok(lost.reasons[0].changes.length > 0);
  assert.equal(await isThere('race'), 1);
});

test('a draft and `set` make a program at once: it is made once, and nothing is lost', async () => {
  for (let round = 0; round < 5; round += 1) {
    const name = `both-${round}`;
    await save(name, rate('2'));
    await approve(name, 1);
    const [published, set] = await Promise.all([publish(name), run.put(`/v1/programs/${name}`, rate('3'))]);
    // Either the draft was first and `set` published on top of it, or it came too late.
    assert.equal(set.status, 201);
    assert.equal(await isThere(name), published.status === 200 ? 2 : 1);
    if (published.status !== 200) assert.equal(published.body.code, 'program_version_conflict');
    const { body } = await run.get(`/v1/programs/${name}`);
    assert.equal(body.document.earning[0].earn.per_currency_unit, '3');
  }
});

test('a first draft that is too late goes on from the version that there is', async () => {
  await save('late', rate('2'));
  await approve('late', 1);
  await run.program('late');
  assert.equal((await publish('late')).body.code, 'program_version_conflict');
  const { body: kept } = await author.get(path('late'));
  assert.deepEqual([kept.state, kept.base_version, kept.latest_version], ['approved', 0, 1]);
  const { body: rebased } = await author.put(path('late', '?base_version=1'), rate('2'));
  assert.deepEqual([rebased.state, rebased.revision, rebased.changes.length], ['open', 2, 1]);
  await approve('late', 2);
  assert.equal((await publish('late')).body.published_version, 2);
});

test('another clock of a program that is still to be made is another revision, to be approved again', async () => {
  await save('clocked', rate('2'));
  await approve('clocked', 1);
  assert.equal((await save('clocked', { ...rate('2'), program: 'clocked' })).state, 'approved', 'the same');
  const clocked = await save('clocked', rate('2', testClock('2026-01-01T00:00:00.000Z')));
  assert.deepEqual([clocked.state, clocked.revision], ['open', 2]);
});

test('what is refused leaves no name behind, and version 1 has no beginning', async () => {
  const refused = [
    [await author.put(path('nothing'), { ...rate('2'), earning: 7 }), 422, 'program_invalid'],
    [await author.put(path('nothing', '?base_version=1'), rate('2')), 404, 'program_version_not_found'],
    [await author.put(path('nothing', '?revision=1'), rate('2')), 404, 'draft_not_found'],
  ] as const;
  for (const [{ status, body }, ...expected] of refused) assert.deepEqual([status, body.code], expected);
  const dry = await author.put(path('nothing', '?dry_run=true'), rate('2'));
  assert.deepEqual([dry.status, dry.body.base_version, dry.body.state], [200, 0, 'open']);
  assert.equal((await author.get('/v1/programs/nothing/drafts')).body.code, 'program_not_found');
  assert.equal((await author.get(path('nothing'))).body.code, 'program_not_found');
  await save('begun', rate('2'));
  await approve('begun', 1);
  const early = await publish('begun', 'launch', '?effective_from=2030-01-01T00:00:00Z');
  assert.deepEqual([early.status, early.body.code], [422, 'program_effective_from_invalid']);
  const { body } = await publish('begun', 'launch', '?dry_run=true');
  assert.deepEqual([body.state, body.published_version], ['published', 1]);
  assert.equal(await isThere('begun'), 'program_not_found');
});

test('a key that is bound to a name drafts that program and no other', async () => {
  const bound = run.as(await run.key({ program: 'own', scopes: ['program:read', 'program:draft'] }));
  assert.equal((await bound.put(path('own'), rate('2'))).status, 201);
  assert.equal((await bound.put(path('foreign'), rate('2'))).status, 403);
  assert.equal((await reviewer.put(path('mine'), rate('2'))).status, 403);
});

test('what the ledger says agrees along every path', () => verified(run));
