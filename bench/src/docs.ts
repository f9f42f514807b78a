import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reportMarkdown } from './figures.ts';
import { type Curve, curveMarkdown } from './keys.ts';
import type { Report } from './report.ts';

const PAGE = fileURLToPath(new URL('../../docs/reference/benchmarks.md', import.meta.url));

/**
 * Puts the figures of a results file, of the paths or of the keys, between its markers in the documentation's page.
 * Gives the page's path.
 */
export function writeDocs(file: string): string {
  const result = JSON.parse(readFileSync(file, 'utf8')) as Report | Curve;
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    'points' in result
      ? place(page, 'keys', curveMarkdown(result))
      : place(page, 'figures', reportMarkdown(result)),
  );
  return PAGE;
}

/** Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. Throws when a marker is missing. */
export function place(page: string, name: string, content: string): string {
  const begin = `<!-- ${name}: begin -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`<!-- ${name}: end -->`);
  if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`;
}
