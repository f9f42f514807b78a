import assert from 'node:assert/strict';
import test from 'node:test';
import { described, duration, grouped, list, shortTime, table } from './output.ts';

test('numbers stand to the right and text to the left', () => {
  assert.equal(
    table(
      ['unit', 'points'],
      [
        ['points', '13,860'],
        ['nights', '-7'],
      ],
    ),
    ['unit    points', 'points  13,860', 'nights      -7'].join('\n'),
  );
  assert.equal(
    list([
      ['Member', 'mem_1'],
      ['Id', '42'],
    ]),
    'Member  mem_1\nId      42',
  );
});

test('thousands are set apart, exactly, at any length', () => {
  const cases: [string | number, string][] = [
    [0, '0'],
    [999, '999'],
    ['2453159', '2,453,159'],
    ['-1234567', '-1,234,567'],
    ['9223372036854775807', '9,223,372,036,854,775,807'],
  ];
  for (const [value, text] of cases) assert.equal(grouped(value), text);
});

test('times and lengths of time are short', () => {
  assert.equal(shortTime('1998-07-01T00:00:00.000Z'), '1998-07-01');
  assert.equal(shortTime('2026-11-21T10:00:00.000Z'), '2026-11-21 10:00:00Z');
  assert.equal(shortTime('2026-11-21T10:00:00.120Z'), '2026-11-21 10:00:00.120Z');
  assert.deepEqual([duration(4.4), duration(75), duration(7_260)], ['4 s', '1 min 15 s', '2 h 1 min']);
});

test('any answer can be read as indented lines, without what is null', () => {
  const answer = {
    rule: 'base@1',
    occurred_at: '1998-07-01T00:00:00.000Z',
    reason: null,
    lots: [{ lot: 'ent_1', points: '5' }],
    none: [],
  };
  assert.equal(
    described(answer),
    [
      'rule: base@1',
      'occurred at: 1998-07-01',
      'lots:',
      '  - lot: ent_1',
      '    points: 5',
      'none: none',
    ].join('\n'),
  );
});
