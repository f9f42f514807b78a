import fc from 'fast-check';
import type { Operation } from './document.ts';
import { oddCursor, oddId, oddJson, oddNumber, oddText } from './odd.ts';
import { parse, type Wire } from './wire.ts';

export type Mutation = (wire: Wire) => Wire;

const json = (value: unknown): string => JSON.stringify(value) ?? '';

/** Every place in a JSON value, as the steps to it. */
function placesIn(value: unknown, here: readonly (string | number)[] = []): (string | number)[][] {
  const inside =
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([name, inner]) =>
          placesIn(inner, [...here, Array.isArray(value) ? Number(name) : name]),
        );
  return [[...here], ...inside];
}

/** The text of a value with another text at one place; undefined takes the property away. */
function textWith(
  value: unknown,
  [step, ...rest]: readonly (string | number)[],
  text: string | undefined,
): string {
  if (step === undefined) return text ?? '';
  const parts = Object.entries(value as object).flatMap(([name, inner]) => {
    const isHere = name === String(step);
    if (isHere && rest.length === 0 && text === undefined) return [];
    const own = isHere ? textWith(inner, rest, text) : json(inner);
    return [Array.isArray(value) ? own : `${json(name)}:${own}`];
  });
  return Array.isArray(value) ? `[${parts.join()}]` : `{${parts.join()}}`;
}

const withBody = (wire: Wire, raw: string | Buffer): Wire => ({
  ...wire,
  headers: { 'content-type': 'application/json', ...wire.headers },
  raw,
});
const inBody = (change: (value: unknown, number: number) => string): fc.Arbitrary<Mutation> =>
  fc.nat(10_000).map(number => (wire: Wire) => withBody(wire, change(wire.json ?? {}, number)));
const somewhere = (value: unknown, number: number) => {
  const places = placesIn(value);
  return places[number % places.length] as (string | number)[];
};

const replaced = oddJson.chain(text =>
  inBody((value, number) => textWith(value, somewhere(value, number), text)),
);
const removed = inBody((value, number) => {
  const places = placesIn(value).slice(1);
  return places.length === 0 ? '' : textWith(value, places[number % places.length] as string[], undefined);
});
const added = fc
  .tuple(
    fc.constantFrom('extra', '', '__proto__', 'constructor', 'id', 'member', 'points', 'source', 'é'),
    oddJson,
  )
  .chain(([name, text]) =>
    inBody(value => {
      const whole = json(value);
      return whole.startsWith('{')
        ? whole.replace('{', `{${json(name)}:${text}${whole === '{}' ? '' : ','}`)
        : text;
    }),
  );
const twice = inBody(value => {
  const [first] = Object.entries(value as object);
  return first === undefined ? '{"a":1,"a":1}' : json(value).replace('{', `{${json(first[0])}:1,`);
});
const broken = fc
  .constantFrom<(text: string) => string | Buffer>(
    text => text.slice(0, -1),
    text => `${text}}`,
    text => `${text}${text}`,
    text => `\ufeff${text}`,
    text => text.replaceAll('"', "'"),
    text => text.replace(':', ''),
    text => text.replace('{', '{,'),
    text => `/* */${text}`,
    text => Buffer.from(text, 'utf16le'),
    text =>
      Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('"}')]),
    () => '',
    () => ' ',
    () => '\0',
    () => 'x'.repeat(1_200_000),
    () => '['.repeat(50_000),
    () => `"${'x'.repeat(9_000_000)}"`,
  )
  .map(change => (wire: Wire) => withBody(wire, change(json(wire.json ?? {}))));

const header = (name: string, ...values: (string | string[] | undefined)[]): fc.Arbitrary<Mutation> =>
  fc.constantFrom(...values).map(value => (wire: Wire) => {
    const { [name]: _, ...headers } = wire.headers;
    return { ...wire, headers: value === undefined ? headers : { ...headers, [name]: value } };
  });
const headers = fc.oneof(
  header(
    'authorization',
    undefined,
    '',
    'Bearer',
    'Bearer x',
    `Bearer fk_${'A'.repeat(43)}`,
    'Basic eDp5',
    'bearer  ',
  ),
  header('fealty-program', undefined, '', 'nowhere', 'Fuzz', 'fuzz-test, fuzz-wall', 'x'.repeat(64), 'é', [
    'fuzz-test',
    'fuzz-wall',
  ]),
  header('idempotency-key', undefined, '', ' ', 'x'.repeat(201), 'é', 'a,b', ['a', 'b'], '\t'),
  header(
    'content-type',
    undefined,
    '',
    'text/plain',
    'application/json; charset=utf-16',
    'application/xml',
    'json',
    'application/json;',
    'APPLICATION/JSON',
    'multipart/form-data; boundary=x',
    'application/json, text/plain',
  ),
  header('content-encoding', 'gzip', 'identity', 'br, gzip', ''),
  header('accept', 'text/html', 'nothing/at-all', '', '*/*;q=0'),
  header('prefer', 'x'.repeat(300), '', 'return=minimal', ['a', 'return=minimal'], 'é'),
  header('x-request-id', '', 'x'.repeat(100), 'a b', '{}', 'é', 'good-1'),
  header('x-noise', 'x'.repeat(20_000), 'x'.repeat(4_000), 'é'),
  header('expect', '100-continue', 'something-else'),
  header('upgrade', 'websocket', 'h2c'),
  header('host', '', 'a b', 'localhost:99999', '[', 'x'.repeat(300)),
  header('x-http-method-override', 'DELETE'),
  header('range', 'bytes=0-1'),
  header('if-none-match', '*'),
);

