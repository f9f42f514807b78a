// `npm run generate`: writes docs/reference/openapi.json from the engine's routes, and the SDK from that document. Both
// are committed; generate.test.ts says when they are out of date.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { compose } from '../server/src/compose.ts';
import { createLog } from '../server/src/platform/observe/log.ts';
import { newSecret } from '../server/src/platform/secret.ts';
import { testDatabase } from '../server/test/support/database.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const DOCUMENT = join(ROOT, 'docs', 'reference', 'openapi.json');
export const SDK = join(ROOT, 'sdk', 'src', 'generated');

/**
 * The OpenAPI document of the whole engine as text. The engine is composed as it is when it starts, so that no second list
 * of routes can differ from the first; that takes a database, which is a copy of the tests' template.
 */
export async function openApiText(): Promise<string> {
  const database = await testDatabase();
  const { ownerUrl, appUrl } = database;
  const log = createLog({ level: 'silent' });
  const least = { lanes: 1, batch: 1, queue: 1, newKeysAfter: 0, backtestMemory: 128 };
  const engine = await compose({ ownerUrl, appUrl, secret: newSecret(), log, ...least });
  const text = `${JSON.stringify(engine.http.openApi(), null, 2)}\n`;
  await engine.stop();
  await database.close();
  return text;
}

/** Writes the SDK of a document into a folder, which is emptied first. */
export async function generateSdk(document: string, folder: string): Promise<void> {
  await createClient({
    input: JSON.parse(document),
    output: { path: folder, module: { extension: '.ts' } },
    plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
    logs: { level: 'silent' },
  });
  for (const [name, text] of readFolder(folder)) writeFileSync(join(folder, name), withoutDom(text));
}

/** The generated client names one type of the browser's library, which Node's types have under another name. */
const withoutDom = (text: string): string =>
  text.replaceAll(/\bBodyInit\b/g, "NonNullable<RequestInit['body']>");

/** Every file below a folder, by its path in it. */
export function readFolder(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return new Map(paths.map(path => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

if (import.meta.main) {
  const document = await openApiText();
  mkdirSync(join(DOCUMENT, '..'), { recursive: true });
  writeFileSync(DOCUMENT, document);
  rmSync(SDK, { recursive: true, force: true });
  await generateSdk(document, SDK);
  console.log(`${DOCUMENT}\n${SDK}`);
}
