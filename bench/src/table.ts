/** A column: its title and on which side its cells stand. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Rows under titles, each column as wide as its widest cell. Throws when a row has another number of cells. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...checked(columns, rows)];
  const widths = columns.map((_, index) => Math.max(...cells.map(row => row[index]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) =>
        columns[index]!.align === 'left' ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!),
      )
      .join('  ')
      .trimEnd();
  const [titles, ...rest] = cells.map(line);
  return [titles, widths.map(width => '-'.repeat(width)).join('  '), ...rest].join('\n');
}

/** The same as a table of Markdown. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = columns.map(({ align }) => (align === 'left' ? '---' : '---:'));
  return [columns.map(({ title }) => title), rule, ...checked(columns, rows)].map(line).join('\n');
}

function checked(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new Error(`${row.length} cells in ${columns.length} columns: ${row.join(', ')}`);
  }
  return rows;
}

/** 12,345: for rates. A dash where there is no figure. */
export const whole = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '-' : Math.round(value).toLocaleString('en-US');

/** Three digits that count: for latencies and ratios. */
export function precise(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  if (value >= 100) return whole(value);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
