import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { checkDocument } from './mistakes.ts';
import { EXAMPLE, programReferenceText, programSchemaText, referencePage } from './reference.ts';

const ADVICE = 'is out of date: run node tools/run.mjs server/src/modules/program/reference.ts';
const page = (name: string) => readFileSync(referencePage(name), 'utf8');

test('the published schema and reference of the program document are those of the code', () => {
  assert.equal(page('program.schema.json'), programSchemaText(), `program.schema.json ${ADVICE}`);
  assert.equal(page('program.md'), programReferenceText(), `program.md ${ADVICE}`);
});

test('every setting is described', () => {
  const rows = programReferenceText()
    .split('\n')
    .filter(line => line.startsWith('| `'));
  assert.ok(rows.length > 30);
  for (const row of rows) assert.match(row, /\| [A-Z][^|]+\. ?[^|]*\|$/);
});

test('the example of the page is a program without mistakes', () => {
  const checked = checkDocument(JSON.parse(EXAMPLE), { name: 'example', units: [], clock: null });
  assert.ok(checked.ok, JSON.stringify(checked));
});
