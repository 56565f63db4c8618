import { expect, it } from 'vitest'
import { changesBetween } from './audit-changes.js'

it('tells what is other than before, and leaves out what is the same', () => {
  expect(changesBetween({ limit: 20, mode: 'enforce' }, { limit: 30, mode: 'enforce' })).toEqual(['limit: 20 → 30'])
})

it('tells of what was made and what was removed', () => {
  expect(changesBetween(null, { limit: 30 })).toEqual(['limit: 30'])
  expect(changesBetween({ limit: 30 }, null)).toEqual(['removed'])
  expect(changesBetween(null, null)).toEqual([])
})
