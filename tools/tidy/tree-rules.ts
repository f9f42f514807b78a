// Rules about files together. Every exported function is a rule; see file-rules.ts.
import ts from 'typescript';
import { MODULES_FOLDER } from './modules.ts';
import { codeOf, type Finding, moduleOf, type SourceFile } from './source.ts';

const ERROR_PAGES = 'docs/reference/errors/';

/** The second module one reads teaches nothing new but its domain: one page of explanation and one door. */
export function everyModuleHasItsPageAndDoor(files: readonly SourceFile[]): Finding[] {
  const paths = new Set(files.map(file => file.path));
  const modules = new Set(files.flatMap(file => moduleOf(file.path) ?? []));
  return [...modules].flatMap(module =>
    ['README.md', 'index.ts']
      .map(name => `${MODULES_FOLDER}/${module}/${name}`)
      .filter(path => !paths.has(path))
      .map(path => ({ path, line: 1, message: 'is missing' })),
  );
}

/** A refusal links to its page, so every code has one, and no page describes a code that cannot come. */
export function everyErrorCodeHasItsPage(files: readonly SourceFile[]): Finding[] {
  const declared = files.filter(file => declaresErrors(file.path)).flatMap(errorCodes);
  const pages = files.filter(file => file.path.startsWith(ERROR_PAGES) && !file.path.endsWith('README.md'));
  const pageOf = (code: string) => `${ERROR_PAGES}${code}.md`;
  const codes = new Map<string, Finding>();
  const findings: Finding[] = [];
  for (const { code, ...place } of declared) {
    if (codes.has(code)) findings.push({ ...place, message: `${code} is declared a second time` });
    codes.set(code, { ...place, message: `${code} has no page ${pageOf(code)}` });
  }
  const documented = new Set(pages.map(page => page.path));
  findings.push(
    ...[...codes].filter(([code]) => !documented.has(pageOf(code))).map(([, finding]) => finding),
  );
  const known = new Set([...codes.keys()].map(pageOf));
  const stray = pages.filter(page => !known.has(page.path));
  return [
    ...findings,
    ...stray.map(({ path }) => ({ path, line: 1, message: 'describes a code that nothing declares' })),
  ];
}

/** Two migrations of one number, or a gap, are two people who did not see each other: which comes first is then chance. */
export function migrationsAreNumberedInOneRow(files: readonly SourceFile[]): Finding[] {
  const paths = files.map(({ path }) => path).filter(path => /^server\/migrations\/\d+_.*\.sql$/.test(path));
  return paths.sort().flatMap((path, index) => {
    const number = Number(path.slice('server/migrations/'.length).split('_')[0]);
    return number === index + 1
      ? []
      : { path, line: 1, message: `has the number ${number}, its turn is ${index + 1}` };
  });
}

const declaresErrors = (path: string): boolean =>
  path === 'server/src/platform/errors.ts' ||
  (path.startsWith(`${MODULES_FOLDER}/`) && path.endsWith('/errors.ts'));

/** Keys of every `export const xxxErrors = { ... }`, also behind `as const` and `satisfies`. */
function errorCodes(file: SourceFile): { code: string; path: string; line: number }[] {
  const { tree } = codeOf(file);
  const tables = tree.statements
    .filter(ts.isVariableStatement)
    .flatMap(statement => [...statement.declarationList.declarations])
    .filter(declaration => declaration.name.getText(tree).endsWith('Errors'))
    .map(declaration => withoutTypes(declaration.initializer));
  return tables
    .filter(table => table !== undefined && ts.isObjectLiteralExpression(table))
    .flatMap(table => [...table.properties])
    .map(property => ({
      code: property.name?.getText(tree).replaceAll(/['"]/g, '') ?? '',
      path: file.path,
      line: tree.getLineAndCharacterOfPosition(property.getStart(tree)).line + 1,
    }));
}

function withoutTypes(expression: ts.Expression | undefined): ts.Expression | undefined {
  const isTyped = expression && (ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression));
  return isTyped ? withoutTypes(expression.expression) : expression;
}
