/** What a column of a file can hold. One row is one order, or one line of an order where the file has order ids. */
export const COLUMNS = [
  'order_id',
  'line_id',
  'member',
  'date',
  'quantity',
  'amount',
  'currency',
  'sku',
  'category',
  'channel',
  'kind',
  'partner',
] as const;
export type Column = (typeof COLUMNS)[number];

const ALIASES: Readonly<Record<string, Column>> = {
  external_id: 'order_id',
  customer: 'member',
  customer_id: 'member',
  member_id: 'member',
  occurred_at: 'date',
};

/** Where each column of an order stands in a row (-1: nowhere), and how many fields a row has. */
export interface ColumnMap {
  at: Readonly<Record<Column, number>>;
  width: number;
  /** Names in the file's header that mean nothing here and are passed over. */
  unused: readonly string[];
}

/** True for the names that mark a column as one to pass over: `-`, `_` and nothing. */
const isPassedOver = (name: string): boolean => name === '-' || name === '_' || name === '';

function columnOf(name: string): Column | undefined {
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return COLUMNS.find(column => column === plain) ?? ALIASES[plain];
}

/**
 * Columns by position, as `--columns` names them. An unknown name is an error: it is a slip of the person who types,
 * unlike in a file's header. Returns a sentence where the list cannot be used.
 */
export function columnsByPosition(names: readonly string[]): ColumnMap | string {
  for (const name of names) {
    if (isPassedOver(name.trim()) || columnOf(name)) continue;
    return `--columns has ${name}, which is not one of: ${COLUMNS.join(', ')}. Write - for a column to pass over.`;
  }
  return mapped(names, '--columns');
}

/** Columns by the names in the file's header line; names that mean nothing here are passed over. */
export function columnsByHeader(names: readonly string[]): ColumnMap | string {
  return mapped(names, 'the header line');
}

function mapped(names: readonly string[], where: string): ColumnMap | string {
  const at = Object.fromEntries(COLUMNS.map(column => [column, -1])) as Record<Column, number>;
  const unused: string[] = [];
  for (const [position, name] of names.entries()) {
    const column = isPassedOver(name.trim()) ? undefined : columnOf(name);
    if (!column) {
      if (!isPassedOver(name.trim())) unused.push(name.trim());
    } else if (at[column] !== -1) {
      return `${where} names the column ${column} twice (${names[at[column]]?.trim()} and ${name.trim()})`;
    } else {
      at[column] = position;
    }
  }
  const missing = (['member', 'date', 'amount'] as const).filter(column => at[column] === -1);
  if (missing.length > 0) {
    const seen = names.map(name => name.trim()).join(', ');
    return `${where} (${seen}) has no column for ${missing.join(', ')}. Name the columns by position: --columns member,date,quantity,amount, with - for one to pass over, and --header when the first line is a header.`;
  }
  return { at, width: names.length, unused };
}
