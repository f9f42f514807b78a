import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded.ts';
import { isRunning } from './embedded-owner.ts';

const settings = { shared_buffers: '16MB' };

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs at the end of the test, last first: node:test would remove a folder before stopping who works in it. */
function atEnd(t: TestContext, ending: () => unknown): void {
  const known = endings.get(t);
  if (known) {
    known.push(ending);
    return;
  }
  const list = [ending];
  endings.set(t, list);
  t.after(async () => {
    for (const each of list.reverse()) await each();
  });
}

function folder(t: TestContext, mode = 0o755): string {
  const dir = mkdtempSync(join(tmpdir(), 'fealty-embedded-'));
  chmodSync(dir, mode);
  atEnd(t, () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

// Making a database is the slow part. Tests whose subject it is not take turns on this one and leave it in order.
const shared = mkdtempSync(join(tmpdir(), 'fealty-embedded-'));
chmodSync(shared, 0o755);
await (await startEmbeddedPostgres({ dir: shared, settings })).stop();
after(() => rmSync(shared, { recursive: true, force: true }));

async function start(
  t: TestContext,
  dir: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dir, settings, ...options });
  atEnd(t, () => postgres.stop());
  return postgres;
}

async function query(url: string, text: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

const answers = (url: string): Promise<boolean> =>
  query(url, 'select 1').then(
    () => true,
    () => false,
  );

/** A Node process of its own that starts PostgreSQL on `dir` and waits to be killed. */
async function startElsewhere(
  t: TestContext,
  dir: string,
): Promise<{ child: ChildProcess; url: string; pid: number }> {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
    const { url, pid } = await startEmbeddedPostgres(${JSON.stringify({ dir, settings })});
    console.log(JSON.stringify({ url, pid }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(t, () => kill9(child));
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  atEnd(t, async () => {
    await kill9(child);
    await until(() => !isRunning(pid));
  });
  return { child, url, pid };
}

async function kill9(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await sleep(20);
  }
  assert.fail(`never became true: ${condition}`);
}

const parentOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);

test('data survives a stop and a new start, with the same password, and every durable setting is on', async t => {
  const first = await start(t, shared);
  await query(first.url, 'drop table if exists kept; create table kept as select 42 as answer');
  await first.stop();
  assert.equal(first.pid, 0);

  const second = await start(t, shared);
  assert.equal(second.password, first.password);
  assert.equal(statSync(join(shared, 'password')).mode & 0o777, 0o600);
  assert.deepEqual(await query(second.url, 'select answer from kept'), [[42]]);
  const on = "('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums')";
  const rows = await query(
    second.url,
    `select setting, listen.* from pg_settings, (select current_setting('listen_addresses')) listen where name in ${on}`,
  );
  assert.deepEqual(rows, Array(4).fill(['on', '127.0.0.1']));
});

test('a password is needed also from the same machine', async t => {
  const postgres = await start(t, shared);
  const wrong = new URL(postgres.url);
  wrong.password = 'guess';
  await assert.rejects(query(wrong.href, 'select 1'), { code: '28P01' });
});

test('PostgreSQL does not run as root', { skip: process.getuid?.() !== 0 && 'needs root' }, async t => {
  const postgres = await start(t, shared);
  assert.notEqual(statSync(`/proc/${postgres.pid}`).uid, 0);
});

test('a killed engine takes PostgreSQL with it, and the next start finds what was committed', async t => {
  const engine = await startElsewhere(t, shared);
  await query(engine.url, 'drop table if exists kept; create table kept as select 1 as answer');
  await kill9(engine.child);
  await until(() => !isRunning(engine.pid));

  const next = await start(t, shared);
  assert.deepEqual(await query(next.url, 'select answer from kept'), [[1]]);
});

test('a PostgreSQL that outlived its engine and its watching shell is stopped by the next start', async t => {
  const engine = await startElsewhere(t, shared);
  await query(engine.url, 'drop table if exists kept; create table kept as select 1 as answer');
  process.kill(engine.child.pid ?? 0, 'SIGSTOP');
  process.kill(parentOf(engine.pid), 'SIGKILL');
  // All of them: the shell that was killed a moment ago may still look alive, and the one that reads must not stay.
  const readers = readdirSync('/proc').filter(
    entry => /^\d+$/.test(entry) && isReaderOf(Number(entry), shared),
  );
  assert.ok(readers.length > 0);
  for (const reader of readers) process.kill(Number(reader), 'SIGKILL');
  await kill9(engine.child);
  assert.ok(isRunning(engine.pid), 'nobody is left to stop PostgreSQL');

  const lines: string[] = [];
  const next = await start(t, shared, { log: line => lines.push(line) });
  assert.ok(!isRunning(engine.pid));
  assert.match(lines.join('\n'), new RegExp(`earlier run left behind \\(pid ${engine.pid}\\)`));
  assert.deepEqual(await query(next.url, 'select answer from kept'), [[1]]);
});

/** True for the part of the watching shell that waits for the engine's end. */
function isReaderOf(pid: number, dir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('fealty-postgres') && words.includes(join(dir, 'data')) && isRunning(pid);
  } catch {
    return false;
  }
}

test('a second engine on the same folder is refused and does not disturb the first', async t => {
  const engine = await startElsewhere(t, shared);
  await assert.rejects(startEmbeddedPostgres({ dir: shared, settings }), {
    message: new RegExp(`${shared} is already running \\(pid ${engine.child.pid}\\)`),
  });
  assert.deepEqual(await query(engine.url, 'select 1'), [[1]]);
});

test('the same process cannot start a folder twice, and can after stopping it', async t => {
  const first = await start(t, shared);
  await assert.rejects(startEmbeddedPostgres({ dir: shared, settings }), /already running/);
  await first.stop();
  await start(t, shared);
});

