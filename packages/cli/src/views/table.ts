/** A small table for terminals: two spaces between columns, numbers to the right, a rule above the total. */

import { widthOf } from './text-width.js'

/** One column. */
export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** What {@link renderTable} lays out; rows have a cell for each column. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  /** Set apart from the rows by a line. */
  readonly total?: readonly string[]
}

/** How the parts of a table look; by default all alike. */
export interface TableStyle {
  readonly title: (text: string) => string
  readonly total: (text: string) => string
}

const plainStyle: TableStyle = { title: String, total: String }

/** The table as lines without a newline at the end. */
export function renderTable({ columns, rows, total }: Table, style: TableStyle = plainStyle): string {
  const titles = columns.map(({ title }) => title)
  const all = [titles, ...rows, ...(total === undefined ? [] : [total])]
  const widths = columns.map((_, index) => Math.max(...all.map((cells) => widthOf(cells[index] ?? ''))))
  const layOut = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(cells[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd()
  const lines = [style.title(layOut(titles)), ...rows.map(layOut)]
  if (total === undefined) return lines.join('\n')
  const rule = '─'.repeat(Math.max(...all.map((cells) => widthOf(layOut(cells)))))
  return [...lines, rule, style.total(layOut(total))].join('\n')
}

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? space + text : text + space
}
