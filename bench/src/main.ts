// `npm run bench`, also called by `./fealty bench`: measures an engine of its own on this machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, HELP, parseArguments, UsageError } from './arguments.ts';
import { writeDocs } from './docs.ts';
import { reportText } from './figures.ts';
import { curveOfKeys, curveText } from './keys.ts';
import { PATHS, SUSTAINED } from './paths.ts';
import { profilePath } from './profile.ts';
import { runPaths } from './run.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const names = [...PATHS, SUSTAINED].map(({ name }) => name);
  const options = parseArguments(process.argv.slice(2), names);
  switch (options.task) {
    case 'help':
      process.stdout.write(`${HELP}\nPaths:\n`);
      for (const { name, title } of [...PATHS, SUSTAINED]) console.log(`  ${name.padEnd(13)} ${title}`);
      return;
    case 'write-docs':
      console.log(`The figures stand in ${writeDocs(options.results as string)} now.`);
      return;
    case 'profile':
      return print(options, await profilePath(options, say));
    case 'keys': {
      const curve = await curveOfKeys(options, say);
      return print(options, { text: curveText(curve), result: curve });
    }
    case 'paths': {
      const report = await runPaths(options, say);
      print(options, { text: reportText(report), result: report });
      if (report.failures.length > 0) process.exitCode = 1;
    }
  }
}

/** Keeps the result as JSON and shows it. */
function print({ json, task }: Arguments, { text, result }: { text: string; result: unknown }): void {
  mkdirSync(RESULTS, { recursive: true });
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  const file = join(RESULTS, `${task}-${time}.json`);
  const stored = `${JSON.stringify(result, null, 1)}\n`;
  writeFileSync(file, stored);
  process.stdout.write(json ? stored : `${text}\n`);
  say(`\nresults: ${file}`);
}

try {
  await main();
} catch (error) {
  say(
    error instanceof UsageError
      ? `${error.message}\n\n${HELP}`
      : `The benchmark failed: ${(error as Error).stack}`,
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
