import assert from 'node:assert/strict';
import test from 'node:test';
import { compareJson, compareText, formatJson, Ids } from './answers.ts';
import { commandsIn, examplesOf } from './document.ts';

const exact = () => ({ ids: new Ids(), exact: true });
const loose = () => ({ ids: new Ids(), exact: false });
const MEM_A = 'mem_0000000000001';
const MEM_B = 'mem_000000000000k';

test('an answer with other ids and the same figures is the one that is shown', () => {
  const how = exact();
  const shown = { member: MEM_A, points: '66', recorded_at: '2026-01-01T00:00:00.000Z' };
  const here = { member: MEM_B, points: '66', recorded_at: '2027-05-05T00:00:00.000Z' };
  assert.deepEqual(compareJson(shown, here, how), []);
  assert.equal(how.ids.toHere(`show ${MEM_A}`), `show ${MEM_B}`);
  assert.equal(how.ids.toShown(`show ${MEM_B}`), `show ${MEM_A}`);
});

test('another figure, a missing, an additional and a renamed property are differences', () => {
  assert.deepEqual(compareJson({ points: '66' }, { points: '65' }, exact()), [
    '/points is "65", shown is "66"',
  ]);
  assert.deepEqual(compareJson({ a: 1 }, {}, loose()), ['/a is shown and not there']);
  assert.deepEqual(compareJson({}, { a: 1 }, loose()), ['/a is there and not shown']);
  assert.equal(compareJson({ a: 1 }, { b: 1 }, loose()).length, 2);
  assert.equal(compareJson({ a: null }, { a: 'x' }, loose()).length, 1);
  assert.equal(compareJson({ a: 'held' }, { a: 'captured' }, loose()).length, 1);
});

test('without exactness figures and instants may differ, their kind may not', () => {
  assert.deepEqual(compareJson({ points: '66', n: 1 }, { points: '7', n: 2 }, loose()), []);
  assert.equal(compareJson({ points: '66' }, { points: 'many' }, loose()).length, 1);
  assert.equal(compareJson({ at: '2026-01-01T00:00:00.000Z' }, { at: '7' }, loose()).length, 1);
});

test('one id of a document cannot stand for two', () => {
  const how = exact();
  assert.deepEqual(compareJson([MEM_A], [MEM_B], how), []);
  assert.equal(compareJson([MEM_A], [MEM_A], how).length, 1);
});

test('a list has the elements that are shown', () => {
  assert.equal(compareJson([1, 2], [1], exact()).length, 1);
  assert.deepEqual(compareJson([{ a: 1 }], [{ a: 1 }, { a: 2 }], loose()), []);
  assert.equal(compareJson([{ a: 1 }], [{ a: 1 }, { b: 2 }], loose()).length, 2);
  assert.equal(compareJson([{ a: 1 }], [], loose()).length, 1);
});

test('text has the lines that are shown, in their order', () => {
  assert.deepEqual(compareText('a  1\nb 2\n', 'a 1\n\nb   2\n', exact()), []);
  assert.deepEqual(compareText('a 1\n...\n', 'a 1\nb 2\n', exact()), []);
  assert.deepEqual(compareText('a 1\n', 'a 1\nb 2\n', exact()), ['there are 2 lines, shown are 1']);
  assert.deepEqual(compareText('a 1\n', 'a 2\n', exact()), ['there is no line: a 1']);
  assert.deepEqual(compareText('a 1,234\n', 'a 20.5\n', loose()), []);
  assert.deepEqual(compareText('b\na\n', 'a\nb\n', loose()), ['there is no line: a']);
});

test('a document gives its commands, each with the answer that follows it', () => {
  const text =
    'x\n\n```sh\n# a remark\na \\\n  b\nc\n```\n\nSo:\n\n```json\n{}\n```\n\n```sh exit=1\nd\n```\n';
  const [first, second] = examplesOf(text);
  assert.deepEqual(first?.commands, ['a \\\n  b', 'c']);
  assert.equal(first?.shown?.text, '{}\n');
  assert.equal(text.slice(first?.shown?.start).startsWith('{}'), true);
  assert.deepEqual([second?.commands, second?.exit, second?.shown], [['d'], 1, undefined]);
});

test('quotes, functions and here-documents end where the shell ends them', () => {
  assert.deepEqual(commandsIn("a '\nb'\nf() {\n  c\n}\ncat <<'EOF'\nd\nEOF\ne\n"), [
    "a '\nb'",
    'f() {\n  c\n}',
    "cat <<'EOF'\nd\nEOF",
    'e',
  ]);
  assert.throws(() => commandsIn("a 'b\n"), /waits for the end/);
});

test('JSON is laid out so that what fits on a line stands on one', () => {
  const value = { a: 1, list: [{ name: 'x'.repeat(20) }, { name: 'y'.repeat(20) }] };
  assert.equal(formatJson(value, '', 200).includes('\n'), false);
  assert.deepEqual(JSON.parse(formatJson(value, '', 40)), value);
  assert.match(formatJson(value, '', 40), /\n {4}\{ "name": "x+" \},\n/);
});
