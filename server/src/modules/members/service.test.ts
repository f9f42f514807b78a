import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pg from 'pg';
import { Pool } from '#platform/db/client.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { createMembers, memberId } from './index.ts';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const database = await testDatabase();
const pool = new Pool(database.appUrl, 'members', 4);
const app = new pg.Client({ connectionString: database.appUrl });
await app.connect();
after(async () => {
  await app.end();
  await pool.close();
  await database.close();
});

// Two engines: they share the database, but not what they remember.
const engine = () => createMembers({ pool, clock: { now: () => NOW } });
const [one, two] = [engine(), engine()];
const PROGRAM = 1;

test('enrolling is known the second time and answers the same member', async () => {
  const dry = await one.enrol(PROGRAM, 'a', true);
  assert.ok(dry.ok && dry.value.created);
  const first = await one.enrol(PROGRAM, 'a');
  const second = await two.enrol(PROGRAM, 'a');
  assert.ok(first.ok && second.ok);
  assert.deepEqual([first.value.created, second.value.created], [true, false]);
  assert.deepEqual(second.value.member, first.value.member);
  assert.deepEqual(await one.find(pool, PROGRAM, memberId(first.value.member.id)), {
    ok: true,
    value: first.value.member,
  });
  const bad = await one.enrol(PROGRAM, 'a\0b');
  assert.equal(!bad.ok && bad.refusal.code, 'member_reference_invalid');
  const none = await one.find(pool, PROGRAM, 'nobody');
  assert.equal(!none.ok && none.refusal.code, 'member_reference_invalid');
});

test('a member is enrolled at the time of the program: given for the row, for the call, or asked for', async () => {
  const ref = { programId: PROGRAM, enrol: true };
  const refs = [
    { ...ref, member: 'ext:at-call' },
    { ...ref, member: 'ext:at-row', at: NOW - 1_000 },
  ];
  await pool.transaction(tx => one.locate(tx, refs, NOW));
  const found = await Promise.all(refs.map(({ member }) => one.find(pool, PROGRAM, member)));
  assert.deepEqual(
    found.map(outcome => outcome.ok && outcome.value.enrolledAt),
    [NOW, NOW - 1_000],
  );
  const clocked = createMembers({ pool, clock: { now: () => NOW }, programTime: async (_, id) => NOW + id });
  const enrolled = await clocked.enrol(PROGRAM, 'asked');
  assert.ok(enrolled.ok && enrolled.value.member.enrolledAt === NOW + PROGRAM);
});

test('the list has every member of the program once, in the order of their ids, by pages', async () => {
  for (const id of ['stranger', ...Array.from({ length: 25 }, (_, index) => `m${index}`)])
    assert.ok((await one.enrol(id === 'stranger' ? 3 : 2, id)).ok);
  const seen: string[] = [];
  for (let after = 0n; ; ) {
    const rows = await two.list(pool, 2, after, 10);
    seen.push(...rows.map(row => row.externalId));
    if (rows.length < 10) break;
    after = rows.at(-1)?.id ?? 0n;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, index) => `m${index}`),
  );
});

test('the application cannot change who a member is, nor remove one', async () => {
  await one.enrol(PROGRAM, 'kept');
  const denied = { code: '42501' };
  await assert.rejects(app.query("update members.members set external_id = 'b'"), denied);
  await assert.rejects(app.query('update members.members set program_id = 1'), denied);
  await assert.rejects(app.query('delete from members.members'), denied);
  await assert.rejects(app.query('truncate members.members'), denied);
  await app.query("update members.members set status = 'active'");
});
