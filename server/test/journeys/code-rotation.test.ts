import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { newSecret } from '#platform/secret.ts';
import { Shop } from '../support/catalogue.ts';
import { type Json, TEST_SECRET, type TestEngine, testEngine } from '../support/engine.ts';
import { invariants } from '../support/invariants.ts';

/* The secret of voucher codes is changed while codes are added and handed out. */
const OLD = TEST_SECRET;
const NEW = newSecret();
const ends: TestEngine[] = [];
after(async () => {
  for (const each of ends.reverse()) await each.stop();
});

const CODES = Array.from({ length: 2_600 }, (_, index) => `FILM-${index}`);
const PATH = '/v1/voucher-codes/rotation';

/** A shop whose engine has the old secret. */
async function open(codes: readonly string[] = CODES): Promise<Shop> {
  const shop = await Shop.open();
  ends.push(shop.engine);
  assert.equal((await shop.upload(codes)).status, 201);
  return shop;
}

async function engineOn({ engine }: Shop, secret: string, secretBefore?: string): Promise<TestEngine> {
  const { database } = engine;
  const one = await testEngine({ database, secret, ...(secretBefore === undefined ? {} : { secretBefore }) });
  ends.push(one);
  return one;
}

async function step(engine: TestEngine, most: number): Promise<Json> {
  const { status, body } = await engine.call('POST', PATH, { body: { most } });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const upload = (engine: TestEngine, codes: readonly string[]) =>
  engine.post('/v1/voucher-pools/cinema/codes', 'shop', { codes });

async function added(engine: TestEngine, codes: readonly string[]): Promise<unknown[]> {
  const { body } = await upload(engine, codes);
  return [body['added'], body['known']];
}

async function redeem(engine: TestEngine, member: string, id: string = randomUUID()): Promise<string> {
  const body = { external_id: id, member, reward: 'cinema', capture: true };
  const answer = await engine.post<{ redemption: { reward: { code: string } } }>(
    '/v1/redemptions',
    'shop',
    body,
  );
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body.redemption.reward.code;
}

const sealedWith = async ({ engine }: Shop): Promise<number[]> =>
  (
    await engine.sql<{ count: number }>(
      'select count(*)::integer as count from rewards.codes group by key_id order by count desc',
    )
  ).map(({ count }) => count);

test('codes are brought under a new secret step by step; then the old one opens nothing and is not needed', async () => {
  const shop = await open();
  const member = await shop.member(10_000);
  assert.equal(await redeem(shop.engine, member, 'before'), 'FILM-0');
  const turning = await engineOn(shop, NEW, OLD);
  const ready = (await turning.get(PATH)).body;
  assert.deepEqual([ready['state'], ready['codes'], ready['left']], ['ready', 2_600, 2_600]);
  assert.equal(await redeem(turning, member), 'FILM-1', 'nothing has changed before the first step');
  const first = await step(turning, 1_000);
  assert.deepEqual([first['state'], first['left'], first['key']], ['running', 1_600, ready['key']]);
  assert.deepEqual(await sealedWith(shop), [1_600, 1_000]);
  // Known ones of both keys, and a new one, in the middle.
  assert.deepEqual(await added(turning, ['FILM-3', 'FILM-2599', 'LATE', 'LATE']), [1, 3]);
  const elsewhere = await turning.post('/v1/voucher-pools/other/codes', 'shop', {
    codes: ['FILM-4', 'FILM-2598'],
  });
  assert.deepEqual([elsewhere.status, (elsewhere.body['errors'] as Json[]).length], [409, 2]);
  const rehearsed = await turning.call('POST', '/v1/voucher-pools/cinema/codes', {
    program: 'shop',
    body: { codes: ['FILM-5', 'FILM-2597', 'FRESH'] },
    dryRun: true,
  });
  assert.deepEqual([rehearsed.body['added'], rehearsed.body['known']], [1, 2]);
  assert.equal(await redeem(turning, member), 'FILM-2');
  assert.equal(await redeem(turning, member, 'before'), 'FILM-0', 'a retry');
  assert.deepEqual([(await step(turning, 50_000))['state'], await sealedWith(shop)], ['none', [2_601]]);
  const last = await engineOn(shop, NEW);
  assert.equal(await redeem(last, member, 'before'), 'FILM-0');
  assert.equal(await redeem(last, member), 'FILM-3');
  assert.deepEqual(await added(last, [...CODES, 'LATE']), [0, 2_601]);
  const again = await last.call('POST', PATH, { body: {} });
  assert.deepEqual([again.status, again.body['state'], again.body['before']], [200, 'none', null]);
  await assert.rejects(engineOn(shop, OLD), /encrypted with another secret/);
  await invariants(last);
});

test('an engine that dies in the middle is followed by one that goes on; the old secret is asked for until then', async () => {
  const shop = await open();
  const dying = await engineOn(shop, NEW, OLD);
  await step(dying, 500);
  // A page that was under way when it died leaves nothing behind.
  await shop.engine.sql(`create function rewards.die() returns trigger language plpgsql as $$
    begin if new.id = 1700 then raise 'died'; end if; return new; end $$`);
  await shop.engine.sql(
    'create trigger die before update on rewards.codes for each row execute function rewards.die()',
  );
  assert.equal((await dying.call('POST', PATH, { body: { most: 50_000 } })).status, 500);
  assert.deepEqual(await sealedWith(shop), [1_500, 1_100]);
  await shop.engine.sql('drop trigger die on rewards.codes');
  await dying.stop();
  await assert.rejects(engineOn(shop, NEW), /still encrypted with the secret before.*FEALTY_SECRET_BEFORE/);
  await assert.rejects(engineOn(shop, OLD), /another secret/);
  await assert.rejects(engineOn(shop, newSecret(), NEW), /FEALTY_SECRET_BEFORE/);
  await assert.rejects(engineOn(shop, NEW, newSecret()), /FEALTY_SECRET_BEFORE/);
  const next = await engineOn(shop, NEW, OLD);
  assert.deepEqual((await next.get(PATH)).body['left'], 1_100);
  assert.equal((await step(next, 50_000))['state'], 'none');
  assert.deepEqual(await added(await engineOn(shop, NEW), CODES), [0, 2_600]);
});

test('two engines rotate, add and hand out at the same time: each code once, none lost, none twice', async () => {
  const shop = await open(CODES.slice(0, 2_000));
  const engines = [await engineOn(shop, NEW, OLD), await engineOn(shop, NEW, OLD)] as const;
  const members = await Promise.all(Array.from({ length: 8 }, () => shop.member(10_000)));
  const redeemed = members.flatMap((member, index) =>
    Array.from({ length: 12 }, () => redeem(engines[index % 2] as TestEngine, member)),
  );
  const rotated = engines.map(async engine => {
    while ((await step(engine, 500))['state'] !== 'none');
  });
  const uploads = engines.flatMap(engine =>
    [0, 650, 1_300].map(from => added(engine, CODES.slice(from, from + 1_300))),
  );
  const codes = await Promise.all(redeemed);
  await Promise.all([...rotated, ...uploads]);
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(await sealedWith(shop), [2_600]);
  const sums = (await Promise.all(uploads)).map(([count]) => count as number);
  assert.equal(
    sums.reduce((sum, count) => sum + count, 0),
    600,
    'each new code was added by one upload',
  );
  await invariants(engines[0]);
});

test('a member gets the last code of a pool while it is being encrypted anew', async () => {
  const shop = await open(['ONLY']);
  const turning = await engineOn(shop, NEW, OLD);
  const member = await shop.member(1_000);
  await shop.engine.sql('begin');
  await shop.engine.sql('select from rewards.codes for update');
  const waiting = redeem(turning, member);
  await new Promise(resolve => setTimeout(resolve, 100));
  await shop.engine.sql('commit');
  assert.equal(await waiting, 'ONLY');
});

test('two engines whose secrets were swapped by mistake still lose nothing', async () => {
  const shop = await open();
  const [forth, back] = [await engineOn(shop, NEW, OLD), await engineOn(shop, OLD, NEW)];
  await step(forth, 1_500);
  assert.equal((await step(back, 500))['state'], 'running');
  assert.deepEqual(await added(forth, CODES), [0, 2_600]);
  assert.equal((await step(back, 50_000))['state'], 'none');
  assert.deepEqual(await added(shop.engine, CODES), [0, 2_600]);
  assert.deepEqual(await sealedWith(shop), [2_600]);
});

test('a key that is bound to a program does not rotate the codes of all', async () => {
  const shop = await open(['A']);
  const key = { label: 'bound', scopes: ['*'], sources: ['*'], program: 'shop' };
  const made = await shop.engine.call<{ secret: string }>('POST', '/v1/keys', { body: key });
  const headers = { authorization: `Bearer ${made.body.secret}` };
  for (const [method, body] of [
    ['GET', undefined],
    ['POST', {}],
  ] as const) {
    const { status, body: answer } = await shop.engine.call(method, PATH, { headers, body });
    assert.deepEqual([status, answer['code']], [403, 'forbidden']);
  }
});
