import assert from 'node:assert/strict';
import test from 'node:test';
import { columnsByHeader, columnsByPosition } from './columns.ts';

test('a header names the columns in any order, in its own spelling', () => {
  const map = columnsByHeader([
    'Order ID',
    'CUSTOMER_ID',
    ' Occurred-At ',
    'quantity',
    'amount',
    'colour',
    '',
  ]);
  assert.ok(typeof map !== 'string', String(map));
  assert.deepEqual(
    [map.at.order_id, map.at.member, map.at.date, map.at.quantity, map.at.amount, map.at.sku, map.width],
    [0, 1, 2, 3, 4, -1, 7],
  );
  assert.deepEqual(map.unused, ['colour']);
});

test('columns by position may be passed over', () => {
  const map = columnsByPosition(['-', 'member', '_', 'date', 'amount']);
  assert.ok(typeof map !== 'string', String(map));
  assert.deepEqual([map.at.member, map.at.date, map.at.amount, map.width], [1, 3, 4, 5]);
});

test('columns that cannot make an order are refused with a sentence that says which', () => {
  assert.match(String(columnsByPosition(['member', 'date', 'dollars'])), /dollars/);
  assert.match(String(columnsByPosition(['member', 'date'])), /no column for amount/);
  assert.match(String(columnsByHeader(['customer', 'member_id', 'date', 'amount'])), /member twice/);
  assert.match(String(columnsByHeader(['a', 'b'])), /member, date, amount/);
});
