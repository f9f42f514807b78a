import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';
import { fealty } from '../../../cli/src/fealty.ts';
import { ROOT } from './reader.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const DOCUMENTS = [
  ...globSync('{*.md,docs/**/*.md,server/src/modules/*/README.md}', { cwd: ROOT }),
  'cli/README.md',
  'sdk/README.md',
].sort();
const all = DOCUMENTS.map(path => ({ path, text: read(path) }));

/** What a pattern's first group finds in a text, each once, sorted. */
const found = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(match => match[1] as string))].sort();

/** The anchor that a heading gets on the usual sites for repositories. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Why a link leads nowhere; undefined where it leads to a file, and to a heading of it if it names one. */
function flawOf(path: string, link: string): string | undefined {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
  if (!existsSync(join(ROOT, target))) return `${path}: there is no ${link}`;
  if (anchor === undefined) return undefined;
  const anchors = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
  return anchors.includes(anchor) ? undefined : `${path}: there is no heading ${link}`;
}

test('every link of the documents leads to a file, and to a heading that is there', () => {
  const flaws = all.flatMap(({ path, text }) => {
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
    const links = [...prose.matchAll(/\]\((?!https?:|\/)([^)\s]*)\)/g)];
    return links.flatMap(([, link = '']) => flawOf(path, link) ?? []);
  });
  assert.deepEqual(flaws, []);
});

test('a link to nowhere is found', () => {
  assert.equal(flawOf('README.md', 'docs/start.md'), undefined);
  assert.equal(flawOf('docs/start.md', '../README.md#start'), undefined);
  assert.match(flawOf('README.md', 'docs/nowhere.md') ?? '', /there is no docs\/nowhere/);
  assert.match(flawOf('README.md', 'docs/start.md#nowhere') ?? '', /there is no heading/);
});

test('every npm script that a document names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const unknown = all.flatMap(({ path, text }) =>
    found(text, /npm run (?:-s )?([a-z][a-z:-]*)/g)
      .filter(name => !(name in scripts))
      .map(name => `${path}: npm run ${name}`),
  );
  assert.deepEqual(unknown, []);
});

test('the settings are those that the engine and the command line read', () => {
  const settings = /\b(FEALTY_[A-Z_]+)\b/g;
  const taken = found(read('server/src/config.ts') + read('cli/src/config.ts'), settings);
  assert.deepEqual(found(read('docs/reference/settings.md'), settings), taken);
});

test('the API in brief lists every operation with its scope', () => {
  const { paths } = JSON.parse(read('docs/reference/openapi.json')) as {
    paths: Record<string, Record<string, { 'x-scope'?: string }>>;
  };
  const declared = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(
      ([method, operation]) => `${method.toUpperCase()} ${path} ${operation['x-scope']}`,
    ),
  );
  const rows = read('docs/reference/api.md').matchAll(/^\| `([A-Z]+ \S+)` \| `(\S+)` \|/gm);
  const listed = [...rows].map(([, operation, scope]) => `${operation} ${scope}`);
  assert.deepEqual(listed.sort(), declared.sort());
});

test('the command line in brief lists every command', () => {
  const commands = (command: typeof fealty): string[] =>
    command.commands ? Object.values(command.commands).flatMap(commands) : [command.name];
  assert.deepEqual(
    found(read('docs/reference/cli.md'), /^\| `fealty ([^`]+)` \|/gm),
    commands(fealty).sort(),
  );
});

test('every metric that a document names is measured, and every one of the engine is documented', () => {
  const sources = globSync('server/src/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] });
  const measured = found(sources.map(read).join('\n'), /'(fealty_[a-z_]+)',/g);
  assert.deepEqual(found(read('docs/guides/operate.md'), /`(fealty_[a-z]+_[a-z_]+)`/g), measured);
});

test('every event type that the engine publishes is documented', () => {
  // The variables of conditions look like types of events.
  const exclude = ['**/*.test.ts', 'server/src/modules/program/**'];
  const sources = globSync('server/src/modules/**/*.ts', { cwd: ROOT, exclude });
  const kind = '((?:order|redemption|points|wallet|activity|referral|member|case|household|tier)\\.[a-z_]+)';
  const published = found(sources.map(read).join('\n'), new RegExp(`'${kind}'`, 'g'));
  const documented = found(read('docs/guides/events.md'), new RegExp(`\`${kind}\``, 'g'));
  assert.ok(published.length > 0);
  assert.deepEqual(
    published.filter(type => !documented.includes(type)),
    [],
  );
});
