import type { ColumnMap } from './columns.ts';
import { exponentOf, type Flaw, toMinorUnits } from './currencies.ts';
import type { DateReader } from './dates.ts';

/** Takes the orders that rows make, and the rows that make none. Rows are counted from 1 and blank lines are none. */
export interface OrderTaker {
  /** `text` is the order's row as it stands in the file, or its rows, `row` being the first of them. */
  order(member: string, json: string, row: number, text: string | readonly string[]): void;
  reject(row: number, code: string, detail: string, text: string): void;
}

export interface RowSettings {
  columns: ColumnMap;
  /** What the external id begins with where the file has no order ids: `<file>:<row>`. */
  fileName: string;
  source: string;
  /** For rows that name none; undefined where every row must. */
  currency: string | undefined;
  amounts: 'decimal' | 'minor';
  readDate: DateReader;
}

export interface RowReader {
  row(fields: readonly string[], row: number, text: string): void;
  /** Nothing follows: the last order is complete. */
  end(): void;
}

/** The most lines that the engine takes for one order; also bounds the memory of a file with one order id throughout. */
export const MAX_ROWS_OF_ORDER = 500;

/** One row: what it says of its order (`head`) and of its line (`line`), both as JSON members. */
interface Row {
  member: string;
  head: string;
  line: string;
  lineId: string;
}

/** Nothing to escape: the case of nearly every value, and four times faster than JSON.stringify. */
const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;

export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** Makes orders of rows; the JSON is put together by hand because this runs for every row of a file. */
export function createRowReader(settings: RowSettings, taker: OrderTaker): RowReader {
  const parse = createRowParser(settings);
  const orderAt = settings.columns.at.order_id;
  if (orderAt !== -1) return groupedByOrder(orderAt, parse, taker);
  const start = `{"external_id":${quoted(`${settings.fileName}:`).slice(0, -1)}`;
  return {
    row(fields, row, text) {
      const parsed = parse(fields);
      if ('code' in parsed) return taker.reject(row, parsed.code, parsed.detail, text);
      const { member, head, line, lineId } = parsed;
      taker.order(member, `${start}${row}",${head},"lines":[{"id":${lineId || '"1"'},${line}}]}`, row, text);
    },
    end() {},
  };
}

interface OpenOrder {
  id: string;
  head: string;
  member: string;
  firstRow: number;
  lines: string[];
  texts: string[];
  /** The first row that could not be taken; from then on every row of the order is refused with it. */
  brokenBy: number | undefined;
}

/** Rows with the same order id that follow each other are the lines of one order, taken together or not at all. */
function groupedByOrder(
  orderAt: number,
  parse: (fields: readonly string[]) => Row | Flaw,
  taker: OrderTaker,
): RowReader {
  let open: OpenOrder | undefined;

  const close = () => {
    if (open && open.brokenBy === undefined) {
      const { id, head, lines, texts, member, firstRow } = open;
      const json = `{"external_id":${quoted(id)},${head},"lines":[${lines.join(',')}]}`;
      taker.order(member, json, firstRow, texts.length === 1 ? (texts[0] ?? '') : texts);
    }
    open = undefined;
  };

  const breakOpen = (order: OpenOrder, row: number) => {
    order.brokenBy = row;
    for (const [index, text] of order.texts.entries()) refuseWithOrder(order.firstRow + index, row, text);
    order.texts = [];
    order.lines = [];
  };

  const refuseWithOrder = (row: number, brokenBy: number, text: string) =>
    taker.reject(row, 'order_incomplete', `row ${brokenBy} of the same order cannot be taken`, text);

  return {
    row(fields, row, text) {
      const id = trimmed(fields[orderAt] ?? '');
      if (open && open.id !== id) close();
      if (id === '') return taker.reject(row, 'order_id_missing', 'the row has no order id', text);
      const parsed = parse(fields);
      const flaw = 'code' in parsed ? parsed : open && disagreement(open, parsed);
      if (flaw) {
        taker.reject(row, flaw.code, flaw.detail, text);
        open ??= { id, head: '', member: '', firstRow: row, lines: [], texts: [], brokenBy: row };
        if (open.brokenBy === undefined) breakOpen(open, row);
        return;
      }
      const { member, head, line, lineId } = parsed as Row;
      open ??= { id, head, member, firstRow: row, lines: [], texts: [], brokenBy: undefined };
      if (open.brokenBy !== undefined) return refuseWithOrder(row, open.brokenBy, text);
      open.lines.push(`{"id":${lineId || `"${open.lines.length + 1}"`},${line}}`);
      open.texts.push(text);
    },
    end: close,
  };
}

