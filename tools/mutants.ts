// `npm run mutants [-- words]`: puts one mistake at a time into a copy of the engine and runs the tests that must see it.
// With words, only the mutants whose name contains them. Ends with 1 when a mutant survives, when it cannot be made, or
// when a test fails without any mutant.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dropLeftovers } from '../server/test/support/database.ts';
import { startTestPostgres } from '../server/test/support/postgres.ts';
import { MUTANTS, type Mutant } from './mutants/list.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What the tests read beside the engine; it is not changed, so a link does. */
const LINKED = ['node_modules', 'package.json', 'docs', 'examples'];
/** A mutant that hangs is caught as well; otherwise the first failure is enough. */
const TEST_MS = 180_000;
const COMMANDS = '700';

interface Verdict {
  readonly red: boolean;
  /** The first test that failed, or what happened instead. */
  readonly by: string;
}

function copyOfTheEngine(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fealty-mutants-'));
  const kept = (path: string) => !path.includes('node_modules');
  cpSync(join(ROOT, 'server'), join(folder, 'server'), { recursive: true, filter: kept });
  for (const name of LINKED) symlinkSync(join(ROOT, name), join(folder, name));
  return folder;
}

function run(folder: string, tests: readonly string[]): Promise<Verdict> {
  const server = join(folder, 'server');
  const files = tests.map(path => join(server, path));
  const preload = join(server, 'test/support/ending.ts');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', preload, '--test', '--test-reporter', 'spec', ...files],
      {
        cwd: server,
        env: { ...env, FEALTY_SIM_COMMANDS: COMMANDS, FEALTY_SIM_SHRINK: '0', FEALTY_RACE_ROUNDS: '10' },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: the runner has a process for each file, and one that hangs would stay behind.
        detached: true,
      },
    );
    const end = () => process.kill(-(child.pid as number), 'SIGKILL');
    let by: string | undefined;
    const late = setTimeout(() => {
      by = 'it does not end';
      end();
    }, TEST_MS);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const failed = /^ *✖ (.+?)(?: \([\d.]+ms\))?\n/m.exec(output)?.[1];
      if (by !== undefined || failed === undefined) return;
      by = failed;
      end();
    });
    child.stderr.resume();
    child.once('error', reject);
    child.once('close', code => {
      clearTimeout(late);
      resolve({
        red: code !== 0 || by !== undefined,
        by: by ?? (code === 0 ? 'no test' : 'a file does not load'),
      });
    });
  });
}

async function tryOne(folder: string, mutant: Mutant): Promise<Verdict> {
  const path = join(folder, 'server', mutant.file);
  const source = readFileSync(path, 'utf8');
  const [before, after, ...more] = source.split(mutant.find);
  if (before === undefined || after === undefined || more.length > 0)
    return { red: false, by: `its text does not stand exactly once in ${mutant.file}` };
  writeFileSync(path, `${before}${mutant.replace}${after}`);
  try {
    return await run(folder, mutant.tests);
  } finally {
    writeFileSync(path, source);
  }
}

async function main(words: string): Promise<boolean> {
  const chosen = MUTANTS.filter(({ name }) => name.includes(words));
  const postgres = await startTestPostgres();
  process.env.FEALTY_TEST_POSTGRES = postgres.url;
  await dropLeftovers(postgres.url);
  const folder = copyOfTheEngine();
  try {
    const tests = [...new Set(chosen.flatMap(mutant => mutant.tests))];
    const sound = await run(folder, tests);
    if (sound.red || chosen.length === 0) {
      console.log(sound.red ? `✖ without any mutant: ${sound.by}` : '✖ no mutant has such a name');
      return false;
    }
    let survivors = 0;
    for (const mutant of chosen) {
      const started = performance.now();
      const { red, by } = await tryOne(folder, mutant);
      if (!red) survivors += 1;
      const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(3);
      console.log(
        `${red ? '✔ caught  ' : '✖ SURVIVES'} ${seconds} s  ${mutant.name}\n                   ${by}`,
      );
    }
    console.log(`\n${chosen.length - survivors} of ${chosen.length} mutants are caught`);
    return survivors === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await postgres.stop();
  }
}

process.exitCode = (await main(process.argv.slice(2).join(' '))) ? 0 : 1;
