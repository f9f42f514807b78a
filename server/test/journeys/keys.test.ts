import assert from 'node:assert/strict';
import test from 'node:test';
import { type Answer, type Json, NOON, order, startEngine, testClock } from './engine.ts';
import { type GoodRequest, goodRequests } from './requests.ts';

const run = await startEngine();
await run.program('shop', testClock());
await run.program('other', testClock());
await run.on('shop').post('/v1/orders', order(100, { external_id: 'o' }));

const good = goodRequests({ program: 'shop' });
/** Every operation of the document, with a request that is well formed. */
const operations = Object.entries(run.engine.http.openApi().paths).flatMap(([path, methods]) =>
  Object.values(methods).map(operation => ({
    name: operation.operationId,
    request: good[operation.operationId] as GoodRequest,
    scope: operation['x-scope'] as string,
    namesProgram: path.includes('{program}'),
    worksOnProgram: JSON.stringify(operation['parameters']).includes('parameters/program'),
  })),
);
const SCOPES = [...new Set(operations.map(operation => operation.scope))];

async function call(operation: (typeof operations)[0], secret: string | null, program: string | null) {
  const { method, url, body, headers } = operation.request;
  const answer = await run.engine.http.inject({
    method,
    url,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(program !== null && operation.worksOnProgram ? { 'fealty-program': program } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: JSON.parse(answer.payload) as Json };
}

test('every operation names a scope and is called here', () => {
  assert.deepEqual(operations.map(operation => operation.name).sort(), Object.keys(good).sort());
  for (const { name, scope } of operations) assert.match(scope, /^[a-z]+:[a-z]+$/, name);
});

test('without a key, or with one that is unknown, revoked or badly written, every operation answers 401', async () => {
  const revoked = await run.post('/v1/keys', { label: 'gone', scopes: ['*'], sources: ['*'] });
  assert.equal((await run.delete(`/v1/keys/${revoked.body.id}`)).body.id, revoked.body.id);
  const unknown = `fk_${'A'.repeat(43)}`;
  for (const operation of operations) {
    for (const secret of [null, revoked.body.secret, unknown, 'fk_x', 'Bearer']) {
      const { status, body } = await call(operation, secret, 'shop');
      assert.deepEqual([status, body.code], [401, 'unauthenticated'], operation.name);
    }
  }
});

test('a key opens exactly the operations of its scopes', async () => {
  const secrets = new Map<string, { only: string; without: string }>();
  for (const scope of SCOPES) {
    const others = SCOPES.filter(other => other !== scope);
    secrets.set(scope, {
      only: await run.key({ scopes: [scope] }),
      without: await run.key({ scopes: others }),
    });
  }
  for (const operation of operations) {
    const { only, without } = secrets.get(operation.scope) as { only: string; without: string };
    const refused = await call(operation, without, 'shop');
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'], operation.name);
    assert.deepEqual(refused.body.reasons, [{ code: 'missing_scope', scope: operation.scope }]);
    const open = await call(operation, only, 'shop');
    assert.ok(!['unauthenticated', 'forbidden'].includes(open.body.code), operation.name);
  }
});

test('a key that is bound to a program reaches no other, and needs no header', async () => {
  const bound = await run.key({ program: 'other' });
  for (const operation of operations.filter(one => one.namesProgram || one.worksOnProgram)) {
    const { status, body } = await call(operation, bound, 'shop');
    assert.deepEqual([status, body.code], [403, 'forbidden'], operation.name);
    assert.deepEqual(body.reasons, [{ code: 'other_program', program: 'shop' }], operation.name);
  }
  const own = run.as(bound);
  assert.equal((await own.get('/v1/members')).status, 200);
  assert.equal((await own.get('/v1/members/ext:ann')).status, 404);
  assert.deepEqual(
    (await own.get('/v1/programs')).body.data.map((one: Json) => one.program),
    ['other'],
  );
  assert.equal((await own.post('/v1/verify', { program: 'shop' })).status, 403);
  const proof = await own.post('/v1/verify', {});
  assert.equal(proof.status, 200);
  assert.ok(proof.body.ok);
  const listed = (await own.get('/v1/keys')).body.data;
  assert.ok(listed.length > 0);
  assert.ok(listed.every((key: Json) => key.program === 'other'));
  const free = await run.post('/v1/keys', { label: 'free', scopes: ['*'], sources: ['*'] });
  assert.equal((await own.delete(`/v1/keys/${free.body.id}`)).body.code, 'key_not_found');
});

test('a call without a program, and one of a program that is not there, are refused', async () => {
  for (const operation of operations.filter(one => one.worksOnProgram)) {
    const secret = await rootLike();
    const { status, body } = await call(operation, secret, null);
    assert.equal(status, 400, operation.name);
    assert.deepEqual(
      body.errors.map((error: Json) => error.pointer),
      ['/headers/fealty-program'],
    );
  }
  const missing = await run.on('nowhere').get('/v1/members');
  assert.deepEqual([missing.status, missing.body.code], [404, 'program_not_found']);
  const badly = await run.on('Not A Name').get('/v1/members');
  assert.deepEqual([badly.status, badly.body.code], [400, 'invalid_request']);
});

let everything: Promise<string> | undefined;
const rootLike = (): Promise<string> => (everything ??= run.key({}));

test('nobody makes or revokes a key that may do more than their own', async () => {
  const manager = run.as(await run.key({ scopes: ['keys:manage', 'orders:write'], sources: ['web'] }));
  const grants: [object, Json][] = [
    [
      { scopes: ['*'], sources: ['web'] },
      { code: 'missing_scope', scope: '*' },
    ],
    [
      { scopes: ['ledger:verify'], sources: ['web'] },
      { code: 'missing_scope', scope: 'ledger:verify' },
    ],
    [
      { scopes: ['orders:write'], sources: ['till'] },
      { code: 'missing_source', source: 'till' },
    ],
    [
      { scopes: ['orders:write'], sources: ['*'] },
      { code: 'missing_source', source: '*' },
    ],
  ];
  for (const [grant, reason] of grants) {
    const { status, body } = await manager.post('/v1/keys', { label: 'more', ...grant });
    assert.deepEqual([status, body.code, body.reasons], [403, 'key_exceeds_grant', [reason]]);
  }
  const less = await manager.post('/v1/keys', { label: 'less', scopes: ['orders:write'], sources: ['web'] });
  assert.equal(less.status, 201);
  const unknown = await run.post('/v1/keys', { label: 'typo', scopes: ['order:write'], sources: ['*'] });
  assert.deepEqual([unknown.status, unknown.body.errors[0].pointer], [400, '/scopes/0']);
});

test('a source is used only by keys that may use it, and keeps senders apart', async () => {
  const till = run.as(await run.key({ sources: ['till', 'kiosk'] }), 'shop');
  const web = run.as(await run.key({ sources: ['web'] }), 'shop');
  const sent = order(10, { external_id: 'same', member: 'ext:apart' });
  const answers: Answer[] = [
    await till.post('/v1/orders', sent),
    await till.post('/v1/orders', { ...sent, source: 'kiosk' }),
    await web.post('/v1/orders', sent),
    await run.on('shop').post('/v1/orders', sent),
  ];
  assert.deepEqual(
    answers.map(answer => [answer.status, answer.body.order.source]),
    [
      [201, 'till'],
      [201, 'kiosk'],
      [201, 'web'],
      [201, 'api'],
    ],
  );
  assert.equal(new Set(answers.map(answer => answer.body.order.id)).size, 4);
  const forbidden = [
    await web.post('/v1/orders', { ...sent, source: 'till' }),
    await web.get('/v1/orders/ext:same?source=till'),
    await web.post('/v1/members/ext:apart/adjustments', {
      external_id: 'a',
      source: 'till',
      points: '1',
      reason: 'x',
    }),
    await web.post('/v1/redemptions', { external_id: 'a', source: 'till', member: 'ext:apart', points: '1' }),
  ];
  for (const answer of forbidden)
    assert.deepEqual([answer.status, answer.body.code], [403, 'source_not_allowed']);
  const given = { external_id: 'given', points: '1', reason: 'x' };
  for (const sender of [till, web, run.on('shop')])
    assert.equal((await sender.post('/v1/members/ext:apart/adjustments', given)).status, 201);
  const bulk = await web.post('/v1/orders/bulk', { orders: [sent, { ...sent, source: 'till' }] });
  assert.deepEqual(
    bulk.body.results.map((row: Json) => row.problem?.code ?? row.status),
    ['known', 'source_not_allowed'],
  );
  assert.equal((await till.get('/v1/orders/ext:same')).body.source, 'till');
  assert.equal((await till.get('/v1/orders/ext:same?source=kiosk')).body.source, 'kiosk');
  // What was bought in the web shop comes back at the till, under the till's own key.
  const back = await till.post('/v1/orders/ext:same/returns', {
    external_id: 'back',
    order_source: 'web',
    occurred_at: NOON,
  });
  assert.deepEqual([back.status, back.body.return.source], [201, 'till']);
  assert.equal(back.body.return.order, answers[2]?.body.order.id);
});

test('the same key is another one for another kind of command', async () => {
  const shop = run.on('shop');
  const one = 'one-id-for-all';
  const made = await shop.post('/v1/orders', order(50, { external_id: one, member: 'ext:kinds' }));
  const id = made.body.order.id;
  const answers = [
    made,
    await shop.post('/v1/members/ext:kinds/adjustments', { external_id: one, points: '5', reason: 'x' }),
    await shop.post('/v1/redemptions', { external_id: one, member: 'ext:kinds', points: '5', capture: true }),
    await shop.post(`/v1/orders/${id}/returns`, {
      external_id: one,
      occurred_at: made.body.order.occurred_at,
    }),
  ];
  assert.deepEqual(
    answers.map(answer => answer.status),
    [201, 201, 201, 201],
  );
});
