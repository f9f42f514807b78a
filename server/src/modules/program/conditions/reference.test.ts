import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { activityWith, type golden, inputWith } from '../../../../test/support/conditions.ts';
import { referencePage } from '../reference.ts';
import { compileActivityCondition, compileCondition } from './compile.ts';
import { conditionsReferenceText, EXAMPLES, REVIEW, REVIEW_EXAMPLES } from './reference.ts';
import { LINE_VARIABLES, VARIABLES } from './variables.ts';

const page = readFileSync(referencePage('conditions.md'), 'utf8');

test('the published reference of conditions is that of the code', () => {
  const advice = 'is out of date: run node tools/run.mjs server/src/modules/program/reference.ts';
  assert.equal(page, conditionsReferenceText(), `conditions.md ${advice}`);
});

/** What a table of the page has in its first column. */
const firstColumn = (title: string): string[] => {
  const section = page.split(/^## /m).find(part => part.startsWith(title)) ?? '';
  return [...section.matchAll(/^\| `(.+?)` \|/gm)].map(row => (row[1] as string).replaceAll('\\|', '|'));
};

const NOTHING = {
  order: {
    external_id: 'TEST-1',
    kind: '',
    channel: '',
    partner: 'p',
    total: '0',
    lines: [],
    attributes: {},
  },
  member: { country: '', enrolled_days: 0, segments: [], orders: 0, spend: '0', last_order_days: 0 },
  tier: '',
};

test('the examples of the page hold for what they say, and not for anything', () => {
  assert.deepEqual(
    firstColumn('Examples'),
    EXAMPLES.map(([condition]) => condition),
  );
  for (const [condition, , input] of EXAMPLES) {
    const compiled = compileCondition(condition);
    assert.ok(compiled.ok, condition);
    assert.equal(compiled.condition.holds(inputWith(input as typeof golden.input)), true, condition);
    // Of no lines at all, everything can be said.
    if (!condition.includes('.all('))
      assert.notEqual(compiled.condition.holds(inputWith(NOTHING)), true, condition);
  }
});

test('the examples of rules on activities hold for what they say, and not for anything', () => {
  for (const [condition, , attributes] of REVIEW_EXAMPLES) {
    const compiled = compileActivityCondition(condition, 'review', REVIEW);
    assert.ok(compiled.ok, condition);
    const { activity, time } = activityWith(attributes);
    const given = { activity, time: { ...time, weekday: 'sunday' } };
    assert.equal(compiled.condition.holds(given), true, condition);
    assert.notEqual(compiled.condition.holds(activityWith({})), true, condition);
  }
});

test('every variable is on the page, and each one can be written', () => {
  const paths = [...VARIABLES.keys(), ...[...LINE_VARIABLES.keys()].map(name => `line.${name}`)];
  assert.deepEqual(firstColumn('Variables'), paths);
  for (const [path, { type }] of VARIABLES) {
    const written = {
      string: `${path}.startsWith('')`,
      int: `${path} >= 0`,
      attributes: `has(${path}.a)`,
      strings: `size(${path}) == 0`,
      lines: `size(${path}) == 0`,
    };
    assert.ok(compileCondition(written[type]).ok, path);
  }
});

test('what the page says people are told is about mistakes', () => {
  const mistakes = firstColumn('What you are told');
  assert.ok(mistakes.length > 5);
  for (const mistake of mistakes) assert.ok(!compileCondition(mistake).ok, mistake);
});
