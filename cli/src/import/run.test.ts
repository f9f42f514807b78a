import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type FakeEngine, type Fate, type SentOrder, startFakeEngine } from '../../test/fake-engine.ts';
import { keptOutput } from '../../test/outputs.ts';
import { type ImportOptions, planImport } from './plan.ts';
import { type ImportReport, importOrders } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-import-'));
test.after(() => rmSync(folder, { recursive: true }));

interface Run extends Partial<ImportOptions> {
  content: string | Buffer;
  name?: string;
  signal?: AbortSignal;
}

function run(
  fake: FakeEngine,
  { content, name = 'orders.csv', signal, ...options }: Run,
): Promise<ImportReport> {
  const file = join(folder, name);
  writeFileSync(file, content);
  const typed: ImportOptions = {
    file,
    program: 'shop',
    'date-format': 'iso',
    amounts: 'decimal',
    batch: '10',
    streams: '4',
    patience: '10',
    rejects: join(folder, `${name}.rejects.csv`),
    ...options,
  };
  const plan = planImport(typed, { currency: 'USD' });
  return importOrders(plan, () => fake.engine, keptOutput().output, signal ?? new AbortController().signal);
}

/** Rows of a few members in turn, so that every stream has several and each member many. */
function manyRows(count: number, members = 17): string {
  const rows = Array.from({ length: count }, (_, i) => `m${(i * 7) % members},2026-01-02,${i}.00`);
  return `member,date,amount\n${rows.join('\n')}\n`;
}

function amountsByMember(orders: Iterable<SentOrder>): Map<string, number[]> {
  const amounts = new Map<string, number[]>();
  for (const { member, lines } of orders) {
    const own = amounts.get(member) ?? [];
    amounts.set(member, [...own, Number(lines[0]?.amount)]);
  }
  return amounts;
}

test('a file with blanks, CRLF, a foreign header and compact dates goes in by positions', async t => {
  const fake = await startFakeEngine();
  t.after(fake.close);
  const report = await run(fake, {
    name: 'CDNOW_master.txt',
    content:
      ' customer_id  date number_of_cds  dollar_value\r\n 00001 19970101  1   11.77\r\n 00002 19970112  5   77.00\r\n',
    format: 'whitespace',
    header: true,
    columns: 'member,date,quantity,amount',
    'date-format': 'yyyyMMdd',
  });
  assert.deepEqual([report.rows, report.created, report.known, report.rejected], [2, 2, 0, 0]);
  assert.equal(report.rejects_file, null);
  assert.deepEqual(
    [...fake.orders.values()]
      .map(order => [order.external_id, order.source, order.member, order.occurred_at])
      .sort(),
    [
      ['CDNOW_master.txt:1', 'cdnow_master.txt', 'ext:00001', '1997-01-01T00:00:00.000Z'],
      ['CDNOW_master.txt:2', 'cdnow_master.txt', 'ext:00002', '1997-01-12T00:00:00.000Z'],
    ],
  );
});

test('the rows of each member arrive in the order of the file, also when calls are lost, cut and turned away', async t => {
  const fates: Fate[] = ['taken', 'lost', 'taken', 'cut', 'taken', 'garbled', 'busy'];
  const fake = await startFakeEngine({ fate: call => fates[call % fates.length] ?? 'taken' });
  t.after(fake.close);
  const report = await run(fake, { content: manyRows(400) });
  assert.equal(report.created + report.known, 400);
  assert.equal(fake.orders.size, 400);
  assert.equal(report.rejected, 0);
  for (const [member, amounts] of amountsByMember(fake.orders.values())) {
    assert.deepEqual(
      amounts,
      [...amounts].sort((a, b) => a - b),
      member,
    );
  }
});

test('an import that was interrupted and is run again ends with the same orders', async t => {
  const stopping = new AbortController();
  const fake = await startFakeEngine({
    delayMs: 2,
    fate: call => {
      if (call === 20) stopping.abort();
      return 'taken';
    },
  });
  t.after(fake.close);
  const content = manyRows(20_000);
  const first = await run(fake, { content, signal: stopping.signal });
  assert.equal(first.interrupted, true);
  assert.equal(first.created, fake.orders.size, 'calls on their way got their answers');
  assert.ok(first.created > 0 && first.created < 20_000, String(first.created));
  const second = await run(fake, { content, batch: '1000' });
  assert.deepEqual(
    [second.created, second.known, second.interrupted],
    [20_000 - first.created, first.created, false],
  );
  const third = await run(fake, { content, batch: '1000', streams: '1' });
  assert.deepEqual([third.created, third.known], [0, 20_000]);
});

