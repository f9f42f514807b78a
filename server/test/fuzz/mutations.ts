import fc from 'fast-check';

/** A request as it goes over the wire. */
export interface Wire {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | string[]>;
  /** The body as a value; `raw` is sent instead where it is there. */
  json: unknown;
  raw?: string | Buffer;
}

export type Mutation = (wire: Wire) => Wire;

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** JSON texts that some reader somewhere has stumbled over. */
const ODD_JSON: readonly string[] = [
  ...['null', 'true', '0', '-0', '1', '-1', '1.5', '1e3', '1e400', '-1e400', '1e-400'],
  ...['9007199254740993', '123456789012345678901234567890', '2147483648', '-2147483649'],
  ...['""', '"0"', '"-0"', '"00"', '"1.0"', '"1e3"', '"+1"', '"-1"', '"NaN"', '"Infinity"', '" 1"', '"1 "'],
  ...['"9223372036854775807"', '"9223372036854775808"', '"-9223372036854775809"', `"${'9'.repeat(400)}"`],
  ...['"1900-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"2016-12-31T23:59:60Z"', '"0000-00-00T00:00:00Z"'],
  ...['"2026-02-30T00:00:00Z"', '"2026-03-01"', '"0001-01-01T00:00:00+14:00"', '"1969-12-31T23:59:59.999Z"'],
  ...[
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0007"',
    '"\\n"',
    '"\\u2028"',
    '"\\ufeff"',
  ],
  ...['"é"', '"e\\u0301"', '"\\u202eabc"', '"😀"', `"${'😀'.repeat(201)}"`, `"${'x'.repeat(201)}"`],
  ...[
    `"${'x'.repeat(20_000)}"`,
    '"ext:"',
    '"ext:\\u0085"',
    '"ext:\\u2028x"',
    '"ext: "',
    '"ext:\\u00a0"',
    '"mem_"',
    '"mem_0000000zzzzzz"',
    '"mem_iiiiiiiiiiiii"',
  ],
  ...['"P1Y"', '"PT0S"', '"P"', '"USD"', '"usd"', '"*"', '"../../etc/passwd"', '"%00"', '"\' or 1=1 --"'],
  ...[
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '[1,2,3]',
    '{"a":1}',
    '{"__proto__":{"x":1}}',
    '{"constructor":{}}',
    '{"":""}',
  ],
  ...[
    deep(31),
    deep(33),
    deep(5_000),
    `[${'0,'.repeat(2_000)}0]`,
    `{${'"a":{'.repeat(40)}${'}'.repeat(40)}}`,
  ],
];

const ODD_TEXT: readonly string[] = [
  ...[
    '',
    '0',
    '-1',
    '1001',
    '1e3',
    'true',
    'null',
    'undefined',
    'NaN',
    ' ',
    '..',
    '.',
    '%',
    '%zz',
    '%00',
    '%ff',
    '%ed%a0%80',
  ],
  ...[
    'ext:',
    'ext:%00',
    'ext:%2F',
    'ext:a%2Fb',
    'ext:..',
    `ext:${'x'.repeat(201)}`,
    `ext:${'%F0%9F%98%80'.repeat(200)}`,
  ],
  ...[
    'mem_0000000000001',
    'mem_zzzzzzzzzzzzz',
    'mem_7zzzzzzzzzzzz',
    'ord_0000000000000',
    'red_0000000000001',
    'key_8000000000000',
  ],
  ...[
    'ent_0000000000000zzzzzzz',
    'ent_7zzzzzzzzzzzz0000001',
    'ent_00000000000200000000',
    'é',
    '%C3%A9',
    'x'.repeat(3_000),
  ],
  ...[
    'WyIxIl0',
    'WyIxIiwiMSIsIjEiXQ',
    'WyI5MDA3MTk5MjU0NzQwOTkxIiwiMSIsIjEiXQ',
    'MS45OTk5OTk5OTk5OTk5OTk5OTk5LjA',
    'W10',
  ],
  ...[
    '2026-03-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2026-03-01T00:00:00%2B00:00',
    'fuzz-wall',
  ],
];

const json = (value: unknown): string => JSON.stringify(value) ?? '';
const oddJson = fc.constantFrom(...ODD_JSON);
const oddText = fc.constantFrom(...ODD_TEXT);

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
const paths = fc.tuple(fc.nat(5), oddText).map(([number, text]) => (wire: Wire) => {
  const steps = wire.path.split('/');
  const step = 2 + (number % Math.max(1, steps.length - 2));
  return {
    ...wire,
    path: steps.map((own, index) => (index === step ? text.replaceAll(' ', '%20') : own)).join('/'),
  };
});
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
const queries = fc
  .tuple(
    fc.constantFrom(
      'limit',
      'cursor',
      'after',
      'as_of',
      'dry_run',
      'unit',
      'source',
      'version',
      'extra',
      '__proto__',
      '',
    ),
    oddText.filter(text => !/[ é]/.test(text)),
    fc.boolean(),
  )
  .map(([name, text, isTwice]) => (wire: Wire) => {
    const own = `${name}=${text}`;
    const more = isTwice ? `${own}&${own}` : own;
    return { ...wire, query: wire.query === '' ? more : `${wire.query}&${more}` };
  });

const once = fc.oneof(
  { weight: 8, arbitrary: replaced },
  { weight: 2, arbitrary: removed },
  { weight: 2, arbitrary: added },
  { weight: 1, arbitrary: twice },
  { weight: 2, arbitrary: broken },
  { weight: 4, arbitrary: headers },
  { weight: 1, arbitrary: methods },
  { weight: 3, arbitrary: paths },
  { weight: 1, arbitrary: shapes },
  { weight: 3, arbitrary: queries },
);

/** One to three things that are wrong with a request, or odd. */
export const mutations: fc.Arbitrary<Mutation> = fc
  .array(once, { minLength: 1, maxLength: 3 })
  .map(list => (wire: Wire) => list.reduce((changed, mutate) => mutate(changed), wire));