function disagreement(open: OpenOrder, row: Row): Flaw | undefined {
  if (open.brokenBy !== undefined) return undefined;
  if (open.lines.length >= MAX_ROWS_OF_ORDER) {
    return { code: 'order_too_long', detail: `an order may have ${MAX_ROWS_OF_ORDER} rows at most` };
  }
  if (open.head === row.head) return undefined;
  return {
    code: 'order_rows_disagree',
    detail: `order ${open.id} has another member, date, currency, channel, kind or partner in row ${open.firstRow}`,
  };
}

/** Cuts blanks at both ends, which are padding in exported files and never part of an id. */
function trimmed(text: string): string {
  const end = text.length - 1;
  if (end < 0) return text;
  return text.charCodeAt(0) > 32 && text.charCodeAt(end) > 32 ? text : text.replace(/^[ \t]+|[ \t]+$/g, '');
}

const QUANTITY = /^\d{1,15}$/;

function createRowParser(settings: RowSettings): (fields: readonly string[]) => Row | Flaw {
  const { at, width } = settings.columns;
  const start = `"source":${quoted(settings.source)},"member":`;
  const value = (fields: readonly string[], position: number): string =>
    position === -1 ? '' : trimmed(fields[position] ?? '');
  const optional = (fields: readonly string[], name: string, position: number): string => {
    const text = value(fields, position);
    return text === '' ? '' : `,"${name}":${quoted(text)}`;
  };
  const exponents = new Map<string, number>();

  return fields => {
    if (fields.length !== width && !hasOnlyEmptyExtras(fields, width)) {
      return { code: 'columns_mismatch', detail: `the row has ${fields.length} columns, not ${width}` };
    }
    const member = value(fields, at.member);
    if (member === '') return { code: 'member_missing', detail: 'the row has no member' };
    const date = settings.readDate(value(fields, at.date));
    if (typeof date !== 'string') return date;
    const currency = value(fields, at.currency) || settings.currency;
    if (currency === undefined) return { code: 'currency_missing', detail: 'the row has no currency' };
    const exponent = exponents.get(currency) ?? exponentFor(currency, settings.amounts);
    if (typeof exponent !== 'number') return exponent;
    exponents.set(currency, exponent);
    const amount = toMinorUnits(value(fields, at.amount), exponent);
    if (typeof amount !== 'string') return amount;
    const quantity = at.quantity === -1 ? '1' : value(fields, at.quantity);
    if (!QUANTITY.test(quantity)) {
      return { code: 'quantity_invalid', detail: `${quantity || 'an empty quantity'} is not a whole number` };
    }
    let head = `${start}${quoted(`ext:${member}`)},"occurred_at":"${date}","currency":${quoted(currency)}`;
    if (at.channel !== -1) head += optional(fields, 'channel', at.channel);
    if (at.kind !== -1) head += optional(fields, 'kind', at.kind);
    if (at.partner !== -1) head += optional(fields, 'partner', at.partner);
    let line = `"quantity":${Number(quantity)},"amount":"${amount}"`;
    if (at.sku !== -1) line += optional(fields, 'sku', at.sku);
    if (at.category !== -1) line += optional(fields, 'category', at.category);
    const lineId = value(fields, at.line_id);
    return { member, head, line, lineId: lineId === '' ? '' : quoted(lineId) };
  };
}

/** Exports often end each row with a delimiter; a filled extra column, however, would mean a shifted row. */
function hasOnlyEmptyExtras(fields: readonly string[], width: number): boolean {
  if (fields.length < width) return false;
  for (let i = width; i < fields.length; i++) if (trimmed(fields[i] ?? '') !== '') return false;
  return true;
}

function exponentFor(currency: string, amounts: 'decimal' | 'minor'): number | Flaw {
  const exponent = amounts === 'minor' ? 0 : exponentOf(currency);
  if (exponent !== undefined) return exponent;
  return {
    code: 'currency_unknown',
    detail: `${currency} is not in ISO 4217, so its decimal places are unknown; send amounts in minor units (--amounts minor)`,
  };
}
