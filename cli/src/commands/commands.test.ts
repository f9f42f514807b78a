// Every command that talks to an engine, against the real one: what the fake of the other tests cannot promise.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { compose, type Engine } from '../../../server/src/compose.ts';
import { createLog } from '../../../server/src/platform/observe/log.ts';
import { newSecret } from '../../../server/src/platform/secret.ts';
import { type TestDatabase, testDatabase } from '../../../server/test/support/database.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const PROGRAMS = fileURLToPath(new URL('../../../examples/programs/', import.meta.url));
const ORDERS = fileURLToPath(new URL('../../../examples/orders/orders.csv', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fealty-commands-'));

// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

let database: TestDatabase;
let engine: Engine;
let url = '';

test.before(async () => {
  database = await testDatabase();
  const { ownerUrl, appUrl } = database;
  engine = await compose({
    ownerUrl,
    appUrl,
    secret: newSecret(),
    log: createLog({ level: 'silent' }),
    lanes: 3,
    batch: 500,
    queue: 20_000,
    newKeysAfter: 5_000,
    backtestMemory: 512,
  });
  await engine.identity.ensureRootKey(folder);
  url = await engine.http.listen(0);
  writeFileSync(join(folder, 'url'), url);
});

test.after(async () => {
  await engine.stop();
  await database.close();
  rmSync(folder, { recursive: true });
});

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { output, out, err } = keptOutput(args.includes('--json'));
  const code = await fealty(args, output);
  return { code, out: out(), err: err() };
}

/** Runs a command that must succeed and reads its JSON. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await run([...args, '--json']);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return JSON.parse(out) as T;
}

/** Runs a command that must succeed and answers its text. */
async function text(...args: string[]): Promise<string> {
  const { code, out, err } = await run(args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

interface Shown {
  id: string;
  balances: { unit: string; available: string }[];
  entries: { id: string; rule: string }[];
}

test('every example program is one that the engine takes', async () => {
  const names = ['points-per-dollar', 'points-per-dollar-12-months', 'shop', 'travel', 'activities'];
  const shown = await Promise.all(
    names.map(name =>
      json<{ program: string; version: number }>('program', 'set', name, '--file', `${PROGRAMS}${name}.json`),
    ),
  );
  assert.deepEqual(
    shown.map(({ program, version }) => [program, version]),
    names.map(name => [name, 1]),
  );
  const list = await text('program', 'list');
  for (const name of names) assert.ok(list.includes(name));
});

test('the name on the command line counts, and the same document again publishes nothing', async () => {
  const file = `${PROGRAMS}shop.json`;
  const first = await json<{ program: string; version: number }>('program', 'set', 'corner', '--file', file);
  const again = await json<{ version: number }>('program', 'set', 'corner', '--file', file);
  assert.deepEqual([first.program, first.version, again.version], ['corner', 1, 1]);
  assert.match(await text('program', 'show', 'corner'), /Version +1/);
});

test('the example orders go in, are known the second time, and can be looked up and explained', async () => {
  await json('program', 'set', 'tea', '--file', `${PROGRAMS}shop.json`);
  const file = readFileSync(ORDERS, 'utf8').trimEnd().split('\n').slice(1);
  const orders = new Set(file.map(row => row.split(',')[0])).size;
  const typed = ['import', 'orders', ORDERS, '--program', 'tea'];
  const first = await json<{ created: number; rejected: number }>(...typed);
  const second = await json<{ created: number; known: number }>(...typed);
  assert.deepEqual([first.created, first.rejected, second.created, second.known], [orders, 0, 0, orders]);

  const member = await json<Shown>('member', 'show', 'ext:0001', '--program', 'tea');
  assert.ok(Number(member.balances[0]?.available) > 0);
  assert.match(
    await text('member', 'show', member.id, '--program', 'tea', '--entries', '3'),
    /points +[\d,]+/,
  );
  const entry = member.entries[0];
  assert.match(await text('entry', 'why', entry?.id ?? '', '--program', 'tea'), /why:.*rules:/s);
  const order = await text('order', 'show', 'ext:A-1001', '--source', 'orders.csv', '--program', 'tea');
  assert.match(order, /external id: A-1001/);
});

test('the events of a program are printed page by page from a cursor on', async () => {
  const { out, err } = await run(['events', '--program', 'tea', '--limit', '2', '--json']);
  const events = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { id: string });
  assert.equal(events.length, 2);
  const cursor = /--after (\S+)/.exec(err)?.[1] ?? '';
  const next = await run(['events', '--program', 'tea', '--limit', '1', '--after', cursor, '--json']);
  assert.ok(!events.some(({ id }) => next.out.includes(id)));
});

test('a program with a test clock lives by it: points expire while its time passes', async () => {
  const file = `${PROGRAMS}points-per-dollar-12-months.json`;
  await json('program', 'set', 'past', '--file', file, '--test-clock', '1998-01-01T00:00:00Z');
  writeFileSync(join(folder, 'past.csv'), 'member,date,amount\n7,1997-06-01,10.00\n7,1997-12-01,5.00\n');
  await json('import', 'orders', join(folder, 'past.csv'), '--program', 'past');
  await json('program', 'clock', 'past', '--to', '1998-07-01T00:00:00Z');
  const shown = await json<Shown>('member', 'show', 'ext:7', '--program', 'past');
  assert.equal(shown.balances[0]?.available, '5');
  // What fell due was booked meanwhile, so a sweep finds nothing.
  const swept = await json<{ expired: Record<string, string> }>('sweep', '--program', 'past');
  assert.deepEqual(swept.expired, {});
  const later = await json<{ clock: { now: string } }>('program', 'clock', 'past', '--advance', 'P1M1D');
  assert.equal(later.clock.now, '1998-08-02T00:00:00.000Z');
  for (const typed of [[], ['--advance', 'P1D', '--to', '1999-01-01T00:00:00Z']])
    assert.equal((await run(['program', 'clock', 'past', ...typed])).code, 2);
  const asOf = ['--as-of', '1998-01-01T00:00:00Z'];
  assert.equal(
    (await json<Shown>('member', 'show', 'ext:7', '--program', 'past', ...asOf)).balances[0]?.available,
    '15',
  );
});

test('verify says with numbers that everything agrees', async () => {
  const report = await json<{ ok: boolean; checks: { checked: number }[] }>('verify');
  assert.equal(report.ok, true);
  assert.ok(report.checks.length > 3);
  assert.match(await text('verify', '--program', 'tea'), /Everything agrees/);
});

test('a key can be made, used within its bounds, listed and revoked', async () => {
  const key = await json<{ id: string; secret: string }>(
    'keys',
    'create',
    '--label',
    'till',
    '--program',
    'tea',
    '--scopes',
    'members:read',
  );
  assert.match(await text('keys', 'list'), /till +tea +members:read/);
  const headers = { authorization: `Bearer ${key.secret}` };
  const status = async (path: string) => (await fetch(`${url}${path}`, { headers })).status;
  assert.equal(await status('/v1/members/ext:0001'), 200);
  assert.equal(await status('/v1/keys'), 403);
  const asked = await run(['keys', 'revoke', key.id]);
  assert.equal(asked.code, 2);
  assert.match(asked.err, /--yes/);
  await text('keys', 'revoke', key.id, '--yes');
  assert.equal(await status('/v1/members/ext:0001'), 401);
});

/** The shop's program with another rate of its first rule, in a file. */
function shopFile(name: string, rate: string, more: object = {}): string {
  const shop = JSON.parse(readFileSync(`${PROGRAMS}shop.json`, 'utf8'));
  shop.earning[0].earn.per_currency_unit = rate;
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ ...shop, ...more }));
  return file;
}

