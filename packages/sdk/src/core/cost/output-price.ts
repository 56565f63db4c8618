/** The cost of an answer that grows. */

import { costOf, roundPico } from './cost.js'
import type { NanoUsd } from './money.js'
import type { PriceBook, UnknownModelPolicy } from './price.js'
import type { Usage } from './usage.js'

/** What a usage costs if the output of its first part is so many tokens. */
export type CostByOutput = (output: number) => NanoUsd

/**
 * Prices a usage once for any output of its first part, to the nano-dollar as {@link costOf} does: which card and which
 * multipliers hold does not depend on the output, so each of its tokens costs the same.
 */
export function priceByOutput(
  usage: Usage,
  book: PriceBook,
  at: Date | number,
  policy: UnknownModelPolicy,
): CostByOutput {
  const [first, ...rest] = usage.parts
  const picoWith = (output: number): bigint => {
    const parts = first === undefined ? rest : [{ ...first, output }, ...rest]
    return costOf({ ...usage, parts }, book, at, policy).pico
  }
  const silent = picoWith(0)
  const each = picoWith(1) - silent
  return (output) => roundPico(silent + each * BigInt(output))
}
