import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Pool, type Statement, type Tx } from '#platform/db/client.ts';
import { testEngine } from '../../../test/support/engine.ts';
import { factsKey, factsOf } from './index.ts';
import { parseReference } from './model.ts';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();
const engine = await testEngine();
const pool = new Pool(engine.database.appUrl, 'lists', 2);
after(async () => {
  await pool.close();
  await engine.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look at what was answered, whatever it should have been
type Body = any;
let programs = 0;

/** A program of its own with some members, and calls on it. */
async function shop(...members: string[]) {
  programs += 1;
  const program = `shop-${programs}`;
  await engine.publish(program, { currency: 'USD', units: { points: {} }, clock: { test: iso(NOW) } });
  const [row] = await engine.sql<{ id: number }>('select id from program.programs where name = $1', [
    program,
  ]);
  const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, dryRun = false) =>
    engine.call<Body>(method, path, { program, body, dryRun });
  for (const id of members) await call('POST', '/v1/members', { external_id: id });
  const change = (mode: string, list: string, ids: string[], more: object = {}, dryRun = false) =>
    call('POST', `/v1/lists/${list}/members`, { mode, members: ids.map(id => `ext:${id}`), ...more }, dryRun);
  return {
    program,
    id: row?.id as number,
    call,
    change,
    clock: (at: number) => engine.setClock(program, at),
    async on(list: string, query = ''): Promise<string[]> {
      const { body } = await call('GET', `/v1/lists/${list}/members${query}`);
      return body.data.map((member: Body) => member.external_id).sort();
    },
    finish: (list: string, upload: string, dryRun = false) =>
      call('POST', `/v1/lists/${list}/uploads/${upload}/finish`, undefined, dryRun),
  };
}

test('members are added and removed, and every call says what it did', async () => {
  const { change, on, call } = await shop('ann', 'bob', 'cem');
  const dry = await change('add', 'vip', ['ann', 'bob'], {}, true);
  assert.deepEqual([dry.status, dry.body.changed, dry.body.members], [200, 2, 2]);
  assert.equal((await call('GET', '/v1/lists/vip')).body.code, 'list_not_found', 'a dry run makes no list');
  const added = await change('add', 'vip', ['ann', 'nobody', 'bob', 'ann', 'none']);
  assert.deepEqual(added, {
    status: 200,
    body: { list: 'vip', members: 2, staged: 0, changed: 2, unchanged: 1, unknown: 2, unknown_rows: [1, 4] },
  });
  const again = await change('add', 'vip', ['bob', 'cem']);
  assert.deepEqual([again.body.changed, again.body.unchanged, again.body.members], [1, 1, 3]);
  const removed = await change('remove', 'vip', ['ann', 'ann']);
  assert.deepEqual([removed.body.changed, removed.body.unchanged, removed.body.members], [1, 1, 2]);
  assert.deepEqual(await on('vip'), ['bob', 'cem']);
  const [list] = (await call('GET', '/v1/lists')).body.data;
  assert.deepEqual(list, { list: 'vip', members: 2, created_at: iso(NOW), changed_at: iso(NOW) });
});

test('who joins and who leaves is published', async () => {
  const { change, call } = await shop('ann');
  await change('add', 'vip', ['ann']);
  await change('add', 'vip', ['ann']);
  await change('remove', 'vip', ['ann']);
  // Transactions of other tests on the same server hold the readers of the log back for a moment.
  let { data } = (await call('GET', '/v1/events')).body;
  for (let waited = 0; data.length < 2 && waited < 20_000; waited += 50) {
    await sleep(50);
    ({ data } = (await call('GET', '/v1/events')).body);
  }
  assert.deepEqual(
    data.map((event: Body) => [event.type, event.data.list]),
    [
      ['member.list_joined', 'vip'],
      ['member.list_left', 'vip'],
    ],
  );
});

test('a list is replaced at one instant, when its upload is finished, and not before', async () => {
  const { change, on, finish, call, clock } = await shop('ann', 'bob', 'cem', 'dan');
  await change('add', 'vip', ['ann', 'bob']);
  await clock(NOW + HOUR);
  const first = await change('replace', 'vip', ['bob', 'cem'], { upload: 'june' });
  assert.deepEqual([first.body.staged, first.body.changed, first.body.members], [2, 2, 2]);
  const second = await change('replace', 'vip', ['cem', 'dan', 'nobody'], { upload: 'june' });
  assert.deepEqual([second.body.staged, second.body.changed, second.body.unchanged], [3, 1, 1]);
  assert.deepEqual(await on('vip'), ['ann', 'bob'], 'nothing changes while it is sent');
  assert.equal((await call('GET', '/v1/lists/vip')).body.upload.staged, 3);
  const dry = await finish('vip', 'june', true);
  assert.deepEqual([dry.body.added, dry.body.removed, dry.body.done], [2, 1, true]);
  const { body } = await finish('vip', 'june');
  assert.deepEqual(body, {
    upload: 'june',
    staged: 3,
    takes_effect_at: iso(NOW + HOUR),
    done: true,
    added: 2,
    removed: 1,
  });
  assert.deepEqual(await on('vip'), ['bob', 'cem', 'dan']);
  assert.deepEqual(await on('vip', `?as_of=${iso(NOW + HOUR - 1)}`), ['ann', 'bob']);
  assert.deepEqual((await finish('vip', 'june')).body, body, 'finished again it answers the same');
  const late = await change('replace', 'vip', ['ann'], { upload: 'june' });
  assert.deepEqual([late.status, late.body.code], [409, 'list_upload_finished']);
  assert.equal((await call('GET', '/v1/lists/vip')).body.upload, null);
  assert.deepEqual(await engine.sql('select 1 from members.list_staged'), [], 'nothing is kept of it');
});

test('an upload that was cut off half way goes on where it was, at its own instant', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `m${index}`);
  const { id, change, on, finish, clock } = await shop(...names);
  await change('add', 'vip', names.slice(0, 20));
  await change('replace', 'vip', names.slice(10), { upload: 'cut' });
  await clock(NOW + HOUR);
  // As if the process had ended behind its first changes: the instant is set and two of the members have left.
  const [upload] = await engine.sql<{ id: string }>(
    `update members.list_uploads set finished_at = $1 where name = 'cut' returning id`,
    [iso(NOW + HOUR)],
  );
  await engine.sql(
    `update members.list_members set left_at = $1, left_by = 1 where (list_id, member_id) in (
       select l.id, m.id from members.lists l, members.members m
       where l.program_id = $2 and m.program_id = $2 and m.external_id in ('m0', 'm1'))`,
    [iso(NOW + HOUR), id],
  );
  assert.ok(upload);
  await clock(NOW + 2 * HOUR);
  const busy = await change('add', 'vip', ['m0']);
  assert.deepEqual(
    [busy.status, busy.body.code, busy.body.reasons],
    [409, 'list_busy', [{ code: 'list_busy', upload: 'cut' }]],
  );
  const { body } = await finish('vip', 'cut');
  assert.deepEqual([body.done, body.added, body.removed], [true, 10, 8]);
  assert.deepEqual(await on('vip'), names.slice(10).sort());
  assert.deepEqual(await on('vip', `?as_of=${iso(NOW + HOUR)}`), names.slice(10).sort());
  assert.deepEqual(await on('vip', `?as_of=${iso(NOW + HOUR - 1)}`), names.slice(0, 20).sort());
});

