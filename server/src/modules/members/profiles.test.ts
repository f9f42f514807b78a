import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Pool } from '#platform/db/client.ts';
import { testEngine } from '../../../test/support/engine.ts';
import { factsKey, factsOf, NO_FACTS } from './index.ts';
import { parseReference } from './model.ts';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();
const engine = await testEngine();
const pool = new Pool(engine.database.appUrl, 'profiles', 2);
after(async () => {
  await pool.close();
  await engine.stop();
});
for (const program of ['one', 'two'])
  await engine.publish(program, { currency: 'USD', units: { points: {} }, clock: { test: iso(NOW) } });
const ids = await engine.sql<{ id: number }>('select id from program.programs order by id');
const [one, two] = ids.map(row => row.id) as [number, number];

// biome-ignore lint/suspicious/noExplicitAny: tests look at what was answered, whatever it should have been
type Body = any;
const call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object, more: object = {}) =>
  engine.call<Body>(method, path, { program: 'one', body, ...more });
const at = (member: string) => `/v1/members/${encodeURIComponent(member)}/profile`;
const enrol = async (id: string, profile?: object, program = 'one'): Promise<Body> =>
  (await call('POST', '/v1/members', { external_id: id, profile }, { program })).body;
const NOBODY = { country: null, birth_date: null, time_zone: null, attributes: {} };
const idOf = (member: Body): number => Number((parseReference(member.id) as { id: bigint }).id);

test('a member is enrolled with a profile, and who is there already keeps the one that is there', async () => {
  const profile = {
    country: 'NL',
    birth_date: '1984-02-29',
    time_zone: 'Europe/Amsterdam',
    attributes: { size: 'M', age: 42, vip: true },
  };
  const made = await call('POST', '/v1/members', { external_id: 'ann', profile });
  assert.deepEqual([made.status, made.body.profile], [201, profile]);
  const again = await call('POST', '/v1/members', { external_id: 'ann', profile: { country: 'BE' } });
  assert.deepEqual([again.status, again.body], [200, made.body]);
  assert.deepEqual((await call('GET', '/v1/members/ext:ann')).body, made.body);
});

test('PUT replaces the profile, PATCH a part of it, and the same again is known', async () => {
  await enrol('bob', { country: 'NL', attributes: { a: 1, b: 2 } });
  const patched = await call('PATCH', at('ext:bob'), {
    country: null,
    time_zone: 'UTC',
    attributes: { a: null, c: 3 },
  });
  assert.deepEqual([patched.status, patched.body.known], [201, false]);
  assert.deepEqual(patched.body.changed, ['country', 'time_zone', 'attributes.a', 'attributes.c']);
  assert.deepEqual(patched.body.profile, { ...NOBODY, time_zone: 'UTC', attributes: { b: 2, c: 3 } });
  const same = await call('PATCH', at('ext:bob'), { attributes: { c: 3 } });
  assert.deepEqual([same.status, same.body.known, same.body.changed], [200, true, []]);
  const put = await call('PUT', at('ext:bob'), { country: 'BE' });
  assert.deepEqual(put.body.profile, { ...NOBODY, country: 'BE' });
  const dry = await call('PUT', at('ext:bob'), { country: 'FR' }, { dryRun: true });
  assert.deepEqual([dry.status, dry.body.profile.country], [200, 'FR']);
  assert.equal((await call('GET', '/v1/members/ext:bob')).body.profile.country, 'BE');
});

test('a fact tells which names changed, and no value', async () => {
  await engine.publish('told', { currency: 'USD', units: { points: {} }, clock: { test: iso(NOW) } });
  const on = { program: 'told' };
  const eve = await enrol('eve', { country: 'NL', attributes: { secret: 'hush' } }, 'told');
  await call('PATCH', at('ext:eve'), { attributes: { secret: 'hush!' } }, on);
  await call('PATCH', at('ext:eve'), { attributes: { secret: 'hush!' } }, on);
  await call('PATCH', at('ext:eve'), { country: 'DE', occurred_at: iso(NOW - HOUR) }, on);
  let { data } = (await call('GET', '/v1/events', undefined, on)).body;
  // Transactions of other tests hold back what is read.
  for (let waited = 0; data.length < 3 && waited < 20_000; waited += 50) {
    await sleep(50);
    ({ data } = (await call('GET', '/v1/events', undefined, on)).body);
  }
  assert.deepEqual(
    data.map((event: Body) => [event.type, event.member, event.occurred_at, event.data]),
    [
      [['country', 'attributes.secret'], NOW],
      [['attributes.secret'], NOW],
      [['country'], NOW - HOUR],
    ].map(([names, when]) => [
      'member.profile_changed',
      eve.id,
      iso(when as number),
      { changed: names, entries: [] },
    ]),
  );
});

