/** Choices that can be repeated: the same seed makes the same ones. */

import { seededRandom } from '../stress/random.js'

/** Choices, one after the other. */
export interface Chance {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  /** One of these; throws `RangeError` if there is none. */
  pick<Item>(items: readonly Item[]): Item
  /** True in so many cases of a hundred. */
  isIn(percent: number): boolean
}

/** The choices of a seed. */
export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed)
  const below = (end: number): number => Math.floor(random() * end)
  return {
    below,
    isIn: (percent) => below(100) < percent,
    pick: (items) => {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('nothing to choose from')
      return item
    },
  }
}
