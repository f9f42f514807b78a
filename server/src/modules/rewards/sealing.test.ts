import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { newSecret } from '#platform/secret.ts';
import { Shop } from '../../../test/support/catalogue.ts';
import { TEST_SECRET, type TestEngine, testEngine } from '../../../test/support/engine.ts';
import { invariants } from '../../../test/support/invariants.ts';
import { textOf, vouchersOf } from './vouchers.ts';

const shop = await Shop.open();
const { engine } = shop;
const { database } = engine;
const ends: TestEngine[] = [];
after(async () => {
  for (const each of [engine, ...ends].reverse()) await each.stop();
});

/** Every table of the database as text, as a dump has it; bytes both as they are told and as they stand. */
async function dump(): Promise<string> {
  const tables = await engine.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await engine.sql<{ row: string; bytes: string | null }>(
      name === 'rewards.codes'
        ? `select t::text as row, encode(t.sealed, 'escape') || encode(t.fingerprint, 'escape') as bytes from ${name} t`
        : `select t::text as row, null as bytes from ${name} t`,
    );
    found.push(...rows.map(({ row, bytes }) => `${row}${bytes ?? ''}`));
  }
  return found.join('\n');
}

const CODES = Array.from({ length: 30 }, (_, index) => `TOP-SECRET-${index}`);
const plain = () =>
  engine.sql<{ count: number }>(
    'select count(*)::integer as count from rewards.codes where code is not null',
  );
const redeem = async (member: string, external_id: string) => {
  const { status, body } = await shop.redeem(member, 'cinema', { external_id });
  return [status, body.redemption.reward.code];
};

test('a copy of the whole database has no code, neither one that waits nor one that was handed out', async () => {
  await shop.upload(CODES);
  const member = await shop.member(1_000);
  assert.deepEqual(await redeem(member, 'first'), [201, 'TOP-SECRET-0']);
  const text = await dump();
  assert.match(text, /cinema/);
  assert.doesNotMatch(text, /TOP-SECRET/);
  for (const code of CODES) {
    assert.ok(!text.includes(Buffer.from(code).toString('hex')), code);
    assert.ok(!text.includes(Buffer.from(code).toString('base64').slice(0, 12)), code);
  }
});

test('codes open again after a restart, for a retry too, and are known when they are uploaded again', async () => {
  await engine.restart();
  const member = await shop.member(1_000);
  assert.deepEqual(await redeem(member, 'second'), [201, 'TOP-SECRET-1']);
  assert.deepEqual(await redeem(member, 'second'), [200, 'TOP-SECRET-1']);
  const again = await shop.upload([...CODES, 'TOP-SECRET-30']);
  assert.deepEqual([again.status, again.body['added'], again.body['known']], [201, 1, 30]);
});

test('a second engine with the same secret hands out the codes of the first and knows them', async () => {
  const second = await testEngine({ database });
  ends.push(second);
  const member = await shop.member(1_000);
  const body = { external_id: 'third', member, reward: 'cinema', capture: true };
  const given = await second.post<{ redemption: { reward: { code: string } } }>(
    '/v1/redemptions',
    'shop',
    body,
  );
  assert.deepEqual([given.status, given.body.redemption.reward.code], [201, 'TOP-SECRET-2']);
  assert.deepEqual(await redeem(member, 'third'), [200, 'TOP-SECRET-2']);
  const known = await second.post('/v1/voucher-pools/cinema/codes', 'shop', { codes: CODES });
  assert.deepEqual([known.status, known.body['known']], [200, 30]);
});

test('an engine with another secret does not start once there are codes, and says what to do', async () => {
  await assert.rejects(testEngine({ database, secret: newSecret() }), (error: Error) => {
    assert.match(error.message, /encrypted with another secret/);
    assert.match(error.message, /FEALTY_SECRET/);
    assert.doesNotMatch(error.message, /fs_/);
    return true;
  });
});

test('the first engine decides about the secret, before there is a code; one that is lost until then is replaced', async () => {
  const one = await Shop.open();
  ends.push(one.engine);
  const start = (secretBefore?: string) =>
    testEngine({ database: one.engine.database, secret: newSecret(), ...(secretBefore && { secretBefore }) });
  await assert.rejects(start(), /are to be encrypted with another secret.*FEALTY_SECRET_BEFORE=lost/);
  ends.push(await start('lost'));
  const refused = await one.upload(['A']);
  assert.deepEqual([refused.status, refused.body['code']], [503, 'voucher_key_missing']);
  await assert.rejects(start(), /another secret/);
  const last = ends.at(-1) as TestEngine;
  assert.equal((await last.post('/v1/voucher-pools/cinema/codes', 'shop', { codes: ['A'] })).status, 201);
  await assert.rejects(start('lost'), /are encrypted with another secret/);
});