test('one upload of a list is open at a time, and can be abandoned', async () => {
  const { change, on, finish, call } = await shop('ann', 'bob');
  await change('add', 'vip', ['ann']);
  await change('replace', 'vip', ['bob'], { upload: 'one' });
  const second = await change('replace', 'vip', ['bob'], { upload: 'two' });
  assert.deepEqual([second.status, second.body.code], [409, 'list_busy']);
  assert.deepEqual(second.body.reasons, [{ code: 'list_busy', upload: 'one' }]);
  await change('add', 'vip', ['bob']);
  await change('remove', 'vip', ['bob']);
  const dry = await call('DELETE', '/v1/lists/vip/uploads/one', undefined, true);
  assert.deepEqual([dry.status, dry.body.staged], [200, 1]);
  assert.equal((await call('DELETE', '/v1/lists/vip/uploads/one')).status, 200);
  assert.equal((await call('DELETE', '/v1/lists/vip/uploads/one')).body.code, 'list_upload_not_found');
  assert.equal((await finish('vip', 'one')).body.code, 'list_upload_not_found');
  assert.deepEqual(await on('vip'), ['ann']);
  await change('replace', 'vip', ['bob'], { upload: 'two' });
  assert.equal((await finish('vip', 'two')).body.done, true);
  assert.equal((await call('DELETE', '/v1/lists/vip/uploads/two')).body.code, 'list_upload_finished');
  assert.deepEqual(await on('vip'), ['bob']);
});

