import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { DOCUMENT, generateSdk, openApiText, readFolder, SDK } from './generate.ts';

const ADVICE = 'is out of date; run npm run generate and commit what it writes';

test('the committed OpenAPI document is the one of the engine', async () => {
  assert.equal(await openApiText(), readFileSync(DOCUMENT, 'utf8'), `docs/reference/openapi.json ${ADVICE}`);
});

test('the committed SDK is the one of the committed document', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'fealty-sdk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await generateSdk(readFileSync(DOCUMENT, 'utf8'), folder);
  assert.deepEqual(
    Object.fromEntries(readFolder(folder)),
    Object.fromEntries(readFolder(SDK)),
    `sdk ${ADVICE}`,
  );
});
