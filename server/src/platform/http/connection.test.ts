import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLE_ORDER, sampleHttp } from '../../../test/support/http.ts';
import type { ProgramRef } from './api.ts';
import type { Http, HttpOptions } from './server.ts';

// What depends on the parser and the socket, over a socket.

async function start(
  t: TestContext,
  options: Partial<HttpOptions> = {},
): Promise<{ http: Http; url: string; port: number }> {
  const http = sampleHttp(options);
  const url = await http.listen(0);
  t.after(() => http.stop(0));
  return { http, url, port: Number(new URL(url).port) };
}

const HEADERS = {
  authorization: 'Bearer all',
  'fealty-program': 'travel',
  'content-type': 'application/json',
};
const order = (url: string, body: string, headers: object = {}) =>
  fetch(`${url}/v1/orders`, { method: 'POST', headers: { ...HEADERS, ...headers }, body });

/** Opens a connection, sends the bytes as they are and gives all that comes until the other side closes, or `enough` is there. */
async function exchange(port: number, bytes: string | Buffer, enough = /$^/): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', data => {
    text += data.toString('latin1');
    if (enough.test(text)) socket.end();
  });
  // A connection that is reset ends as well as one that is closed.
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise(resolve => socket.once('close', resolve));
  return text;
}

const head = (lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const POST = [
  'POST /v1/orders HTTP/1.1',
  'host: localhost',
  'authorization: Bearer all',
  'fealty-program: travel',
];

test('a body of 10 MB is refused with an answer that the sender can read, and the connection stays usable', async t => {
  const { url } = await start(t);
  const answer = await order(
    url,
    JSON.stringify({ ...SAMPLE_ORDER, external_id: 'x'.repeat(10 * 1024 * 1024) }),
  );
  assert.equal(answer.status, 413);
  assert.equal(((await answer.json()) as { code: string }).code, 'body_too_large');
  assert.equal((await order(url, JSON.stringify(SAMPLE_ORDER))).status, 201);
});

test('a body without a stated length is cut off at the limit as well', async t => {
  const { port } = await start(t);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const text = await exchange(
    port,
    head([...POST, 'content-type: application/json', 'transfer-encoding: chunked']) + chunk.repeat(20),
  );
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.match(text, /"code":"body_too_large"/);
});

test('a stranger gets the answer before the body is read', async t => {
  const { port } = await start(t);
  const lines = [
    'POST /v1/orders HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    'content-length: 1000000',
  ];
  const text = await exchange(port, head(lines), /unauthenticated/);
  assert.match(text, /^HTTP\/1\.1 401 /);
  assert.match(text, /www-authenticate: Bearer/);
});

test('a head above 16 KiB is refused as a problem', async t => {
  const { port } = await start(t);
  const text = await exchange(port, head([...POST, `x-large: ${'x'.repeat(20_000)}`]));
  assert.match(text, /^HTTP\/1\.1 431 /);
  assert.match(text, /content-type: application\/problem\+json/);
  assert.match(text, /"code":"headers_too_large"/);
});

test('what is not HTTP is refused as a problem, and the engine goes on', async t => {
  const { port, url } = await start(t);
  const wrong = [
    'hello\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    head(['POST /v1/orders HTTP/1.1', 'host: a', 'content-length: 5', 'transfer-encoding: chunked']),
    head(['GET / HTTP/1.1', 'host: a', 'bad header: x']),
    head(['GET / HTTP/1.1']),
  ];
  for (const bytes of wrong) {
    const text = await exchange(port, bytes);
    assert.match(text, /^HTTP\/1\.1 400 /, JSON.stringify(bytes));
  }
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});

test('an answer that does not come in time does not keep a slow sender: 408', async t => {
  const { port } = await start(t, { limits: { headersTimeout: 50, requestTimeout: 50, checkInterval: 20 } });
  const text = await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\n');
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.match(text, /"code":"request_timeout"/);
});

test('a sender that goes away in the middle of its body harms nobody', async t => {
  const { port, url } = await start(t);
  const socket = net.connect(port, '127.0.0.1');
  socket.write(`${head([...POST, 'content-type: application/json', 'content-length: 100'])}{"external_id":`);
  await sleep(20);
  socket.resetAndDestroy();
  await sleep(20);
  assert.equal((await order(url, JSON.stringify(SAMPLE_ORDER))).status, 201);
});

test('bad input does not cost the connection: the next request on it is answered', async t => {
  const { port } = await start(t);
  const request = (body: string) =>
    head([...POST, 'content-type: application/json', `content-length: ${body.length}`]) + body;
  const text = await exchange(
    port,
    request('{"a":') + request('[]') + request(JSON.stringify(SAMPLE_ORDER)),
    /"total"/,
  );
  assert.deepEqual(
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(match => match[1]),
    ['400', '400', '201'],
  );
});

test('HEAD has the headers of GET and no body', async t => {
  const { port } = await start(t);
  const lines = [
    'HEAD /v1/members/ext:1 HTTP/1.1',
    'host: a',
    'authorization: Bearer all',
    'fealty-program: travel',
    'connection: close',
  ];
  const text = await exchange(port, head(lines));
  assert.match(text, /^HTTP\/1\.1 200 .*content-length: [1-9]\d*\r\n.*\r\n\r\n$/s);
});

test('connections beyond the limit are closed at once and counted', async t => {
  const { port, http } = await start(t, { limits: { connections: 2 } });
  const open = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  await Promise.all(open.map(socket => once(socket, 'connect')));
  assert.equal(await exchange(port, head(['GET /livez HTTP/1.1', 'host: a'])), '');
  assert.match((await http.inject({ url: '/metrics' })).payload, /fealty_http_connections_dropped_total 1/);
});

test('a stop finishes what was accepted, refuses what comes after, and closes resting connections', async t => {
  const accepted = Promise.withResolvers<void>();
  const program = Promise.withResolvers<ProgramRef>();
  const { http, url, port } = await start(t, {
    resolveProgram: name => {
      if (name !== 'slow') return { id: 1, name };
      accepted.resolve();
      return program.promise;
    },
  });
  const resting = net.connect(port, '127.0.0.1');
  await once(resting, 'connect');
  const busy = net.connect(port, '127.0.0.1');
  let answers = '';
  busy.on('data', data => {
    answers += data.toString();
  });
  const request = (name: string) =>
    head([
      'GET /v1/members/ext:1 HTTP/1.1',
      'host: a',
      'authorization: Bearer all',
      `fealty-program: ${name}`,
    ]);
  busy.write(request('slow'));
  await accepted.promise;
  const stopped = http.stop(5_000);
  await once(resting, 'close');
  busy.write(request('travel'));
  await sleep(50);
  await assert.rejects(fetch(`${url}/livez`), 'no new connections are taken');
  const closed = once(busy, 'close');
  program.resolve({ id: 9, name: 'slow' });
  assert.equal(await stopped, true, 'nothing was cut');
  await closed;
  assert.match(answers, /^HTTP\/1\.1 200 OK.*connection: close/is);
});

test('while it stops, a request on a connection that is still open is told so', async t => {
  const { http, port } = await start(t);
  const member = [
    'GET /v1/members/ext:1 HTTP/1.1',
    'host: a',
    'authorization: Bearer all',
    'fealty-program: travel',
  ];
  const cases: [string[], RegExp][] = [
    [member, /^HTTP\/1\.1 503 [^\r]*\r\nconnection: close\r\nretry-after: 1\r\n.*"code":"stopping"/s],
    [['GET /readyz HTTP/1.1', 'host: a'], /^HTTP\/1\.1 503 .*"code":"stopping"/s],
    [['GET /livez HTTP/1.1', 'host: a'], /^HTTP\/1\.1 200 /],
  ];
  // Half a head keeps a connection from being idle.
  const open = cases.map(([lines]) => {
    const socket = net.connect(port, '127.0.0.1');
    const bytes = head(lines);
    socket.write(bytes.slice(0, 10));
    return { socket, rest: bytes.slice(10) };
  });
  await Promise.all(open.map(({ socket }) => once(socket, 'connect')));
  await sleep(50);
  const stopped = http.stop(5_000);
  for (const [index, { socket, rest }] of open.entries()) {
    let text = '';
    socket.on('data', data => {
      text += data.toString();
    });
    socket.write(rest);
    await once(socket, 'close');
    assert.match(text, cases[index]?.[1] ?? /$^/);
  }
  assert.equal(await stopped, true);
});

test('a stop cuts what does not end within its bound', async t => {
  const accepted = Promise.withResolvers<void>();
  const { http, url } = await start(t, {
    resolveProgram: () => {
      accepted.resolve();
      return new Promise(() => undefined);
    },
  });
  const hanging = order(url, JSON.stringify(SAMPLE_ORDER)).catch(() => 'cut');
  await accepted.promise;
  assert.equal(await http.stop(50), false);
  assert.equal(await hanging, 'cut');
});

test('readiness asks every check, and names those that fail, throw or do not answer within two seconds', async t => {
  const http = sampleHttp();
  t.after(() => http.stop(0));
  assert.equal((await http.inject({ url: '/readyz' })).statusCode, 200);
  const asked = Promise.withResolvers<void>();
  http.addReadiness('database', async () => undefined);
  http.addReadiness('migrations', async () => '2 are missing');
  http.addReadiness('clock', async () => {
    throw new Error('host db-7 is away');
  });
  http.addReadiness('lanes', () => {
    asked.resolve();
    return new Promise(() => undefined);
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answering = http.inject({ url: '/readyz' });
  await asked.promise;
  t.mock.timers.tick(2_000);
  const answer = await answering;
  assert.deepEqual([answer.statusCode, answer.json().code], [503, 'not_ready']);
  assert.deepEqual(answer.json().reasons, [
    { code: 'check_failed', check: 'migrations', problem: '2 are missing' },
    { code: 'check_failed', check: 'clock', problem: 'failed' },
    { code: 'check_failed', check: 'lanes', problem: 'no answer within 2 seconds' },
  ]);
  assert.throws(() => http.addReadiness('clock', async () => undefined), /two readiness checks/);
});
