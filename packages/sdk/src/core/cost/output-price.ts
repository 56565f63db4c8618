/** The cost of an answer that grows. */

import { costOf, roundPico } from './cost.js'
import { type NanoUsd, nanoUsd } from './money.js'
import type { PriceBook, UnknownModelPolicy } from './price.js'
import type { Usage } from './usage.js'

const PICO_PER_NANO = 1_000

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
  return (output) => {
    // Asked with every piece of a stream: as long as a plain number holds the sum exactly it is the faster one.
    const pico = Number(silent) + Number(each) * output
    return Number.isSafeInteger(pico) ? roundUp(pico) : roundPico(silent + each * BigInt(output))
  }
}

/** As {@link roundPico}. By remainder, because a quotient of large numbers is not exact. */
function roundUp(pico: number): NanoUsd {
  const rest = pico % PICO_PER_NANO
  return nanoUsd((pico - rest) / PICO_PER_NANO + (rest > 0 ? 1 : 0))
}
