import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { Failure } from '../failure.ts';

const HEADER = 'row,code,detail,text';
const FLUSH_AT = 64 * 1024;

/** The rows that could not be taken, as CSV: row number, reason code, sentence, original text. */
export interface Rejects {
  add(row: number, code: string, detail: string, text: string): void;
  /** How many rows there are by reason code. */
  readonly counts: ReadonlyMap<string, number>;
  close(): void;
}

/**
 * Writes rejects to a file that is made at the first of them, replacing the one of an earlier run. Writing is
 * synchronous: a file whose every row is bad must not fill the memory with rejects that wait for the disk.
 * Throws a Failure where the path holds something else than rejects, so that a slip never costs the orders' file.
 */
export function createRejects(path: string): Rejects {
  refuseOtherFiles(path);
  const counts = new Map<string, number>();
  let file: number | undefined;
  let waiting = '';

  const flush = () => {
    if (waiting === '') return;
    try {
      file ??= openSync(path, 'w');
      writeSync(file, waiting);
    } catch (error) {
      throw new Failure(
        `The rejects cannot be written to ${path}: ${messageOf(error)}. Name another --rejects FILE.`,
      );
    }
    waiting = '';
  };

  return {
    counts,
    add(row, code, detail, text) {
      if (counts.size === 0) waiting = `${HEADER}\n`;
      counts.set(code, (counts.get(code) ?? 0) + 1);
      waiting += `${row},${csvField(code)},${csvField(detail)},${csvField(text)}\n`;
      if (waiting.length >= FLUSH_AT) flush();
    },
    close() {
      flush();
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function refuseOtherFiles(path: string): void {
  let start: string;
  try {
    const file = openSync(path, 'r');
    const bytes = Buffer.alloc(HEADER.length);
    start = bytes.toString('utf8', 0, readSync(file, bytes));
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new Failure(
      `The rejects file ${path} cannot be used: ${messageOf(error)}. Name another --rejects FILE.`,
    );
  }
  if (start === HEADER || start === '') return;
  throw new Failure(`${path} exists and holds something else than rejects. Name another --rejects FILE.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
