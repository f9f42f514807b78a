import { Histogram } from './histogram.ts';
import type { Machine } from './machine.ts';
import type { Mark, Measurement, Path, Row } from './path.ts';

/** A row with its latencies in milliseconds, as it is kept in results. */
export interface KeptRow extends Omit<Row, 'latencies'> {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

/** What one path gave in one round, as it is kept. */
export interface Kept extends Omit<Measurement, 'rows'> {
  readonly path: string;
  readonly round: number;
  readonly rows: readonly KeptRow[];
}

/** A whole run: the content of a results file. */
export interface Report {
  readonly started_at: string;
  readonly options: {
    readonly members: number;
    readonly seconds: number;
    readonly rounds: number;
    readonly sustained: number;
  };
  readonly machine: Machine;
  readonly engine: Readonly<Record<string, string>>;
  readonly database: Readonly<Record<string, string>>;
  readonly preload: { readonly orders: number; readonly seconds: number };
  readonly paths: readonly Pick<Path, 'name' | 'title' | 'floor' | 'aim'>[];
  readonly measured: readonly Kept[];
  /** Paths that could not be measured, with the reason. */
  readonly failures: readonly string[];
  /** Whether entries, lots, wallets and totals agreed at the end; absent when that was not asked for. */
  readonly verified?: boolean;
}

/** The rounds of one row put together: medians, and the range of the rate. */
export interface Summary {
  readonly name: string;
  readonly path: string;
  readonly counts: string;
  readonly rounds: number;
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
  readonly dropped: number;
  readonly late: number;
  readonly seconds: number | undefined;
  readonly cpu: Readonly<Record<string, number>>;
  readonly batch: number | undefined;
  /** Microseconds of processor time for each thing counted, in the service and its PostgreSQL; where a path counts one. */
  readonly cost: number | undefined;
  readonly floor: Mark | undefined;
  readonly aim: Mark | undefined;
  readonly verdict: Verdict;
}

export type Verdict = 'aim reached' | 'above floor' | 'below floor' | 'errors' | '';

/** Puts a measurement into the form that is kept. */
export function keep(path: string, round: number, { rows, ...rest }: Measurement): Kept {
  const kept = rows.map(({ latencies, ...row }) => {
    const histogram = Histogram.of(latencies);
    const [p50, p95, p99, longest] = [50, 95, 99, 100].map(percent => histogram.percentile(percent));
    return { ...row, p50: p50!, p95: p95!, p99: p99!, longest: longest! };
  });
  return { path, round, ...rest, rows: kept };
}

/** The middle value; of an even number of values, the mean of the two in the middle. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const isNumber = (value: number | undefined): value is number => value !== undefined;

/** One summary for each row, in the order of the report's paths. */
export function summarise({ paths, measured }: Pick<Report, 'paths' | 'measured'>): Summary[] {
  return paths.flatMap(path => {
    const rounds = measured.filter(kept => kept.path === path.name);
    const names = [...new Set(rounds.flatMap(({ rows }) => rows.map(({ name }) => name)))];
    return names.map(name => ({
      ...summariseRow(path, name, rounds),
      ...(names.length > 1 ? { cost: undefined } : {}),
    }));
  });
}

function summariseRow(path: Report['paths'][number], name: string, rounds: readonly Kept[]): Summary {
  const rows = rounds.flatMap(({ rows }) => rows.filter(row => row.name === name));
  const rates = rows.map(({ rate }) => rate);
  const durations = rows.map(({ seconds }) => seconds).filter(isNumber);
  // The processor time of a path belongs to all its streams together and is shown with the first.
  const isFirst = name === path.name;
  const kinds = isFirst ? [...new Set(rounds.flatMap(({ cpu }) => Object.keys(cpu)))] : [];
  const batches = isFirst ? rounds.map(({ batch }) => batch).filter(isNumber) : [];
  const summary = {
    name,
    path: path.name,
    counts: rows[0]?.counts ?? '',
    rounds: rows.length,
    rate: median(rates),
    low: Math.min(...rates),
    high: Math.max(...rates),
    p50: median(rows.map(({ p50 }) => p50)),
    p95: median(rows.map(({ p95 }) => p95)),
    p99: median(rows.map(({ p99 }) => p99)),
    errors: sum(rows.flatMap(({ errors }) => Object.values(errors))),
    dropped: sum(rows.map(({ dropped }) => dropped)),
    late: sum(rows.map(({ late }) => late)),
    seconds: durations.length > 0 ? median(durations) : undefined,
    cpu: Object.fromEntries(
      kinds.map(kind => [kind, median(rounds.map(({ cpu }) => cpu[kind]).filter(isNumber))]),
    ),
    batch: batches.length > 0 ? median(batches) : undefined,
    cost: durations.length > 0 ? undefined : costOf(rounds),
    floor: isFirst ? path.floor : undefined,
    aim: isFirst ? path.aim : undefined,
  };
  return { ...summary, verdict: judge(summary) };
}

/** How many times the processor time of one path another one takes: the median of the rounds, and their range. */
export function costRatio(
  measured: readonly Kept[],
  path: string,
  other: string,
): { ratio: number; low: number; high: number } | undefined {
  const rounds = [...new Set(measured.map(({ round }) => round))];
  const ratios = rounds.flatMap(round => {
    const [own, base] = [path, other].map(name =>
      costOf(measured.filter(kept => kept.path === name && kept.round === round)),
    );
    return own === undefined || base === undefined ? [] : [own / base];
  });
  if (ratios.length === 0) return undefined;
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

/** A race is too short for a clock that ticks a hundred times a second; a longer path's cost is the median of its rounds. */
function costOf(rounds: readonly Kept[]): number | undefined {
  const costs = rounds.flatMap(({ cpu, rows }) => {
    const cores = (cpu.engine ?? Number.NaN) + (cpu.postgres ?? Number.NaN) + (cpu.comparator ?? 0);
    const rate = rows[0]?.rate ?? 0;
    return rate > 0 && Number.isFinite(cores) ? [(cores * 1e6) / rate] : [];
  });
  return costs.length > 0 ? median(costs) : undefined;
}

/** A figure that rests on errors or on requests that were never sent says nothing. */
function judge(summary: Omit<Summary, 'verdict'>): Verdict {
  if (summary.errors > 0 || summary.dropped > 0) return 'errors';
  const { floor, aim } = summary;
  if (floor === undefined || aim === undefined) return '';
  if (!holds(floor, summary)) return 'below floor';
  return holds(aim, summary) ? 'aim reached' : 'above floor';
}

function holds(mark: Mark, { rate, p99, seconds }: Pick<Summary, 'rate' | 'p99' | 'seconds'>): boolean {
  if (mark.rate !== undefined && !(rate >= mark.rate)) return false;
  if (mark.p99 !== undefined && !(p99 <= mark.p99)) return false;
  return mark.seconds === undefined || (seconds !== undefined && seconds <= mark.seconds);
}

/** The single order path beside the comparator: the median of the ratios of each round, and their range. */
export function ratioToComparator(
  measured: readonly Kept[],
): { ratio: number; low: number; high: number } | undefined {
  const rateIn = (path: string, round: number) =>
    measured.find(kept => kept.path === path && kept.round === round)?.rows[0]?.rate;
  const rounds = [...new Set(measured.map(({ round }) => round))];
  const ratios = rounds.flatMap(round => {
    const own = rateIn('single', round);
    const other = rateIn('comparator', round);
    return own === undefined || !other ? [] : [own / other];
  });
  if (ratios.length === 0) return undefined;
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}