test('rows that cannot be taken are in the rejects file with their text, and the others go in', async t => {
  const fake = await startFakeEngine({
    refusal: order =>
      order.member === 'ext:barred' ? { code: 'member_barred', detail: 'may not' } : undefined,
    mistake: order => {
      if (order.member === 'ext:pointed') return { pointer: '/member' };
      return order.member === 'ext:hidden' ? { pointer: undefined } : undefined;
    },
  });
  t.after(fake.close);
  const members = ['a', 'pointed', 'b', 'hidden', 'c', 'barred', 'd', '', 'e'];
  const rows = members.map((member, index) => `${member},2026-01-02,${index}`);
  const report = await run(fake, {
    content: `member,date,amount\n${rows.join('\n')}`,
    name: 'some.csv',
    streams: '1',
  });
  assert.deepEqual([report.rows, report.created, report.rejected], [9, 5, 4]);
  assert.deepEqual(report.reasons, { member_barred: 1, invalid_request: 2, member_missing: 1 });
  const rejects = parse(readFileSync(report.rejects_file ?? ''), { columns: true }) as Record<
    string,
    string
  >[];
  assert.deepEqual(rejects.map(({ row, code, text }) => [row, code, text]).sort(), [
    ['2', 'invalid_request', 'pointed,2026-01-02,1'],
    ['4', 'invalid_request', 'hidden,2026-01-02,3'],
    ['6', 'member_barred', 'barred,2026-01-02,5'],
    ['8', 'member_missing', ',2026-01-02,7'],
  ]);
  assert.match(rejects.find(({ row }) => row === '2')?.detail ?? '', /member/);
});

test('the rows of a member keep their order also where a call is halved to find a bad one', async t => {
  const fake = await startFakeEngine({
    mistake: order => (order.lines[0]?.amount === '700' ? { pointer: undefined } : undefined),
  });
  t.after(fake.close);
  const report = await run(fake, { content: manyRows(40, 1), name: 'halved.csv', batch: '40' });
  assert.deepEqual([report.created, report.rejected], [39, 1]);
  const amounts = amountsByMember(fake.orders.values()).get('ext:m0') ?? [];
  assert.deepEqual(
    amounts,
    [...amounts].sort((a, b) => a - b),
  );
});

test('rows that are not UTF-8 are rejected, and their neighbours go in', async t => {
  const fake = await startFakeEngine();
  t.after(fake.close);
  const content = Buffer.from('member,date,amount\ncaf\xe9,2026-01-02,1\nb,2026-01-02,1\n', 'latin1');
  const report = await run(fake, { content, name: 'latin.csv' });
  assert.deepEqual([report.created, report.reasons], [1, { not_utf8: 1 }]);
});

test('every row of a refused order of several rows is in the rejects', async t => {
  const fake = await startFakeEngine({ refusal: () => ({ code: 'no', detail: 'no' }) });
  t.after(fake.close);
  const content = 'order_id,member,date,amount\nA,7,2026-01-02,1\nA,7,2026-01-02,2\n';
  const report = await run(fake, { content, name: 'lines.csv' });
  assert.equal(report.rejected, 2);
  assert.match(
    readFileSync(report.rejects_file ?? '', 'utf8'),
    /^1,no,no,"A,7,2026-01-02,1"\n2,no,no,"A,7,2026-01-02,2"$/m,
  );
});

test('a file whose every row is taken makes no rejects file', async t => {
  const fake = await startFakeEngine();
  t.after(fake.close);
  await run(fake, { content: manyRows(5), name: 'clean.csv' });
  assert.equal(existsSync(join(folder, 'clean.csv.rejects.csv')), false);
});

test('an engine that stays away ends the import with words on how to go on', async t => {
  const fake = await startFakeEngine({ fate: () => 'lost' });
  t.after(fake.close);
  await assert.rejects(run(fake, { content: manyRows(50), patience: '0' }), /run the same command again/);
});

