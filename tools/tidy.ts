// Keeps the rules of the architecture that a machine can keep. Prints each broken one as `path:line  message` and ends
// with 1 when there is any.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fileRules from './tidy/file-rules.ts';
import type { Finding, SourceFile } from './tidy/source.ts';
import * as treeRules from './tidy/tree-rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SKIPPED = new Set(['node_modules', '.git', '.fealty', 'generated', 'results']);
const MAX_BYTES = 2 ** 20;
const READABLE = /\.([cm]?[jt]sx?|sql|sh|md|json|ya?ml)$|^(fealty|run|\.npmrc|\.gitignore)$/;

function readTree(folder: string, prefix = ''): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return readTree(path, `${prefix}${entry.name}/`);
    if (!entry.isFile() || !READABLE.test(entry.name) || statSync(path).size > MAX_BYTES) return [];
    return [{ path: prefix + entry.name, text: readFileSync(path, 'utf8') }];
  });
}

/** Every broken rule in these files, with the rule's name. */
export function tidy(files: readonly SourceFile[]): (Finding & { rule: string })[] {
  const named = (rule: string) => (finding: Finding) => ({ ...finding, rule });
  return [
    ...Object.entries(fileRules).flatMap(([rule, check]) => files.flatMap(check).map(named(rule))),
    ...Object.entries(treeRules).flatMap(([rule, check]) => check(files).map(named(rule))),
  ];
}

if (import.meta.main) {
  const files = readTree(ROOT);
  const findings = tidy(files).sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
  for (const { path, line, message, rule } of findings) console.log(`${path}:${line}  ${message}  (${rule})`);
  console.log(`${files.length} files, ${findings.length} findings`);
  process.exitCode = findings.length > 0 || files.length === 0 ? 1 : 0;
}
