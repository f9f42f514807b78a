import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { SentOrder } from '../../test/fake-engine.ts';
import { columnsByPosition } from './columns.ts';
import { createNdjsonReader } from './ndjson.ts';
import { createRowReader, MAX_ROWS_OF_ORDER, type OrderTaker } from './orders.ts';

interface Seen extends OrderTaker {
  orders: (SentOrder & { row: number; member: string })[];
  members: string[];
  /** As it is sent. */
  json: string[];
  rejects: [row: number, code: string, text: string][];
}

function collector(): Seen {
  const seen: Seen = {
    orders: [],
    members: [],
    json: [],
    rejects: [],
    order(member, json, row) {
      seen.members.push(member);
      seen.json.push(json);
      seen.orders.push({ ...JSON.parse(json), row });
    },
    reject: (row, code, _detail, text) => void seen.rejects.push([row, code, text]),
  };
  return seen;
}

function readRows(columns: string, rows: readonly string[], amounts: 'decimal' | 'minor' = 'decimal'): Seen {
  const seen = collector();
  const map = columnsByPosition(columns.split(','));
  assert.ok(typeof map !== 'string', String(map));
  const readDate = (text: string) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00.000Z` : { code: 'date_invalid', detail: '' };
  const settings = {
    columns: map,
    fileName: 'Orders.csv',
    source: 'orders.csv',
    currency: 'USD',
    amounts,
    readDate,
  };
  const reader = createRowReader(settings, seen);
  for (const [index, text] of rows.entries()) reader.row(text.split('|'), index + 1, text);
  reader.end();
  return seen;
}

test('a row without an order id is an order known by file and row, its member text with all its zeros', () => {
  const { orders, rejects } = readRows('member,date,quantity,amount', ['00042|1997-01-01|3|11.77']);
  assert.deepEqual(rejects, []);
  assert.deepEqual(orders, [
    {
      external_id: 'Orders.csv:1',
      source: 'orders.csv',
      member: 'ext:00042',
      occurred_at: '1997-01-01T00:00:00.000Z',
      currency: 'USD',
      lines: [{ id: '1', quantity: 3, amount: '1177' }],
      row: 1,
    },
  ]);
});

test('every column arrives in its place, and an empty one is left out', () => {
  const columns = 'order_id,line_id,member,date,quantity,amount,currency,sku,category,channel,kind,partner';
  const { orders } = readRows(columns, [
    'O1|L9|7|2026-01-02|2|1500|JPY|s|c|app|hotel|p',
    'O2||7|2026-01-02|2|1||||||',
  ]);
  assert.deepEqual(orders[0], {
    external_id: 'O1',
    source: 'orders.csv',
    member: 'ext:7',
    occurred_at: '2026-01-02T00:00:00.000Z',
    currency: 'JPY',
    channel: 'app',
    kind: 'hotel',
    partner: 'p',
    lines: [{ id: 'L9', quantity: 2, amount: '1500', sku: 's', category: 'c' }],
    row: 1,
  });
  assert.deepEqual(orders[1]?.lines, [{ id: '1', quantity: 2, amount: '100' }]);
  assert.equal('channel' in (orders[1] ?? {}), false);
});

test('rows with one order id that follow each other are its lines', () => {
  const rows = [
    'A|7|2026-01-02|1|1.00',
    'A|7|2026-01-02|2|2.00',
    'B|7|2026-01-02|1|3.00',
    'A|7|2026-01-02|1|4.00',
  ];
  const { orders } = readRows('order_id,member,date,quantity,amount', rows);
  assert.deepEqual(
    orders.map(({ external_id, row, lines }) => [
      external_id,
      row,
      lines.map(line => `${line.id}:${line.amount}`),
    ]),
    [
      ['A', 1, ['1:100', '2:200']],
      ['B', 3, ['1:300']],
      ['A', 4, ['1:400']],
    ],
  );
});

test('an order with one bad row is refused with all its rows, those before and those behind', () => {
  const rows = [
    'A|7|2026-01-02|1',
    'A|7|2026-01-02|x',
    'A|7|2026-01-02|3',
    'B|7|2026-01-02|4',
    'B|8|2026-01-02|5',
  ];
  const { orders, rejects } = readRows('order_id,member,date,amount', rows);
  assert.deepEqual(orders, []);
  assert.deepEqual(
    [...rejects].sort((a, b) => a[0] - b[0]).map(([row, code]) => [row, code]),
    [
      [1, 'order_incomplete'],
      [2, 'amount_invalid'],
      [3, 'order_incomplete'],
      [4, 'order_incomplete'],
      [5, 'order_rows_disagree'],
    ],
  );
});

test('an order of more rows than one may have is refused, and memory stays bounded', () => {
  const rows = Array.from({ length: MAX_ROWS_OF_ORDER + 5 }, () => 'A|7|2026-01-02|1');
  const { orders, rejects } = readRows('order_id,member,date,amount', rows);
  assert.equal(orders.length, 0);
  assert.equal(rejects.length, rows.length);
});

test('each flaw of a row has its code, and the rows around it go in', () => {
  const cases: [row: string, code: string][] = [
    ['7|2026-01-02|1', 'columns_mismatch'],
    ['7|2026-01-02|1|1.00|shifted', 'columns_mismatch'],
    ['|2026-01-02|1|1.00', 'member_missing'],
    ['7|soon|1|1.00', 'date_invalid'],
    ['7|2026-01-02|1|-1.00', 'amount_negative'],
    ['7|2026-01-02||1.00', 'quantity_invalid'],
    ['7|2026-01-02|1.5|1.00', 'quantity_invalid'],
  ];
  const rows = cases.flatMap(([row]) => [row, '7|2026-01-02|1|1.00||']);
  const { orders, rejects } = readRows('member,date,quantity,amount', rows);
  assert.deepEqual(
    rejects,
    cases.map(([row, code], index) => [index * 2 + 1, code, row]),
  );
  assert.equal(orders.length, cases.length);
  assert.equal(
    readRows('order_id,member,date,amount', ['|7|2026-01-02|1']).rejects[0]?.[1],
    'order_id_missing',
  );
  assert.equal(
    readRows('member,date,amount,currency', ['7|2026-01-02|1|QQQ']).rejects[0]?.[1],
    'currency_unknown',
  );
});

test('amounts in minor units are taken as they are, in any currency', () => {
  const { orders } = readRows('member,date,amount,currency', ['7|2026-01-02|1177|QQQ'], 'minor');
  assert.deepEqual([orders[0]?.currency, orders[0]?.lines[0]?.amount], ['QQQ', '1177']);
});

test('any member, product and category arrives as it stands, whatever JSON must escape', () => {
  const text = fc
    .string({ minLength: 1, maxLength: 12, unit: 'binary' })
    .filter(each => !each.includes('|') && each === each.trim());
  fc.assert(
    fc.property(text, text, text, (member, sku, category) => {
      const { orders, members } = readRows('member,date,amount,sku,category', [
        `${member}|2026-01-02|1|${sku}|${category}`,
      ]);
      assert.deepEqual(members, [member]);
      assert.deepEqual(orders[0]?.member, `ext:${member}`);
      assert.deepEqual([orders[0]?.lines[0]?.sku, orders[0]?.lines[0]?.category], [sku, category]);
    }),
  );
});

test('a line of ndjson is sent as it stands, with only what it leaves out put in front', () => {
  const seen = collector();
  const read = createNdjsonReader({ fileName: 'o.ndjson', source: 'o.ndjson', currency: 'USD' }, seen);
  read(1, '{"member":"ext:7","occurred_at":"2026-01-02T00:00:00Z","lines":[]}');
  const complete = ' { "external_id":"A","source":"till","currency":"EUR","member":"mem_1","x":1 }';
  read(2, complete);
  assert.deepEqual(seen.orders[0], {
    external_id: 'o.ndjson:1',
    source: 'o.ndjson',
    currency: 'USD',
    member: 'ext:7',
    occurred_at: '2026-01-02T00:00:00Z',
    lines: [],
    row: 1,
  });
  assert.equal(seen.json[1], complete);
  for (const [index, text] of ['{"a":', '[]', 'null', '"x"', '{}', '{"member":7}'].entries())
    read(index + 3, text);
  assert.deepEqual(
    seen.rejects.map(([, code]) => code),
    ['json_invalid', 'json_invalid', 'json_invalid', 'json_invalid', 'member_missing', 'member_missing'],
  );
});
