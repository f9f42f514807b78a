import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { testEngine } from '../../../server/test/support/engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { run as fealty } from '../fealty.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-lists-'));
// The commands read the environment themselves, as they do for a person.
process.env.FEALTY_DATA_DIR = folder;
delete process.env.FEALTY_URL;
delete process.env.FEALTY_KEY;

const MEMBERS = 25_000;
const engine = await testEngine();
await engine.publish('shop', { currency: 'USD', units: { points: {} } });
await engine.sql(
  `insert into members.members (program_id, external_id, enrolled_at)
   select 1, 'm' || i, now() from generate_series(1, $1::integer) i`,
  [MEMBERS],
);
await engine.engine.identity.ensureRootKey(folder);
writeFileSync(join(folder, 'url'), await engine.engine.http.listen(0));
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { output, out, err } = keptOutput(args.includes('--json'));
  const code = await fealty([...args, '--program', 'shop'], output);
  return { code, out: out(), err: err() };
}
const members = (from: number, count: number) => Array.from({ length: count }, (_, i) => `m${from + i}`);
const written = (name: string, lines: readonly string[], end = '\n'): string => {
  writeFileSync(join(folder, name), `${lines.join(end)}${end}`);
  return join(folder, name);
};
const upload = (...args: string[]) => run('lists', 'upload', ...args, '--json');

test('a file of several calls becomes the list, then another one replaces it', async () => {
  const first = await upload('vip', written('first.txt', members(1, 20_000)));
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(JSON.parse(first.out), {
    list: 'vip',
    mode: 'replace',
    rows: 20_000,
    added: 20_000,
    removed: 0,
    unknown: 0,
    unknown_file: null,
    members: 20_000,
  });
  const second = await upload('vip', written('second.txt', members(15_001, 10_000), '\r\n'));
  const { added, removed, members: now } = JSON.parse(second.out);
  assert.deepEqual([added, removed, now], [5_000, 15_000, 10_000]);
  assert.match((await run('lists', 'show')).out, /^vip +10,000 /m);
  assert.match((await run('lists', 'show', 'vip')).out, /Members +10,000/);
});

test('single members are added and removed, by every kind of id, and those that nobody has are kept', async () => {
  const { body } = await engine.get<{ id: string }>('/v1/members/ext:m3', 'shop');
  const unknown = join(folder, 'nobody');
  const file = written('some.txt', ['m1', '', '  ext:m2 ', body.id, 'stranger', 'm1']);
  const added = await upload('few', file, '--mode', 'add', '--unknown', unknown);
  assert.equal(added.code, 1, 'an id was of nobody');
  const report = JSON.parse(added.out);
  assert.deepEqual([report.rows, report.added, report.unknown, report.members], [5, 3, 1, 3]);
  assert.equal(readFileSync(unknown, 'utf8'), 'stranger\n');
  const removed = await upload('few', written('less.txt', ['m2']), '--mode', 'remove');
  assert.deepEqual([removed.code, JSON.parse(removed.out).members], [0, 2]);
});

test('an upload that was cut off goes on with the same file, and is in the way of another until it is abandoned', async () => {
  const file = written('cut.txt', members(1, 40));
  const other = written('other.txt', members(1, 3));
  const content = JSON.parse((await upload('probe', file)).out);
  assert.equal(content.members, 40);
  // What the command had sent when it was ended: half of the file under the name that it makes of its content.
  const [row] = await engine.sql<{ name: string }>(
    'select name from members.list_uploads order by id desc limit 1',
  );
  const name = `${row?.name.split('-')[0]}-cut`;
  await engine.post('/v1/lists/cut/members', 'shop', {
    mode: 'replace',
    upload: name,
    members: members(1, 20).map(id => `ext:${id}`),
  });
  const refused = await upload('cut', other);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /of another file was not finished.*--abandon/s);
  assert.match((await run('lists', 'show', 'cut')).out, new RegExp(`Open upload +${name}, 20 sent`));
  const resumed = await upload('cut', file);
  assert.deepEqual([resumed.code, JSON.parse(resumed.out).members], [0, 40]);
  await engine.post('/v1/lists/cut/members', 'shop', {
    mode: 'replace',
    upload: 'mine',
    members: ['ext:m1'],
  });
  const abandoned = await upload('cut', other, '--abandon');
  assert.deepEqual([abandoned.code, JSON.parse(abandoned.out).members], [0, 3], abandoned.err);
});

test('a file that is missing, empty or no list of ids is told, and changes nothing', async () => {
  assert.match((await upload('vip', join(folder, 'none'))).err, /cannot be read: ENOENT/);
  assert.match((await upload('vip', written('empty.txt', ['', '']))).err, /has no ids/);
  const long = written('long.txt', ['m1', 'x'.repeat(201)]);
  assert.match((await upload('vip', long)).err, /no id near line 2/);
  assert.equal((await upload('vip', written('mode.txt', ['m1']), '--mode', 'set')).code, 2);
  assert.equal((await upload('VIP', written('name.txt', ['m1']))).code, 1);
  assert.match((await run('lists', 'show', 'vip')).out, /Members +10,000/);
  assert.equal(existsSync('empty.txt.unknown'), false);
});

test('the profile of a member is changed and shown', async () => {
  const attributes = '{ "newsletter": true, "size": "M" }';
  const changed = await run('member', 'profile', 'ext:m7', '--country', 'NL', '--attributes', attributes);
  assert.match(changed.out, /Changed +country, attributes\.newsletter, attributes\.size/);
  const again = await run('member', 'profile', 'ext:m7', '--country', 'NL');
  assert.match(again.out, /nothing, it was so already/);
  await run(
    'member',
    'profile',
    'ext:m7',
    '--country',
    '-',
    '--birth-date',
    '1984-02-29',
    '--time-zone',
    'UTC',
  );
  const shown = await run('member', 'show', 'ext:m7');
  assert.match(shown.out, /Birth date +1984-02-29\nTime zone +UTC\nnewsletter +true\nsize +M/);
  assert.doesNotMatch(shown.out, /Country/);
  const wrong = await run('member', 'profile', 'ext:m7', '--attributes', 'size=M');
  assert.deepEqual([wrong.code, /takes a JSON object/.test(wrong.err)], [2, true]);
  assert.match(
    (await run('member', 'profile', 'ext:m7', '--country', 'UK')).err,
    /\/country: must be the two/,
  );
});
