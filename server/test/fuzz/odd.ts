import fc from 'fast-check';

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

/** JSON texts to stand where something else was meant. */
export const oddJson = fc.constantFrom(...ODD_JSON);
/** Texts for an address, percent-encoded where they must be. */
export const oddText = fc.constantFrom(...ODD_TEXT);

const ODD_NUMBERS: readonly string[] = [
  ...['', 'x', 'null', '-1', '0', '1', '1.5', '1e3', '2147483647', '2147483648', '9007199254740991'],
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '18446744073709551616'],
  ...['-62135596800001', '253402300800000', '8640000000000001', '99999999999999999999'],
];
export const oddNumber = fc.constantFrom(...ODD_NUMBERS);
const oddNumbers = fc.array(oddNumber, { minLength: 1, maxLength: 3 });

/** Cursors that are well formed and that nobody was given. */
export const oddCursor = fc.oneof(
  oddNumbers.map(parts => Buffer.from(JSON.stringify(parts)).toString('base64url')),
  oddNumbers.map(parts => Buffer.from(parts.join('.')).toString('base64url')),
  fc.constantFrom('W10', 'e30', 'bnVsbA', 'WzEsMiwzXQ', 'AAAA', '____'),
);

const letters = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), { minLength: length, maxLength: length })
    .map(list => list.join(''));
const number = (length: number) =>
  fc.oneof(
    letters(length),
    fc.constantFrom('0'.repeat(length), 'z'.repeat(length), `7${'z'.repeat(length - 1)}`),
  );

/** Ids that look like ids, of anything. */
export const oddId = fc.oneof(
  fc
    .tuple(fc.constantFrom('mem', 'ord', 'red', 'key', 'ret'), number(13))
    .map(([kind, id]) => `${kind}_${id}`),
  fc.tuple(number(13), number(7)).map(([wallet, seq]) => `ent_${wallet}${seq}`),
  fc
    .tuple(fc.constantFrom('0000000000020', '0000000000040'), number(7))
    .map(([wallet, seq]) => `ent_${wallet}${seq}`),
);