test('a key that is not accepted ends the import at once', async t => {
  const fake = await startFakeEngine({ fate: () => 'refused' });
  t.after(fake.close);
  await assert.rejects(run(fake, { content: manyRows(50), streams: '1' }), /401 unauthenticated/);
  assert.equal(fake.calls(), 1);
});

test('a file is read no faster than the engine takes it', async t => {
  const stopping = new AbortController();
  const fake = await startFakeEngine({
    delayMs: 30,
    fate: call => {
      if (call === 80) stopping.abort();
      return 'taken';
    },
  });
  t.after(fake.close);
  const content = manyRows(200_000);
  const report = await run(fake, { content, name: 'large.csv', signal: stopping.signal });
  assert.ok(report.rows < 30_000, `${report.rows} of 200,000 rows were read ahead`);
});

test('a stop while the engine is away does not wait for it', async t => {
  const stopping = new AbortController();
  const fake = await startFakeEngine({
    fate: call => {
      if (call === 5) stopping.abort();
      return call % 2 ? 'lost' : 'later';
    },
  });
  t.after(fake.close);
  const report = await run(fake, { content: manyRows(500), signal: stopping.signal, patience: '3600' });
  assert.deepEqual([report.created, report.interrupted], [0, true]);
});

test('a header that names no columns of an order is refused, with a guess at the delimiter', async t => {
  const fake = await startFakeEngine();
  t.after(fake.close);
  await assert.rejects(run(fake, { content: 'member;date;amount\n7;2026-01-02;1\n' }), /--delimiter: ';'/);
  await assert.rejects(run(fake, { content: '' }), /empty/);
  assert.equal(fake.calls(), 0);
});

test('any orders written in any format arrive the same', async () => {
  const id = fc.stringMatching(/^[0-9A-Za-z_-]{1,8}$/);
  const order = fc.record({
    member: id,
    day: fc
      .integer({ min: 0, max: 20_000 })
      .map(days => new Date(days * 86_400_000).toISOString().slice(0, 10)),
    quantity: fc.integer({ min: 1, max: 9 }),
    cents: fc.integer({ min: 0, max: 10_000_000 }),
  });
  const formats = {
    csv: (fields: string[]) => fields.map(field => `"${field}"`).join(','),
    tsv: (fields: string[]) => fields.join('\t'),
    whitespace: (fields: string[]) => `  ${fields.join('   ')} `,
    ndjson: ([member, date, quantity, amount]: string[]) =>
      JSON.stringify({
        member: `ext:${member}`,
        occurred_at: `${date}T00:00:00.000Z`,
        lines: [{ id: '1', quantity: Number(quantity), amount: String(Math.round(Number(amount) * 100)) }],
      }),
  };
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(order, { minLength: 1, maxLength: 30 }),
      fc.constantFrom('\n', '\r\n'),
      async (orders, end) => {
        turn++;
        const taken = await Promise.all(
          Object.entries(formats).map(async ([format, write]) => {
            const fake = await startFakeEngine();
            const lines = orders.map(({ member, day, quantity, cents }) =>
              write([member, day, String(quantity), (cents / 100).toFixed(2)]),
            );
            const columns = format === 'ndjson' ? {} : { columns: 'member,date,quantity,amount' };
            const content = lines.map(line => line + end).join('');
            await run(fake, { content, name: `any-${turn}-${format}`, source: 'any', format, ...columns });
            await fake.close();
            return [...fake.orders.values()]
              .map(({ member, occurred_at, currency, lines, external_id }) => ({
                member,
                occurred_at,
                currency,
                lines,
                row: Number(external_id.split(':')[1]),
              }))
              .sort((a, b) => a.row - b.row);
          }),
        );
        const expected = orders.map(({ member, day, quantity, cents }, index) => ({
          member: `ext:${member}`,
          occurred_at: `${day}T00:00:00.000Z`,
          currency: 'USD',
          lines: [{ id: '1', quantity, amount: String(cents) }],
          row: index + 1,
        }));
        for (const each of taken) assert.deepEqual(each, expected);
      },
    ),
    { numRuns: 25 },
  );
});
