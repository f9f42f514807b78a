import { posix } from 'node:path';
import ts from 'typescript';
import { MODULES_FOLDER } from './modules.ts';

/** A file of the repository; `path` is relative to the root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A broken rule; `line` counts from 1. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

interface Placed {
  readonly line: number;
}

/** What rules ask about a TypeScript file. Comments are in none of it. */
export interface Code {
  /** Every import, static, dynamic or re-export, with the path that it leads to if that is in the repository. */
  readonly imports: (Placed & { readonly specifier: string; readonly target: string | undefined })[];
  /** Every string and template; what a template inserts reads `?`. */
  readonly strings: (Placed & { readonly text: string })[];
  /** Dotted names that are called, constructed or read, such as `Date.now`, and what they are called with. */
  readonly uses: (Placed & {
    readonly name: string;
    readonly kind: 'call' | 'new' | 'read';
    readonly arguments: readonly ts.Expression[];
  })[];
  /** Property names and values of every object literal. */
  readonly properties: (Placed & { readonly name: string; readonly value: string })[];
  readonly tree: ts.SourceFile;
}

export const isTypeScript = (path: string): boolean => /\.[cm]?ts$/.test(path);
export const isCode = (path: string): boolean =>
  /\.([cm]?[jt]sx?|sql|sh)$/.test(path) || path === 'fealty' || path === '.ci/run';
export const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.startsWith('server/test/');

/** The module that a path belongs to, or undefined for a path outside the modules. */
export function moduleOf(path: string): string | undefined {
  if (!path.startsWith(`${MODULES_FOLDER}/`)) return undefined;
  const [name, ...rest] = path.slice(MODULES_FOLDER.length + 1).split('/');
  return rest.length > 0 ? name : undefined;
}

const parsed = new WeakMap<SourceFile, Code>();

/** Reads a TypeScript file; done once for all rules. */
export function codeOf(file: SourceFile): Code {
  let code = parsed.get(file);
  if (!code) {
    code = read(file);
    parsed.set(file, code);
  }
  return code;
}

function read(file: SourceFile): Code {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const code: Code = { imports: [], strings: [], uses: [], properties: [], tree };
  const lineOf = (node: ts.Node) => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  const visit = (node: ts.Node): void => {
    const line = lineOf(node);
    const specifier = importedBy(node);
    if (specifier) code.imports.push({ specifier, target: resolve(file.path, specifier), line });
    const text = textOf(node);
    if (text !== undefined) code.strings.push({ text, line });
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const kind = ts.isNewExpression(node) ? 'new' : 'call';
      code.uses.push({ name: node.expression.getText(tree), kind, arguments: node.arguments ?? [], line });
    }
    if (ts.isPropertyAccessExpression(node)) {
      code.uses.push({ name: node.getText(tree), kind: 'read', arguments: [], line });
    }
    if (ts.isPropertyAssignment(node)) {
      code.properties.push({ name: node.name.getText(tree), value: node.initializer.getText(tree), line });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return code;
}

function importedBy(node: ts.Node): string | undefined {
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const specifier = isDynamic
    ? node.arguments[0]
    : ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : undefined;
  return specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(span => `?${span.literal.text}`).join('');
}

function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  if (specifier.startsWith('#')) return `server/src/${specifier.slice(1)}`;
  return undefined;
}
