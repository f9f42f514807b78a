import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from '#platform/db/client.ts';
import { sha256 } from '#platform/ids.ts';
import { engineWithBooks, orderOf } from '../../../test/support/books.ts';
import type { TestEngine } from '../../../test/support/engine.ts';
import { createAudit } from './index.ts';

interface Report {
  ok: boolean;
  checks: { name: string; ok: boolean; differences: string[] }[];
  chain: { seals: number; batches: number; unsealed: number; head: string };
}

const verify = async (engine: TestEngine): Promise<Report> =>
  (await engine.call<Report>('POST', '/v1/verify', { body: {} })).body;
const chainOf = (report: Report): string[] =>
  report.checks.find(check => check.name === 'chain')?.differences ?? [];

/** Seals everything, in one seal: once no transaction of the server, of whatever database, is open before the last batch. */
async function sealAll(engine: TestEngine): Promise<void> {
  const behind = () =>
    engine.sql('select 1 from audit.batches where xid >= pg_snapshot_xmin(pg_current_snapshot()) limit 1');
  for (let waited = 0; (await behind()).length > 0; waited += 20) {
    assert.ok(waited < 30_000, 'a transaction stays open');
    await sleep(20);
  }
  const pool = new Pool(engine.database.appUrl, 'sealer', 1);
  await createAudit({ pool }).seal();
  await pool.close();
}

/** An engine with two seals: one over most of the books and one over the last order. */
async function sealedBooks(): Promise<TestEngine> {
  const engine = await engineWithBooks();
  await sealAll(engine);
  await engine.post('/v1/orders', 'shop', orderOf('o3', 'ann', '900'));
  await sealAll(engine);
  return engine;
}

test('an untouched chain verifies and covers every batch, sealed or not', async () => {
  const engine = await engineWithBooks();
  const unsealed = await verify(engine);
  assert.deepEqual(
    [unsealed.ok, unsealed.chain.seals, unsealed.chain.batches, unsealed.chain.unsealed],
    [true, 0, 0, 6],
  );
  await sealAll(engine);
  await engine.post('/v1/orders', 'shop', orderOf('o3', 'ann', '900'));
  const partly = await verify(engine);
  assert.deepEqual([partly.ok, partly.chain.batches, partly.chain.unsealed], [true, 6, 1]);
  await sealAll(engine);
  const sealed = await verify(engine);
  assert.deepEqual([sealed.ok, sealed.chain.batches, sealed.chain.unsealed], [true, 7, 0]);
  await engine.stop();
});

test('sealing twice at once seals each batch once', async () => {
  const engine = await engineWithBooks();
  const pools = Array.from({ length: 4 }, (_, nr) => new Pool(engine.database.appUrl, `sealer ${nr}`, 1));
  await Promise.all(pools.flatMap(pool => Array.from({ length: 3 }, () => createAudit({ pool }).seal())));
  await sealAll(engine);
  const report = await verify(engine);
  assert.deepEqual([report.ok, report.chain.batches, report.chain.unsealed], [true, 6, 0]);
  await Promise.all(pools.map(pool => pool.close()));
  await engine.stop();
});

test('entries that commit beside an older open transaction are no difference', async () => {
  const engine = await sealedBooks();
  await engine.sql('begin');
  await engine.sql('select pg_current_xact_id()');
  await engine.post('/v1/orders', 'shop', orderOf('o4', 'bob', '100'));
  const report = await verify(engine);
  await engine.sql('rollback');
  assert.deepEqual([report.ok, report.chain.unsealed], [true, 1]);
  await engine.stop();
});

test('a batch that commits late is sealed in its place, after the sealer waited for it', async () => {
  const engine = await sealedBooks();
  const pool = new Pool(engine.database.appUrl, 'late', 1);
  const audit = createAudit({ pool });
  await pool.transaction(async tx => {
    await audit.record(tx, 1n, 0, sha256(''));
    await engine.post('/v1/orders', 'shop', orderOf('o4', 'bob', '100'));
    const sealer = new Pool(engine.database.appUrl, 'sealer', 1);
    await createAudit({ pool: sealer }).seal();
    await sealer.close();
  });
  await pool.close();
  await sealAll(engine);
  const report = await verify(engine);
  assert.deepEqual([report.ok, report.chain.batches, report.chain.unsealed], [true, 9, 0]);
  await engine.stop();
});

