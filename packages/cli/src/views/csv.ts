/** Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet. */

/** Names that callers choose could drive the terminal that shows a file. Tabs and line breaks are text. */
const CONTROL = /(?![\t\n\r])\p{Cc}/gu

/** A file of rows, each line ended by CRLF. Numbers are written as they are, texts are guarded. */
export function renderCsv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = guard(value.replace(CONTROL, '\ufffd'))
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Spreadsheets run what begins like a formula, behind blanks too; callers choose the names, so they are made text. */
function guard(text: string): string {
  return /^\s*[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
