import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arguments } from './arguments.ts';
import { startDatabase } from './embedded.ts';
import type { Moments } from './load.ts';
import type { Path } from './path.ts';
import { PATHS, SUSTAINED } from './paths.ts';
import { type CpuProfile, type EngineProfile, engineProfile, type Share } from './profile-engine.ts';
import { type PostgresProfile, PostgresWatch } from './profile-postgres.ts';
import { type Kept, keep } from './report.ts';
import { type Rig, startRig } from './rig.ts';
import { warmupFor } from './run.ts';
import { precise, textTable, whole } from './table.ts';

const SETTINGS = { shared_preload_libraries: 'pg_stat_statements' };
const SHOWN_FILES = 20;
const SHOWN_FUNCTIONS = 30;

export interface Profile {
  readonly kept: Kept;
  readonly engine: EngineProfile;
  readonly postgres: PostgresProfile;
}

/**
 * Measures one path with the engine under Node's sampling profiler and with statistics of the database's statements,
 * so that it can be said what bounds the path. Both cost a little: the rates of a profile are not figures.
 */
export async function profilePath(
  options: Arguments,
  say: (line: string) => void,
): Promise<{ text: string; result: Profile }> {
  const path = [...PATHS, SUSTAINED].find(({ name }) => name === options.names[0]) as Path;
  const folder = mkdtempSync(join(tmpdir(), 'fealty-profile-'));
  try {
    const rig = await startRig(
      {
        parent: options.parent,
        members: options.members,
        comparator: path.name === 'comparator',
        startDatabase: dir => startDatabase(dir, SETTINGS),
        nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
      },
      say,
    );
    const measured = await watched(rig, path, options.seconds);
    // Written when the engine ended.
    const [file] = readdirSync(folder);
    if (file === undefined) throw new Error('the engine wrote no profile');
    const raw = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    const { from, to, ...rest } = measured;
    const result = { ...rest, engine: engineProfile(raw, from, to) };
    return { text: profileText(result), result };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Measures the path once and stops the engine. `from` and `to` are microseconds of `process.hrtime`. */
async function watched(rig: Rig, path: Path, seconds: number) {
  const now = () => Number(process.hrtime.bigint() / 1000n);
  let from = 0;
  let to = Number.POSITIVE_INFINITY;
  try {
    const watch = await PostgresWatch.start(rig.database.url);
    rig.watch = {
      begins() {
        from = now();
        watch.begins();
      },
      ends() {
        to = now();
        watch.ends();
      },
    } satisfies Moments;
    const turn = { round: 0, warmup: warmupFor(seconds), seconds };
    const kept = keep(path.name, 0, await path.measure(rig, turn));
    return { kept, postgres: await watch.finish(), from, to };
  } finally {
    await rig.stop();
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const shareTable = (title: string, shares: readonly Share[], most: number): string =>
  textTable(
    [
      { title: 'self', align: 'right' },
      { title, align: 'left' },
    ],
    shares.slice(0, most).map(({ name, share }) => [percent(share), name]),
  );

function profileText({ kept, engine, postgres }: Profile): string {
  const rates = kept.rows.map(
    row =>
      `${row.name}: ${whole(row.rate)} ${row.counts}/s, p50 ${precise(row.p50)} ms, p99 ${precise(row.p99)} ms`,
  );
  const cores = Object.entries(kept.cpu).map(([name, used]) => `${name} ${used.toFixed(2)}`);
  const statements = postgres.statements.map(statement => [
    percent(statement.share),
    whole(statement.calls),
    whole(statement.rows),
    precise(statement.total / statement.calls),
    whole(statement.walBytes / statement.calls),
    statement.text,
  ]);
  return [
    ...rates,
    `cores: ${cores.join(', ')}; mean batch ${precise(kept.batch)}`,
    ...kept.notes,
    '',
    `Engine: main thread busy ${percent(engine.busy)} of ${engine.seconds.toFixed(1)} s. Self time as a share of the busy time:`,
    '',
    shareTable('file or package', engine.files, SHOWN_FILES),
    '',
    shareTable('function', engine.functions, SHOWN_FUNCTIONS),
    '',
    'The same with the time of Node and native functions counted with the function that called them:',
    '',
    shareTable('function', engine.callers, SHOWN_FUNCTIONS),
    '',
    'PostgreSQL: statements by the time they took',
    '',
    textTable(
      [
        { title: 'share', align: 'right' },
        { title: 'calls', align: 'right' },
        { title: 'rows', align: 'right' },
        { title: 'ms/call', align: 'right' },
        { title: 'WAL bytes/call', align: 'right' },
        { title: 'statement', align: 'left' },
      ],
      statements,
    ),
    '',
    `Server processes, cores: ${postgres.processes.map(({ name, cores: used }) => `${name} ${used.toFixed(2)}`).join(', ')}`,
    `Connections of the lanes: ${postgres.lanes.map(({ state, share }) => `${state} ${percent(share)}`).join(', ')}`,
  ].join('\n');
}
