import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { parseArguments, UsageError } from './arguments.ts';
import { reportMarkdown, reportText } from './figures.ts';
import { PATHS } from './paths.ts';
import { runPaths } from './run.ts';

const NAMES = PATHS.map(({ name }) => name);

test('paths are measured on a real engine without an error, and its ledger agrees afterwards', async () => {
  const paths = ['comparator', 'redemptions', 'race', 'events', 'program-plain', 'program-everything'];
  const options = parseArguments(
    ['--members', '500', '--seconds', '1', '--rounds', '1', '--verify', ...paths],
    NAMES,
  );
  const report = await runPaths({ ...options, parent: tmpdir() }, () => undefined);
  assert.deepEqual(report.failures, []);
  assert.deepEqual(
    report.measured.flatMap(({ rows }) => rows.filter(({ errors }) => Object.keys(errors).length > 0)),
    [],
  );
  assert.deepEqual(
    report.measured.map(({ path }) => path),
    paths,
  );
  // A call of a thousand orders may take longer than the second that is measured here.
  const single = report.measured.filter(({ path }) => !path.startsWith('program-'));
  assert.ok(single.every(({ rows }) => rows.every(({ rate, p99 }) => rate > 0 && p99 > 0)));
  assert.equal(report.verified, true);
  assert.deepEqual([report.database.fsync, report.database.synchronous_commit], ['on', 'on']);
  for (const text of [reportText(report), reportMarkdown(report)])
    for (const path of paths) assert.match(text, new RegExp(`\\b${path}\\b`));
});

test('a mistake on the command line is said, not guessed around', () => {
  const mistakes = [
    ['--seconds', '0'],
    ['--members', 'many'],
    ['--nothing'],
    ['singel'],
    ['profile'],
    ['--io', 'fast'],
  ];
  for (const args of mistakes) assert.throws(() => parseArguments(args, NAMES), UsageError);
});

test('a short run keeps the sustained path short as well', () => {
  assert.equal(parseArguments([], NAMES).sustained, 300);
  assert.equal(parseArguments(['--seconds', '5'], NAMES).sustained, 5);
  assert.equal(parseArguments(['--seconds', '5', '--sustained', '60'], NAMES).sustained, 60);
});
