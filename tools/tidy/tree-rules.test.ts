import assert from 'node:assert/strict';
import test from 'node:test';
import type { SourceFile } from './source.ts';
import * as treeRules from './tree-rules.ts';

const MODULE = 'server/src/modules/ledger';
const file = (path: string, text = ''): SourceFile => ({ path, text });
const messages = (findings: readonly { path: string; message: string }[]): string[] =>
  findings.map(({ path, message }) => `${path} ${message}`);

const complete = [
  file(`${MODULE}/README.md`),
  file(`${MODULE}/index.ts`),
  file(
    `${MODULE}/errors.ts`,
    "export const ledgerErrors = { lot_gone: { status: 409, title: 'Gone' } } as const satisfies ErrorTable;",
  ),
  file(
    'server/src/platform/errors.ts',
    "export const platformErrors = { forbidden: { status: 403, title: 'No' } };",
  ),
  file('docs/reference/errors/lot_gone.md'),
  file('docs/reference/errors/forbidden.md'),
  file('docs/reference/errors/README.md'),
];
const without = (path: string): SourceFile[] => complete.filter(each => each.path !== path);

test('a complete tree keeps every rule', () => {
  for (const rule of Object.values(treeRules)) assert.deepEqual(rule(complete), []);
});

for (const name of ['README.md', 'index.ts']) {
  test(`a module without ${name} is found`, () => {
    const findings = treeRules.everyModuleHasItsPageAndDoor(without(`${MODULE}/${name}`));
    assert.deepEqual(messages(findings), [`${MODULE}/${name} is missing`]);
  });
}

test('two migrations of one number and a gap between two are found', () => {
  const migrations = (...names: string[]) => names.map(name => file(`server/migrations/${name}.sql`));
  const found = (...names: string[]) =>
    messages(treeRules.migrationsAreNumberedInOneRow(migrations(...names)));
  assert.deepEqual(found('0001_a', '0002_b', '0003_c'), []);
  assert.deepEqual(found('0001_a', '0002_b', '0002_c'), [
    'server/migrations/0002_c.sql has the number 2, its turn is 3',
  ]);
  assert.deepEqual(found('0001_a', '0003_b'), [
    'server/migrations/0003_b.sql has the number 3, its turn is 2',
  ]);
});

test('a code without a page is found where it is declared, of a module and of the platform', () => {
  assert.deepEqual(
    messages(treeRules.everyErrorCodeHasItsPage(without('docs/reference/errors/lot_gone.md'))),
    [`${MODULE}/errors.ts lot_gone has no page docs/reference/errors/lot_gone.md`],
  );
  assert.deepEqual(
    messages(treeRules.everyErrorCodeHasItsPage(without('docs/reference/errors/forbidden.md'))),
    ['server/src/platform/errors.ts forbidden has no page docs/reference/errors/forbidden.md'],
  );
});

test('a page without a code is found', () => {
  const findings = treeRules.everyErrorCodeHasItsPage([...complete, file('docs/reference/errors/old.md')]);
  assert.deepEqual(messages(findings), [
    'docs/reference/errors/old.md describes a code that nothing declares',
  ]);
});

test('a code that two modules declare is found', () => {
  const other = file(
    'server/src/modules/members/errors.ts',
    'export const membersErrors = { lot_gone: { status: 404 } };',
  );
  const findings = treeRules.everyErrorCodeHasItsPage([...complete, other]);
  assert.deepEqual(messages(findings), [`${other.path} lot_gone is declared a second time`]);
});
