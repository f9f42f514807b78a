import assert from 'node:assert/strict';
import test from 'node:test';
import { place } from './docs.ts';
import { Histogram } from './histogram.ts';
import type { Row } from './path.ts';
import { costRatio, keep, median, ratioToComparator, summarise } from './report.ts';
import { markdownTable, precise, textTable, whole } from './table.ts';

const COLUMNS = [
  { title: 'path', align: 'left' },
  { title: 'rate', align: 'right' },
] as const;

test('a table for the terminal has columns as wide as their widest cell and no blanks at the ends', () => {
  const table = textTable(COLUMNS, [
    ['bulk', '12,000'],
    ['redemptions', '5'],
    ['none', ''],
  ]);
  assert.equal(
    table,
    ['path           rate', '-----------  ------', 'bulk         12,000', 'redemptions       5', 'none'].join(
      '\n',
    ),
  );
});

test('a table of Markdown keeps bars inside its cells', () => {
  assert.equal(markdownTable(COLUMNS, [['a|b', '1']]), '| path | rate |\n| --- | ---: |\n| a\\|b | 1 |');
});

test('a row with a cell too few is a fault', () => {
  assert.throws(() => textTable(COLUMNS, [['bulk']]), /1 cells in 2 columns/);
});

test('figures have three digits that count, and a dash where there is none', () => {
  assert.deepEqual([0.1234, 9.876, 12.34, 1234.5].map(precise), ['0.12', '9.88', '12.3', '1,235']);
  assert.deepEqual([precise(Number.NaN), whole(undefined)], ['-', '-']);
});

function roundOf(path: string, round: number, row: Partial<Row>) {
  const latencies = new Histogram();
  latencies.record(10);
  const base = {
    name: path,
    counts: 'orders',
    rate: 0,
    latencies: latencies.stored(),
    errors: {},
    late: 0,
    dropped: 0,
  };
  return keep(path, round, {
    rows: [{ ...base, ...row }],
    cpu: { engine: 1, postgres: 0.5 },
    batch: 20,
    notes: [],
  });
}

const single = { name: 'single', title: '', floor: { rate: 8_000, p99: 40 }, aim: { rate: 15_000 } };

test('rounds become medians with their range, and are held against floor and aim', () => {
  const of = (...rates: number[]) =>
    summarise({
      paths: [single],
      measured: rates.map((rate, round) => roundOf('single', round, { rate })),
    })[0];
  const summary = of(9_000, 16_000, 12_000);
  assert.deepEqual(
    [
      summary?.rate,
      summary?.low,
      summary?.high,
      summary?.p99,
      summary?.batch,
      summary?.cost,
      summary?.verdict,
    ],
    [12_000, 9_000, 16_000, 10.047, 20, 125, 'above floor'],
  );
  assert.equal(of(7_999)?.verdict, 'below floor');
  assert.equal(of(15_000)?.verdict, 'aim reached');
});

test('a rate reached with errors or dropped requests is no success', () => {
  const errors = { '503 overloaded': 2 };
  const measured = [roundOf('single', 0, { rate: 20_000, errors }), roundOf('single', 1, { rate: 20_000 })];
  const [summary] = summarise({ paths: [single], measured });
  assert.deepEqual([summary?.errors, summary?.verdict], [2, 'errors']);
  const [dropped] = summarise({
    paths: [single],
    measured: [roundOf('single', 0, { rate: 20_000, dropped: 1 })],
  });
  assert.equal(dropped?.verdict, 'errors');
});

test('the comparison takes the ratio of each round, not that of the medians', () => {
  const measured = [
    roundOf('single', 0, { rate: 100 }),
    roundOf('comparator', 0, { rate: 50 }),
    roundOf('single', 1, { rate: 30 }),
    roundOf('comparator', 1, { rate: 10 }),
    roundOf('single', 2, { rate: 30 }),
  ];
  assert.deepEqual(ratioToComparator(measured), { ratio: 2.5, low: 2, high: 3 });
  assert.equal(ratioToComparator(measured.slice(0, 1)), undefined);
});

test('what a program costs beside the plain one is the ratio within each round', () => {
  const measured = [
    roundOf('all', 0, { rate: 100 }),
    roundOf('plain', 0, { rate: 150 }),
    roundOf('all', 1, { rate: 100 }),
    roundOf('plain', 1, { rate: 250 }),
    roundOf('all', 2, { rate: 100 }),
  ];
  const ratio = costRatio(measured, 'all', 'plain');
  assert.deepEqual(
    [ratio?.ratio.toFixed(2), ratio?.low.toFixed(2), ratio?.high.toFixed(2)],
    ['2.00', '1.50', '2.50'],
  );
  assert.equal(costRatio(measured, 'all', 'nothing'), undefined);
});

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('figures replace what stands between their markers, and only that', () => {
  const page = 'a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb';
  assert.equal(place(page, 'figures', 'new'), 'a\n<!-- figures: begin -->\nnew\n<!-- figures: end -->\nb');
  assert.throws(() => place('no markers', 'figures', 'new'), /no place for figures/);
});
