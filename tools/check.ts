// `npm run check`: format, lint, types, import graph, dead code and the architecture's rules. Prints a line for each and
// the output of those that fail. `--fix` first corrects what can be corrected.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['server', 'sdk', 'cli', 'bench', 'tools'];

interface Check {
  readonly name: string;
  /** Arguments for Node; the first is a script. */
  readonly command: readonly string[];
  /** A reason to fail although the command ended well. */
  readonly doubt?: (output: string) => string | undefined;
}

const tool = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

const FIX: Check = { name: 'fix', command: [tool('biome'), 'check', '--write', '.'] };

// The slowest first, so that the others run beside it.
const CHECKS: readonly Check[] = [
  { name: 'types', command: [tool('tsc'), '--project', 'tsconfig.json'] },
  { name: 'format and lint', command: [tool('biome'), 'check', '--error-on-warnings', '.'] },
  {
    name: 'import graph',
    command: [tool('depcruise'), '--config', '.dependency-cruiser.mjs', ...FOLDERS],
    doubt: output => (countModules(output) > 0 ? undefined : 'It looked at no file at all.'),
  },
  { name: 'dead code', command: [tool('knip'), '--no-progress', '--no-config-hints'] },
  { name: 'architecture', command: [join(ROOT, 'tools', 'tidy.ts')] },
];

/**
 * How many files dependency-cruiser says that it read. With a TypeScript that it does not understand it reads none and
 * is content.
 */
export function countModules(output: string): number {
  return Number(output.match(/(\d+) modules/)?.[1] ?? 0);
}

interface Result {
  readonly ok: boolean;
  readonly output: string;
}

function run({ command, doubt }: Check): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', code => {
      const reason = code === 0 ? doubt?.(output) : undefined;
      resolve({
        ok: code === 0 && reason === undefined,
        output: [output, reason].filter(Boolean).join('\n'),
      });
    });
  });
}

async function report(check: Check): Promise<Result> {
  const started = performance.now();
  const result = await run(check);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${result.ok ? '✔' : '✖'} ${check.name} (${seconds} s)`);
  return result;
}

/** Runs every check at once and says whether all of them passed. */
export async function runChecks(): Promise<boolean> {
  const results = await Promise.all(CHECKS.map(report));
  for (const [i, { ok, output }] of results.entries()) {
    if (!ok) console.log(`\n── ${CHECKS[i]?.name}\n${output.trim()}`);
  }
  return results.every(({ ok }) => ok);
}

if (import.meta.main) {
  if (process.argv.includes('--fix')) await report(FIX);
  process.exitCode = (await runChecks()) ? 0 : 1;
}
