import { expect, it } from 'vitest'
import { toCsv } from './csv.js'

const columns = [
  { name: 'Name', value: (row: { name: string; cost: number | null }) => row.name },
  { name: 'Cost', value: (row: { name: string; cost: number | null }) => row.cost },
]

it('a name that a spreadsheet would run is only a text, and a loss stays a number', () => {
  const rows = [
    { name: '=HYPERLINK("http://x")', cost: -1.5 },
    { name: 'a "b", c\nd', cost: null },
  ]
  expect(toCsv(columns, rows)).toBe('Name,Cost\r\n"\'=HYPERLINK(""http://x"")",-1.5\r\n"a ""b"", c\nd",\r\n')
})
