import assert from 'node:assert/strict';
import test from 'node:test';
import { type Caller, type Json, POINTS_PER_DOLLAR, startEngine } from './engine.ts';

const run = await startEngine();
const author = run.as(await run.key({ scopes: ['program:read', 'program:draft'] }));
const reviewer = run.as(await run.key({ scopes: ['program:read', 'program:review'] }));

const rate = (per_currency_unit: string, more: object = {}) => ({
  ...POINTS_PER_DOLLAR,
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit } }],
  ...more,
});
const path = (program: string, rest = '', draft = 'summer') =>
  `/v1/programs/${program}/drafts/${draft}${rest}`;
/** A program of one version with a draft on it. */
async function drafted(program: string): Promise<Json> {
  await run.program(program);
  const { status, body } = await author.put(path(program), rate('2'));
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}
const approve = (program: string, revision: number, by: Caller = reviewer) =>
  by.post(path(program, '/approve'), { revision });
const publish = (program: string, query = '') => author.post(path(program, `/publish${query}`));
const versionOf = async (program: string) => (await run.get(`/v1/programs/${program}`)).body.version;

test('a draft is written by one, approved by another, and published as the next version', async () => {
  const draft = await drafted('whole');
  assert.deepEqual(
    [draft.state, draft.revision, draft.base_version, draft.latest_version, draft.review],
    ['open', 1, 1, 1, null],
  );
  assert.equal(draft.author.label, 'a test');
  assert.deepEqual(
    draft.changes.map((change: Json) => change.sentence),
    ['The points for each currency unit of the rule "base" are raised from 1 to 2.'],
  );
  assert.equal(await versionOf('whole'), 1);

  const early = await publish('whole');
  assert.deepEqual([early.status, early.body.code], [409, 'draft_not_approved']);
  const { body: approved } = await reviewer.post(path('whole', '/approve'), {
    revision: 1,
    note: 'Agreed with finance.',
  });
  assert.deepEqual([approved.state, approved.review.note], ['approved', 'Agreed with finance.']);
  assert.notEqual(approved.review.key, approved.author.key);

  const { status, body } = await publish('whole');
  assert.deepEqual(
    [status, body.state, body.published_version, body.latest_version],
    [200, 'published', 2, 2],
  );
  const { body: program } = await run.get('/v1/programs/whole');
  assert.deepEqual([program.version, program.document], [2, draft.document]);
  assert.deepEqual((await publish('whole')).body, body, 'once more says the same');
  assert.equal(await versionOf('whole'), 2);
});

test('nobody approves what the same key wrote, or a revision that is not the latest', async () => {
  await drafted('eyes');
  const both = run.as(await run.key({ scopes: ['*'] }));
  await both.put(path('eyes'), rate('3'));
  const own = await approve('eyes', 2, both);
  assert.deepEqual([own.status, own.body.code], [409, 'draft_review_by_author']);
  const old = await approve('eyes', 1);
  assert.deepEqual([old.status, old.body.code, old.body.reasons[0].revision], [409, 'draft_changed', 2]);
  assert.equal((await approve('eyes', 2)).body.state, 'approved');
  assert.equal((await approve('eyes', 2)).status, 200, 'once more says the same');
});

test('what is changed after its approval has to be approved again; the same document has not', async () => {
  await drafted('again');
  await approve('again', 1);
  const same = await author.put(path('again'), rate('2'));
  assert.deepEqual([same.status, same.body.state, same.body.revision], [200, 'approved', 1]);
  const other = await author.put(path('again'), rate('2.5'));
  assert.deepEqual([other.body.state, other.body.revision, other.body.review], ['open', 2, null]);
  assert.equal((await publish('again')).body.code, 'draft_not_approved');
});

test('somebody published meanwhile: the draft is refused with the difference, and goes on from there', async () => {
  await drafted('meanwhile');
  await approve('meanwhile', 1);
  await run.put('/v1/programs/meanwhile', rate('1', { rounding: 'ceiling' }));
  const refused = await publish('meanwhile');
  assert.equal(refused.status, 409);
  assert.deepEqual(refused.body.reasons, [
    {
      code: 'program_version_conflict',
      base_version: 1,
      latest_version: 2,
      changes: [
        {
          pointer: '/rounding',
          kind: 'added',
          old: null,
          new: 'ceiling',
          sentence: 'The rounding is set: ceiling.',
        },
      ],
    },
  ]);
  const { body: kept } = await author.get(path('meanwhile'));
  assert.deepEqual([kept.state, kept.base_version, kept.latest_version], ['approved', 1, 2]);
  const merged = rate('2', { rounding: 'ceiling' });
  const { body: rebased } = await author.put(path('meanwhile', '?base_version=2'), merged);
  assert.deepEqual([rebased.state, rebased.base_version, rebased.changes.length], ['open', 2, 1]);
  await approve('meanwhile', 2);
  assert.equal((await publish('meanwhile')).body.published_version, 3);
});

