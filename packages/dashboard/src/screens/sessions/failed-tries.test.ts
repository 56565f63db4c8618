import { expect, it } from 'vitest'
import { costOfFailed, failedTries } from './failed-tries.js'

const call = (id: string, costNano: number, cascade: { id: string; attempt: number } | null = null) => {
  return { id, costNano, cascade: cascade === null ? null : { ...cascade, tier: 'small', asked: 'm' } }
}

it('a try failed if another one of its cascade came after it', () => {
  const calls = [
    call('a', 5, { id: 'c1', attempt: 1 }),
    call('b', 7, { id: 'c1', attempt: 2 }),
    call('c', 100, { id: 'c1', attempt: 3 }),
    call('d', 9, { id: 'c2', attempt: 1 }),
    call('e', 11),
  ]
  expect([...failedTries(calls)]).toEqual(['a', 'b'])
  expect(costOfFailed(calls)).toBe(12)
  expect(costOfFailed([])).toBe(0)
})
