/** Tables as CSV. */

/** One column of a table of plain values. */
export interface CsvColumn<Row> {
  readonly name: string
  readonly value: (row: Row) => string | number | boolean | null
}

/**
 * The text of a CSV file (RFC 4180, CRLF). A text that a spreadsheet would run as a formula gets an apostrophe in
 * front: names come from callers. Numbers stay as they are, negative ones as well.
 */
export function toCsv<Row>(columns: readonly CsvColumn<Row>[], rows: readonly Row[]): string {
  const head = columns.map(({ name }) => quoteCell(name)).join(',')
  const lines = rows.map((row) => columns.map(({ value }) => quoteCell(value(row))).join(','))
  return `${[head, ...lines].join('\r\n')}\r\n`
}

function quoteCell(value: string | number | boolean | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
