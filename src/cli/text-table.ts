/** A column of a table: its title, and on which side short cells are filled up. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** A table as systemd prints it: columns as wide as their widest cell, one space between, no lines, nothing after the last cell. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column]!))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const fill = ' '.repeat(widths[column]! - widthOf(cell));
          return columns[column]!.align === 'right' ? fill + cell : cell + fill;
        })
        .join(' ')
        .trimEnd(),
    )
    .join('\n');
}

/** Characters, of which those beyond the first 65,536 of Unicode are two code units. */
function widthOf(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
