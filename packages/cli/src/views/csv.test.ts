import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderCsv } from './csv.js'

test('commas, quotes and line breaks in a name do not break the row', () => {
  expect(renderCsv([['a,b', 'say "hi"', 'two\nlines', 3]])).toBe('"a,b","say ""hi""","two\nlines",3\r\n')
})

test('a name that a spreadsheet would run as a formula becomes text', () => {
  const names = ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1']
  expect(names.map((name) => renderCsv([[name]]))).toEqual([
    "'=1+1\r\n",
    "'+1\r\n",
    "'-1\r\n",
    "'@SUM(A1)\r\n",
    "' =1\r\n",
    "'\t=1\r\n",
  ])
  expect(renderCsv([[-1]])).toBe('-1\r\n')
})

test('a name cannot drive the terminal that shows the file', () => {
  expect(renderCsv([['a\u001b[2Jb\u009b31mc\u0007', 'tab\tand\nline']])).toBe('a�[2Jb�31mc�,"tab\tand\nline"\r\n')
})

test('any text is read back as it was, but for the guard in front', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string(), { minLength: 1 }), { minLength: 1 }), (rows) => {
      const read = readCsv(renderCsv(rows)).map((cells) =>
        cells.map((cell) => cell.replace(/^'(?=\s*[=+\-@\t\r])/, '')),
      )
      expect(read).toEqual(rows.map((cells) => cells.map((cell) => cell.replace(/^'(?=\s*[=+\-@\t\r])/, ''))))
    }),
  )
})

/** A reader by the grammar of RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}
