import { Failure } from '../failure.ts';
import { columnsByHeader, columnsByPosition } from './columns.ts';
import type { DateReader } from './dates.ts';
import { createNdjsonReader } from './ndjson.ts';
import { createRowReader, type OrderTaker, type RowReader } from './orders.ts';
import type { ImportPlan } from './plan.ts';
import { eachLine, type RecordTaker, type Splitter, splitOnBlanks, splitOnDelimiter } from './records.ts';

/** Takes the text of a file piece by piece and counts its rows. */
export interface Reader {
  take(text: string, last: boolean, hasBadBytes: boolean): void;
  tooLong(start: string): void;
  end(): void;
  rows(): number;
}

/**
 * Builds the reader of a file from its plan; `taker` gets the orders and the rows that are none, `note` a remark for
 * the person who imports. The reader throws a Failure where the columns are not what an order needs.
 */
export function createReader(
  plan: ImportPlan,
  readDate: DateReader,
  taker: OrderTaker,
  note: (text: string) => void,
): Reader {
  let row = 0;
  let bad = false;
  const isBad = (text: string): boolean => bad && text.includes('\ufffd');
  const reject = (code: string, detail: string, text: string) => taker.reject(++row, code, detail, text);
  const notUtf8 = (text: string) => reject('not_utf8', 'the row has bytes that are not UTF-8', text);
  const tooLong = (start: string) => reject('row_too_long', 'the row is longer than a mebibyte', start);
  const rows = () => row;

  if (plan.format === 'ndjson') {
    const read = createNdjsonReader(plan, taker);
    const line = (text: string) => (isBad(text) ? notUtf8(text) : read(++row, text));
    return {
      take(text, _last, hasBadBytes) {
        bad = hasBadBytes;
        eachLine(text, line);
      },
      tooLong,
      end() {},
      rows,
    };
  }

  let awaitsHeader = plan.header;
  let rowReader: RowReader | undefined;
  const open = (names: readonly string[]) => {
    const columns = plan.columns ? columnsByPosition(plan.columns) : columnsByHeader(names);
    if (typeof columns === 'string') {
      const other = names.length === 1 ? /[;\t|]/.exec(names[0] ?? '')?.[0] : undefined;
      const hint =
        other === undefined ? '' : ` Perhaps the columns are divided by another --delimiter: '${other}'.`;
      throw new Failure(`${columns}${hint}`, { exitCode: 2 });
    }
    if (columns.unused.length > 0) note(`Columns that are passed over: ${columns.unused.join(', ')}`);
    return createRowReader({ ...plan, columns, readDate }, taker);
  };
  if (plan.columns) rowReader = open([]);
  const split: Splitter = plan.format === 'whitespace' ? splitOnBlanks : splitOnDelimiter(plan.delimiter);
  const records: RecordTaker = {
    record(fields, text) {
      if (awaitsHeader) {
        awaitsHeader = false;
        rowReader ??= open(fields);
      } else if (isBad(text)) notUtf8(text);
      else rowReader?.row(fields, ++row, text);
    },
    broken(code, detail, text) {
      if (awaitsHeader) throw new Failure(`The header line ${text} cannot be read: ${detail}`);
      reject(code, detail, text);
    },
  };
  return {
    take(text, last, hasBadBytes) {
      // A record with open quotes reaches into the next piece, so bad bytes stay in sight once there were any.
      bad ||= hasBadBytes;
      split(text, last, records);
    },
    tooLong,
    end() {
      if (awaitsHeader) throw new Failure(`${plan.file} is empty: it has not even a header line`);
      rowReader?.end();
    },
    rows,
  };
}
