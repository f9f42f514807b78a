import assert from 'node:assert/strict';
import test from 'node:test';
import { progressBar, progressLine, type Standing } from './progress.ts';

const halfway: Standing = {
  bytesRead: 800,
  bytes: 1_000,
  orders: 8_000,
  answered: 5_000,
  seconds: 10,
  trouble: undefined,
};

test('progress counts what has its answer, not what is merely read', () => {
  assert.equal(progressLine('orders.csv', halfway), 'orders.csv: 50%, 5,000 orders, 500/s, about 10 s left');
  assert.match(
    progressBar('orders.csv', halfway, 80),
    /^█{12}░{12} {2}50% {2}5,000 orders {2}500\/s {2}about 10 s left$/,
  );
});

test('trouble is said, and the line never outgrows the terminal', () => {
  const waiting = { ...halfway, trouble: 'nothing answers at http://127.0.0.1:4100' };
  assert.match(progressLine('orders.csv', waiting), /; waiting: nothing answers/);
  for (const columns of [10, 40, 60, 200])
    assert.ok(progressBar('orders.csv', waiting, columns).length < columns);
});

test('a pipe, whose size is not known, has no estimate', () => {
  assert.equal(progressLine('stdin', { ...halfway, bytes: 0 }), 'stdin: 5,000 orders, 500/s');
});