const change = fc.record(
  {
    method: fc.constantFrom('PUT' as const, 'PATCH' as const),
    hour: fc.integer({ min: -8, max: 0 }),
    country: fc.constantFrom('NL', 'BE', null),
    attributes: fc.dictionary(
      fc.constantFrom('a', 'b'),
      fc.constantFrom<string | number | null>('x', 7, null),
    ),
  },
  { requiredKeys: ['method', 'hour'] },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** The profile `hour` hours from NOW by replaying every change, in the order of time and then of arrival. */
function replayed(changes: readonly Change[], hour: number): Body {
  const due = changes.filter(each => each.hour <= hour);
  const profile: Body = { country: null, attributes: {} };
  for (const each of due.toSorted((a, b) => a.hour - b.hour)) {
    if (each.method === 'PUT') Object.assign(profile, { country: null, attributes: {} });
    if (each.country !== undefined) profile.country = each.country;
    for (const [name, value] of Object.entries(each.attributes ?? {}))
      if (value === null) delete profile.attributes[name];
      else profile.attributes[name] = value;
  }
  return profile;
}

test('as_of equals replaying the changes, and a decision of the past is shown only what was known to it', async () => {
  let members = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async all => {
      members += 1;
      const member = await enrol(`as-of-${members}`);
      const made: { change: Change; id: bigint }[] = [];
      for (const each of all) {
        const { method, hour, ...body } = each;
        const { status } = await call(method, at(member.id), {
          ...body,
          occurred_at: iso(NOW + hour * HOUR),
        });
        const [last] = await engine.sql<{ id: string }>(
          'select max(known_by) as id from members.profiles where member_id = $1',
          [idOf(member)],
        );
        if (status === 201) made.push({ change: each, id: BigInt(last?.id ?? 0) });
      }
      const kept = made.map(({ change: each }) => each);
      for (let hour = -9; hour <= 0; hour += 1) {
        const shown = await call('GET', `/v1/members/${member.id}?as_of=${iso(NOW + hour * HOUR)}`);
        const { country, attributes } = shown.body.profile;
        assert.deepEqual({ country, attributes }, replayed(kept, hour), `hour ${hour}`);
      }
      for (const [index, { id }] of made.entries()) {
        const question = { programId: one, holderId: idOf(member), at: NOW, decision: id };
        const facts = await factsOf(pool, [question], { profile: true, lists: [] });
        const { country, attributes } = (facts.get(factsKey(question)) ?? NO_FACTS).profile;
        assert.deepEqual(
          { country, attributes },
          replayed(kept.slice(0, index), 0),
          `before change ${index}`,
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('changes of one member that come at once are all made, one after the other', async () => {
  const member = await enrol('busy');
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const answers = await Promise.all(
    names.map((name, index) =>
      call('PATCH', at(index % 2 ? member.id : 'ext:busy'), {
        attributes: { [name]: index },
        occurred_at: iso(NOW - (index % 7) * HOUR),
      }),
    ),
  );
  assert.ok(answers.every(({ status }) => status === 201));
  const { profile } = (await call('GET', '/v1/members/ext:busy')).body;
  assert.deepEqual(profile.attributes, Object.fromEntries(names.map((name, index) => [name, index])));
});

test('what is no profile is refused with its place', async () => {
  await enrol('cara');
  const cases: [body: object, pointer: string][] = [
    [{ country: 'UK' }, '/country'],
    [{ country: 'nl' }, '/country'],
    [{ birth_date: '2026-02-30' }, '/birth_date'],
    [{ birth_date: '1899-12-31' }, '/birth_date'],
    [{ birth_date: '84-02-29' }, '/birth_date'],
    [{ time_zone: 'Paris' }, '/time_zone'],
    [{ time_zone: '+01:00' }, '/time_zone'],
    [{ attributes: { a: [] } }, '/attributes/a'],
    [{ attributes: { a: 'x'.repeat(201) } }, '/attributes/a'],
    [{ attributes: { a: 'b\u0000' } }, '/attributes/a'],
    [{ attributes: { ['x'.repeat(65)]: 1 } }, `/attributes/${'x'.repeat(65)}`],
    [{ attributes: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`a${i}`, i])) }, '/attributes'],
    [{ occurred_at: 'yesterday' }, '/occurred_at'],
    [{ occurred_at: '1969-12-31T23:59:59Z' }, '/occurred_at'],
    [{ name: 'Ann' }, '/name'],
  ];
  for (const [body, pointer] of cases)
    for (const method of ['PUT', 'PATCH'] as const) {
      const { status, body: problem } = await call(method, at('ext:cara'), body);
      assert.deepEqual([status, problem.errors?.[0]?.pointer], [400, pointer], JSON.stringify(body));
    }
  const code = async (path: string, body: object) => (await call('PATCH', path, body)).body.code;
  assert.equal(await code(at('ext:nobody'), { country: 'NL' }), 'member_not_found');
  assert.equal(
    await code(at('ext:cara'), { country: 'NL', occurred_at: iso(NOW + 1) }),
    'profile_change_in_future',
  );
  const future = await call('GET', `/v1/members/ext:cara?as_of=${iso(NOW + 1)}`);
  assert.equal(future.body.code, 'as_of_in_future');
  assert.deepEqual((await call('GET', '/v1/members/ext:cara')).body.profile, NOBODY);
});

test('a profile has at most 50 attributes at any time, also at the times behind a change that is dated back', async () => {
  const attributes = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${from + index}`, index]));
  await enrol('many', { attributes: attributes(0, 50) });
  const more = await call('PATCH', at('ext:many'), { attributes: attributes(50, 1) });
  assert.deepEqual([more.status, more.body.code], [422, 'too_many_attributes']);
  const earlier = { attributes: attributes(50, 1), occurred_at: iso(NOW - HOUR) };
  assert.equal((await call('PATCH', at('ext:many'), earlier)).status, 201, 'the later profile replaces all');
  await call('PATCH', at('ext:many'), { attributes: { a0: null, b: 1 } });
  const dated = { attributes: { c: 1 }, occurred_at: iso(NOW) };
  assert.equal((await call('PATCH', at('ext:many'), dated)).body.code, 'too_many_attributes');
});

test('a change is not put before more than 100 others', async () => {
  const member = await enrol('old');
  for (let index = 0; index < 101; index += 1)
    await call('PATCH', at(member.id), { attributes: { n: index }, occurred_at: iso(NOW - 200_000 + index) });
  const early = (when: number) =>
    call('PATCH', at(member.id), { country: 'NL', occurred_at: iso(NOW - 200_000 + when) });
  assert.deepEqual((await early(-1)).body.code, 'profile_change_too_late');
  assert.equal((await early(0)).status, 201);
  assert.equal((await call('GET', '/v1/members/ext:old')).body.profile.country, 'NL');
});

test('a profile is not seen from another program, by no route and no look-up', async () => {
  const mine = await enrol('shared', { country: 'NL' });
  const theirs = await enrol('shared', { country: 'BE' }, 'two');
  for (const [method, body] of [
    ['GET', undefined],
    ['PATCH', { country: 'FR' }],
  ] as const) {
    const path = `/v1/members/${mine.id}${method === 'PATCH' ? '/profile' : ''}`;
    const { status } = await call(method, path, body, { program: 'two' });
    assert.equal(status, 404, method);
  }
  const ask = async (programId: number, member: Body) => {
    const question = { programId, holderId: idOf(member), at: NOW };
    const facts = await factsOf(pool, [question], { profile: true, lists: [] });
    return facts.get(factsKey(question))?.profile.country;
  };
  assert.deepEqual(await Promise.all([ask(one, mine), ask(two, theirs), ask(two, mine), ask(one, theirs)]), [
    'NL',
    'BE',
    null,
    null,
  ]);
});

test('no statement is sent where nothing is wanted, and one for a whole batch otherwise', async () => {
  const member = await enrol('counted', { country: 'NL' });
  let statements = 0;
  const tx = {
    run: (...given: Parameters<typeof pool.run>) => {
      statements += 1;
      return pool.run(...given);
    },
  } as typeof pool;
  const questions = Array.from({ length: 500 }, (_, index) => ({
    programId: one,
    holderId: idOf(member),
    at: NOW + index,
  }));
  assert.equal((await factsOf(tx, questions, { profile: false, lists: [] })).size, 0);
  assert.equal((await factsOf(tx, [], { profile: true, lists: ['a'] })).size, 0);
  assert.equal(statements, 0);
  assert.equal((await factsOf(tx, questions, { profile: true, lists: [] })).size, 500);
  assert.equal(statements, 1);
  await factsOf(tx, questions, { profile: false, lists: ['a', 'b'] });
  assert.equal(statements, 2);
});

test('history is only added to: the application can neither change nor remove it', async () => {
  await enrol('kept', { country: 'NL' });
  const denied = { code: '42501' };
  const app = (sql: string) =>
    engine.sql(`set local role fealty_app; ${sql}`).finally(() => engine.sql('rollback'));
  await engine.sql('begin');
  await assert.rejects(app('update members.profiles set rev = 2'), denied);
  await engine.sql('begin');
  await assert.rejects(app('delete from members.profiles'), denied);
});
