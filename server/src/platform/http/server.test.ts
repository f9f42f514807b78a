import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { SAMPLE_ORDER, sampleHttp, send } from '../../../test/support/http.ts';
import { Fault } from '../errors.ts';
import { describeError } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';

const ORDERS = '/v1/orders';
const MEMBER = '/v1/members/ext:42';

test('a request that is right gets the declared answer', async () => {
  const made = await send({ url: ORDERS, body: SAMPLE_ORDER });
  assert.equal(made.status, 201);
  assert.deepEqual(made.json(), { total: '1299', program: 'travel', dry_run: false });
  assert.match(String(made.headers['content-type']), /^application\/json/);
  const read = await send({ method: 'GET', url: `${MEMBER}?limit=7&as_of=2026-01-01T00:00:00%2B01:00` });
  assert.deepEqual(read.json(), { member: '42', limit: 7, as_of: '2025-12-31T23:00:00.000Z' });
});

test('a dry run says so to the handler and answers 200', async () => {
  const dry = await send({ url: `${ORDERS}?dry_run=true`, body: SAMPLE_ORDER });
  assert.deepEqual([dry.status, dry.json().dry_run], [200, true]);
  const wet = await send({ url: `${ORDERS}?dry_run=false`, body: SAMPLE_ORDER });
  assert.deepEqual([wet.status, wet.json().dry_run], [201, false]);
});

test('every mistake of a request is named at once, a hundred at most', async () => {
  const few = await send({ url: `${ORDERS}?x=1`, body: { lines: [{ id: '', amount: '-0' }], y: 1 } });
  const pointers = few.json().errors.map((error: { pointer: string }) => error.pointer);
  const expected = [
    '/query/x',
    '/external_id',
    '/member',
    '/occurred_at',
    '/lines/0/id',
    '/lines/0/amount',
    '/y',
  ];
  assert.deepEqual(pointers.sort(), expected.sort());
  const many = await send({
    url: ORDERS,
    body: { ...SAMPLE_ORDER, lines: Array.from({ length: 5_000 }, () => ({})) },
  });
  assert.equal(many.json().errors.length, 100);
});

test('a wrong method is told which ones there are, and HEAD goes wherever GET goes', async () => {
  assert.equal((await send({ method: 'DELETE', url: ORDERS })).headers.allow, 'POST');
  assert.equal((await send({ method: 'POST', url: `${MEMBER}?x=1` })).headers.allow, 'GET, HEAD');
  assert.equal((await send({ method: 'OPTIONS', url: '/livez' })).headers.allow, 'GET, HEAD');
  const [get, head] = [
    await send({ method: 'GET', url: MEMBER }),
    await send({ method: 'HEAD', url: MEMBER }),
  ];
  assert.deepEqual(
    [head.status, head.text, head.headers['content-length']],
    [200, '', String(get.text.length)],
  );
  assert.equal((await send({ method: 'HEAD', url: MEMBER, key: '' })).status, 401);
});

test('a key that is bound to a program needs no header, and reaches it by header and path', async () => {
  assert.equal((await send({ method: 'GET', url: MEMBER, key: 'travel', program: '' })).status, 200);
  assert.equal((await send({ method: 'GET', url: MEMBER, key: 'travel', program: 'travel' })).status, 200);
  const clock = { url: '/v1/programs/travel/clock', key: 'travel', headers: { 'idempotency-key': 'k' } };
  assert.deepEqual((await send(clock)).json(), { key: 'k' });
});

test('a route without a body takes none, or an empty object', async () => {
  const clock = { url: '/v1/programs/travel/clock', headers: { 'idempotency-key': 'k' } };
  assert.equal((await send(clock)).status, 200);
  assert.equal((await send({ ...clock, body: {} })).status, 200);
});

test("the caller's request id comes back if it is sane, and is replaced if it is not", async () => {
  const idOf = async (given: string) =>
    String(
      (await send({ method: 'GET', url: '/livez', headers: { 'x-request-id': given } })).headers[
        'x-request-id'
      ],
    );
  assert.equal(await idOf('trace-1:2_3.4'), 'trace-1:2_3.4');
  const ids = [await idOf('x'.repeat(65)), await idOf('a b'), await idOf('<script>'), await idOf('')];
  assert.equal(new Set(ids).size, 4);
  for (const id of ids) assert.match(id, /^[0-9a-f]{12}-[0-9a-z]+$/);
});

