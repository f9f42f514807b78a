import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const driver = fileURLToPath(new URL('./test.ts', import.meta.url));

/** Runs the driver as from a shell, without what makes Node think that it is a test file of the outer run. */
function drive(...args: string[]): { status: number | null; stdout: string } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawnSync(process.execPath, [driver, ...args], { encoding: 'utf8', env });
}

test('a run in which no test file matches fails', () => {
  const { status, stdout } = drive('no/such/file');
  assert.equal(status, 1);
  assert.match(stdout, /no test file matches no\/such\/file/);
});

test('a run of chosen files passes and ends with the counts of Node', () => {
  const { status, stdout } = drive('tools/check.test.ts');
  assert.equal(status, 0, stdout);
  assert.match(stdout, /ℹ tests 1\n.*ℹ pass 1\nℹ fail 0\n/s);
});
