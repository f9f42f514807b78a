import { type BinaryType, encodeBinary, isBinary } from './binary.ts';

type Cell = number | bigint | string | boolean | Buffer | null;

/**
 * A column of a batch, for `$1::bigint[]`. How it goes over the wire is decided by the type that the statement declares:
 * in binary where that type is known here, else as an array literal.
 */
export class Column {
  readonly cells: readonly Cell[];

  constructor(cells: readonly Cell[]) {
    this.cells = cells;
  }

  /** What the driver sends for a parameter of type `element[]`. Throws what PostgreSQL would for a number out of range. */
  encode(element: string): Buffer | string {
    return isBinary(element) ? encodeBinary(element as BinaryType, this.cells) : literal(this.cells);
  }
}

const SPECIAL = /["\\]/;
const escapeText = (value: string): string =>
  SPECIAL.test(value) ? value.replace(/["\\]/g, character => `\\${character}`) : value;

const literal = (cells: readonly Cell[]): string =>
  `{${cells.map(cell => (cell === null ? 'null' : `"${escapeText(String(cell))}"`)).join(',')}}`;

/** Numbers, bigints or null. */
export const numbers = (values: readonly (number | bigint | null)[]): Column => new Column(values);

export const booleans = (values: readonly (boolean | null)[]): Column => new Column(values);

/** Texts (JSON too, and UUIDs as 32 hexadecimal digits) or null. */
export const texts = (values: readonly (string | null)[]): Column => new Column(values);

/** Instants (epoch milliseconds, or an infinity) or null. */
export const instants = (values: readonly (number | null)[]): Column => new Column(values);

export const bytes = (values: readonly (Buffer | null)[]): Column => new Column(values);

/** The types of the parameters of a statement that are arrays, by their number: `$3::bigint[]` gives `bigint` at 3. */
export function arrayTypes(text: string): readonly (string | undefined)[] {
  const types: (string | undefined)[] = [];
  for (const [, number, type] of text.matchAll(/\$(\d+)::(\w+)\[\]/g)) types[Number(number)] = type as string;
  return types;
}
