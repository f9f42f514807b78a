import { basename, resolve } from 'node:path';
import { usageFailure } from '../failure.ts';
import { wholeNumber } from '../numbers.ts';
import { exponentOf } from './currencies.ts';

export type Format = 'csv' | 'tsv' | 'whitespace' | 'ndjson';

/** Everything that decides how a file is read, complete with its defaults. */
export interface ImportPlan {
  file: string;
  /** The file's own name: what external ids begin with where the file has no order ids. */
  fileName: string;
  program: string;
  format: Format;
  delimiter: string;
  /** The first line is a header. */
  header: boolean;
  /** Columns by position; undefined: by the names in the header. */
  columns: readonly string[] | undefined;
  dateFormat: string;
  timeZone: string;
  currency: string | undefined;
  amounts: 'decimal' | 'minor';
  source: string;
  rejectsFile: string;
  /** The orders are old ones that are taken over: velocity does not look at them. */
  historical: boolean;
  batch: number;
  streams: number;
  patienceMs: number;
}

export const FORMATS: readonly Format[] = ['csv', 'tsv', 'whitespace', 'ndjson'];

const FORMAT_OF_ENDING: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
};

/** What was typed, as text. */
export interface ImportOptions {
  file: string;
  program: string;
  format?: string | undefined;
  columns?: string | undefined;
  header?: boolean | undefined;
  delimiter?: string | undefined;
  'date-format': string;
  'time-zone'?: string | undefined;
  currency?: string | undefined;
  amounts: string;
  source?: string | undefined;
  rejects?: string | undefined;
  historical?: boolean | undefined;
  batch: string;
  streams: string;
  patience: string;
}

/** What the program says where the command line says nothing. */
export interface ProgramDefaults {
  currency?: string | undefined;
  time_zone?: string | undefined;
}

/** Completes what was typed. Throws a Failure with the usage exit code that names the option and what it takes. */
export function planImport(options: ImportOptions, program: ProgramDefaults): ImportPlan {
  const fileName = basename(options.file);
  if (fileName.length > LONGEST_FILE_NAME) {
    throw usageFailure(
      `The file's name is too long to be part of order ids; shorten it to ${LONGEST_FILE_NAME} characters.`,
    );
  }
  const format = formatOf(options.file, options.format);
  const columns = options.columns?.split(',');
  const header = options.header ?? columns === undefined;
  if (format !== 'ndjson' && !header && columns === undefined) {
    throw usageFailure('Without a header the columns need names: --columns member,date,quantity,amount');
  }
  const amounts = oneOf('--amounts', options.amounts, ['decimal', 'minor'] as const);
  const currency = options.currency ?? program.currency;
  if (
    format !== 'ndjson' &&
    amounts === 'decimal' &&
    currency !== undefined &&
    exponentOf(currency) === undefined
  ) {
    throw usageFailure(
      `${currency} is not a currency of ISO 4217, so its decimal places are unknown. Use --amounts minor.`,
    );
  }
  const rejectsFile = options.rejects ?? `${fileName}.rejects.csv`;
  if (resolve(rejectsFile) === resolve(options.file))
    throw usageFailure('--rejects names the file of orders itself.');
  return {
    file: options.file,
    fileName,
    program: options.program,
    format,
    delimiter: delimiterOf(format, options.delimiter),
    header,
    columns,
    dateFormat: options['date-format'],
    timeZone: options['time-zone'] ?? program.time_zone ?? 'UTC',
    currency,
    amounts,
    source: sourceOf(options.source, fileName),
    rejectsFile,
    historical: options.historical === true,
    batch: wholeNumber('--batch', options.batch, 1, 1_000),
    streams: wholeNumber('--streams', options.streams, 1, 64),
    patienceMs: wholeNumber('--patience', options.patience, 0, 86_400) * 1_000,
  };
}

function formatOf(file: string, named: string | undefined): Format {
  if (named !== undefined) return oneOf('--format', named, FORMATS);
  const ending = /\.([^.]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  const format = FORMAT_OF_ENDING[ending];
  if (format) return format;
  throw usageFailure(
    `The format of ${file} is not known from its ending. Use --format ${FORMATS.join('|')}.`,
  );
}

function delimiterOf(format: Format, named: string | undefined): string {
  if (named === undefined) return format === 'tsv' ? '\t' : ',';
  if (format !== 'csv') throw usageFailure(`--delimiter is for csv; the format is ${format}.`);
  const delimiter = named === '\\t' ? '\t' : named;
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw usageFailure(`--delimiter takes one character that is not a quote or a line end, not ${named}.`);
}

const SOURCE = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** External ids end at 200 characters, and a row number of up to 16 digits is put behind the name. */
const LONGEST_FILE_NAME = 180;

function sourceOf(named: string | undefined, fileName: string): string {
  if (named !== undefined) {
    if (SOURCE.test(named)) return named;
    throw usageFailure(
      `--source takes up to 64 of a-z, 0-9, point, _ and -, beginning with a letter or digit, not ${named}.`,
    );
  }
  const source = fileName
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64);
  if (source !== '') return source;
  throw usageFailure(`No source can be made of the file's name ${fileName}. Use --source NAME.`);
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find(each => each === value);
  if (found !== undefined) return found;
  throw usageFailure(`${option} takes one of ${known.join(', ')}, not ${value}.`);
}
