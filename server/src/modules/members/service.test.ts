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
const [one, two] = [createMembers(), createMembers()];
const PROGRAM = 1;

/** Enrols members one after the other. */
async function enrol(programId: number, ...ids: string[]): Promise<void> {
  for (const id of ids)
    await pool.transaction(tx => one.locate(tx, [{ programId, member: `ext:${id}`, enrol: true }], NOW));
}

test('a member is found by either id, and what is none is refused', async () => {
  await enrol(PROGRAM, 'a');
  const found = await one.find(pool, PROGRAM, 'ext:a');
  assert.ok(found.ok);
  assert.deepEqual(await two.find(pool, PROGRAM, memberId(found.value.id)), found);
  const none = await one.find(pool, PROGRAM, 'nobody');
  assert.equal(!none.ok && none.refusal.code, 'member_reference_invalid');
});

test('a member is enrolled at the time that is given for the row, or else for the call', async () => {
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
});

test('the list has every member of the program once, in the order of their ids, by pages', async () => {
  await enrol(3, 'stranger');
  await enrol(2, ...Array.from({ length: 25 }, (_, index) => `m${index}`));
  const seen: string[] = [];
  for (let after = 0n; ; ) {
    const rows = await two.list(pool, 2, { after, limit: 10 });
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
  await enrol(PROGRAM, 'kept');
  const denied = { code: '42501' };
  await assert.rejects(app.query("update members.members set external_id = 'b'"), denied);
  await assert.rejects(app.query('update members.members set program_id = 1'), denied);
  await assert.rejects(app.query('delete from members.members'), denied);
  await assert.rejects(app.query('truncate members.members'), denied);
  await app.query("update members.members set status = 'active'");
});
