import assert from 'node:assert/strict';
import test from 'node:test';
import pg from 'pg';
import { Pool, statement } from '../db/client.ts';
import { Fault } from '../errors.ts';
import { asFault } from './faults.ts';

const codeOf = (error: unknown) => {
  const fault = asFault(error);
  return fault instanceof Fault ? fault.code : undefined;
};
const databaseError = (code: string) =>
  Object.assign(new pg.DatabaseError('message', 7, 'error'), { severity: 'FATAL', code });

test('a database that nobody answers for is away', async () => {
  const pool = new Pool('postgres://nobody@127.0.0.1:1/none', 'test', 1);
  const error = await pool.run(statement('faults_test', 'select 1')).catch(thrown => thrown);
  await pool.close();
  assert.equal(codeOf(error), 'database_unavailable');
});

test('a database whose socket is gone is away', async () => {
  const pool = new Pool('postgres://nobody@%2Fnonexistent/none', 'test', 1);
  const error = await pool.run(statement('faults_test_socket', 'select 1')).catch(thrown => thrown);
  await pool.close();
  assert.equal(error.code, 'ENOENT');
  assert.equal(codeOf(error), 'database_unavailable');
});

test('lost connections, full disks, too many clients and shutdowns say that the database is away', () => {
  for (const state of ['08006', '53100', '53200', '53300', '57P01', '57P02', '57P03', '58030'])
    assert.equal(codeOf(databaseError(state)), 'database_unavailable', state);
  for (const message of [
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'the database closed the connection',
  ])
    assert.equal(codeOf(new Error(message)), 'database_unavailable', message);
});

test('mistakes of the engine stay what they are', () => {
  for (const error of [
    databaseError('42703'),
    databaseError('23505'),
    databaseError('57014'),
    new TypeError('x'),
    'text',
    undefined,
  ])
    assert.equal(asFault(error), error);
  const fault = new Fault('overloaded', 'x');
  assert.equal(asFault(fault), fault);
});

test('what was thrown stays the cause, for the log', () => {
  const error = databaseError('57P01');
  assert.equal((asFault(error) as Fault).cause, error);
});
