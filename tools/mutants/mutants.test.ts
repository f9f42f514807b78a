import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { MUTANTS } from './list.ts';

const inServer = (path: string): URL => new URL(`../../server/${path}`, import.meta.url);

test('every mutant can be made: its text stands exactly once in its file, and its tests exist', () => {
  const mistakes = MUTANTS.flatMap(({ name, file, find, tests }) => {
    const times = existsSync(inServer(file))
      ? readFileSync(inServer(file), 'utf8').split(find).length - 1
      : 0;
    return [
      ...(times === 1 ? [] : [`${name}: stands ${times} times in ${file}`]),
      ...tests.filter(path => !existsSync(inServer(path))).map(path => `${name}: there is no ${path}`),
    ];
  });
  assert.deepEqual(mistakes, []);
});

test('mutants have names of their own and change something', () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  assert.ok(MUTANTS.every(({ find, replace }) => find !== replace));
});
