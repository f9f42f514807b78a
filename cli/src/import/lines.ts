import { open } from 'node:fs/promises';
import { Failure } from '../failure.ts';

/** A run of whole lines of a file. */
export interface Piece {
  /** Whole lines, each with its line end; the last line of the file may have none. */
  text: string;
  /** Bytes of the file up to the end of this piece. */
  bytesRead: number;
  /** The one line of this piece is longer than a row may be; `text` is only its beginning. */
  tooLong: boolean;
  /** Some bytes were not UTF-8 and stand in `text` as U+FFFD. */
  hasBadBytes: boolean;
  /** Nothing follows. */
  last: boolean;
}

const READ_BYTES = 256 * 1024;
/** The longest line that is read as a row: what bounds the memory of a file without line ends. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** How much of a line that is too long goes to the rejects. */
const KEPT_OF_LONG_LINE = 1_000;
const LF = 10;

/**
 * Reads a UTF-8 file in pieces that end at line ends, with memory bounded by the longest line allowed. Nothing is
 * read ahead: the caller takes the next piece when it has room for it, which is the whole of the backpressure.
 * Throws a Failure where the file cannot be read or is UTF-16.
 */
export async function* readLines(path: string): AsyncGenerator<Piece> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${path} cannot be opened: ${reasonOf(error)}`);
  });
  const buffer = Buffer.allocUnsafe(MAX_LINE_BYTES + READ_BYTES);
  let filled = 0;
  let bytesRead = 0;
  let skipping = false;
  try {
    for (;;) {
      const room = Math.min(READ_BYTES, buffer.length - filled);
      const read = await file.read(buffer, filled, room, null).catch((error: NodeJS.ErrnoException) => {
        throw new Failure(`${path} cannot be read: ${reasonOf(error)}`);
      });
      const start = bytesRead === 0 ? startOfText(buffer.subarray(0, read.bytesRead), path) : 0;
      filled += read.bytesRead;
      bytesRead += read.bytesRead;
      const last = read.bytesRead === 0;
      let from = start;
      if (skipping) {
        const end = buffer.subarray(0, filled).indexOf(LF);
        skipping = end === -1 && !last;
        from = end === -1 ? filled : end + 1;
      }
      const end = last ? filled : buffer.lastIndexOf(LF, filled - 1) + 1;
      if (end > from || last) {
        yield piece(buffer.subarray(from, Math.max(from, end)), bytesRead, last);
        if (last) return;
      }
      const rest = Math.max(from, end);
      buffer.copyWithin(0, rest, filled);
      filled -= rest;
      if (filled >= MAX_LINE_BYTES) {
        yield { ...piece(buffer.subarray(0, KEPT_OF_LONG_LINE), bytesRead, false), tooLong: true };
        filled = 0;
        skipping = true;
      }
    }
  } finally {
    await file.close();
  }
}

function piece(bytes: Buffer, bytesRead: number, last: boolean): Piece {
  const text = bytes.toString('utf8');
  return { text, bytesRead, tooLong: false, hasBadBytes: text.includes('\ufffd'), last };
}

/** Length of the byte order mark, if the file has one. */
function startOfText(bytes: Buffer, path: string): number {
  const [a, b, c] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new Failure(`${path} is UTF-16; save it as UTF-8 and import that`);
  }
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EISDIR') return 'it is a folder';
  if (error.code === 'EACCES') return 'this user may not read it';
  return error.message;
}
