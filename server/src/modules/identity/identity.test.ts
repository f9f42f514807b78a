import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import pg from 'pg';
import { Pool } from '#platform/db/client.ts';
import type { Http } from '#platform/http/server.ts';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { sampleHttp } from '../../../test/support/http.ts';
import { createIdentity, type Identity, identityErrors } from './index.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
let database: TestDatabase;
let pool: Pool;
let folder: string;
let identity: Identity;
let http: Http;
let root: string;

before(async () => {
  database = await testDatabase();
  pool = new Pool(database.appUrl, 'identity test', 4);
  folder = await mkdtemp(join(tmpdir(), 'fealty-identity-'));
  identity = newProcess();
  http = serve(identity);
  root = (await identity.ensureRootKey(folder)).key;
});
after(async () => {
  await pool.close();
  await database.close();
  await rm(folder, { recursive: true });
});

/** What another engine on the same database would have. */
const newProcess = () => createIdentity({ pool, clock: { now: () => NOW } });

function serve(by: Identity): Http {
  const http = sampleHttp({ authenticate: key => by.authenticate(key), errors: [identityErrors, SAMPLE] });
  by.routes(http.api);
  return http;
}
const SAMPLE = { sold_out: { status: 422, title: 'Nothing is left' } };

type Json = Record<string, unknown>;
async function call(method: 'GET' | 'POST' | 'DELETE', url: string, key = root, body?: Json, to = http) {
  const answer = await to.inject({
    method,
    url,
    headers: { authorization: `Bearer ${key}`, 'fealty-program': 'travel' },
    ...(body ? { payload: body } : {}),
  });
  return { status: answer.statusCode, json: answer.json<Json & { code: string }>(), text: answer.payload };
}

const GRANT = { label: 'web shop', scopes: ['members:read'], sources: ['shop'] };
/** Makes a key and gives its text and id. */
async function make(grant: Json = {}, by = root): Promise<{ id: string; secret: string }> {
  const made = await call('POST', '/v1/keys', by, { ...GRANT, ...grant });
  assert.equal(made.status, 201, made.text);
  return made.json as unknown as { id: string; secret: string };
}
const opens = async (key: string, to = http) =>
  (await call('GET', '/v1/members/ext:1', key, undefined, to)).status;

