import assert from 'node:assert/strict';
import test from 'node:test';
import { available, type Json, NOON, order, startEngine, testClock, verified } from './engine.ts';
import { type Refused, testRefusals } from './refusals.ts';

/* What callers get wrong about orders, each with its documented answer. */

const run = await startEngine();
await run.program('shop', testClock());
const shop = run.on('shop');
await shop.post('/v1/orders', order(100, { external_id: 'there' }));

const good = order(5, { external_id: 'bad' });
const line = good.lines[0] as Json;
const json = JSON.stringify(good);
const url = '/v1/orders';

/** A whole body that is wrong at the pointer. */
const wrong = (what: string, pointer: string | undefined, body: Json, more: object = {}): Refused => ({
  what,
  url,
  body,
  status: 400,
  code: 'invalid_request',
  pointer,
  ...more,
});
/** The good order with another property, which is wrong. */
const order1 = (what: string, property: string, value: unknown): Refused =>
  wrong(what, `/${property}`, { ...good, [property]: value });
/** The good order with another property in its line. */
const line1 = (what: string, property: string, value: unknown): Refused =>
  wrong(what, `/lines/0/${property}`, { ...good, lines: [{ ...line, [property]: value }] });
/** The text of the good order with a piece of it replaced. */
const text1 = (what: string, pointer: string | undefined, from: string, to: string): Refused =>
  wrong(what, pointer, json.replace(from, to));
/** The good order with a change that the program's rules refuse. */
const rule = (what: string, status: number, code: string, change: object): Refused => ({
  what,
  url,
  body: { ...good, ...change },
  status,
  code,
});
const many = (count: number, of: (index: number) => [string, unknown]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => of(index)));
const lines = (count: number, amount: string) =>
  Array.from({ length: count }, (_, index) => ({ id: String(index), amount }));
const media = { status: 415, code: 'unsupported_media_type' };