test('an engine that was left behind when the secret changed takes no points and adds none', async () => {
  const one = await Shop.open();
  const next = newSecret();
  await one.upload(['A', 'B']);
  const other = await testEngine({ database: one.engine.database, secret: next, secretBefore: TEST_SECRET });
  ends.push(one.engine, other);
  const rotated = await other.call('POST', '/v1/voucher-codes/rotation', { body: {} });
  assert.deepEqual([rotated.status, rotated.body['state'], rotated.body['left']], [200, 'none', 0]);
  const member = await one.member(1_000);
  const body = { external_id: 'x', member, reward: 'cinema' };
  const direct = await one.engine.post('/v1/redemptions', 'shop', { ...body, capture: true });
  assert.deepEqual([direct.status, direct.body['code']], [503, 'voucher_key_missing']);
  const held = await one.engine.post<{ redemption: { id: string } }>('/v1/redemptions', 'shop', {
    ...body,
    capture: false,
  });
  const path = `/v1/redemptions/${held.body.redemption.id}/capture`;
  const captured = await one.engine.post(path, 'shop', undefined, { 'idempotency-key': 'k' });
  assert.deepEqual([captured.status, captured.body['code']], [503, 'voucher_key_missing']);
  for (const dryRun of [false, true]) {
    const added = await one.engine.call('POST', '/v1/voucher-pools/cinema/codes', {
      program: 'shop',
      body: { codes: ['C'] },
      dryRun,
    });
    assert.deepEqual([added.status, added.body['code']], [503, 'voucher_key_missing']);
  }
  assert.equal(await one.available(member), '800', 'held, not taken');
  const right = await other.post(path, 'shop', undefined, { 'idempotency-key': 'k' });
  assert.equal(right.status, 201);
  await invariants(other);
});

test('codes that an earlier release stored as they are are encrypted at the start, and it goes on where it was interrupted', async () => {
  const [program] = await engine.sql<{ id: number }>("select id from program.programs where name = 'shop'");
  await engine.sql(
    `insert into rewards.codes (program_id, pool, code) select $1, 'old', 'OLD-' || n from generate_series(1, 2500) n`,
    [program?.id],
  );
  // As if an engine had been killed behind its first page.
  const { seal, keyId } = vouchersOf({ secret: TEST_SECRET, before: null });
  const { sealed, fingerprint } = seal(keyId, program?.id as number, 'OLD-1');
  await engine.sql(
    "update rewards.codes set code = null, sealed = $1, fingerprint = $2, key_id = $3 where code = 'OLD-1'",
    [sealed, fingerprint, keyId],
  );
  assert.equal((await plain())[0]?.count, 2_499);
  await Promise.all([engine.restart(), testEngine({ database }).then(second => ends.push(second))]);
  assert.equal((await plain())[0]?.count, 0);
  assert.doesNotMatch(await dump(), /OLD-/);
  const known = await shop.upload(['OLD-1', 'OLD-2500', 'NEW'], 'old');
  assert.deepEqual([known.body['added'], known.body['known']], [1, 2]);
});

test('a row that was moved to another program opens there for nobody', () => {
  const vouchers = vouchersOf({ secret: TEST_SECRET, before: null });
  const { sealed } = vouchers.seal(vouchers.keyId, 1, 'A');
  assert.equal(vouchers.open(1, { id: 1n, sealed }), 'A');
  assert.equal(vouchers.open(2, { id: 1n, sealed }), undefined);
});

test('the books agree after all of this', () => invariants(engine));

test('a code that this engine cannot read is told to be so, not a fault of the engine', () => {
  const before = vouchersOf({ secret: TEST_SECRET, before: null });
  const other = vouchersOf({ secret: newSecret(), before: null });
  const { sealed } = other.seal(other.keyId, 1, 'A');
  assert.throws(() => textOf(before, 1, { id: 7n, sealed }), {
    code: 'voucher_key_missing',
    message: /code 7/,
  });
  assert.equal(textOf(other, 1, { id: 7n, sealed }), 'A');
  assert.equal(textOf(before, 1, { id: 7n, sealed: null }), null);
});