test('every answer forbids sniffing and caching', async () => {
  for (const url of [MEMBER, '/nothing', '/livez', '/v1/members/%ff']) {
    const { headers } = await send({ method: 'GET', url });
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['cache-control'], 'no-store', url);
  }
});

const broken = (what: () => Promise<never>) => {
  const http = sampleHttp({ resolveProgram: what });
  return () => send({ method: 'GET', url: MEMBER }, http);
};

test('an unexpected fault is 500 and says nothing of what happened', async () => {
  const answer = await broken(async () => {
    throw new TypeError('secret at 10.0.0.1');
  })();
  assert.equal(answer.status, 500);
  assert.equal(answer.json().code, 'internal');
  assert.doesNotMatch(answer.text, /secret|10\.0\.0\.1|TypeError/);
});

test('a fault keeps its code, and Retry-After is whole seconds', async () => {
  const answer = await broken(async () => {
    throw new Fault('overloaded', 'Too much.', { retryAfter: 1.2 });
  })();
  assert.deepEqual(
    [answer.status, answer.json().code, answer.headers['retry-after']],
    [503, 'overloaded', '2'],
  );
});

test('a database that is away is 503 with Retry-After, whoever asked it', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const fail = async () => {
    throw away;
  };
  const authenticating = sampleHttp({ authenticate: fail });
  const first = await send({ method: 'GET', url: MEMBER }, authenticating);
  for (const answer of [first, await broken(fail)()]) {
    assert.deepEqual(
      [answer.status, answer.json().code, answer.headers['retry-after']],
      [503, 'database_unavailable', '1'],
    );
  }
});

/** A log that keeps its lines. */
function keptLog() {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, log: pino({ level: 'debug', serializers: { err: describeError } }, stream) };
}

test('a fault is logged under its request id, without address, body, key or program', async () => {
  const { lines, log } = keptLog();
  const resolveProgram = async () => {
    throw new TypeError('why');
  };
  const headers = { 'x-request-id': 'r-7' };
  await send(
    { url: `${ORDERS}?dry_run=true`, body: SAMPLE_ORDER, headers },
    sampleHttp({ log, resolveProgram }),
  );
  assert.deepEqual(
    lines.map(line => [line.msg, line.requestId, line.route]),
    [
      ['request failed', 'r-7', '/v1/orders'],
      ['request', 'r-7', '/v1/orders'],
    ],
  );
  assert.equal((lines[0]?.err as { message: string } | undefined)?.message, 'why');
  assert.doesNotMatch(JSON.stringify(lines), /ext:42|o-1|Bearer|travel|dry_run/);
});

test('a flood of faults does not become a flood of lines: ten a second, and then how many were left out', async t => {
  let now = 5_000;
  t.mock.method(performance, 'now', () => now);
  const { lines, log } = keptLog();
  const http = sampleHttp({
    log,
    resolveProgram: () => {
      throw new Fault('overloaded', 'Too much.');
    },
  });
  const member = () => send({ method: 'GET', url: MEMBER }, http);
  const said = () => lines.filter(line => line.msg === 'request not served');
  await Promise.all(Array.from({ length: 100 }, member));
  assert.equal(said().length, 10);
  now += 1_000;
  await member();
  await member();
  assert.deepEqual(
    said()
      .slice(10)
      .map(line => line.leftOut),
    [90, undefined],
  );
});

test('requests are counted by route, never by address', async () => {
  const metrics = createMetrics({ defaults: false });
  const http = sampleHttp({ metrics });
  await send({ method: 'GET', url: MEMBER }, http);
  await send({ method: 'GET', url: '/v1/members/42' }, http);
  await send({ method: 'GET', url: '/someone@example.org' }, http);
  await send({ method: 'GET', url: '/v1/members/%ff' }, http);
  const text = await metrics.text();
  assert.match(
    text,
    /fealty_http_request_seconds_count\{method="GET",route="\/v1\/members\/\{member\}",status="200"\} 1/,
  );
  assert.match(
    text,
    /fealty_http_request_seconds_count\{method="GET",route="\/v1\/members\/\{member\}",status="400"\} 1/,
  );
  assert.match(text, /fealty_http_request_seconds_count\{method="GET",route="none",status="404"\} 1/);
  assert.doesNotMatch(text, /example\.org|ext:42/);
});
