/** What an engine learns from calls that have ended: how far estimates are off, and how long answers are. */

import { openQuantileBook } from '../core/quantile-book.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/token-ratio.js'
import { totalPrompt } from '../core/usage.js'
import type { Desk } from './desk.js'
import { outputScope } from './reserving.js'

/** Tokens per estimated token differ by model more than by anything else that is known before a call. */
const MAX_MODELS = 1_000

/** A memory in which nothing is yet. */
export function startLearning(): Pick<Desk, 'ratioOf' | 'learn' | 'outputs'> {
  const ratios = new Map<string, TokenRatio>()
  const outputs = openQuantileBook()

  const learnInput = (model: string, estimated: number, actual: number): void => {
    if (!ratios.has(model) && ratios.size >= MAX_MODELS) return
    ratios.set(model, learnRatio(ratios.get(model) ?? freshRatio, estimated, actual))
  }
  return {
    outputs,
    ratioOf: (model) => ratios.get(model) ?? freshRatio,
    learn: ({ expectation, hold }, { ending, usage }) => {
      const [part] = usage?.parts ?? []
      if (expectation === null || part === undefined) return
      const { model, scope, estimate } = expectation
      const isTruncated = ending.kind !== 'exact' || (hold?.clampedTo ?? null) !== null
      outputs.learn({ scope: outputScope(scope), model }, part.output, isTruncated)
      if (ending.kind === 'exact') learnInput(model, estimate.unscaled, totalPrompt(part))
    },
  }
}
