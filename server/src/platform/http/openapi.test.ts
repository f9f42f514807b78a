import assert from 'node:assert/strict';
import test from 'node:test';
import * as z from 'zod';
import { sampleHttp } from '../../../test/support/http.ts';
import type { RouteSpec } from './api.ts';
import { documentedCodes, openApiDocument } from './openapi.ts';
import { mergeErrorTables } from './problems.ts';
import { amount, limit } from './schemas.ts';

type Json = Record<string, unknown>;
const http = sampleHttp();
const document = http.openApi() as unknown as Json & {
  paths: Record<string, Record<string, Json>>;
  components: Json;
};
const operation = (path: string, method: string) =>
  document.paths[path]?.[method] ?? assert.fail(`${method} ${path}`);

/** Every `$ref` of the document. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

test('the document is OpenAPI 3.1 and can be had without a server', () => {
  assert.equal(document.openapi, '3.1.0');
  assert.equal((document.info as Json).version, '1.2.3');
  assert.deepEqual(Object.keys(document.paths), [
    '/v1/orders',
    '/v1/members/{member}',
    '/v1/programs/{program}/clock',
  ]);
  assert.equal(JSON.stringify(http.openApi()), JSON.stringify(document));
});

test('every reference leads somewhere, and every schema component is referred to', () => {
  const found = new Set(references(document));
  for (const reference of found) {
    const target = reference
      .split('/')
      .slice(1)
      .reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document);
    assert.ok(target, reference);
  }
  for (const name of Object.keys(document.components.schemas as Json))
    assert.ok(found.has(`#/components/schemas/${name}`), `${name} is not used`);
});

test('a schema with an id is one component, under its own name', () => {
  assert.deepEqual(Object.keys(document.components.schemas as Json), ['Problem', 'SampleOrder']);
  assert.deepEqual(operation('/v1/orders', 'post').requestBody, {
    required: true,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/SampleOrder' } } },
  });
});

test('a part that reads a string into something else is that string in requests and answers', () => {
  const order = (document.components.schemas as Record<string, Json>).SampleOrder as {
    properties: Record<string, Json>;
  };
  const line = (order.properties.lines as { items: { properties: Record<string, Json> } }).items;
  assert.equal(line.properties.amount?.type, 'string');
  assert.match('1299', new RegExp(String(line.properties.amount?.pattern)));
  assert.deepEqual(order.properties.occurred_at?.format, 'date-time');
  const [made] = Object.values(
    (operation('/v1/orders', 'post').responses as Record<string, Json>)['201']?.content as Json,
  );
  const { properties } = (made as { schema: { properties: Record<string, Json> } }).schema;
  assert.equal(properties.total?.type, 'string');
});

test('parameters say where they are, of which type, and whether they must be there', () => {
  const parameters = operation('/v1/members/{member}', 'get').parameters as Json[];
  const summary = parameters.map(
    each => each.$ref ?? [each.in, each.name, each.required, (each.schema as Json).type],
  );
  assert.deepEqual(summary, [
    '#/components/parameters/program',
    ['path', 'member', true, 'string'],
    ['query', 'limit', false, 'integer'],
    ['query', 'as_of', false, 'string'],
  ]);
  const clock = operation('/v1/programs/{program}/clock', 'post').parameters as Json[];
  assert.deepEqual(
    clock.map(each => [each.in, each.name, each.required]),
    [
      ['path', 'program', true],
      ['header', 'idempotency-key', true],
    ],
  );
  assert.ok((operation('/v1/orders', 'post').parameters as Json[]).some(each => each.name === 'dry_run'));
});

test('every operation says its key, its scope and each status that it may answer', () => {
  const post = operation('/v1/orders', 'post');
  assert.deepEqual(post.security, [{ key: [] }]);
  assert.equal(post['x-scope'], 'orders:write');
  const responses = post.responses as Record<string, Json>;
  assert.deepEqual(Object.keys(responses), [
    '200',
    '201',
    '400',
    '401',
    '403',
    '404',
    '413',
    '415',
    '422',
    '500',
    '503',
    'default',
  ]);
  assert.deepEqual(responses['404']?.['x-codes'], ['program_not_found']);
  assert.deepEqual(responses['422']?.['x-codes'], ['sold_out']);
});

const publicRoute: RouteSpec = {
  method: 'GET',
  path: '/v1/open',
  scope: null,
  summary: 's',
  tag: 't',
  answers: { 200: z.strictObject({}) },
};

test('a public route documents no key and no answers about keys', () => {
  const codes = documentedCodes(publicRoute);
  assert.ok(!codes.includes('unauthenticated') && !codes.includes('forbidden'));
  const made = openApiDocument([publicRoute], mergeErrorTables([]), '1');
  assert.deepEqual(made.paths['/v1/open']?.get?.security, []);
});

test('components inside components are referred to by their own name', () => {
  const inner = z.strictObject({ points: amount }).meta({ id: 'Inner' });
  const outer = z.strictObject({ inner, list: z.array(inner) }).meta({ id: 'Outer' });
  const made = openApiDocument([{ ...publicRoute, answers: { 200: outer } }], mergeErrorTables([]), '1');
  assert.deepEqual(Object.keys(made.components.schemas ?? {}).sort(), ['Inner', 'Outer', 'Problem']);
  const found = references(made);
  assert.equal(found.filter(reference => reference === '#/components/schemas/Inner').length, 2);
  assert.ok(found.every(reference => /^#\/components\/schemas\/[A-Za-z]+$/.test(reference)));
});

test('a query with an id is refused, because OpenAPI lists parameters one by one', () => {
  const query = z.strictObject({ limit }).meta({ id: 'NamedQuery' });
  assert.throws(
    () => openApiDocument([{ ...publicRoute, query }], mergeErrorTables([]), '1'),
    /give it no id/,
  );
});

test('operations are named by method and path unless the route names itself', () => {
  assert.equal(operation('/v1/programs/{program}/clock', 'post').operationId, 'postProgramsByProgramClock');
  const named = openApiDocument([{ ...publicRoute, operation: 'look' }], mergeErrorTables([]), '1');
  assert.equal(named.paths['/v1/open']?.get?.operationId, 'look');
});
