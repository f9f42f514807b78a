// `npm test`: the checks, then every test on one PostgreSQL. With arguments, only the test files whose path contains
// one of them, without the checks: `npm test ledger/lots`.
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { dropLeftovers } from '../server/test/support/database.ts';
import { startTestPostgres } from '../server/test/support/postgres.ts';
import { runChecks } from './check.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TESTS = '{server,cli,sdk,bench,tools}/**/*.test.ts';
const CONCURRENCY = 2;
// Of one test. A file whose tests are over and that does not end is ended by the preloaded module.
const TEST_TIMEOUT_MS = 15 * 60_000;
const PRELOADED = new URL('../server/test/support/ending.ts', import.meta.url).href;

interface Counts {
  readonly tests: number;
  readonly passed: number;
}

function findTests(filters: readonly string[]): string[] {
  return globSync(TESTS, { cwd: ROOT, exclude: ['**/node_modules/**'] })
    .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
    .sort();
}

/** Runs the files and prints them with Node's summary; true when all passed and every file did run a test. */
async function runTests(files: readonly string[]): Promise<boolean> {
  let success = false;
  let counts: Counts = { tests: 0, passed: 0 };
  const events = run({
    files: files.map(file => join(ROOT, file)),
    cwd: ROOT,
    concurrency: CONCURRENCY,
    timeout: TEST_TIMEOUT_MS,
    execArgv: ['--import', PRELOADED],
  });
  events.on('test:summary', summary => {
    // Every file has a summary too; the one of the whole run names no file.
    if (summary.file !== undefined) return;
    success = summary.success;
    counts = summary.counts;
  });
  const empty: string[] = [];
  events.on('test:pass', ({ name, nesting }) => {
    // Node counts a file without tests as one test that passed, named as the file.
    if (nesting === 0 && name.startsWith(ROOT)) empty.push(relative(ROOT, name));
  });
  await pipeline(events, new spec(), process.stdout, { end: false });
  for (const file of empty) console.log(`✖ ${file} holds no test`);
  if (counts.passed === 0) console.log('✖ no test passed');
  return success && counts.passed > 0 && empty.length === 0;
}

async function main(filters: readonly string[]): Promise<boolean> {
  const files = findTests(filters);
  if (files.length === 0) {
    console.log(`✖ no test file matches ${filters.join(' or ') || TESTS}`);
    return false;
  }
  const checked = filters.length > 0 || (await runChecks());
  const own = process.env.FEALTY_TEST_POSTGRES ? undefined : await startTestPostgres();
  try {
    if (own) {
      process.env.FEALTY_TEST_POSTGRES = own.url;
      await dropLeftovers(own.url);
    }
    const passed = await runTests(files);
    if (!checked) console.log('✖ checks failed; their output stands before the tests');
    return passed && checked;
  } finally {
    await own?.stop();
  }
}

if (import.meta.main) process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
