import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Pool } from '#platform/db/client.ts';
import type { Credentials } from '#platform/http/api.ts';
import { createHttp } from '#platform/http/server.ts';
import { silentLog } from '#platform/observe/log.ts';
import { createMetrics } from '#platform/observe/metrics.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { createProgram, programErrors } from './index.ts';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const database = await testDatabase();
const pool = new Pool(database.appUrl, 'program routes', 4);
const program = createProgram({ pool, clock: { now: () => NOW } });
const key = (more: Partial<Credentials>): Credentials => ({
  id: 'key_1',
  label: 'test',
  program: null,
  scopes: new Set(['*']),
  sources: ['*'],
  ...more,
});
const keys = new Map([
  ['all', key({})],
  ['bound', key({ program: 'mine' })],
  ['reader', key({ scopes: new Set(['program:read']) })],
]);
const http = createHttp({
  authenticate: text => keys.get(text),
  resolveProgram: name => program.registry.ref(pool, name),
  errors: [programErrors],
  log: silentLog,
  metrics: createMetrics({ defaults: false }),
  version: 'test',
  checkAnswers: true,
});
program.routes(http.api);
after(async () => {
  await http.stop();
  await pool.close();
  await database.close();
});

type Method = 'GET' | 'PUT' | 'POST';
async function call(method: Method, url: string, payload?: object, as = 'all') {
  const headers = { authorization: `Bearer ${as}` };
  const { statusCode, json } = await http.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  return { status: statusCode, body: json() };
}
const document = (points = '1') => ({
  currency: 'USD',
  units: { points: {} },
  earning: [{ id: 'base', on: 'order', earn: { unit: 'points', per_currency_unit: points } }],
});

test('PUT makes a program (201), knows it again (200), and publishes the next version (201)', async () => {
  const made = await call('PUT', '/v1/programs/shop', document());
  assert.deepEqual(made, {
    status: 201,
    body: {
      program: 'shop',
      version: 1,
      effective_from: null,
      published_at: '2026-06-01T00:00:00.000Z',
      clock: { kind: 'wall', now: '2026-06-01T00:00:00.000Z' },
      document: document(),
    },
  });
  assert.deepEqual(await call('PUT', '/v1/programs/shop', document()), { ...made, status: 200 });
  const next = await call(
    'PUT',
    '/v1/programs/shop?effective_from=2026-07-01T00:00:00Z&base_version=1',
    document('2'),
  );
  assert.deepEqual(
    [next.status, next.body.version, next.body.effective_from],
    [201, 2, '2026-07-01T00:00:00.000Z'],
  );
});

test('PUT refuses each mistake of a document with its place, whatever JSON it is', async () => {
  const wrong = {
    ...document(),
    earning: [{ ...document().earning[0], earn: { unit: 'x', per_currency_unit: -1 } }],
    a: 1,
  };
  const refused = await call('PUT', '/v1/programs/wrong', wrong);
  assert.deepEqual([refused.status, refused.body.code], [422, 'program_invalid']);
  const pointers = refused.body.errors.map((error: { pointer: string }) => error.pointer);
  assert.deepEqual(pointers.sort(), ['/a', '/earning/0/earn/per_currency_unit']);
  assert.equal((await call('PUT', '/v1/programs/wrong', {})).body.code, 'program_invalid');
  assert.equal((await call('PUT', '/v1/programs/wrong', [])).body.code, 'invalid_request');
  assert.equal((await call('PUT', '/v1/programs/Wrong', document())).body.code, 'invalid_request');
  assert.equal(
    (await call('PUT', '/v1/programs/wrong?base_version=x', document())).body.code,
    'invalid_request',
  );
  assert.equal((await call('GET', '/v1/programs/wrong')).body.code, 'program_not_found');
});

test('PUT answers conflicts and impossible dates by their codes', async () => {
  await call('PUT', '/v1/programs/dated', document());
  const conflict = await call('PUT', '/v1/programs/dated?base_version=7', document('2'));
  assert.deepEqual([conflict.status, conflict.body.code], [409, 'program_version_conflict']);
  const past = await call('PUT', '/v1/programs/dated?effective_from=2026-05-31T23:59:59.999Z', document('2'));
  assert.deepEqual([past.status, past.body.code], [422, 'program_effective_from_invalid']);
});