const steps = fc.array(
  fc.record({
    member: fc.constantFrom('ann', 'bob'),
    joins: fc.boolean(),
    hours: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test('who was on a list at an instant is what replaying its changes gives, and what a decision then knew', async () => {
  const model = fc.asyncProperty(steps, async all => {
    const { id, call, change, on, clock } = await shop('ann', 'bob');
    await change('add', 'list', ['ann']);
    await change('remove', 'list', ['ann']);
    const ids = new Map<string, number>();
    for (const member of (await call('GET', '/v1/members')).body.data)
      ids.set(member.external_id, Number((parseReference(member.id) as { id: bigint }).id));
    let at = NOW;
    const made: { member: string; joins: boolean; at: number; by: bigint }[] = [];
    for (const { member, joins, hours } of all) {
      at += hours * HOUR;
      await clock(at);
      const { body } = await change(joins ? 'add' : 'remove', 'list', [member]);
      const [last] = await engine.sql<{ by: string }>(
        'select max(greatest(joined_by, coalesce(left_by, 0))) as by from members.list_members',
      );
      if (body.changed === 1) made.push({ member, joins, at, by: BigInt(last?.by ?? 0) });
    }
    const isOn = (member: string, until: number, changes = made) =>
      changes.findLast(each => each.member === member && each.at <= until)?.joins ?? false;
    const expected = (until: number, changes = made) =>
      ['ann', 'bob'].filter(member => isOn(member, until, changes));
    for (let when = NOW; when <= at; when += HOUR)
      assert.deepEqual(await on('list', `?as_of=${iso(when)}`), expected(when));
    for (const [index, { by }] of made.entries()) {
      const questions = ['ann', 'bob'].map(member => ({
        programId: id,
        holderId: ids.get(member) as number,
        at,
        decision: by,
      }));
      const facts = await factsOf(pool, questions, { profile: false, lists: ['list'] });
      const found = ['ann', 'bob'].filter((_, place) =>
        facts.get(factsKey(questions[place] as (typeof questions)[number]))?.lists.has('list'),
      );
      assert.deepEqual(found, expected(at, made.slice(0, index)), `before change ${index}`);
    }
  });
  await fc.assert(model, { numRuns: 25 });
});

test('lists and their members of one program are not seen in another', async () => {
  const [mine, theirs] = [await shop('ann', 'bob'), await shop('ann', 'cem')];
  await mine.change('add', 'vip', ['ann', 'bob']);
  assert.equal((await theirs.call('GET', '/v1/lists/vip')).body.code, 'list_not_found');
  assert.equal((await theirs.change('remove', 'vip', ['ann'])).body.code, 'list_not_found');
  assert.deepEqual((await theirs.call('GET', '/v1/lists')).body.data, []);
  await theirs.change('add', 'vip', ['cem']);
  assert.deepEqual([await mine.on('vip'), await theirs.on('vip')], [['ann', 'bob'], ['cem']]);
  const [ann] = (await mine.call('GET', '/v1/members')).body.data;
  const foreign = await theirs.call('POST', '/v1/lists/vip/members', { mode: 'add', members: [ann.id] });
  assert.deepEqual([foreign.body.changed, foreign.body.unknown_rows], [0, [0]]);
  await mine.change('replace', 'vip', ['ann'], { upload: 'mine' });
  assert.equal((await theirs.finish('vip', 'mine')).body.code, 'list_upload_not_found');
  const holderId = Number((parseReference(ann.id) as { id: bigint }).id);
  const questions = [mine.id, theirs.id].map(programId => ({ programId, holderId, at: NOW }));
  for (const [question, lists] of [
    [questions[0], ['vip']],
    [questions[1], []],
  ] as const) {
    const facts = await factsOf(pool, [question as (typeof questions)[number]], {
      profile: false,
      lists: ['vip', 'other'],
    });
    assert.deepEqual([...(facts.get(factsKey({ holderId, at: NOW }))?.lists ?? [])], lists);
  }
});

test('a list that is full takes nobody, and is full by what it counts', async () => {
  const { change, call, id } = await shop('ann', 'bob', 'cem');
  await change('add', 'vip', ['ann']);
  await engine.sql('update members.lists set members = 999999 where program_id = $1', [id]);
  const full = await change('add', 'vip', ['bob', 'cem']);
  assert.deepEqual(
    [full.status, full.body.code, full.body.reasons],
    [409, 'list_full', [{ code: 'list_full', added: 1 }]],
  );
  await change('replace', 'vip', ['ann'], { upload: 'large' });
  await engine.sql(`update members.list_uploads set staged = 1000000 where name = 'large'`);
  const more = await change('replace', 'vip', ['bob'], { upload: 'large' });
  assert.deepEqual([more.status, more.body.code], [409, 'list_full']);
  assert.equal((await call('GET', '/v1/lists/vip')).body.members, 1_000_000);
});

test('a program has at most 1,000 lists', async () => {
  const { change, id, call } = await shop('ann');
  await engine.sql(
    `insert into members.lists (program_id, name, created_at, changed_at)
     select $1, 'l' || i, now(), now() from generate_series(1, 1000) i`,
    [id],
  );
  assert.equal((await change('add', 'one-more', ['ann'])).body.code, 'too_many_lists');
  assert.equal((await change('add', 'l7', ['ann'])).body.changed, 1);
  const seen: string[] = [];
  for (let path = '/v1/lists?limit=300'; ; ) {
    const { body } = await call('GET', path);
    seen.push(...body.data.map((list: Body) => list.list));
    if (body.next === null) break;
    path = `/v1/lists?limit=300&cursor=${body.next}`;
  }
  assert.equal(new Set(seen).size, 1_000);
});

test('what is no change of a list is refused with its place', async () => {
  const { call } = await shop('ann');
  const path = '/v1/lists/vip/members';
  const ann = ['ext:ann'];
  const cases: [body: object, pointer: string][] = [
    [{ mode: 'add', members: [] }, '/members'],
    [{ mode: 'add', members: ['ann'] }, '/members/0'],
    [{ mode: 'add', members: Array(10_001).fill('ext:ann') }, '/members'],
    [{ mode: 'set', members: ann }, '/mode'],
    [{ members: ann }, '/mode'],
    [{ mode: 'replace', members: ann }, '/upload'],
    [{ mode: 'add', upload: 'june', members: ann }, '/upload'],
    [{ mode: 'replace', upload: 'June!', members: ann }, '/upload'],
  ];
  for (const [body, pointer] of cases) {
    const { status, body: problem } = await call('POST', path, body);
    assert.deepEqual(
      [status, problem.errors?.[0]?.pointer],
      [400, pointer],
      JSON.stringify(body).slice(0, 80),
    );
  }
  assert.equal((await call('POST', '/v1/lists/VIP/members', { mode: 'add', members: ann })).status, 400);
  assert.equal((await call('GET', '/v1/lists/vip/members')).body.code, 'list_not_found');
  await call('POST', path, { mode: 'add', members: ann });
  for (const bad of ['/v1/lists?cursor=WyJcdTAwMDAiXQ', `${path}?cursor=WyJ4Il0`])
    assert.equal((await call('GET', bad)).body.code, 'invalid_request', bad);
  assert.equal((await call('GET', `${path}?as_of=${iso(NOW + 1)}`)).body.code, 'as_of_in_future');
});

test('a batch of members in a few lists is answered by the keys alone', async () => {
  const { id, change } = await shop('ann');
  await change('add', 'vip', ['ann']);
  const statements: Statement[] = [];
  const spy: Tx = {
    run: async statement => {
      statements.push(statement);
      return [];
    },
  };
  const question = { programId: id, holderId: 1, at: NOW };
  await factsOf(spy, [question], { profile: false, lists: ['vip', 'other'] });
  assert.equal(statements.length, 1);
  await engine.sql('vacuum analyze members.list_members');
  // As on the connections of the lanes.
  for (const setting of ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'])
    await engine.sql(`set ${setting} = off`);
  await engine.sql('set plan_cache_mode = force_generic_plan');
  await engine.sql(`prepare at_once as ${statements[0]?.text}`);
  const rows = await engine.sql<{ 'QUERY PLAN': string }>(
    `explain execute at_once('{${id}}', '{1}', '{2026-06-01}', '{9}', '{${id}}', '{vip}')`,
  );
  const plan = rows.map(row => row['QUERY PLAN']).join('\n');
  assert.match(plan, /Index Only Scan using list_members_pkey/, plan);
  assert.doesNotMatch(plan, /Seq Scan/, plan);
});
