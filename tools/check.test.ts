import assert from 'node:assert/strict';
import test from 'node:test';
import { countModules } from './check.ts';

test('an import graph without files is told from one with files', () => {
  assert.equal(countModules('✔ no dependency violations found (0 modules, 0 dependencies cruised)'), 0);
  assert.equal(countModules('✔ no dependency violations found (145 modules, 464 dependencies cruised)'), 145);
  assert.equal(countModules(''), 0);
});