const methods = fc
  .constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND')
  .map(method => (wire: Wire) => ({ ...wire, method }));
const pathsOf = (operation: Operation): fc.Arbitrary<Mutation> => {
  const steps = operation.path.split('/');
  const named = steps.flatMap((step, index) => (step.startsWith('{') ? [index] : []));
  return fc
    .tuple(fc.constantFrom(...(named.length > 0 ? named : [2])), fc.oneof(oddText, oddId))
    .map(([at, text]) => (wire: Wire) => {
      const own = wire.path
        .split('/')
        .map((step, index) => (index === at ? text.replaceAll(' ', '%20') : step));
      return { ...wire, path: own.join('/') };
    });
};
const shapes = fc
  .constantFrom<(path: string) => string>(
    path => `${path}/`,
    path => `/${path}`,
    path => path.toUpperCase(),
    path => path.replace('/v1', '/v2'),
    path => path.replace('/v1/', '/v1//'),
    path => `${path}/extra`,
    path => path.replace('/v1/', '/v1/../v1/'),
    path => `${path};a=b`,
  )
  .map(change => (wire: Wire) => ({ ...wire, path: change(wire.path) }));
const queriesOf = (operation: Operation): fc.Arbitrary<Mutation> => {
  const own = operation.parameters.flatMap(({ in: place, name }) => (place === 'query' ? [name] : []));
  const names = fc.oneof(
    { weight: own.length > 0 ? 5 : 0, arbitrary: fc.constantFrom(...own, 'limit') },
    { weight: 1, arbitrary: fc.constantFrom('dry_run', 'extra', '__proto__', '') },
  );
  const text = oddText.filter(odd => !/[ é]/.test(odd));
  return names.chain(name =>
    fc
      .tuple(
        ['cursor', 'after'].includes(name) ? fc.oneof({ weight: 3, arbitrary: oddCursor }, text) : text,
        fc.nat(5),
      )
      .map(([value, times]) => (wire: Wire) => {
        const others = wire.query.split('&').filter(part => part !== '' && !part.startsWith(`${name}=`));
        const given = Array.from({ length: times === 0 ? 2 : 1 }, () => `${name}=${value}`);
        return { ...wire, query: [...others, ...given].join('&') };
      }),
  );
};
/** A cursor that was given, with another number in one of its parts. */
const cursors: fc.Arbitrary<Mutation> = fc.tuple(fc.nat(5), oddNumber).map(([place, odd]) => wire => ({
  ...wire,
  query: wire.query.replace(/\b(cursor|after)=([\w-]+)/, (_, name, cursor) => {
    const text = Buffer.from(cursor, 'base64url').toString();
    const list = parse(text);
    const parts = Array.isArray(list) ? list : text.split('.');
    const changed = parts.map((part, index) => (index === place % parts.length ? odd : part));
    const written = Array.isArray(list) ? JSON.stringify(changed) : changed.join('.');
    return `${name}=${Buffer.from(written).toString('base64url')}`;
  }),
}));

const once = (operation: Operation): fc.Arbitrary<Mutation> => {
  // Bodies where there should be one are looked at closely; elsewhere one is only noise.
  const body = operation.body === undefined ? 0 : 1;
  const takesCursor = operation.parameters.some(({ name }) => name === 'cursor' || name === 'after');
  return fc.oneof(
    { weight: 10 * body, arbitrary: replaced },
    { weight: 2 * body, arbitrary: removed },
    { weight: 2 * body, arbitrary: added },
    { weight: body, arbitrary: twice },
    { weight: 2, arbitrary: broken },
    { weight: 4, arbitrary: headers },
    { weight: 1, arbitrary: methods },
    { weight: operation.path.includes('{') ? 4 : 1, arbitrary: pathsOf(operation) },
    { weight: 1, arbitrary: shapes },
    { weight: operation.method === 'get' ? 6 : 2, arbitrary: queriesOf(operation) },
    { weight: takesCursor ? 6 : 0, arbitrary: cursors },
  );
};

/** One to three things that are wrong with a request of an operation, or odd; mostly one, so that it is looked at. */
export const mutationsOf = (operation: Operation): fc.Arbitrary<Mutation> =>
  fc
    .oneof(
      { weight: 3, arbitrary: fc.tuple(once(operation)) },
      { weight: 1, arbitrary: fc.array(once(operation), { minLength: 2, maxLength: 3 }) },
    )
    .map(list => (wire: Wire) => list.reduce((changed, mutate) => mutate(changed), wire));
