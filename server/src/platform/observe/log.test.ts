import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { Fault } from '../errors.ts';
import { describeError } from './log.ts';

test('an error of the database is logged without the values that it quotes', () => {
  const error = Object.assign(new pg.DatabaseError('invalid input syntax: "ann@example.org"', 9, 'error'), {
    severity: 'ERROR',
    code: '22P02',
    detail: 'Key (external_id)=(ann@example.org) already exists.',
    where: 'ann@example.org',
    table: 'members',
  });
  const logged = describeError(new Fault('internal', 'The command failed.', { cause: error }));
  assert.doesNotMatch(JSON.stringify(logged), /ann@example\.org/);
  assert.equal(logged.message, 'The command failed.');
  const cause = logged.cause as Record<string, unknown>;
  assert.deepEqual([cause.code, cause.table, cause.message], ['22P02', 'members', undefined]);
});

test('a text that is not JSON is not quoted in the log', () => {
  let thrown: unknown;
  try {
    JSON.parse('ann@example.org');
  } catch (error) {
    thrown = error;
  }
  assert.doesNotMatch(JSON.stringify(describeError(thrown)), /example\.org/);
});

test('the stack is kept, without the message in its first line', () => {
  const { stack, message } = describeError(new Error('first\nsecond'));
  assert.equal(message, 'first\nsecond');
  assert.ok((stack as string[]).every(line => line.startsWith('at ')) && (stack as string[]).length > 0);
});

test('what is thrown and no error shows its type only', () => {
  assert.deepEqual(describeError('ann@example.org'), { type: 'string' });
});

test('lines are JSON on stderr, at the level asked for; stdout stays free', async () => {
  const script = `
    const { createLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)});
    const log = createLog({ level: 'warn' });
    log.info('not shown');
    log.warn({ requestId: 'r-1', err: new TypeError('why') }, 'shown');`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
  ]);
  assert.equal(stdout, '');
  const lines = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.equal(lines.length, 1);
  assert.deepEqual([lines[0].level, lines[0].msg, lines[0].requestId], ['warn', 'shown', 'r-1']);
  assert.deepEqual([lines[0].err.type, lines[0].err.message], ['TypeError', 'why']);
  assert.match(lines[0].time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual([lines[0].pid, lines[0].hostname], [undefined, undefined]);
});