testRefusals(run, shop, '/v1/orders', [
  order1('has an unknown property', 'points', '5'),
  line1('has an unknown property in a line', 'price', '1'),
  line1('has an amount as a number', 'amount', 500),
  line1('has a negative amount', 'amount', '-1'),
  line1('has a fraction of a cent', 'amount', '1.5'),
  line1('has an exponent', 'amount', '1e3'),
  line1('has minus zero', 'amount', '-0'),
  line1('has a leading zero', 'amount', '007'),
  line1('has an amount of 2^63', 'amount', '9223372036854775808'),
  line1('has Arabic digits', 'amount', '١٢'),
  line1('has a quantity of 0', 'quantity', 0),
  line1('has half a piece', 'quantity', 0.5),
  text1('has infinitely many pieces', '/lines/0/quantity', '"amount"', '"quantity":1e400,"amount"'),
  order1('has no lines', 'lines', undefined),
  order1('has 501 lines', 'lines', lines(501, '1')),
  order1('has two lines with one id', 'lines', [line, line]),
  wrong('has nested attributes', '/attributes/a', { ...good, attributes: { a: { b: 1 } } }),
  order1(
    'has 33 attributes',
    'attributes',
    many(33, index => [`a${index}`, index]),
  ),
  order1('has revision 0', 'revision', 0),
  order1('has an empty id', 'external_id', ''),
  order1('has an id of 201 characters', 'external_id', 'x'.repeat(201)),
  order1('has a line feed in its id', 'external_id', 'a\nb'),
  text1('has NUL in its id', '/external_id', '"bad"', '"b\\u0000d"'),
  text1('has half of a surrogate pair in its id', '/external_id', '"bad"', '"b\\ud83dd"'),
  text1('has half of a surrogate pair as a name', undefined, '"lines"', '"\\udc00":1,"lines"'),
  text1('has a property twice', '/currency', '"currency"', '"currency":"EUR","currency"'),
  text1('has __proto__', undefined, '"currency"', '"__proto__":{},"currency"'),
  order1('names its member by neither id', 'member', 'ann'),
  order1('names an empty member', 'member', 'ext:'),
  order1('names a member by an id of another kind', 'member', 'ord_0000000000000'),
  rule('names a member who is not there', 404, 'member_not_found', { member: 'mem_0000000zzzzzz' }),
  order1('has a source with a blank', 'source', 'my shop'),
  order1('has a date without time', 'occurred_at', '2026-03-01'),
  order1('has a time without offset', 'occurred_at', '2026-03-01T12:00:00'),
  order1('has 30 February', 'occurred_at', '2026-02-30T12:00:00Z'),
  order1('has a leap second', 'occurred_at', '2016-12-31T23:59:60Z'),
  order1('has epoch seconds', 'occurred_at', 1_772_366_400),
  order1('has a year of five digits', 'occurred_at', '+12026-03-01T12:00:00Z'),
  rule('is dated 1900', 422, 'occurred_too_early', { occurred_at: '1900-01-01T00:00:00Z' }),
  rule('is dated 9999', 422, 'occurred_in_future', { occurred_at: '9999-12-31T23:59:59Z' }),
  rule('is from next year', 422, 'occurred_in_future', { occurred_at: '2027-03-01T12:00:00Z' }),
  rule('is from over tomorrow', 422, 'occurred_in_future', { occurred_at: '2026-03-02T12:00:00.001Z' }),
  rule('has a currency that the program does not know', 422, 'currency_unknown', { currency: 'JPY' }),
  order1('has a currency that is none', 'currency', 'usd'),
  rule('earns more than a wallet can count', 422, 'points_out_of_range', {
    lines: lines(200, '9223372036854775807'),
  }),
  rule('was sent with another content', 409, 'key_reused', { external_id: 'there' }),
  wrong('is no JSON', undefined, '{"external_id": '),
  wrong('is a list', '', [good]),
  wrong('is null', '', 'null'),
  wrong('is empty', '', ''),
  wrong('is nested 33 deep', undefined, `${'['.repeat(33)}${']'.repeat(33)}`),
  wrong('is nested 100,000 deep', undefined, '['.repeat(100_000)),
  rule('is larger than 1 MiB', 413, 'body_too_large', { kind: 'x'.repeat(1_100_000) }),
  rule('is of 10 MB', 413, 'body_too_large', { kind: 'x'.repeat(10_000_000) }),
  wrong('comes as a form', undefined, 'external_id=1', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...media,
  }),
  wrong('comes as text', undefined, json, { headers: { 'content-type': 'text/plain' }, ...media }),
  wrong('comes compressed', undefined, json, { headers: { 'content-encoding': 'gzip' }, ...media }),
  wrong('has an unknown word in its query', '/query/force', good, { url: `${url}?force=true` }),
  wrong('has a dry_run that is neither', '/query/dry_run', good, { url: `${url}?dry_run=1` }),
  wrong('has dry_run twice', '/query/dry_run', good, { url: `${url}?dry_run=true&dry_run=false` }),
  wrong('has a query that is not UTF-8', undefined, good, { url: `${url}?a=%ff` }),
]);

test('what is at the edge is taken, and known again', async () => {
  const attributes = { constructor: 'x', hasOwnProperty: true, a: -0, b: 5e-324, c: 1.7976931348623157e308 };
  const rows = [
    order(0),
    order(0, { occurred_at: '1970-01-01T00:00:00Z' }),
    order(0, { occurred_at: '2026-03-02T12:00:00.000Z' }),
    order(0, { occurred_at: '2026-03-01T12:00:00.123456789012345678901234567890+23:59' }),
    order(0, { occurred_at: '2024-02-29t23:59:59z' }),
    order(0, { external_id: '😀'.repeat(200) }),
    order(0, { external_id: ' ' }),
    order(0, { revision: 1_000_000 }),
    order(0, { attributes }),
    order(0, { lines: [{ id: '1', quantity: 1_000_000_000, amount: '0' }] }),
    order(0, { member: 'ext:rich', lines: lines(1, '9223372036854775807') }),
    order(0, { lines: lines(500, '0') }),
  ];
  for (const row of rows) {
    const { status, body } = await shop.post('/v1/orders', row);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal((await shop.post('/v1/orders', row)).status, 200);
  }
  assert.equal(await available(shop, 'ext:rich'), '92233720368547758');
});

test('nothing of what was refused is there, and the ledger agrees with itself', async () => {
  assert.equal((await shop.get('/v1/orders/ext:bad')).status, 404);
  assert.equal(await available(shop), '100');
  assert.equal((await shop.post('/v1/orders', { ...good, occurred_at: NOON })).status, 201);
  await verified(run);
});