/** What somebody with the owner's password could do to what was written, and what verify says to it. */
const TAMPERINGS: [what: string, sql: string, says: RegExp][] = [
  [
    'an entry is edited',
    `update ledger.entries set reason = 'forged' where kind = 'adjust'`,
    /entries of batch \d+ are not those that it wrote/,
  ],
  [
    'an entry’s points are edited',
    `update ledger.entries set available = available + 1, available_after = available_after + 1 where kind = 'adjust'`,
    /are not those that it wrote/,
  ],
  [
    'an entry gets another expiry',
    `update ledger.entries set expires_at = expires_at + interval '1 year' where kind = 'earn' and expires_at is not null`,
    /are not those that it wrote/,
  ],
  [
    'an entry is deleted',
    `delete from ledger.entries where kind = 'adjust'`,
    /batch \d+ wrote 1 entries, 0 are there/,
  ],
  [
    'an entry is inserted into a batch',
    `insert into ledger.entries select e.wallet_id, e.seq + 1, e.batch, e.tx, e.command, e.kind, e.available, e.pending, e.held, e.available_after + e.available, e.pending_after,
       e.held_after, e.debt_after, e.shortfall_after, e.occurred_at, e.booked_at, e.recorded_at, e.rule, e.available_from, e.expires_at, e.of_seq, e.lots, e.amounts, e.reason
     from ledger.entries e where e.kind = 'adjust'`,
    /batch \d+ wrote 1 entries, 2 are there/,
  ],
  [
    'an entry is inserted under a batch of its own',
    `insert into ledger.entries select e.wallet_id, e.seq + 1, 42, e.tx, e.command, e.kind, e.available, e.pending, e.held, e.available_after + e.available, e.pending_after,
       e.held_after, e.debt_after, e.shortfall_after, e.occurred_at, e.booked_at, e.recorded_at, e.rule, e.available_from, e.expires_at, e.of_seq, e.lots, e.amounts, e.reason
     from ledger.entries e where e.kind = 'adjust'`,
    /1 entries name batch 42, which no journal knows/,
  ],
  [
    'an entry is moved to another batch',
    `update ledger.entries set batch = (select max(batch) from audit.batches) where kind = 'adjust'`,
    /wrote 1 entries, 2 are there/,
  ],
  [
    'an entry is moved to another wallet',
    `update ledger.entries set wallet_id = 64000 where kind = 'adjust'`,
    /are not those that it wrote/,
  ],
  [
    'a batch is deleted from the journal',
    `delete from audit.batches where batch = (select min(batch) from audit.batches)`,
    /seal 1 does not fit/,
  ],
  [
    'a batch of a later seal is deleted',
    `delete from audit.batches where batch = (select max(batch) from audit.batches)`,
    /seal 2 does not fit/,
  ],
  [
    'a batch is inserted between sealed ones',
    `insert into audit.batches (xid, batch, entries, digest) select xid, batch + 1, 0, sha256('') from audit.batches order by xid limit 1`,
    /seal 1 does not fit/,
  ],
  [
    'a batch changes its place',
    `update audit.batches set xid = (select (max(xid::text::bigint) + 5)::text::xid8 from audit.batches) where batch = (select min(batch) from audit.batches)`,
    /seal 1 does not fit/,
  ],
  [
    'a seal’s hash is edited',
    `update audit.seals set hash = sha256('forged') where position = 1`,
    /seal 1 does not fit/,
  ],
  [
    'a seal says that it covers fewer batches',
    `update audit.seals set batches = batches - 1 where position = 1`,
    /seal 1 does not fit/,
  ],
  ['a seal is deleted', `delete from audit.seals where position = 1`, /seal 1 is missing/],
];

for (const [what, sql, says] of TAMPERINGS) {
  test(`verify tells when ${what}`, async () => {
    const engine = await sealedBooks();
    assert.deepEqual(chainOf(await verify(engine)), []);
    await engine.sql(sql);
    const report = await verify(engine);
    assert.equal(report.ok, false);
    assert.ok(
      chainOf(report).some(difference => says.test(difference)),
      JSON.stringify(chainOf(report)),
    );
    await engine.stop();
  });
}

test('an entry that is forged together with the journal is told by the seal over it', async () => {
  const engine = await sealedBooks();
  await engine.sql(`update ledger.entries set reason = 'forged' where kind = 'adjust'`);
  // The forger computes the digest anew, as the engine would have; what cannot be made to fit is the chain.
  const batch = (await engine.sql(`select batch from ledger.entries where kind = 'adjust'`))[0]?.['batch'];
  const [row] = await engine.sql(
    `select concat_ws('|', e.wallet_id, e.seq, e.command, e.tx, e.kind, e.available, e.pending, e.held, e.available_after, e.pending_after, e.held_after, 0, 0,
       (extract(epoch from e.occurred_at) * 1000)::bigint, (extract(epoch from e.booked_at) * 1000)::bigint, '', '', '', '', '', '', e.reason) as text
     from ledger.entries e where e.kind = 'adjust'`,
  );
  await engine.sql(`update audit.batches set digest = decode($1, 'hex') where batch = $2`, [
    sha256(String(row?.['text'])),
    batch,
  ]);
  const differences = chainOf(await verify(engine));
  assert.deepEqual(differences, ['seal 1 does not fit the batches that it covers']);
  await engine.stop();
});

test('a chain that was cut short has another head, for whoever kept the old one', async () => {
  const engine = await sealedBooks();
  const { head } = (await verify(engine)).chain;
  await engine.sql('delete from audit.seals where position = 2');
  const { chain } = await verify(engine);
  assert.notEqual(chain.head, head);
  assert.equal(chain.unsealed, 1);
  await sealAll(engine);
  assert.equal((await verify(engine)).chain.head, head, 'and the same again when the same is sealed');
  await engine.stop();
});
