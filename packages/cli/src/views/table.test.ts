import { expect, test } from 'vitest'
import { renderTable } from './table.js'

const columns = [
  { title: 'model', align: 'left' },
  { title: 'calls', align: 'right' },
] as const

test('numbers stand under each other and the total is set apart', () => {
  const table = {
    columns,
    rows: [
      ['a', '1'],
      ['long-name', '1,000'],
    ],
    total: ['total', '1,001'],
  }
  expect(renderTable(table).split('\n')).toEqual([
    'model      calls',
    'a              1',
    'long-name  1,000',
    '────────────────',
    'total      1,001',
  ])
})

test('characters of more than one code unit, and of two columns, do not shift a column', () => {
  expect(
    renderTable({
      columns,
      rows: [
        ['🙂🙂🙂🙂🙂', '1'],
        ['plain', '1'],
      ],
    }).split('\n'),
  ).toEqual(['model       calls', '🙂🙂🙂🙂🙂      1', 'plain           1'])
})

test('no line ends in blanks', () => {
  const wide = {
    columns: [...columns, { title: '', align: 'left' }] as const,
    rows: [
      ['a', '1', ''],
      ['b', '2', 'est.'],
    ],
  }
  expect(renderTable(wide)).not.toMatch(/ \n| $/)
})
