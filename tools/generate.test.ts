import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { DOCUMENT, generateSdk, openApiText, readFolder, SDK } from './generate.ts';

const ADVICE = 'is out of date; run npm run generate and commit what it writes';

test('the committed OpenAPI document is the one of the engine', async () => {
  const [made, committed] = [await openApiText(), readFileSync(DOCUMENT, 'utf8')];
  const lines = committed.split('\n');
  const differs = made.split('\n').findIndex((line, index) => line !== lines[index]);
  assert.ok(made === committed, `docs/reference/openapi.json ${ADVICE} (line ${differs + 1})`);
});

test('the committed SDK is the one of the committed document', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'fealty-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await generateSdk(readFileSync(DOCUMENT, 'utf8'), folder);
  const [made, committed] = [readFolder(folder), readFolder(SDK)];
  const names = new Set([...made.keys(), ...committed.keys()]);
  const differing = [...names].filter(name => made.get(name) !== committed.get(name));
  assert.deepEqual(differing, [], `sdk/src/generated ${ADVICE}`);
});
