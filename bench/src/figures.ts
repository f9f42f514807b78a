import type { Mark } from './path.ts';
import { PLAIN, WHOLE } from './programs.ts';
import { costRatio, type Report, ratioToComparator, type Summary, summarise } from './report.ts';
import { type Column, markdownTable, precise, textTable, whole } from './table.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const left = (title: string): Column => ({ title, align: 'left' });

const COLUMNS: readonly Column[] = [
  left('path'),
  right('per second'),
  right('range'),
  right('p50 ms'),
  right('p95 ms'),
  right('p99 ms'),
  right('errors'),
  right('dropped'),
  right('late'),
  right('service'),
  right('postgres'),
  right('load'),
  right('other'),
  right('us each'),
  right('batch'),
  right('floor'),
  right('aim'),
  left('verdict'),
];

function cellsOf(summary: Summary): string[] {
  const { cpu, low, high, rounds, rate } = summary;
  const cores = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  // The comparator's path keeps the engine idle, and the other way round.
  const service = cpu.engine === undefined ? undefined : cpu.engine + (cpu.comparator ?? 0);
  return [
    summary.name,
    whole(rate),
    rounds > 1 ? `${whole(low)}-${whole(high)}` : '',
    precise(summary.p50),
    precise(summary.p95),
    precise(summary.p99),
    String(summary.errors),
    String(summary.dropped),
    String(summary.late),
    cores(service),
    cores(cpu.postgres),
    cores(cpu.load),
    cores(cpu.other),
    summary.cost === undefined ? '' : precise(summary.cost),
    summary.batch === undefined ? '' : precise(summary.batch),
    markText(summary.floor),
    markText(summary.aim),
    summary.seconds === undefined
      ? summary.verdict
      : `${precise(summary.seconds)} s ${summary.verdict}`.trim(),
  ];
}

function markText(mark: Mark | undefined): string {
  const parts = [
    mark?.rate === undefined ? [] : [whole(mark.rate)],
    mark?.p99 === undefined ? [] : [`p99 ${mark.p99}`],
    mark?.seconds === undefined ? [] : [`${mark.seconds} s`],
  ];
  return parts.flat().join(', ');
}

/** What a reader must know to read the figures: the machine, the durability, the size of the run. */
export function descriptionOf({ machine, database, options, preload, engine }: Report): string[] {
  const settings = Object.entries(database).filter(
    ([name, value]) => name !== 'server_version' && value !== '',
  );
  const tuned = Object.entries(engine).map(([name, value]) => `${name}=${value}`);
  return [
    `machine: ${machine.cores} cores, ${machine.cpu}, ${machine.memory_gb} GB, ${machine.kernel}, ${machine.filesystem}` +
      (machine.load_before === null ? '' : `, load before ${machine.load_before}`),
    `versions: Node ${machine.node}, PostgreSQL ${database.server_version}`,
    `database: ${settings.map(([name, value]) => `${name}=${value}`).join(', ')}`,
    `engine: ${tuned.length === 0 ? 'default settings' : tuned.join(', ')}`,
    `run: ${options.rounds} rounds of ${options.seconds} s for each path, interleaved; ${whole(options.members)} members` +
      (preload.orders === 0 ? '' : `, enrolled at ${whole(preload.orders / preload.seconds)} orders/s`),
  ];
}

/** Lines below the table: the comparison, errors, what each path has to add, and reasons to doubt. */
export function remarksOf(report: Report): string[] {
  const { measured, machine, failures, verified } = report;
  const ratio = ratioToComparator(measured);
  const cost = costRatio(measured, WHOLE, PLAIN);
  const errors = measured.flatMap(({ path, round, rows }) =>
    rows.flatMap(row =>
      Object.entries(row.errors).map(([error, count]) => `${path}, round ${round + 1}: ${count} x ${error}`),
    ),
  );
  const disturbed = summarise(report).filter(({ cpu }) => (cpu.other ?? 0) + (cpu.stolen ?? 0) > 0.2);
  return [
    ratio === undefined
      ? []
      : `single is ${ratio.ratio.toFixed(2)} times the comparator (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}; floor 1.3, aim 2.5)`,
    cost === undefined
      ? []
      : `${WHOLE} takes ${cost.ratio.toFixed(2)} times the processor time of ${PLAIN} (${cost.low.toFixed(2)} to ${cost.high.toFixed(2)}; at most 1.5)`,
    failures.map(failure => `not measured: ${failure}`),
    errors,
    measured.flatMap(({ notes }) => notes),
    disturbed.length === 0
      ? []
      : `disturbed: others used more than 0.2 cores during ${disturbed.map(({ name }) => name).join(', ')}`,
    machine.filesystem === 'tmpfs' ? 'the data folder is in memory: no figure of a write is durable' : [],
    verified === undefined
      ? []
      : `verify: ${verified ? 'entries, lots, wallets and totals agree' : 'DIFFERENCES were found'}`,
  ].flat();
}

const LEGEND =
  'service, postgres, load, other: cores used by the engine (or the comparator), its PostgreSQL, the load generator, ' +
  'and all else; us each: processor time of service and postgres for each thing counted; batch: mean commands in a batch';

/** The whole report for a terminal. */
export function reportText(report: Report): string {
  const table = textTable(COLUMNS, summarise(report).map(cellsOf));
  return [...descriptionOf(report), '', table, '', LEGEND, ...remarksOf(report)].join('\n');
}

/** The whole report for the documentation. */
export function reportMarkdown(report: Report): string {
  const list = (lines: readonly string[]) => lines.map(line => `- ${line}`).join('\n');
  const table = markdownTable(COLUMNS, summarise(report).map(cellsOf));
  const day = report.started_at.slice(0, 10);
  return [
    `Measured on ${day}.`,
    list(descriptionOf(report)),
    table,
    `${LEGEND}.`,
    list(remarksOf(report)),
  ].join('\n\n');
}