test('a key that was made opens what its scopes say, at once', async () => {
  const made = await call('POST', '/v1/keys', root, GRANT);
  assert.equal(made.status, 201);
  const { id, secret, ...shown } = made.json;
  assert.match(String(id), /^key_[0-9a-z]{13}$/);
  assert.match(String(secret), /^fk_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(shown, {
    ...GRANT,
    program: null,
    created_at: '2026-11-21T10:00:00.000Z',
    revoked_at: null,
  });
  assert.equal(await opens(String(secret)), 200);
  assert.equal((await call('GET', '/v1/keys', String(secret))).status, 403);
});

test('a revoked key opens nothing, at once here and to a process that has not met it', async () => {
  const { id, secret } = await make();
  assert.equal(await opens(secret), 200);
  const revoked = await call('DELETE', `/v1/keys/${id}`);
  assert.deepEqual([revoked.status, revoked.json.revoked_at], [200, '2026-11-21T10:00:00.000Z']);
  assert.equal(await opens(secret), 401);
  assert.equal(await opens(secret, serve(newProcess())), 401);
  const again = await call('DELETE', `/v1/keys/${id}`);
  assert.deepEqual(again.json, revoked.json, 'revoking again changes nothing');
});

test('a dry run makes and revokes nothing', async () => {
  const dry = await call('POST', '/v1/keys?dry_run=true', root, GRANT);
  assert.deepEqual([dry.status, dry.json.secret], [200, null]);
  const { id, secret } = await make();
  const revoked = await call('DELETE', `/v1/keys/${id}?dry_run=true`);
  assert.deepEqual([revoked.status, revoked.json.revoked_at], [200, '2026-11-21T10:00:00.000Z']);
  assert.equal(await opens(secret), 200);
});

test('keys are listed newest first, page by page, without their text', async () => {
  const made = [await make({ label: 'a' }), await make({ label: 'b' }), await make({ label: 'c' })];
  const first = await call('GET', '/v1/keys?limit=2');
  const second = await call('GET', `/v1/keys?limit=2&cursor=${first.json.next}`);
  const listed = [...(first.json.data as Json[]), ...(second.json.data as Json[])];
  assert.deepEqual(
    listed.slice(0, 3).map(key => key.label),
    ['c', 'b', 'a'],
  );
  for (const { secret } of made) assert.ok(!first.text.includes(secret) && !second.text.includes(secret));
  let next: unknown = first.json.next;
  let pages = 1;
  for (; next !== null; pages += 1) next = (await call('GET', `/v1/keys?limit=2&cursor=${next}`)).json.next;
  const all = (await call('GET', '/v1/keys?limit=1000')).json.data as Json[];
  assert.equal(pages, Math.floor(all.length / 2) + 1);
  assert.equal((await call('GET', '/v1/keys?cursor=abc')).status, 400);
});

test('a key gives no more than it has', async () => {
  const manager = await make({ scopes: ['keys:manage', 'members:read'], sources: ['shop', 'till'] });
  assert.equal((await call('POST', '/v1/keys', manager.secret, GRANT)).status, 201);
  const more: [Json, Json][] = [
    [{ scopes: ['members:read', 'orders:write'] }, { code: 'missing_scope', scope: 'orders:write' }],
    [{ scopes: ['*'] }, { code: 'missing_scope', scope: '*' }],
    [{ sources: ['web'] }, { code: 'missing_source', source: 'web' }],
    [{ sources: ['*'] }, { code: 'missing_source', source: '*' }],
  ];
  for (const [change, reason] of more) {
    const refused = await call('POST', '/v1/keys', manager.secret, { ...GRANT, ...change });
    assert.deepEqual([refused.status, refused.json.code], [403, 'key_exceeds_grant']);
    assert.deepEqual(refused.json.reasons, [reason]);
  }
});

test('a key takes no more than it has: it cannot revoke a stronger one', async () => {
  const manager = await make({ scopes: ['keys:manage'] });
  const stronger = await make({ scopes: ['keys:manage', 'members:read'] });
  const refused = await call('DELETE', `/v1/keys/${stronger.id}`, manager.secret);
  assert.deepEqual([refused.status, refused.json.code], [403, 'key_exceeds_grant']);
  assert.equal((await call('DELETE', `/v1/keys/${manager.id}`, stronger.secret)).status, 200);
});

test('a key that is bound to a program makes, sees and revokes keys of that program only', async () => {
  const travel = await make({ program: 'travel', scopes: ['*'], sources: ['*'] });
  const fashion = await make({ program: 'fashion', label: 'fashion' });
  const own = await call('POST', '/v1/keys', travel.secret, GRANT);
  assert.deepEqual([own.status, own.json.program], [201, 'travel'], 'bound as its maker is');
  const other = await call('POST', '/v1/keys', travel.secret, { ...GRANT, program: 'fashion' });
  assert.deepEqual(
    [other.status, other.json.reasons],
    [403, [{ code: 'other_program', program: 'fashion' }]],
  );
  const listed = (await call('GET', '/v1/keys', travel.secret)).json.data as Json[];
  assert.ok(listed.length >= 2 && listed.every(key => key.program === 'travel'));
  const revoked = await call('DELETE', `/v1/keys/${fashion.id}`, travel.secret);
  assert.deepEqual(
    [revoked.status, revoked.json.code],
    [404, 'key_not_found'],
    'not even told that it exists',
  );
  assert.equal(await opens(fashion.secret), 403, 'travel is closed to it');
});

test('what is no grant is refused with its place', async () => {
  const wrong: [Json, string][] = [
    [{ label: '' }, '/label'],
    [{ label: 'x'.repeat(101) }, '/label'],
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['orders'] }, '/scopes/0'],
    [{ scopes: ['members:read', 'nothing:read'] }, '/scopes/1'],
    [{ sources: [] }, '/sources'],
    [{ sources: ['A b'] }, '/sources/0'],
    [{ program: 'A b' }, '/program'],
    [{ secret: 'fk_mine' }, '/secret'],
  ];
  for (const [change, pointer] of wrong) {
    const refused = await call('POST', '/v1/keys', root, { ...GRANT, ...change });
    assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_request'], pointer);
    assert.equal((refused.json.errors as Json[])[0]?.pointer, pointer);
  }
});

