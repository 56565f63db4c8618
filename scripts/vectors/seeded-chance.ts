/** Chance that is the same every time. */

/** A game of chance. */
export interface SeededChance {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number
  pick<Value>(values: readonly Value[]): Value
  /** True in so many of a hundred cases. */
  isLikely(percent: number): boolean
}

/** @param seed another one, another game */
export function seededChance(seed: number): SeededChance {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // The low bits of such a sequence repeat soon.
    return Math.floor((state / 2 ** 32) * limit)
  }
  return {
    below,
    pick: (values) => {
      const value = values[below(values.length)]
      if (value === undefined) throw new RangeError('nothing to choose from')
      return value
    },
    isLikely: (percent) => below(100) < percent,
  }
}
