/**
 * calicoctl's table, as Go's tabwriter makes it: 3 spaces after every cell, the last too, columns at least 5 wide with
 * them; an empty line ends it. Spec 06 §10.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows]
  const widths = columnsOf(lines)
  return `${lines.map((line) => lineOf(line, widths)).join('\n')}\n\n`
}

/** A table whose rows come one by one; a column gets wider when a cell needs it. */
export function createGrowingTable(header: readonly string[]): {
  readonly header: string
  row(cells: readonly string[]): string
} {
  let widths = columnsOf([header])
  return {
    header: `${lineOf(header, widths)}\n`,
    row(cells) {
      const needed = columnsOf([cells])
      widths = widths.map((width, at) => Math.max(width, needed[at] ?? 0))
      return `${lineOf(cells, widths)}\n`
    },
  }
}

function columnsOf(lines: readonly (readonly string[])[]): number[] {
  return widthsOf(lines).map((width) => Math.max(5, width + 3))
}

function lineOf(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, at) => padEnd(cell, widths[at] ?? 0)).join('')
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
