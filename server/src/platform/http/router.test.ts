import assert from 'node:assert/strict';
import test from 'node:test';
import * as z from 'zod';
import { SAMPLE_ORDER, sampleHttp } from '../../../test/support/http.ts';
import type { Answer, RouteSpec } from './api.ts';
import { programName } from './schemas.ts';

const spec: RouteSpec = {
  method: 'GET',
  path: '/v1/things',
  scope: 'things:read',
  summary: 'List things',
  tag: 'Things',
  answers: { 200: z.strictObject({ ok: z.literal(true) }) },
};
const fine = async (): Promise<Answer> => ({ ok: true, value: { ok: true } });
const register = (changes: Partial<RouteSpec>, answer = fine) => {
  const http = sampleHttp();
  http.api.route({ ...spec, ...changes } as RouteSpec, answer);
  return http;
};
const headers = { authorization: 'Bearer all', 'fealty-program': 'travel' };

test('a route that says no scope stops the start', () => {
  assert.throws(() => register({ scope: undefined as unknown as null }), /GET \/v1\/things says no scope/);
});

test('a scope that is no scope stops the start', () => {
  for (const scope of ['', '*', 'things', 'Things:read', 'things:read:all'])
    assert.throws(() => register({ scope }), /has a scope that is not of the form/);
});

test('a public route cannot work on a program', () => {
  assert.throws(() => register({ scope: null, program: true }), /is public/);
});

test('a refusal that stands in no table stops the start', () => {
  assert.throws(() => register({ refusals: ['made_up'] }), /made_up/);
});

test('a path whose parameters are not described stops the start', () => {
  const path = '/v1/things/{thing}';
  assert.throws(() => register({ path }), /must describe each parameter/);
  assert.throws(
    () => register({ path, params: z.strictObject({ other: z.string() }) }),
    /must describe each parameter/,
  );
});

test('the same route twice stops the start', () => {
  const http = register({});
  assert.throws(() => http.api.route(spec, fine), /already declared/);
});

test('a public route needs no key, and its caller may do nothing', async () => {
  const http = sampleHttp();
  http.api.route({ ...spec, scope: null, answers: { 200: z.any() } }, async ({ credentials }) => ({
    ok: true,
    value: { scopes: [...credentials.scopes], sources: credentials.sources },
  }));
  const answer = await http.inject({ url: '/v1/things' });
  assert.deepEqual(answer.json(), { scopes: [], sources: [] });
});

test('each route asks for its own scope, whatever others the key has', async () => {
  const scopes = ['things:read', 'things:write', 'things:manage'];
  for (const has of [...scopes, '*']) {
    const http = sampleHttp({
      authenticate: () => ({ id: '', label: '', program: null, scopes: new Set([has]), sources: [] }),
    });
    for (const scope of scopes) http.api.route({ ...spec, path: `/v1/${scope.slice(7)}`, scope }, fine);
    for (const scope of scopes) {
      const { statusCode } = await http.inject({ url: `/v1/${scope.slice(7)}`, headers });
      assert.equal(statusCode, has === scope || has === '*' ? 200 : 403, `${has} on ${scope}`);
    }
  }
});

test('the scopes of all routes are known', () => {
  const http = register({});
  assert.deepEqual([...http.api.scopes()].sort(), [
    'members:read',
    'orders:write',
    'program:write',
    'things:read',
  ]);
});

test('a body limit of its own applies to its route alone', async () => {
  const http = sampleHttp();
  const body = z.strictObject({ text: z.string() });
  http.api.route({ ...spec, method: 'POST', bodyLimit: 3 * 1024 * 1024, body }, fine);
  const payload = { text: 'x'.repeat(2 * 1024 * 1024) };
  assert.equal((await http.inject({ method: 'POST', url: '/v1/things', headers, payload })).statusCode, 200);
  assert.equal((await http.inject({ method: 'POST', url: '/v1/orders', headers, payload })).statusCode, 413);
});

test('a raw answer is sent as it is', async () => {
  const http = register({ rawAnswer: true }, async () => ({ ok: true, value: '{ "ok": true }' }));
  assert.equal((await http.inject({ url: '/v1/things', headers })).payload, '{ "ok": true }');
});

test('with checked answers, one that its route does not declare is a 500 that says why', async () => {
  const cases: [Answer, RegExp][] = [
    [{ ok: true, value: { ok: true, extra: 1 } }, /against its declaration/],
    [{ ok: true, value: { ok: 'yes' } }, /against its declaration: \/ok/],
    [{ ok: true, value: { ok: true }, status: 201 }, /does not declare its answer 201/],
    [{ ok: false, refusal: { code: 'sold_out', detail: 'x' } }, /does not declare its refusal sold_out/],
  ];
  for (const [answer, reason] of cases) {
    const checked = await register({}, async () => answer).inject({ url: '/v1/things', headers });
    assert.equal(checked.statusCode, 500);
    assert.match(checked.json().detail, reason);
  }
});

test('without the check, answers go out as the handler gives them', async () => {
  const http = sampleHttp({ checkAnswers: false });
  http.api.route(spec, async () => ({ ok: true, value: { surprise: 1 } }));
  assert.equal((await http.inject({ url: '/v1/things', headers })).payload, '{"surprise":1}');
});

test('a refusal in no table is a fault of the engine, not an answer without status', async () => {
  const http = sampleHttp({ checkAnswers: false });
  http.api.route(spec, async () => ({ ok: false, refusal: { code: 'made_up', detail: 'x' } }));
  const answer = await http.inject({ url: '/v1/things', headers });
  assert.deepEqual([answer.statusCode, answer.json().code], [500, 'internal']);
});

test('what a handler gets is what the schemas read, and typed as they say', async () => {
  const http = sampleHttp();
  const { summary, tag, answers } = spec;
  const params = z.strictObject({ program: programName });
  const path = '/v1/programs/{program}/things';
  http.api.route({ method: 'GET', path, scope: 'things:read', summary, tag, answers, params }, async call => {
    const name: string = call.params.program;
    const none: undefined = call.body;
    assert.equal(call.program satisfies undefined, none);
    assert.equal(name, 'travel');
    assert.equal(call.requestId, 'r-1');
    return { ok: true, value: { ok: true } };
  });
  const answer = await http.inject({
    url: '/v1/programs/travel/things',
    headers: { ...headers, 'x-request-id': 'r-1' },
  });
  assert.equal(answer.statusCode, 200, answer.payload);
});

test('two tables may not describe one code differently', () => {
  const errors = [{ forbidden: { status: 401, title: 'Other' } }];
  assert.throws(() => sampleHttp({ errors }), /the error code forbidden is declared twice/);
});

test('a key that is looked up in the database is waited for, once a request', async () => {
  let asked = 0;
  const http = sampleHttp({
    authenticate: async key => {
      asked += 1;
      return key === 'slow'
        ? { id: 'key_1', label: '', program: null, scopes: new Set(['*']), sources: ['*'] }
        : undefined;
    },
  });
  const send = (key: string) =>
    http.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: { ...headers, authorization: `bearer ${key}` },
      payload: SAMPLE_ORDER,
    });
  assert.equal((await send('slow')).statusCode, 201);
  assert.equal((await send('other')).statusCode, 401);
  assert.equal(asked, 2);
});
