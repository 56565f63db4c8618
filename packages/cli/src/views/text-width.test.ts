import { expect, test } from 'vitest'
import { cutLine } from '../screen.js'
import { renderTable } from './table.js'
import { widthOf } from './text-width.js'

test.each([
  ['web', 3],
  ['日本語', 6],
  ['한국', 4],
  ['ｆｕｌｌ', 8],
  ['é', 1],
  ['e\u0301', 1],
  ['🎉x', 3],
  ['█░─', 3],
  ['', 0],
])('%s takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns)
})

test('columns of a table stand below each other whatever names there are', () => {
  const columns = [{ title: 'project', align: 'left' } as const, { title: 'cost', align: 'right' } as const]
  const lines = renderTable({
    columns,
    rows: [
      ['日本語', '$1'],
      ['web', '$2'],
      ['🎉', '$3'],
    ],
    total: ['total', '$6'],
  })
  const widths = lines.split('\n').map(widthOf)
  expect(new Set(widths).size).toBe(1)
})

test('a line is cut before a character that has no room any more, and keeps its colours', () => {
  expect(cutLine('日本語', 5)).toBe('日本')
  expect(cutLine('日本語', 6)).toBe('日本語')
  expect(cutLine('e\u0301a', 1)).toBe('e\u0301')
  expect(cutLine('\u001b[1m日本\u001b[22m', 2)).toBe('\u001b[1m日\u001b[22m')
})
