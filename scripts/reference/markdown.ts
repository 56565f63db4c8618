/** The few forms of Markdown that a reference page is made of. */

/** Said at the top of each page. */
export const GENERATED = 'This page is written by `node scripts/dist/reference.js`; a check fails when it is old.'

/** A table whose columns are aligned, as the formatter of this house writes them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(inCell))
  const widths = head.map((_, column) => Math.max(3, ...lines.map((row) => (row[column] ?? '').length)))
  const write = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [first = [], ...others] = lines
  return [write(first), write(widths.map((width) => '-'.repeat(width))), ...others.map(write)].join('\n')
}

/** A bar would end the cell, a line break the table; the formatter takes out double blanks. */
function inCell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|')
}

/** Parts of a page, a blank line between them. */
export function page(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** Code in a line of text. */
export function code(text: string): string {
  return `\`${text}\``
}
