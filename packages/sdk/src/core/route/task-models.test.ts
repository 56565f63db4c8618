import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findModel, loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { selectModel, TASK_MODEL_MAP, taskModelMap, tierModels } from './task-models.js'

const small = 'claude-haiku-5-5'
const medium = 'claude-sonnet-5-5'
const large = 'claude-opus-5-5'

test.each([
  ['classify', small],
  ['extract', small],
  ['summarize', small],
  ['reason', medium],
  ['code_review', medium],
  ['analyze', medium],
  ['research', large],
  ['poetry', medium],
  ['', medium],
  ['constructor', medium],
  ['__proto__', medium],
])('%s is done by %s', (task, model) => {
  expect(selectModel(task, 1_000)).toBe(model)
})

test('more than 50,000 tokens lift the small tier to the medium one, and no other', () => {
  expect(selectModel('classify', 50_000)).toBe(small)
  expect(selectModel('classify', 50_001)).toBe(medium)
  expect(selectModel('reason', 900_000)).toBe(medium)
  expect(selectModel('research', 900_000)).toBe(large)
})

test('the classic preset keeps the models that were promised first', () => {
  const classic = { preset: 'classic' } as const
  expect(selectModel('extract', 10, classic)).toBe('claude-haiku-4-5-20251001')
  expect(selectModel('extract', 60_000, classic)).toBe('claude-sonnet-4-6')
  expect(selectModel('research', 10, classic)).toBe('claude-opus-4-7')
})

test('every model of every tier has a price', () => {
  const book = loadPriceBook(priceList)
  const models = Object.values(tierModels).flatMap((tiers) => Object.values(tiers))
  expect(models.filter((model) => findModel(book, model) === null)).toEqual([])
})

test('tasks and tiers can be chosen otherwise, by tier or by id', () => {
  const options = {
    tiers: { large: 'claude-fable-5-2' },
    tasks: { triage: 'small', classify: 'large', poem: 'my-model' },
  }
  expect(selectModel('triage', 10, options)).toBe(small)
  expect(selectModel('triage', 60_000, options)).toBe(medium)
  expect(selectModel('classify', 10, options)).toBe('claude-fable-5-2')
  expect(selectModel('poem', 60_000, options)).toBe('my-model')
})

test('the table itself can be given back with changes, and content is still lifted', () => {
  const tasks = { ...taskModelMap, summarize: medium }
  expect(selectModel('summarize', 10, { tasks })).toBe(medium)
  expect(selectModel('classify', 60_000, { tasks })).toBe(medium)
  expect(TASK_MODEL_MAP).toBe(taskModelMap)
  expect(Object.isFrozen(taskModelMap)).toBe(true)
})

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a length of %s is no number of tokens', (length) => {
  expect(() => selectModel('classify', length)).toThrow(RangeError)
})

test('an unknown preset is said to be one', () => {
  expect(() => selectModel('classify', 1, { preset: 'constructor' as 'classic' })).toThrow('unknown preset')
})

test('longer content never gets a smaller model', () => {
  const rank = [small, medium, large]
  const length = fc.double({ min: 0, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(fc.string(), length, length, (task, a, b) => {
      const [short, long] = [Math.min(a, b), Math.max(a, b)]
      expect(rank.indexOf(selectModel(task, short))).toBeLessThanOrEqual(rank.indexOf(selectModel(task, long)))
    }),
  )
})
