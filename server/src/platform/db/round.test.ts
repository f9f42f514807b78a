import assert from 'node:assert/strict';
import test from 'node:test';
import { type Asked, type Known, Round, type Wire } from './round.ts';

const types = { getTypeParser: () => (text: string) => Number(text) } as never;

/** A round of statements with these names, what it writes, and what its askers hear. */
function round(names: readonly string[], known: Known = new Map()) {
  const written: string[] = [];
  const heard: string[] = [];
  const note = (message: string) => (of: { name?: string; statement?: string }) =>
    void written.push([message, of.name || of.statement].filter(Boolean).join(' '));
  const wire = {
    stream: { cork: () => written.push('cork'), uncork: () => written.push('uncork') },
    parse: note('parse'),
    bind: note('bind'),
    describe: note('describe'),
    execute: note('execute'),
    sync: () => written.push('sync'),
  } as unknown as Wire;
  const asked = names.map(
    (name): Asked => ({
      statement: { name, text: name },
      values: [],
      answered: (rows, tag) => heard.push(`${name} ${tag} ${JSON.stringify(rows)}`),
      failed: error => heard.push(`${name} failed: ${error.message}`),
    }),
  );
  const made = new Round(asked, known, types, () => heard.push('ended'));
  made.submit(wire);
  return { made, written, heard, known };
}

test('statements leave in one write with one synchronisation; what is known is neither parsed nor described again', () => {
  const known: Known = new Map([['b', { parsed: true, parsers: [] }]]);
  assert.deepEqual(round(['a', 'b', 'a'], known).written, [
    'cork',
    ...['parse a', 'bind a', 'describe', 'execute'],
    ...['bind b', 'execute'],
    ...['bind a', 'describe', 'execute'],
    ...['sync', 'uncork'],
  ]);
});

test('each asker gets the rows of its statement, and what was described is kept', () => {
  const { made, heard, known } = round(['a', 'b']);
  made.handleParsed();
  made.handleRowDescription({ fields: [{ dataTypeID: 23 }] });
  made.handleDataRow({ fields: ['7'] });
  made.handleDataRow({ fields: [null] });
  made.handleCommandComplete({ text: 'SELECT 2' });
  made.handleParsed();
  made.handleCommandComplete({ text: 'INSERT 0 1' });
  made.handleReadyForQuery();
  assert.deepEqual(heard, ['a SELECT 2 [[7],[null]]', 'b INSERT 0 1 []', 'ended']);
  assert.deepEqual([known.get('a')?.parsers?.length, known.get('b')?.parsers?.length], [1, 0]);
});

test('after a failure the rest fails with it, and what was not parsed is parsed next time', () => {
  const { made, heard, known } = round(['a', 'b', 'c']);
  made.handleParsed();
  made.handleCommandComplete({ text: 'BEGIN' });
  made.handleParsed();
  made.handleError(new Error('no'));
  assert.deepEqual(heard, ['a BEGIN []', 'b failed: no', 'c failed: no', 'ended']);
  assert.deepEqual([...known.keys()], ['a', 'b']);
});

test('a session that is ended behind the last answer fails nobody', () => {
  const { made, heard } = round(['a']);
  made.handleCommandComplete({ text: 'COMMIT' });
  // The driver reads the name of the query that it thinks has failed.
  assert.equal((made as unknown as { name?: string }).name, undefined);
  made.handleError(new Error('terminating connection'));
  assert.deepEqual(heard, ['a COMMIT []', 'ended']);
});
