/**
 * Orders that go to the engine in one call. Their JSON is written into one buffer as it comes: kept as strings until
 * the call is made, the same orders cost twice the CPU in garbage collection (measured: 5.6 against 10.3 microseconds a
 * row, at 12,000 rows a second).
 */
export interface Batch {
  readonly count: number;
  /** Bytes of JSON so far. */
  readonly size: number;
  add(json: string, row: number, text: string | readonly string[]): void;
  /** The body of a bulk call with the orders from `from` to before `to`, without those in `left`. */
  body(from: number, to: number, left: ReadonlySet<number>): Buffer;
  /** The rows of the file that an order was made of: the first one's number and the text of each. */
  origin(index: number): { row: number; texts: readonly string[] };
}

const START_BYTES = 256 * 1024;
const OPEN = Buffer.from('{"orders":[');
const OPEN_HISTORICAL = Buffer.from('{"historical":true,"orders":[');
const CLOSE = Buffer.from(']}');
const COMMA = 44;

export function createBatch(historical = false): Batch {
  let buffer = Buffer.allocUnsafe(START_BYTES);
  let size = 0;
  const starts: number[] = [];
  const rows: number[] = [];
  const texts: (string | readonly string[])[] = [];

  return {
    get count() {
      return starts.length;
    },
    get size() {
      return size;
    },
    add(json, row, text) {
      // A UTF-16 unit takes three bytes of UTF-8 at most; one more is for the comma.
      const most = size + json.length * 3 + 1;
      if (most > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(most, buffer.length * 2));
        buffer.copy(larger, 0, 0, size);
        buffer = larger;
      }
      starts.push(size);
      rows.push(row);
      texts.push(text);
      size += buffer.write(json, size);
      buffer[size++] = COMMA;
    },
    body(from, to, left) {
      const parts: Buffer[] = [historical ? OPEN_HISTORICAL : OPEN];
      const end = (index: number): number => starts[index + 1] ?? size;
      if (left.size === 0) parts.push(buffer.subarray(starts[from], end(to - 1)));
      else {
        for (let i = from; i < to; i++) if (!left.has(i)) parts.push(buffer.subarray(starts[i], end(i)));
      }
      const last = parts.pop() ?? CLOSE;
      // Each order has its comma behind it; the last one's goes.
      return Buffer.concat([...parts, last.subarray(0, last.length - 1), CLOSE]);
    },
    origin(index) {
      const text = texts[index] ?? '';
      return { row: rows[index] ?? 0, texts: typeof text === 'string' ? [text] : text };
    },
  };
}