test('two drafts of one version are published at once: one gets the conflict', async () => {
  await drafted('race');
  await author.put(path('race', '', 'winter'), rate('3'));
  await approve('race', 1);
  await reviewer.post(path('race', '/approve', 'winter'), { revision: 1 });
  const both = await Promise.all([publish('race'), author.post(path('race', '/publish', 'winter'))]);
  assert.deepEqual(both.map(each => each.status).sort(), [200, 409]);
  const lost = both.find(each => each.status === 409) as Json;
  assert.equal(lost.body.reasons[0].changes[0].old, '1');
  assert.equal(await versionOf('race'), 2);
});

test('two people write one draft: who names the revision that they know is told of the other', async () => {
  await drafted('pair');
  const both = await Promise.all(['3', '4'].map(each => author.put(path('pair', '?revision=1'), rate(each))));
  assert.deepEqual(both.map(each => each.status).sort(), [200, 409]);
  assert.equal(both.find(each => each.status === 409)?.body.code, 'draft_changed');
  const made = await author.put(path('pair', '?revision=0'), rate('5'));
  assert.equal(made.body.code, 'draft_changed', 'revision 0 is for a draft that is not there yet');
  const gone = await author.put(path('pair', '?revision=1', 'other'), rate('5'));
  assert.deepEqual([gone.status, gone.body.code], [404, 'draft_not_found']);
});

test('a draft takes effect when its publication says so', async () => {
  await run.program('later', { clock: { test: '2026-01-01T00:00:00Z' } });
  await author.put(path('later'), rate('2'));
  await approve('later', 1);
  const past = await publish('later', '?effective_from=2025-12-31T00:00:00Z');
  assert.equal(past.body.code, 'program_effective_from_invalid');
  assert.equal((await publish('later', '?effective_from=2026-02-01T00:00:00Z')).status, 200);
  assert.equal((await run.get('/v1/programs/later')).body.effective_from, '2026-02-01T00:00:00.000Z');
});

test('a draft that is over stays as it is', async () => {
  await drafted('over');
  const { body: withdrawn } = await author.post(path('over', '/withdraw'));
  assert.equal(withdrawn.state, 'withdrawn');
  assert.equal((await author.post(path('over', '/withdraw'))).status, 200, 'once more says the same');
  const later = [author.put(path('over'), rate('3')), approve('over', 1), publish('over')];
  for (const { status, body } of await Promise.all(later))
    assert.deepEqual([status, body.code, body.reasons[0].state], [409, 'draft_closed', 'withdrawn']);
});

test('a draft is checked as a publication is', async () => {
  await run.program('checked', { units: { points: {}, miles: {} } });
  const { status, body } = await author.put(path('checked'), rate('2'));
  assert.deepEqual([status, body.errors[0].pointer], [422, '/units']);
  assert.equal((await author.get(path('checked'))).body.code, 'draft_not_found');
  const ahead = await author.put(
    path('checked', '?base_version=2'),
    rate('2', { units: { points: {}, miles: {} } }),
  );
  assert.equal(ahead.body.code, 'program_version_not_found');
});

test('a dry run of each step says what would be and changes nothing', async () => {
  const before = await drafted('dry');
  const dry = [
    ['put', '?dry_run=true', rate('9'), 'open'],
    ['post', '/approve?dry_run=true', { revision: 1 }, 'approved'],
    ['post', '/withdraw?dry_run=true', undefined, 'withdrawn'],
  ] as const;
  for (const [method, rest, body, state] of dry) {
    const by = rest.startsWith('/approve') ? reviewer : author;
    const answer = await by[method](path('dry', rest), body);
    assert.deepEqual([answer.status, answer.body.state], [200, state]);
    assert.deepEqual((await author.get(path('dry'))).body, before);
  }
  await approve('dry', 1);
  const { body } = await publish('dry', '?dry_run=true');
  assert.deepEqual([body.state, body.published_version], ['published', 2]);
  assert.equal(await versionOf('dry'), 1);
  assert.equal((await author.get(path('dry'))).body.state, 'approved');
});

test('drafts are listed by name, in pages and by state', async () => {
  await drafted('listed');
  for (const name of ['autumn', 'winter', 'spring']) await author.put(path('listed', '', name), rate('3'));
  await author.post(path('listed', '/withdraw', 'winter'));
  const list = async (query: string) =>
    (await author.get(`/v1/programs/listed/drafts${query}`)).body as { data: Json[]; next: string | null };
  const names = (answer: { data: Json[] }) => answer.data.map(each => each.draft);
  assert.deepEqual(names(await list('')), ['autumn', 'spring', 'summer', 'winter']);
  assert.deepEqual(names(await list('?state=withdrawn')), ['winter']);
  const first = await list('?limit=3');
  assert.deepEqual(names(first), ['autumn', 'spring', 'summer']);
  assert.deepEqual(names(await list(`?limit=3&cursor=${first.next}`)), ['winter']);
});

test('each step needs its scope, and a key of one program sees no draft of another', async () => {
  await drafted('scoped');
  assert.equal((await reviewer.put(path('scoped'), rate('3'))).status, 403);
  assert.equal((await approve('scoped', 1, author)).status, 403);
  assert.equal((await reviewer.post(path('scoped', '/publish'))).status, 403);
  const bound = run.as(await run.key({ program: 'whole' }));
  assert.equal((await bound.get(path('scoped'))).status, 403);
  assert.equal((await bound.get('/v1/programs/scoped/drafts')).status, 403);
});
