import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { testEngine } from '../../../test/support/engine.ts';

const NOW = '2026-06-01T00:00:00.000Z';
const engine = await testEngine();
after(() => engine.stop());
for (const program of ['one', 'two', 'three'])
  await engine.publish(program, { currency: 'USD', units: { points: {} }, clock: { test: NOW } });

/** The secrets of keys by what they may do. */
const keys = new Map<string, string>();
for (const scope of ['members:read', 'members:write']) {
  const { body } = await engine.call<{ secret: string }>('POST', '/v1/keys', {
    body: { label: scope, scopes: [scope], sources: ['*'] },
  });
  keys.set(scope, body.secret);
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at what was answered, whatever it should have been
type Body = any;
const call = (method: 'GET' | 'POST', url: string, payload?: object, program = 'one', scope?: string) =>
  engine.call<Body>(method, url, {
    program,
    body: payload,
    ...(scope === undefined ? {} : { headers: { authorization: `Bearer ${keys.get(scope)}` } }),
  });
const path = (id: string) => `/v1/members/${encodeURIComponent(id)}`;

test('a member is enrolled (201), known again (200), and shown by either id', async () => {
  const made = await call('POST', '/v1/members', { external_id: 'a/b 42' });
  assert.equal(made.status, 201);
  assert.match(made.body.id, /^mem_[0-9a-z]{13}$/);
  const profile = { country: null, birth_date: null, time_zone: null, attributes: {} };
  const rest = { external_id: 'a/b 42', type: 'person', status: 'active', enrolled_at: NOW, profile };
  assert.deepEqual(made.body, { id: made.body.id, ...rest });
  assert.deepEqual(await call('POST', '/v1/members', { external_id: 'a/b 42' }), { ...made, status: 200 });
  for (const id of [made.body.id, 'ext:a/b 42'])
    assert.deepEqual(await call('GET', path(id)), { status: 200, body: made.body });
});

test('a dry run shows the member (200) and enrols nobody', async () => {
  const dry = await call('POST', '/v1/members?dry_run=true', { external_id: 'dry' });
  assert.deepEqual([dry.status, dry.body.external_id], [200, 'dry']);
  assert.equal((await call('GET', path('ext:dry'))).status, 404);
  assert.equal((await call('GET', path(dry.body.id))).status, 404);
});

test('a member of another program, and one that is not there, is not found', async () => {
  const made = await call('POST', '/v1/members', { external_id: 'mine' });
  for (const [id, program] of [
    [made.body.id, 'two'],
    ['ext:mine', 'two'],
    ['ext:nobody', 'one'],
    ['mem_0000000000zzz', 'one'],
  ]) {
    const found = await call('GET', path(id), undefined, program);
    assert.deepEqual([found.status, found.body.code], [404, 'member_not_found'], id);
  }
});

test('what is no id and no enrolment is refused', async () => {
  for (const id of ['nobody', 'mem_1', 'ext:', 'ext:a\nb', `ext:${'x'.repeat(201)}`])
    assert.equal((await call('GET', path(id))).status, 400, id);
  const bodies = [
    {},
    { external_id: '' },
    { external_id: 5 },
    { external_id: 'a\u0007' },
    { external_id: 'x'.repeat(201) },
  ];
  for (const body of [...bodies, { external_id: 'ok', name: 'Ann' }])
    assert.equal(
      (await call('POST', '/v1/members', body)).body.code,
      'invalid_request',
      JSON.stringify(body),
    );
});

test('the list pages through the members of its program only, and refuses what is no cursor', async () => {
  for (const id of ['c', 'a', 'b']) await call('POST', '/v1/members', { external_id: id }, 'three');
  const seen: string[] = [];
  for (let url = '/v1/members?limit=2'; ; ) {
    const { status, body } = await call('GET', url, undefined, 'three');
    assert.equal(status, 200);
    seen.push(...body.data.map((row: { external_id: string }) => row.external_id));
    if (body.next === null) break;
    url = `/v1/members?limit=2&cursor=${body.next}`;
  }
  assert.deepEqual(seen, ['c', 'a', 'b']);
  assert.equal((await call('GET', '/v1/members?cursor=WyJ4Il0')).body.code, 'invalid_request');
});

test('reading needs members:read, enrolling members:write', async () => {
  assert.equal((await call('GET', '/v1/members', undefined, 'one', 'members:write')).status, 403);
  assert.equal((await call('GET', path('ext:x'), undefined, 'one', 'members:write')).status, 403);
  assert.equal((await call('POST', '/v1/members', { external_id: 'x' }, 'one', 'members:read')).status, 403);
});
