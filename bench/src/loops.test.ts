import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { after, before } from 'node:test';
import type { JobResult, RaceResult, Stream } from './job.ts';
import { LoadGenerator } from './load.ts';
import { jobOn } from './rig.ts';

// A server that answers as the engine does, as far as the load generator looks, and keeps what it was asked.
let server: Server;
let port: number;
let generator: LoadGenerator;
const orders: string[] = [];
let afforded = 0;

before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { status, text } = answer(request.url ?? '', body, String(request.headers['idempotency-key']));
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  generator = await LoadGenerator.start();
});

after(async () => {
  await generator.stop();
  server.closeAllConnections();
  server.close();
});

function answer(url: string, body: string, key: string): { status: number; text: string } {
  const redemption = /^\/v1\/redemptions\/(red_\w{13})\/capture$/.exec(url)?.[1];
  if (redemption !== undefined)
    return { status: redemption.endsWith(key.slice(-10)) ? 201 : 404, text: '{}' };
  const sent = body === '' ? {} : JSON.parse(body);
  if (url === '/v1/orders/bulk') {
    for (const order of sent.orders) orders.push(order.external_id);
    return { status: 200, text: `{"created":${sent.orders.length},"known":0,"refused":0,"results":[]}` };
  }
  if (url === '/v1/redemptions' && sent.capture === true) {
    afforded -= 1;
    return afforded >= 0
      ? { status: 201, text: '{}' }
      : { status: 422, text: '{"code":"insufficient_balance"}' };
  }
  const text = JSON.stringify({ redemption: { id: `red_000${String(sent.external_id).slice(-10)}` } });
  if (url === '/v1/redemptions') return { status: 201, text };
  orders.push(sent.external_id);
  return orders.length % 10 === 0
    ? { status: 503, text: '{"code":"overloaded"}' }
    : { status: 201, text: '{}' };
}

const stream = (asks: Stream['asks'], more: Partial<Stream> = {}): Stream => ({
  name: asks,
  asks,
  rows: 1,
  members: { first: 0, count: 50, choice: 'random' },
  connections: 4,
  ...more,
});

function run(streams: Stream[], seconds = 3_600): Promise<JobResult> {
  orders.length = 0;
  return generator.run(
    jobOn({ engine: { port, key: 'fk_test' } as never }, { run: 'test', seconds, streams }),
  );
}

test('a closed loop sends each order once, counts it once, and counts errors by their code', async () => {
  const { streams } = await run([stream('order', { operations: 100 })]);
  assert.equal(new Set(orders).size, 100);
  assert.deepEqual(
    { operations: streams[0]?.operations, errors: streams[0]?.errors },
    { operations: 90, errors: { '503 overloaded': 10 } },
  );
});

test('a bulk call counts its rows, all with keys of their own', async () => {
  const { streams } = await run([stream('bulk', { rows: 25, operations: 6 })]);
  assert.equal(new Set(orders).size, 150);
  assert.deepEqual([streams[0]?.operations, streams[0]?.rows], [6, 150]);
});

test('a hold is captured by the id that it was answered with', async () => {
  const { streams } = await run([stream('redemption', { operations: 20 })]);
  assert.deepEqual([streams[0]?.operations, streams[0]?.errors, streams[0]?.steps.length], [20, {}, 2]);
});

test('an open loop starts as many operations as its time holds, whatever the answers take', async () => {
  const { streams } = await run([stream('redemption', { perSecond: 100 })], 0.3);
  const { operations = 0, dropped = 0 } = streams[0] ?? {};
  assert.deepEqual([operations + dropped, streams[0]?.errors], [30, {}]);
});

test('a race counts every answer', async () => {
  afforded = 7;
  const job = {
    kind: 'race',
    port,
    key: 'k',
    program: 'p',
    run: 'r',
    member: 'm',
    points: 1,
    requests: 40,
  } as const;
  const { answers }: RaceResult = await generator.run(job);
  assert.deepEqual(answers, { '201': 7, '422 insufficient_balance': 33 });
});

test('a server that goes away is a failure, not a figure', async () => {
  const closed = createServer();
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
  const gone = (closed.address() as AddressInfo).port;
  await new Promise(resolve => closed.close(resolve));
  const job = jobOn(
    { engine: { port: gone, key: 'k' } as never },
    { run: 'x', seconds: 1, streams: [stream('order')] },
  );
  await assert.rejects(generator.run(job), /ECONNREFUSED/);
});
