import assert from 'node:assert/strict';
import test from 'node:test';
import { Failure } from '../failure.ts';
import { type ImportOptions, planImport } from './plan.ts';

const typed = (options: Partial<ImportOptions>): ImportOptions => ({
  file: 'data/Orders 2026.csv',
  program: 'shop',
  'date-format': 'iso',
  amounts: 'decimal',
  batch: '1000',
  streams: '4',
  patience: '300',
  ...options,
});

test('what is not typed comes from the file and the program', () => {
  const plan = planImport(typed({}), { currency: 'EUR', time_zone: 'Europe/Paris' });
  assert.deepEqual(
    [
      plan.format,
      plan.header,
      plan.delimiter,
      plan.fileName,
      plan.source,
      plan.rejectsFile,
      plan.currency,
      plan.timeZone,
    ],
    [
      'csv',
      true,
      ',',
      'Orders 2026.csv',
      'orders-2026.csv',
      'Orders 2026.csv.rejects.csv',
      'EUR',
      'Europe/Paris',
    ],
  );
  assert.equal(planImport(typed({}), {}).timeZone, 'UTC');
  assert.equal(planImport(typed({ file: 'x.tsv' }), {}).delimiter, '\t');
  assert.equal(planImport(typed({ file: 'x.jsonl' }), {}).format, 'ndjson');
});

test('columns by position mean no header, unless one is named too', () => {
  assert.equal(planImport(typed({ columns: 'member,date,amount' }), {}).header, false);
  assert.equal(planImport(typed({ columns: 'member,date,amount', header: true }), {}).header, true);
});

test('what cannot be meant is refused with the usage exit code and a sentence that names it', () => {
  const cases: [options: Partial<ImportOptions>, named: RegExp][] = [
    [{ file: 'orders.txt' }, /--format/],
    [{ format: 'xml' }, /csv, tsv, whitespace, ndjson/],
    [{ header: false }, /--columns/],
    [{ currency: 'QQQ' }, /QQQ/],
    [{ amounts: 'cents' }, /decimal, minor/],
    [{ source: 'My Shop' }, /--source/],
    [{ file: '!!.csv', source: undefined, rejects: '!!.csv' }, /--rejects/],
    [{ batch: '1001' }, /1 to 1000/],
    [{ streams: '0' }, /1 to 64/],
    [{ patience: 'long' }, /--patience/],
    [{ delimiter: '"' }, /--delimiter/],
    [{ delimiter: ';;' }, /--delimiter/],
    [{ file: 'x.tsv', delimiter: ';' }, /--delimiter/],
    [{ file: `${'x'.repeat(200)}.csv` }, /too long/],
  ];
  for (const [options, named] of cases) {
    assert.throws(
      () => planImport(typed(options), { currency: 'USD' }),
      (error: unknown) => error instanceof Failure && error.exitCode === 2 && named.test(error.message),
      JSON.stringify(options),
    );
  }
});