test('an id that no key has is not found', async () => {
  for (const id of ['key_0000000000000', 'key_7zzzzzzzzzzzz'])
    assert.equal((await call('DELETE', `/v1/keys/${id}`)).json.code, 'key_not_found');
  assert.equal((await call('DELETE', '/v1/keys/mem_0000000000000')).status, 400);
});

test('the database keeps hashes only, and the engine may change nothing but the revocation', async () => {
  const { secret } = await make();
  const client = new pg.Client(database.appUrl);
  await client.connect();
  try {
    const { rows } = await client.query('select k::text as row from identity.api_keys k');
    assert.ok(
      rows.length > 0 && rows.every(({ row }) => !row.includes(secret) && !row.includes(secret.slice(3))),
    );
    for (const sql of [
      "update identity.api_keys set scopes = '{*}'",
      'update identity.api_keys set program = null',
      'update identity.api_keys set secret_hash = secret_hash',
      'delete from identity.api_keys',
      'truncate identity.api_keys',
      'alter table identity.api_keys add column x int',
    ])
      await assert.rejects(client.query(sql), /permission denied|must be owner/, sql);
  } finally {
    await client.end();
  }
});

test('the first start writes a key for everything that only its owner can read; later ones keep it', async () => {
  const dir = join(folder, 'first', 'start');
  const first = await newProcess().ensureRootKey(dir);
  assert.equal(first.state, 'created');
  assert.equal(first.path, join(dir, 'key'));
  assert.equal(await readFile(first.path, 'utf8'), `${first.key}\n`);
  assert.equal((await stat(first.path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(dir), ['key'], 'no draft is left behind');
  assert.equal((await call('GET', '/v1/keys', first.key)).status, 200);
  await chmod(first.path, 0o644);
  assert.deepEqual(await newProcess().ensureRootKey(dir), { ...first, state: 'valid' });
  assert.equal((await stat(first.path)).mode & 0o777, 0o600, 'closed to others again');
});

test('two engines that start together in one folder have one key', async () => {
  const dir = join(folder, 'together');
  const started = await Promise.all(Array.from({ length: 8 }, () => newProcess().ensureRootKey(dir)));
  assert.equal(new Set(started.map(each => each.key)).size, 1);
  assert.ok(started.filter(each => each.state === 'created').length <= 1);
  assert.equal(await opens(started[0]?.key ?? ''), 200);
});

test('a new database gets the key of an old folder', async () => {
  const dir = join(folder, 'old');
  const old = await newProcess().ensureRootKey(dir);
  const other = await testDatabase();
  const otherPool = new Pool(other.appUrl, 'identity test', 2);
  try {
    const moved = createIdentity({ pool: otherPool, clock: { now: () => NOW } });
    assert.equal(await moved.authenticate(old.key), undefined);
    assert.deepEqual(await moved.ensureRootKey(dir), { ...old, state: 'registered' });
    const found = await moved.authenticate(old.key);
    assert.deepEqual([...(found?.scopes ?? [])], ['*']);
  } finally {
    await otherPool.close();
    await other.close();
  }
});

test('a root key that somebody revoked stays revoked', async () => {
  const dir = join(folder, 'revoked');
  const { key } = await newProcess().ensureRootKey(dir);
  const [newest] = (await call('GET', '/v1/keys?limit=1')).json.data as Json[];
  assert.equal(newest?.label, 'root');
  await call('DELETE', `/v1/keys/${newest?.id}`);
  assert.equal((await newProcess().ensureRootKey(dir)).state, 'revoked');
  assert.equal(await opens(key), 401);
});

test('a file that holds no key stops the start and says what to do', async () => {
  const dir = await mkdtemp(join(folder, 'broken-'));
  for (const text of ['', 'fk_short', 'hello\nworld']) {
    await writeFile(join(dir, 'key'), text);
    await assert.rejects(newProcess().ensureRootKey(dir), /does not hold a key .* remove the file/);
  }
});
