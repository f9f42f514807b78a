import type { Arguments } from './arguments.ts';
import { databaseSettings } from './database.ts';
import { describeMachine } from './machine.ts';
import type { Path, Turn } from './path.ts';
import { PATHS, SUSTAINED } from './paths.ts';
import { type Kept, keep, type Report } from './report.ts';
import { type Rig, startRig } from './rig.ts';
import { precise, whole } from './table.ts';

type Say = (line: string) => void;

/** Measures the named paths (all when none is named) on an engine of their own and gives the report. */
export async function runPaths(options: Arguments, say: Say): Promise<Report> {
  const isWanted = ({ name }: Path) => options.names.length === 0 || options.names.includes(name);
  const paths = PATHS.filter(isWanted);
  const last = [SUSTAINED].filter(isWanted);
  const machine = describeMachine(options.parent);
  const started_at = new Date().toISOString();
  say(`Starting an engine and enrolling ${whole(options.members)} members ...`);
  const comparator = paths.some(({ name }) => name === 'comparator');
  const rig = await startRig({ parent: options.parent, members: options.members, comparator }, say);
  try {
    const database = await databaseSettings(rig.database.url);
    const failures: string[] = [];
    const measured = await interleave(rig, paths, options, failures, say);
    const turn = { round: 0, warmup: warmupFor(options.seconds), seconds: options.sustained };
    for (const path of last) measured.push(...(await attempt(rig, path, turn, failures, say)));
    const verified = options.verify ? await verify(rig, say) : undefined;
    const { members, seconds, rounds, sustained } = options;
    return {
      started_at,
      options: { members, seconds, rounds, sustained },
      machine,
      engine: rig.engine.settings,
      database,
      preload: rig.preload,
      paths: [...paths, ...last].map(({ name, title, floor, aim }) => ({ name, title, floor, aim })),
      measured,
      failures,
      ...(verified === undefined ? {} : { verified }),
    };
  } finally {
    await rig.stop();
  }
}

/** Every path once in each round, every other round backwards: a drift of the machine meets all paths alike. */
async function interleave(
  rig: Rig,
  paths: readonly Path[],
  { rounds, seconds }: Arguments,
  failures: string[],
  say: Say,
): Promise<Kept[]> {
  const measured: Kept[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    const turn = { round, warmup: warmupFor(seconds), seconds };
    for (const path of round % 2 === 0 ? paths : paths.toReversed())
      measured.push(...(await attempt(rig, path, turn, failures, say)));
  }
  return measured;
}

/** Code gets warm in the first seconds of each path; the rest of it was warm from enrolling. */
export const warmupFor = (seconds: number): number => Math.min(3, Math.max(0.5, seconds / 5));

/** Measures one path; one that fails is reported and does not end the others. */
async function attempt(rig: Rig, path: Path, turn: Turn, failures: string[], say: Say): Promise<Kept[]> {
  try {
    const kept = keep(path.name, turn.round, await path.measure(rig, turn));
    for (const row of kept.rows) {
      say(
        `  ${row.name.padEnd(28)} ${whole(row.rate).padStart(8)}/s  p50 ${precise(row.p50)}  p99 ${precise(row.p99)} ms`,
      );
    }
    return [kept];
  } catch (error) {
    const failure = `${path.name}, round ${turn.round + 1}: ${(error as Error).message}`;
    failures.push(failure);
    say(`  ${failure}`);
    return [];
  }
}

async function verify(rig: Rig, say: Say): Promise<boolean> {
  say('verifying the ledger ...');
  const { ok } = await rig.engine.call<{ ok: boolean }>('POST', '/v1/verify', {});
  return ok;
}
