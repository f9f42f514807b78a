import { once } from 'node:events';

/** Where a command writes: results to stdout, everything else to stderr, so that results can be piped. */
export interface Output {
  /** The result, for programs (`--json`) or for people; a text of several lines is fine. */
  result(value: unknown, text: () => string): void;
  /** One of many results that come one after another: a line of JSON, or of text. */
  row(value: unknown, text: () => string): void;
  /** Resolves when whoever reads the results has caught up. */
  drained(): Promise<void>;
  /** Text that is the result and never JSON, such as help. */
  text(text: string): void;
  /** A remark that is not part of the result. */
  note(text: string): void;
  /** Writes over the current line of a terminal; only where `isTerminal`. */
  redraw(text: string): void;
  readonly isTerminal: boolean;
  /** Somebody is there who can be asked. */
  readonly canAsk: boolean;
  readonly columns: number;
}

/** The output of a process; `json` is what `--json` says. */
export function createOutput(
  { stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
  json: boolean,
): Output {
  let drawn = false;
  const clear = () => {
    if (drawn) stderr.write('\r\u001b[K');
    drawn = false;
  };
  return {
    result(value, text) {
      clear();
      stdout.write(`${json ? JSON.stringify(value, null, 2) : text()}\n`);
    },
    row(value, text) {
      clear();
      stdout.write(`${json ? JSON.stringify(value) : text()}\n`);
    },
    async drained() {
      if (stdout.writableNeedDrain) await once(stdout, 'drain');
    },
    text(text) {
      stdout.write(`${text}\n`);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    redraw(text) {
      clear();
      stderr.write(text);
      drawn = text !== '';
    },
    isTerminal: stderr.isTTY === true,
    canAsk: stdin.isTTY === true && stdout.isTTY === true,
    get columns() {
      return stderr.columns || 80;
    },
  };
}

/** Columns padded to their widest cell; numbers to the right. Cells are text as it should be read. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  const right = header.map((_, column) => rows.every(row => /^[-+]?[\d,.]*$/.test(row[column] ?? '')));
  return all
    .map(row =>
      widths
        .map((width, column) =>
          right[column] ? (row[column] ?? '').padStart(width) : (row[column] ?? '').padEnd(width),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values under each other. */
export function list(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

/** A whole number with thousands set apart: 2453159 -> 2,453,159. Exact for any length. */
export function grouped(value: string | number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** 75 -> `1 min 15 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 2026-11-21T10:00:00.000Z -> 2026-11-21 10:00:00Z, and the day alone at midnight UTC. */
export function shortTime(instant: string): string {
  return instant
    .replace(/T00:00:00\.000Z$/, '')
    .replace('T', ' ')
    .replace('.000Z', 'Z');
}

/**
 * Any answer of the engine as indented lines that a person can read: `name: value`, lists of small objects with a dash.
 * For answers whose parts differ from case to case, such as the reasons of an entry.
 */
export function described(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value
      .map(each => {
        const text = described(each, `${indent}  `);
        return `${indent}- ${text.trimStart()}`;
      })
      .join('\n');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .filter(([, each]) => each !== null)
    .map(([name, each]) => {
      const label = `${indent}${name.replaceAll('_', ' ')}:`;
      if (typeof each !== 'object') return `${label} ${plain(each)}`;
      if (Object.keys(each as object).length === 0) return `${label} none`;
      return `${label}\n${described(each, `${indent}  `)}`;
    })
    .join('\n');
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

const plain = (value: unknown): string =>
  typeof value === 'string' && INSTANT.test(value) ? shortTime(value) : String(value);
