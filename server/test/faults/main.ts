// Fault tests: `node tools/run.mjs server/test/faults/main.ts [scenario ...] [--kills N] [--seed S]`. Without a scenario
// all of them, one after the other. See README.md.
import { parseArgs } from 'node:util';
import { fillDisk, fillTables } from './filling.ts';
import { killImports } from './importing.ts';
import {
  answersScenario,
  engineScenario,
  lostScenario,
  mixedScenario,
  postgresScenario,
  stallScenario,
} from './killing.ts';
import { pauseEngines } from './pausing.ts';
import { killSweeps } from './sweeping.ts';
import type { Options, Report } from './world.ts';

interface Scenario {
  readonly what: string;
  readonly kills: number;
  readonly checkEvery: number;
  run(options: Options): Promise<Report | string>;
}

/** Every scenario; one that cannot run here gives the reason instead of a report. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  engine: { what: 'kill -9 of the engine', kills: 200, checkEvery: 25, run: engineScenario },
  postgres: { what: 'kill -9 of PostgreSQL', kills: 50, checkEvery: 10, run: postgresScenario },
  lost: { what: 'cutting every connection', kills: 100, checkEvery: 25, run: lostScenario },
  answers: {
    what: 'cutting every connection behind what was asked',
    kills: 100,
    checkEvery: 25,
    run: answersScenario,
  },
  stall: { what: 'SIGSTOP of PostgreSQL', kills: 10, checkEvery: 5, run: stallScenario },
  mixed: { what: 'any of these', kills: 60, checkEvery: 20, run: mixedScenario },
  pause: { what: 'SIGSTOP of one of two engines', kills: 12, checkEvery: 4, run: pauseEngines },
  disk: { what: 'filling the volume with everything on it', kills: 10, checkEvery: 5, run: fillDisk },
  tables: { what: 'filling the volume with the tables', kills: 10, checkEvery: 5, run: fillTables },
  import: {
    what: 'kill -9 of the command, the engine and PostgreSQL each',
    kills: 10,
    checkEvery: 10,
    run: killImports,
  },
  sweep: { what: 'kill -9 of a sweep half way', kills: 4, checkEvery: 4, run: killSweeps },
};

function usage(): string {
  const lines = Object.entries(SCENARIOS).map(
    ([name, { what, kills }]) => `  ${name.padEnd(9)} ${what} (${kills})`,
  );
  return `Usage: main.ts [scenario ...] [--kills N] [--seed S] [--clients N] [--members N] [--check-every N] [--plain]\n${lines.join('\n')}`;
}

function print({ scenario, seed, faults, wrong, figures }: Report): void {
  console.log(`\n${scenario}: ${faults} faults, seed ${seed}`);
  const width = Math.max(...Object.keys(figures).map(name => name.length));
  for (const [name, value] of Object.entries(figures))
    console.log(`  ${name.padEnd(width)}  ${value.toLocaleString('en-US')}`);
  if (wrong.length === 0) {
    console.log(
      `  all agrees; no failure in ${faults} faults bounds the rate at ${Math.min(100, 300 / faults).toFixed(1)} % with 95 % confidence`,
    );
    return;
  }
  console.log(`  ${wrong.length} things are wrong:`);
  for (const sentence of wrong.slice(0, 50)) console.log(`  ✖ ${sentence}`);
}

async function main(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kills: { type: 'string' },
      seed: { type: 'string' },
      clients: { type: 'string', default: '16' },
      members: { type: 'string', default: '300' },
      'check-every': { type: 'string' },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage());
    return true;
  }
  const unknown = positionals.find(name => !(name in SCENARIOS));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}\n${usage()}`);
  let good = true;
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
    const scenario = SCENARIOS[name] as Scenario;
    const options: Options = {
      kills: whole(values.kills ?? scenario.kills, 'kills'),
      seed: whole(values.seed ?? Math.floor(Math.random() * 1_000_000), 'seed'),
      clients: whole(values.clients, 'clients'),
      members: whole(values.members, 'members'),
      checkEvery: whole(values['check-every'] ?? scenario.checkEvery, 'check-every'),
      plain: values.plain,
      say: line => console.log(line),
    };
    console.log(`${name}: ${options.kills} times ${scenario.what}, seed ${options.seed}`);
    const report = await scenario.run(options);
    if (typeof report === 'string') console.log(`${name}: skipped, ${report}`);
    else {
      print(report);
      good &&= report.wrong.length === 0;
    }
  }
  return good;
}

function whole(value: string | number, name: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1`);
  return number;
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
}
