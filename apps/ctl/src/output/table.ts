/**
 * calicoctl's table, as Go's tabwriter makes it: 3 spaces after every cell, the last too, columns at least 5 wide with
 * them; an empty line ends it. Spec 06 §10.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows]
  const widths = widthsOf(lines).map((width) => Math.max(5, width + 3))
  return `${lines.map((line) => line.map((cell, at) => padEnd(cell, widths[at] ?? 0)).join('')).join('\n')}\n\n`
}

/** A box of ASCII lines: the tables of `ipam`. Spec 06 §11.2. @param right headings of the columns of numbers */
export function formatBox(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const widths = widthsOf([header, ...rows])
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[], isHeader = false): string => {
    const placed = widths.map((width, at) => {
      const isNumber = !isHeader && right.includes(header[at] ?? '')
      return isNumber ? padStart(cells[at] ?? '', width) : padEnd(cells[at] ?? '', width)
    })
    return `| ${placed.join(' | ')} |`
  }
  return `${[rule, line(header, true), rule, ...rows.map((row) => line(row)), rule].join('\n')}\n`
}

/** Of columns, in characters. */
function widthsOf(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const line of lines)
    for (const [at, cell] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, lengthOf(cell))
  return widths
}

function lengthOf(text: string): number {
  return [...text].length
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(width - lengthOf(text))
}

function padStart(text: string, width: number): string {
  return ' '.repeat(width - lengthOf(text)) + text
}
