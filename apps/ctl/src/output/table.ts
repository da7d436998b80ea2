/** calicoctl's table: columns at least 5 wide, 3 spaces after every cell, the last too; an empty line ends it. Spec 06 §10. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(5, ...lines.map((line) => (line[column] ?? '').length)) + 3)
  return `${lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('')).join('\n')}\n\n`
}

/** A box of ASCII lines, headings in the middle, numbers to the right: the tables of `ipam`. Spec 06 §11.2. */
export function formatBox(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const centre = (text: string, width: number): string => {
    const left = Math.ceil((width - text.length) / 2)
    return `${' '.repeat(left)}${text}`.padEnd(width)
  }
  const align = (text: string, width: number): string =>
    /^[\d.e+]+( \(\d+%\))?$/.test(text) ? text.padStart(width) : text.padEnd(width)
  const line = (cells: readonly string[], place: (text: string, width: number) => string): string =>
    `| ${widths.map((width, column) => place(cells[column] ?? '', width)).join(' | ')} |`
  return `${[rule, line(header, centre), rule, ...rows.map((row) => line(row, align)), rule].join('\n')}\n`
}
