import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'csv-parse/sync';
import { createRejects } from './rejects.ts';

const folder = mkdtempSync(join(tmpdir(), 'fealty-rejects-'));
test.after(() => rmSync(folder, { recursive: true }));

test('without a reject there is no file', () => {
  const path = join(folder, 'none.csv');
  createRejects(path).close();
  assert.equal(existsSync(path), false);
});

test('rejects are csv with the original text, however many there are', () => {
  const path = join(folder, 'many.csv');
  const rejects = createRejects(path);
  const text = 'a,"b ""c""\nd", e';
  for (let row = 1; row <= 3_000; row++) rejects.add(row, row % 2 ? 'odd' : 'even', `row ${row}, bad`, text);
  rejects.close();
  const records = parse(readFileSync(path), { columns: true }) as Record<string, string>[];
  assert.equal(records.length, 3_000);
  assert.deepEqual(records[41], { row: '42', code: 'even', detail: 'row 42, bad', text });
  assert.deepEqual(
    [...rejects.counts],
    [
      ['odd', 1_500],
      ['even', 1_500],
    ],
  );
});

test('rejects of an earlier run are replaced, any other file is left alone', () => {
  const path = join(folder, 'again.csv');
  for (const row of [1, 2]) {
    const rejects = createRejects(path);
    rejects.add(row, 'bad', 'bad', `text ${row}`);
    rejects.close();
  }
  assert.equal(readFileSync(path, 'utf8'), 'row,code,detail,text\n2,bad,bad,text 2\n');
  const orders = join(folder, 'orders.csv');
  writeFileSync(orders, 'member,date,amount\n');
  assert.throws(() => createRejects(orders), /something else/);
  assert.equal(readFileSync(orders, 'utf8'), 'member,date,amount\n');
});