test('a program is planned, applied, compared and exported', async () => {
  const [one, two] = [shopFile('one.json', '1'), shopFile('two.json', '1.5', { rounding: 'ceiling' })];
  assert.match(await text('program', 'plan', 'code', '--file', one), /^code is new: 9 changes\.\n {2}\+ The/);
  assert.match(await text('program', 'apply', 'code', '--file', one), /code is new.*Version +1/s);
  const plan = await text('program', 'plan', 'code', '--file', two);
  assert.match(plan, /^Version 2 of code: 2 changes\.\n/);
  assert.match(plan, / {2}~ The points .* of the rule "base" are raised from 1 to 1\.5\. \(\/earning\/0\//);
  const planned = await json<{ base_version: number; changes: unknown[] }>(
    'program',
    'plan',
    'code',
    '--file',
    two,
  );
  assert.deepEqual([planned.base_version, planned.changes.length], [1, 2]);
  const applied = await text('program', 'apply', 'code', '--file', two, '--from', '2999-01-01T00:00:00Z');
  assert.match(applied, /In force +from 2999-01-01/);
  const again = await text('program', 'apply', 'code', '--file', two);
  assert.equal(again, 'Version 2 of code is this document already.\n');
  assert.match(
    await text('program', 'diff', 'code', '1', '2'),
    /From version 1 to version 2 of code:\n {2}~/,
  );
  assert.match(await text('program', 'diff', 'code', '2', '2'), /are the same/);
  const exported = await text('program', 'export', 'code', '--version', '1');
  assert.deepEqual(JSON.parse(exported), { ...JSON.parse(readFileSync(one, 'utf8')), program: 'code' });
});

test('a test program is promoted without its clock, when somebody says yes', async () => {
  await text('program', 'apply', 'live', '--file', shopFile('live.json', '1'));
  await text(
    'program',
    'set',
    'live-test',
    '--file',
    shopFile('test.json', '3'),
    '--test-clock',
    '2026-01-01T00:00:00Z',
  );
  const asked = await run(['program', 'promote', 'live-test', 'live']);
  assert.equal(asked.code, 2);
  assert.match(asked.err, /Version 2 of live: 1 change\..*--yes/s);
  const { published } = await json<{ published: { version: number; document: Record<string, unknown> } }>(
    'program',
    'promote',
    'live-test',
    'live',
    '--yes',
  );
  assert.deepEqual(
    [published.version, published.document.clock, published.document.program],
    [2, undefined, undefined],
  );
  assert.match(await text('program', 'promote', 'live-test', 'live'), /Nothing would change.* version 2/);
});

test('a draft is saved, approved with another key and published; a conflict is shown in sentences', async () => {
  await text('program', 'apply', 'draft', '--file', shopFile('base.json', '1'));
  const save = (name: string, rate: string) =>
    text('program', 'draft', 'save', 'draft', name, '--file', shopFile('draft.json', rate));
  assert.match(await save('summer', '2'), /State +open\nRevision +1, by .*Approved +by nobody\n\n {2}~ /s);
  await save('winter', '3');
  const own = await run(['program', 'draft', 'approve', 'draft', 'summer', '--revision', '1']);
  assert.match(own.err, /409 draft_review_by_author/);
  const key = await json<{ secret: string }>('keys', 'create', '--label', 'finance', '--scopes', '*');
  process.env.FEALTY_KEY = key.secret;
  const approve = (name: string) =>
    text('program', 'draft', 'approve', 'draft', name, '--revision', '1', '--note', 'Fine.');
  assert.match(await approve('summer'), /Approved +by finance: Fine\./);
  await approve('winter');
  delete process.env.FEALTY_KEY;
  assert.match(await text('program', 'draft', 'publish', 'draft', 'summer'), /published as version 2/);
  const late = await run(['program', 'draft', 'publish', 'draft', 'winter']);
  assert.equal(late.code, 1);
  assert.match(late.err, /"latest_version":2}\n {2}The points .* are raised from 1 to 2\./);
  assert.match(await text('program', 'draft', 'show', 'draft', 'winter'), /version 1, but the latest is 2/);
  assert.match(await text('program', 'draft', 'withdraw', 'draft', 'winter'), /State +withdrawn/);
  assert.match(await text('program', 'draft', 'list', 'draft'), /summer +published .*winter +withdrawn/s);
});

test('an activity is sent with its attributes, known the second time, and refused where they are none', async () => {
  await json('program', 'set', 'deeds', '--file', `${PROGRAMS}activities.json`);
  const typed = ['activity', 'send', 'ext:42', 'review', '--id', 'r1', '--program', 'deeds', '--attributes'];
  assert.match(await text(...typed, '{"stars": 5}', '--dry-run'), /review@1 +50 points/);
  const at = ['--at', '2026-06-01T10:00:00Z'];
  const first = await json<{ known: boolean }>(...typed, '{"stars": 5}', ...at);
  const again = await json<{ known: boolean }>(...typed, '{"stars": 5}', ...at);
  assert.deepEqual([first.known, again.known], [false, true]);
  const wrong = await run([
    'activity',
    'send',
    'ext:42',
    'review',
    '--id',
    'r2',
    '--program',
    'deeds',
    '--attributes',
    '{"stars": "five"}',
  ]);
  assert.match(wrong.err, /422 activity_attribute_invalid.*\/attributes\/stars: must be a whole number/s);
  for (const text of ['stars=5', '[5]', '5']) {
    const { code, err } = await run([...typed, text]);
    assert.deepEqual([code, err.includes('--attributes is a JSON object')], [2, true]);
  }
  const login = ['activity', 'send', 'ext:42', 'login', '--program', 'deeds', '--id', 'l1', ...at];
  assert.match(await text(...login), /Streak daily +1 day\n\nIt earned nothing\./);
  const show = ['activity', 'show', '--program', 'deeds'];
  const shown = await text(...show, 'ext:r1');
  assert.match(
    shown,
    /r1 from api\n.*Attribute stars +5\nDecided by +version 1\n\n.*\nreview@1 +50 points\n$/s,
  );
  assert.match(await text(...show, 'ext:l1'), /Streak daily +1 day\n.*It earned nothing\./s);
  const { id } = await json<{ id: string }>(...show, 'ext:r1');
  assert.equal(await text(...show, id), shown);
  const elsewhere = await run([...show, 'ext:r1', '--source', 'till']);
  assert.match(elsewhere.err, /404 activity_not_found/);
});

test('a condition without an answer is told of an activity and in a backtest', async () => {
  const points = { earn: { unit: 'points', fixed: '5' } };
  const document = {
    ...{
      currency: 'USD',
      units: { points: {} },
      activities: { review: { attributes: { stars: 'integer' } } },
    },
    earning: [
      { id: 'nights', on: 'order', if: 'order.attributes.nights >= 3', ...points },
      { id: 'stars', on: 'activity:review', if: 'activity.attributes.stars >= 4', ...points },
    ],
  };
  const file = join(folder, 'judged.json');
  writeFileSync(file, JSON.stringify(document));
  await json('program', 'set', 'judged', '--file', file);
  const sent = await text('activity', 'send', 'ext:42', 'review', '--id', 'r1', '--program', 'judged');
  assert.match(sent, /Not judged +stars@1: activity\.attributes\.stars is missing\.\n\nIt earned nothing\./);
  const report = await text('program', 'backtest', 'judged');
  assert.match(report, /Conditions without an answer.*\n\nrule +then +draft\n.*stars +1 +1\n/s);
});

test('a refusal is told in the words of the engine', async () => {
  const missing = await run(['member', 'show', 'ext:nobody', '--program', 'tea']);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /404 member_not_found/);
  writeFileSync(join(folder, 'bad.json'), '{ "currency": "dollars" }');
  const bad = await run(['program', 'set', 'bad', '--file', join(folder, 'bad.json')]);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /\/currency: /);
  assert.match(bad.err, /\/units: /);
});

test('codes need no rotation where the secret was not changed', async () => {
  const { code, out } = await run(['vouchers', 'rotate']);
  assert.equal(code, 0);
  assert.match(out, /^Left +none: FEALTY_SECRET_BEFORE can go$/m);
});
