/** Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet. */

/** A file of rows, each line ended by CRLF. Numbers are written as they are, texts are guarded. */
export function renderCsv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = guard(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Spreadsheets run what begins like a formula, behind blanks too; callers choose the names, so they are made text. */
function guard(text: string): string {
  return /^\s*[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
