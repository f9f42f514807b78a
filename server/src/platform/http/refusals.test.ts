import assert from 'node:assert/strict';
import test from 'node:test';
import { SAMPLE_ORDER, type Sent, send } from '../../../test/support/http.ts';

const ORDERS = '/v1/orders';
const MEMBER = '/v1/members/ext:42';
const withLine = (line: object) => ({ ...SAMPLE_ORDER, lines: [line] });

/** What is wrong, what is sent, and the answer: status, code, first pointer. */
const refusals: [string, Sent, number, string, string?][] = [
  ['no key', { url: ORDERS, key: '', body: SAMPLE_ORDER }, 401, 'unauthenticated'],
  ['an unknown key', { url: ORDERS, key: 'stranger', body: SAMPLE_ORDER }, 401, 'unauthenticated'],
  [
    'another scheme',
    { url: ORDERS, key: '', headers: { authorization: 'Basic all' }, body: SAMPLE_ORDER },
    401,
    'unauthenticated',
  ],
  ['a key before a body that is wrong', { url: ORDERS, key: '', body: '{' }, 401, 'unauthenticated'],
  ['a missing scope', { method: 'GET', url: MEMBER, key: 'writer' }, 403, 'forbidden'],
  [
    'another program than that of the key',
    { method: 'GET', url: MEMBER, key: 'travel', program: 'fashion' },
    403,
    'forbidden',
  ],
  [
    'another program in the path',
    { url: '/v1/programs/fashion/clock', key: 'travel', headers: { 'idempotency-key': 'k' } },
    403,
    'forbidden',
  ],
  [
    'no program',
    { method: 'GET', url: MEMBER, program: '' },
    400,
    'invalid_request',
    '/headers/fealty-program',
  ],
  [
    'no name of a program',
    { method: 'GET', url: MEMBER, program: 'A B' },
    400,
    'invalid_request',
    '/headers/fealty-program',
  ],
  ['an unknown program', { method: 'GET', url: MEMBER, program: 'nowhere' }, 404, 'program_not_found'],
  [
    'an unknown program without a key',
    { method: 'GET', url: MEMBER, key: '', program: 'nowhere' },
    401,
    'unauthenticated',
  ],
  ['an unknown address', { method: 'GET', url: '/v1/nothing' }, 404, 'not_found'],
  [
    'an unknown address with a body of any kind',
    { url: '/v1/nothing', headers: { 'content-type': 'text/xml' }, body: '<a/>' },
    404,
    'not_found',
  ],
  ['a slash at the end', { method: 'GET', url: `${MEMBER}/` }, 404, 'not_found'],
  ['another case', { method: 'GET', url: '/V1/members/ext:42' }, 404, 'not_found'],
  ['a wrong method', { method: 'GET', url: ORDERS }, 405, 'method_not_allowed'],
  [
    'a method that HTTP knows and the engine does not',
    { method: 'PATCH', url: MEMBER, body: {} },
    405,
    'method_not_allowed',
  ],
  [
    'another content type',
    { url: ORDERS, headers: { 'content-type': 'text/plain' }, body: 'x' },
    415,
    'unsupported_media_type',
  ],
  [
    'a form',
    { url: ORDERS, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' },
    415,
    'unsupported_media_type',
  ],
  [
    'a broken content type',
    { url: ORDERS, headers: { 'content-type': ';;;' }, body: '{}' },
    415,
    'unsupported_media_type',
  ],
  [
    'a compressed body',
    { url: ORDERS, headers: { 'content-encoding': 'gzip' }, body: '{}' },
    415,
    'unsupported_media_type',
  ],
  ['a body above 1 MiB', { url: ORDERS, body: `"${'x'.repeat(1024 * 1024)}"` }, 413, 'body_too_large'],
  ['no body', { url: ORDERS }, 400, 'invalid_request', ''],
  ['an empty body', { url: ORDERS, body: '' }, 400, 'invalid_request', ''],
  ['a body that is no object', { url: ORDERS, body: '[]' }, 400, 'invalid_request', ''],
  ['null', { url: ORDERS, body: 'null' }, 400, 'invalid_request', ''],
  ['JSON that ends too early', { url: ORDERS, body: '{"external_id":' }, 400, 'invalid_request'],
  [
    'bytes that are not UTF-8',
    { url: ORDERS, body: Buffer.from('7b2261223a22ff227d', 'hex') },
    400,
    'invalid_request',
  ],
  ['JSON nested 33 levels', { url: ORDERS, body: '['.repeat(33) + ']'.repeat(33) }, 400, 'invalid_request'],
  ['__proto__', { url: ORDERS, body: '{"__proto__":{}}' }, 400, 'invalid_request', '/__proto__'],
  [
    'a property twice',
    { url: ORDERS, body: '{"member":"ext:1","member":"ext:2"}' },
    400,
    'invalid_request',
    '/member',
  ],
  ['NUL', { url: ORDERS, body: '{"external_id":"a\\u0000"}' }, 400, 'invalid_request', '/external_id'],
  [
    'half of a surrogate pair',
    { url: ORDERS, body: '{"external_id":"\\ud800"}' },
    400,
    'invalid_request',
    '/external_id',
  ],
  [
    'an unknown property',
    { url: ORDERS, body: { ...SAMPLE_ORDER, 'a/b': 1 } },
    400,
    'invalid_request',
    '/a~1b',
  ],
  [
    'an unknown property of a line',
    { url: ORDERS, body: withLine({ id: '1', amount: '1', x: 1 }) },
    400,
    'invalid_request',
    '/lines/0/x',
  ],
  [
    'a missing property',
    { url: ORDERS, body: withLine({ id: '1' }) },
    400,
    'invalid_request',
    '/lines/0/amount',
  ],
  [
    'an amount as a number',
    { url: ORDERS, body: withLine({ id: '1', amount: 1299 }) },
    400,
    'invalid_request',
    '/lines/0/amount',
  ],
  [
    'an amount beyond 2^63',
    { url: ORDERS, body: withLine({ id: '1', amount: '9223372036854775808' }) },
    400,
    'invalid_request',
    '/lines/0/amount',
  ],
  [
    'a fraction',
    { url: ORDERS, body: withLine({ id: '1', amount: '1.5' }) },
    400,
    'invalid_request',
    '/lines/0/amount',
  ],
  [
    'a date without offset',
    { url: ORDERS, body: { ...SAMPLE_ORDER, occurred_at: '2026-11-21T10:00:00' } },
    400,
    'invalid_request',
    '/occurred_at',
  ],
  [
    'a dry run that is neither true nor false',
    { url: `${ORDERS}?dry_run=1`, body: SAMPLE_ORDER },
    400,
    'invalid_request',
    '/query/dry_run',
  ],
  [
    'a dry run given twice',
    { url: `${ORDERS}?dry_run=true&dry_run=true`, body: SAMPLE_ORDER },
    400,
    'invalid_request',
    '/query/dry_run',
  ],
  [
    'a dry run where there is none',
    { method: 'GET', url: `${MEMBER}?dry_run=true` },
    400,
    'invalid_request',
    '/query/dry_run',
  ],
  [
    'an unknown query parameter',
    { method: 'GET', url: `${MEMBER}?limits=1` },
    400,
    'invalid_request',
    '/query/limits',
  ],
  [
    'a repeated query parameter',
    { method: 'GET', url: `${MEMBER}?limit=1&limit=2` },
    400,
    'invalid_request',
    '/query/limit',
  ],
  [
    'a query parameter out of range',
    { method: 'GET', url: `${MEMBER}?limit=1001` },
    400,
    'invalid_request',
    '/query/limit',
  ],
  [
    '__proto__ in the query',
    { method: 'GET', url: `${MEMBER}?__proto__=1` },
    400,
    'invalid_request',
    '/query/__proto__',
  ],
  ['a query that is not UTF-8', { method: 'GET', url: `${MEMBER}?as_of=%ff` }, 400, 'invalid_request'],
  [
    'a query that is not percent-encoded',
    { method: 'GET', url: `${MEMBER}?as_of=%zz` },
    400,
    'invalid_request',
  ],
  ['an address that is not UTF-8', { method: 'GET', url: '/v1/members/%ff' }, 400, 'invalid_request'],
  [
    'a path parameter that is wrong',
    { method: 'GET', url: '/v1/members/42' },
    400,
    'invalid_request',
    '/path/member',
  ],
  ['NUL in the path', { method: 'GET', url: '/v1/members/ext:%00' }, 400, 'invalid_request', '/path/member'],
  [
    'a path parameter of 201 characters',
    { method: 'GET', url: `/v1/members/ext:${encodeURIComponent('ä'.repeat(201))}` },
    400,
    'invalid_request',
    '/path/member',
  ],
  [
    'a path parameter of 100,000 characters',
    { method: 'GET', url: `/v1/members/${'x'.repeat(100_000)}` },
    400,
    'invalid_request',
  ],
  [
    'a missing header',
    { url: '/v1/programs/travel/clock' },
    400,
    'invalid_request',
    '/headers/idempotency-key',
  ],
  [
    'a body where none is taken',
    { url: '/v1/programs/travel/clock', headers: { 'idempotency-key': 'k' }, body: { a: 1 } },
    400,
    'invalid_request',
    '/a',
  ],
  [
    'what the handler refuses',
    { url: ORDERS, body: { ...SAMPLE_ORDER, external_id: 'sold-out' } },
    422,
    'sold_out',
  ],
];

for (const [what, sent, status, code, pointer] of refusals) {
  test(`refused with ${status} ${code}: ${what}`, async () => {
    const answer = await send(sent);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    const problem = answer.json();
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
    assert.equal(problem.type, `/errors/${code}`);
    assert.equal(problem.instance, `urn:fealty:request:${answer.headers['x-request-id']}`);
    assert.ok(problem.title.length > 5 && problem.detail.length > 5);
    if (pointer !== undefined) assert.equal(problem.errors[0].pointer, pointer);
  });
}