test('a lock whose pid was given to another process is taken over', async t => {
  writeFileSync(join(shared, 'owner.lock'), `${process.ppid} 1 some-earlier-boot`);
  await start(t, shared);
});

test('a postmaster.pid whose pid was given to another process does not prevent the start', async t => {
  const other = spawn('sleep', ['600'], {
    stdio: 'ignore',
    ...(process.getuid?.() === 0 && { uid: 65_534 }),
  });
  atEnd(t, () => other.kill('SIGKILL'));
  writeFileSync(join(shared, 'data', 'postmaster.pid'), `${other.pid}\n${join(shared, 'data')}\n`);
  await start(t, shared);
  assert.equal(other.exitCode, null);
});

test('a first start that was interrupted is done again', async t => {
  const dir = folder(t);
  const half = join(dir, 'data.abc123');
  mkdirSync(half);
  writeFileSync(join(half, 'PG_VERSION'), '18');
  const postgres = await start(t, dir);
  assert.deepEqual(await query(postgres.url, 'select 1'), [[1]]);
  assert.ok(!existsSync(half));
});

test('a PostgreSQL that is killed comes back under the same address with everything committed', async t => {
  const lines: string[] = [];
  const postgres = await start(t, shared, { log: line => lines.push(line) });
  await query(postgres.url, 'drop table if exists kept; create table kept as select 1 as answer');
  for (let round = 1; round <= 2; round++) {
    const killed = postgres.pid;
    process.kill(killed, 'SIGKILL');
    await until(async () => postgres.pid !== killed && (await answers(postgres.url)));
    assert.deepEqual(await query(postgres.url, 'select answer from kept'), [[1]]);
  }
  assert.equal(lines.filter(line => line.includes('ended unexpectedly')).length, 2);
});

test('a PostgreSQL whose watching shell is killed is brought back under a new one', async t => {
  const postgres = await start(t, shared);
  const before = postgres.pid;
  process.kill(parentOf(before), 'SIGKILL');
  await until(async () => postgres.pid !== before && (await answers(postgres.url)));
  assert.ok(!isRunning(before));
});

test('a PostgreSQL that keeps ending is told of, and comes back when what ends it is gone', async t => {
  const unstable = Promise.withResolvers<Error>();
  const [there, away] = [join(shared, 'data', 'global'), join(shared, 'data', 'global.gone')];
  atEnd(t, () => existsSync(away) && renameSync(away, there));
  const postgres = await start(t, shared, { onUnstable: unstable.resolve });
  renameSync(there, away);
  process.kill(postgres.pid, 'SIGKILL');
  assert.match((await unstable.promise).message, /ended 5 times within a minute/);
  renameSync(away, there);
  await until(() => answers(postgres.url));
});

test('a PostgreSQL that keeps ending can be stopped between two attempts', async t => {
  const unstable = Promise.withResolvers<Error>();
  const [there, away] = [join(shared, 'data', 'global'), join(shared, 'data', 'global.gone')];
  atEnd(t, () => renameSync(away, there));
  const postgres = await start(t, shared, { onUnstable: unstable.resolve });
  renameSync(there, away);
  process.kill(postgres.pid, 'SIGKILL');
  await unstable.promise;
  await postgres.stop();
});

test('a start that fails says why with PostgreSQL its own words and gives the folder free', async t => {
  const failing = startEmbeddedPostgres({ dir: shared, settings: { no_such_setting: 1 } });
  await assert.rejects(failing, /did not start.*unrecognized configuration parameter "no_such_setting"/s);
  await start(t, shared);
});

test('a data folder of another version of PostgreSQL is refused with both versions', async t => {
  atEnd(t, () => writeFileSync(join(shared, 'data', 'PG_VERSION'), '18\n'));
  writeFileSync(join(shared, 'data', 'PG_VERSION'), '17\n');
  await assert.rejects(
    startEmbeddedPostgres({ dir: shared, settings }),
    /made by PostgreSQL 17, and the bundled one is 18/,
  );
});

for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
  test(`turning ${name} off is refused`, async () => {
    await assert.rejects(
      startEmbeddedPostgres({ dir: shared, settings: { [name]: 'off' } }),
      /cannot be changed/,
    );
  });
}

test('as root in a folder that only root can enter, the files go to a folder of their own and are found again', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async t => {
  const closed = folder(t, 0o700);
  const dir = join(closed, 'clone');
  mkdirSync(dir);
  const lines: string[] = [];
  const first = await start(t, dir, { log: line => lines.push(line) });
  const home = readFileSync(join(dir, 'location'), 'utf8').trim();
  atEnd(t, () => rmSync(home, { recursive: true, force: true }));
  assert.ok(
    lines.some(line => line.includes(home)),
    'the operator is told where the files are',
  );
  assert.equal(statSync(home).mode & 0o777, 0o700);
  await query(first.url, 'drop table if exists kept; create table kept as select 1 as answer');
  await first.stop();

  const moved = join(closed, 'moved');
  renameSync(dir, moved);
  const second = await start(t, moved);
  assert.deepEqual(await query(second.url, 'select answer from kept'), [[1]]);
  await second.stop();

  rmSync(home, { recursive: true });
  await assert.rejects(startEmbeddedPostgres({ dir: moved, settings }), /is gone. Restore it/);
  assert.equal(dirname(home), '/var/lib');
});

test('on a platform without a bundled PostgreSQL the error names the way out', async t => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform');
  atEnd(t, () => platform && Object.defineProperty(process, 'platform', platform));
  Object.defineProperty(process, 'platform', { value: 'plan9' });
  await assert.rejects(
    startEmbeddedPostgres({ dir: shared }),
    /No PostgreSQL is bundled for plan9-.*FEALTY_DATABASE_URL/s,
  );
});
