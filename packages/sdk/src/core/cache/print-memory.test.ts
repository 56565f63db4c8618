import { expect, it } from 'vitest'
import { PrintMemory, type SeenBlock } from './print-memory.js'

const block = (print: number): SeenBlock => ({
  ...{ print, marker: null, markerCount: 0, hasImage: false, isCiting: false },
  ...{ weight: { tokens: 1, extra: 0, bytes: 1 }, isString: false, canMark: true },
})

it('does not take a block of one caller for that of another which has the same hash', () => {
  const memory = new PrintMemory()
  const [one, other] = [memory.of(1), memory.of(2)]
  expect(one.recall(7, () => block(1)).print).toBe(1)
  expect(other.recall(7, () => block(2)).print).toBe(2)
  expect(one.recall(7, () => block(3)).print).toBe(1)
  expect(memory.size).toBe(2)
})
