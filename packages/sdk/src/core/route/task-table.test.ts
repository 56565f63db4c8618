import { expect, it } from 'vitest'
import { loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { dayOf, type OutcomeDay } from './outcomes.js'
import { defaultRoutePolicy } from './routing.js'
import { tabulateTasks } from './task-table.js'

const book = loadPriceBook(priceList)
const atMs = Date.parse('2026-11-27T12:00:00Z')
const said = (task: string, tier: string, good: number, bad: number): OutcomeDay => {
  return { task, tier, good, bad, day: dayOf(atMs), costNano: (good + bad) * 1_000 }
}
const rowsOf = (task: string, days: readonly OutcomeDay[]) =>
  tabulateTasks({ policy: defaultRoutePolicy, book, days, atMs }).filter((row) => row.task === task)

it('a task goes to the tier of the table as long as nobody said otherwise', () => {
  expect(rowsOf('extract', []).map(({ tier, isChosen, why, tries }) => [tier, isChosen, why, tries])).toEqual([
    ['small', true, 'does for the task, by the table', 0],
    ['medium', false, 'not needed', 0],
    ['large', false, 'not needed', 0],
  ])
})

it('a tier below that of the table is less than it asks for', () => {
  expect(rowsOf('research', []).map(({ isChosen, why }) => [isChosen, why])).toEqual([
    [false, 'less than the table asks for'],
    [false, 'less than the table asks for'],
    [true, 'does for the task, by the table'],
  ])
})

it('a tier that fails a task is passed over, with the share that it was good at', () => {
  const rows = rowsOf('extract', [said('extract', 'small', 2, 18), said('extract', 'small', 0, 4)])
  expect(rows.map(({ isChosen, why }) => [isChosen, why])).toEqual([
    [false, 'is good at extract in 21 % of cases'],
    [true, 'the cheaper tiers fail too often'],
    [false, 'not needed'],
  ])
  expect(rows[0]).toMatchObject({ tries: 24, good: 2, tryNano: 1_000, solvedNano: expect.closeTo(1_000 / (6 / 29), 3) })
})

it('a task that only callers know has rows once it was judged', () => {
  expect(rowsOf('triage', [])).toEqual([])
  expect(rowsOf('triage', [said('triage', 'small', 1, 0)]).find(({ isChosen }) => isChosen)).toMatchObject({
    tier: 'medium',
    why: 'does for tasks that no table knows',
  })
})