test('a dry run answers 200 with the same body and writes nothing', async () => {
  const dry = await call('PUT', '/v1/programs/dry?dry_run=true', document());
  assert.deepEqual([dry.status, dry.body.version], [200, 1]);
  assert.equal((await call('GET', '/v1/programs/dry')).status, 404);
});

test('GET shows any version, and says when there is none', async () => {
  await call('PUT', '/v1/programs/shown', document());
  await call('PUT', '/v1/programs/shown', document('2'));
  assert.equal((await call('GET', '/v1/programs/shown')).body.version, 2);
  assert.deepEqual((await call('GET', '/v1/programs/shown?version=1')).body.document, document());
  const missing = await call('GET', '/v1/programs/shown?version=3');
  assert.deepEqual([missing.status, missing.body.code], [404, 'program_version_not_found']);
  for (const version of ['0', '-1', 'x', '99999999999'])
    assert.equal((await call('GET', `/v1/programs/shown?version=${version}`)).status, 400);
});

test('the list goes on from its cursor to its end, and refuses what is no cursor', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) await call('PUT', `/v1/programs/${name}`, document());
  const names: string[] = [];
  for (let url = '/v1/programs?limit=2'; ; ) {
    const { status, body } = await call('GET', url);
    assert.equal(status, 200);
    names.push(...body.data.map((row: { program: string }) => row.program));
    if (body.next === null) break;
    url = `/v1/programs?limit=2&cursor=${body.next}`;
  }
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    names.filter(name => name.startsWith('list-')),
    ['list-a', 'list-b', 'list-c'],
  );
  for (const cursor of ['x', 'WyJ4Il0', 'WyI5OTk5OTk5OTk5Il0'])
    assert.equal((await call('GET', `/v1/programs?cursor=${cursor}`)).body.code, 'invalid_request');
});

test('the clock of a test program goes forward, within the years that can be written', async () => {
  await call('PUT', '/v1/programs/clocked', { ...document(), clock: { test: '1998-01-01T00:00:00Z' } });
  const set = await call('POST', '/v1/programs/clocked/clock', { now: '1998-07-01T00:00:00Z' });
  assert.deepEqual([set.status, set.body.clock], [200, { kind: 'test', now: '1998-07-01T00:00:00.000Z' }]);
  const back = await call('POST', '/v1/programs/clocked/clock', { now: '1998-06-30T00:00:00Z' });
  assert.deepEqual([back.status, back.body.code], [409, 'clock_backwards']);
  const far = await call('POST', '/v1/programs/clocked/clock', { now: '9999-01-01T00:00:00Z' });
  assert.deepEqual([far.status, far.body.code], [400, 'invalid_request']);
  await call('PUT', '/v1/programs/real', document());
  const real = await call('POST', '/v1/programs/real/clock', { now: '2027-01-01T00:00:00Z' });
  assert.deepEqual([real.status, real.body.code], [409, 'clock_not_settable']);
  const none = await call('POST', '/v1/programs/nowhere/clock', { now: '2027-01-01T00:00:00Z' });
  assert.deepEqual([none.status, none.body.code], [404, 'program_not_found']);
});

test('a key that is bound to a program sees and touches no other', async () => {
  await call('PUT', '/v1/programs/theirs', document());
  assert.equal((await call('PUT', '/v1/programs/mine', document(), 'bound')).status, 201);
  for (const [method, url, body] of [
    ['GET', '/v1/programs/theirs', undefined],
    ['PUT', '/v1/programs/theirs', document('2')],
    ['POST', '/v1/programs/theirs/clock', { now: '2027-01-01T00:00:00Z' }],
  ] as const)
    assert.equal((await call(method, url, body, 'bound')).body.code, 'forbidden', `${method} ${url}`);
  const { body } = await call('GET', '/v1/programs', undefined, 'bound');
  assert.deepEqual(
    body.data.map((row: { program: string }) => row.program),
    ['mine'],
  );
});

test('reading needs program:read, writing program:write', async () => {
  assert.equal((await call('GET', '/v1/programs', undefined, 'reader')).status, 200);
  assert.equal((await call('PUT', '/v1/programs/other', document(), 'reader')).status, 403);
  assert.equal(
    (await call('POST', '/v1/programs/clocked/clock', { now: '2027-01-01T00:00:00Z' }, 'reader')).status,
    403,
  );
});
