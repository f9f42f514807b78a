import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { testDatabase } from '../../../test/support/database.ts';
import { Connection, Pool, transactionStatements } from '../db/client.ts';
import {
  appendFacts,
  countEntries,
  type Event,
  fromCursor,
  type Position,
  readFacts,
  START,
  toCursor,
} from './log.ts';

const database = await testDatabase();
const pool = new Pool(database.appUrl, 'events', 2);
const writers = await Promise.all(
  Array.from({ length: 4 }, (_, nr) => Connection.open(database.appUrl, `writer ${nr}`)),
);
after(async () => {
  await Promise.all(writers.map(writer => writer.close()));
  await pool.close();
  await database.close();
});

const NOW = Date.UTC(2026, 10, 21);
const time = new Date(NOW).toISOString();
const fact = (name: string) => ({
  type: name,
  occurred_at: time,
  booked_at: time,
  member: 'mem_0',
  data: { name },
});

/** Each test has programs of its own. */
let program = 0;
const reading = (id: number, after: Position, limit = 1_000) =>
  readFacts(pool, { id, name: `p${id}` }, after, limit);
const names = (events: readonly Event[]): string[] => events.map(event => event.type);

/** Reads to the end; transactions of other databases of the server hold the reader back for a moment. */
async function readAll(id: number, expected: number, after: Position = START): Promise<Event[]> {
  const all: Event[] = [];
  let at = after;
  for (let waited = 0; ; waited += 20) {
    const { events, next } = await reading(id, at);
    all.push(...events);
    at = next;
    if (all.length >= expected || waited > 20_000) return all;
    await sleep(20);
  }
}

const begin = (writer: Connection) => writer.run(transactionStatements.BEGIN);
const append = (writer: Connection, id: number, batch: bigint, ...facts: string[]) =>
  appendFacts(writer, batch, NOW, [{ programId: id, facts: facts.map(fact), entries: facts.length }]);

test('a fact that is committed late is not skipped, though a later one was there before', async () => {
  program += 1;
  const [slow, fast] = writers as [Connection, Connection];
  await begin(slow);
  await append(slow, program, 1n, 'slow');
  await begin(fast);
  await append(fast, program, 2n, 'fast');
  await fast.commit();
  // The fast one is committed, but a place before it is still open.
  const early = await reading(program, START);
  await slow.commit();
  assert.deepEqual(names(early.events), []);
  assert.deepEqual(names(await readAll(program, 2, early.next)), ['slow', 'fast']);
});

test('what is rolled back never appears and holds nobody up', async () => {
  program += 1;
  const [one, two] = writers as [Connection, Connection];
  await begin(one);
  await append(one, program, 1n, 'never');
  await begin(two);
  await append(two, program, 2n, 'kept');
  await two.commit();
  await one.run(transactionStatements.ROLLBACK);
  assert.deepEqual(names(await readAll(program, 1)), ['kept']);
});

interface Move {
  writer: number;
  batches: number;
  commits: boolean;
  reads: boolean;
}

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({ writer: fc.nat(3), batches: fc.nat(3), commits: fc.boolean(), reads: fc.boolean() }),
  { minLength: 1, maxLength: 30 },
);

test('whatever the order of commits, a reader that goes on from its cursor sees each fact exactly once', async () => {
  let batch = 100n;
  await fc.assert(
    fc.asyncProperty(moves, async story => {
      program += 1;
      const open = new Map<number, string[]>();
      const committed: string[] = [];
      const seen: Event[] = [];
      let at = START;
      const read = async () => {
        // Small pages and a cursor over the wire, as a consumer has it.
        const { events, next } = await reading(program, at, 2);
        seen.push(...events);
        at = fromCursor(toCursor(next)) as Position;
      };
      const end = async (writer: number, commits: boolean) => {
        const connection = writers[writer] as Connection;
        if (!commits) await connection.run(transactionStatements.ROLLBACK);
        else assert.equal(await connection.commit(), 'COMMIT');
        if (commits) committed.push(...(open.get(writer) ?? []));
        open.delete(writer);
      };
      for (const move of story) {
        const writer = writers[move.writer] as Connection;
        if (open.has(move.writer)) await end(move.writer, move.commits);
        else {
          await begin(writer);
          const facts: string[] = [];
          for (let made = 0; made < move.batches; made += 1) {
            batch += 1n;
            facts.push(`${batch} a`, `${batch} b`);
            await append(writer, program, batch, `${batch} a`, `${batch} b`);
          }
          open.set(move.writer, facts);
        }
        if (move.reads) await read();
      }
      for (const writer of [...open.keys()]) await end(writer, true);
      for (let waited = 0; seen.length < committed.length && waited < 20_000; waited += 1) {
        const before = seen.length;
        await read();
        if (seen.length === before) await sleep(1);
      }
      await read();
      assert.deepEqual(names(seen).sort(), committed.sort());
      assert.deepEqual(
        new Set(seen.map(event => event.id)).size,
        seen.length,
        'every event has an id of its own',
      );
    }),
    { numRuns: 40 },
  );
});

test('facts of one batch keep their order, pages of any size join without a seam, and programs are apart', async () => {
  program += 2;
  const [writer] = writers as [Connection];
  const facts = Array.from({ length: 100 }, (_, nr) => `fact ${nr}`);
  for (let part = 0; part < 20; part += 1) {
    await begin(writer);
    await append(writer, program, BigInt(10_000 + part), ...facts.slice(part * 5, part * 5 + 5));
    await append(writer, program - 1, BigInt(20_000 + part), 'of another program');
    await writer.commit();
  }
  const whole = await readAll(program, 100);
  assert.deepEqual(names(whole), facts);
  for (const size of [1, 3, 5, 16, 99, 100, 1_000]) {
    const pages: Event[] = [];
    for (let at = START; ; ) {
      const { events, next } = await reading(program, at, size);
      assert.ok(events.length <= size);
      pages.push(...events);
      at = next;
      if (events.length === 0) break;
    }
    assert.deepEqual(pages, whole);
  }
  const counts = await countEntries(pool);
  assert.equal(counts.get(10_000n), 5);
});

test('a fact comes back as it was written, long or short, in any script', async () => {
  program += 1;
  const [writer] = writers as [Connection];
  const data = { short: 'é "\\ \u0001 🎟', long: 'points '.repeat(2_000), number: '9223372036854775807' };
  await begin(writer);
  await appendFacts(writer, 30_000n, NOW, [
    { programId: program, facts: [{ ...fact('long'), data }], entries: 0 },
  ]);
  await writer.commit();
  const [event] = await readAll(program, 1);
  assert.deepEqual(event?.data, data);
  assert.deepEqual([event?.program, event?.recorded_at, event?.member], [`p${program}`, time, 'mem_0']);
});

test('a cursor reads back as the place that it was made of, and nothing else is a cursor', () => {
  const place = fc.record({
    xid: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    batch: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    index: fc.integer({ min: -1, max: 999_999 }),
  });
  fc.assert(fc.property(place, own => assert.deepEqual(fromCursor(toCursor(own)), { ...own })));
  const encoded = (text: string) => Buffer.from(text).toString('base64url');
  for (const text of ['', '1.2', '1.2.3.4', '-1.2.3', '1.2.-2', '1.2.3x', 'a.b.c', '1.2.3; drop'])
    assert.equal(fromCursor(encoded(text)), undefined, text);
  fc.assert(fc.property(fc.string(), text => void fromCursor(text)));
});
