/** What an engine learns from calls that have ended: how far estimates are off, and how long answers are. */

import { freshOutputRatio, learnOutputRatio, type OutputRatio } from '../core/output-ratio.js'
import { openQuantileBook } from '../core/quantile-book.js'
import type { Scope } from '../core/scope.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/token-ratio.js'
import { totalPrompt, type Usage } from '../core/usage.js'
import type { Desk } from './desk.js'

/** Tokens per estimated token differ by model more than by anything else that is known before a call. */
const MAX_MODELS = 1_000

/** Whose answers are alike: those of one session, else of one project. */
export function outputScope({ session, project }: Scope): string | null {
  if (session !== null) return `session:${session}`
  return project === null ? null : `project:${project}`
}

/** A memory in which nothing is yet. */
export function startLearning(): Pick<Desk, 'ratioOf' | 'bytesPerTokenOf' | 'learn' | 'outputs'> {
  const ratios = new Map<string, TokenRatio>()
  const outputRatios = new Map<string, OutputRatio>()
  const outputs = openQuantileBook()

  const learnInput = (model: string, estimated: number, actual: number): void => {
    if (!ratios.has(model) && ratios.size >= MAX_MODELS) return
    ratios.set(model, learnRatio(ratios.get(model) ?? freshRatio, estimated, actual))
  }
  const outputRatioOf = (model: string): OutputRatio => outputRatios.get(model) ?? freshOutputRatio
  const learnStream = (model: string, bytes: number, tokens: number): void => {
    if (!outputRatios.has(model) && outputRatios.size >= MAX_MODELS) return
    outputRatios.set(model, learnOutputRatio(outputRatioOf(model), bytes, tokens))
  }
  return {
    outputs,
    ratioOf: (model) => ratios.get(model) ?? freshRatio,
    bytesPerTokenOf: (model) => outputRatioOf(model).bytesPerToken,
    learn: ({ opening, expectation, hold }, { ending, usage }, contentBytes) => {
      const [part] = usage?.parts ?? []
      if (expectation === null || part === undefined) return
      const { model, scope, estimate } = expectation
      const isTruncated = ending.kind !== 'exact' || part.output >= (hold?.clampedTo ?? Number.POSITIVE_INFINITY)
      outputs.learn({ scope: outputScope(scope), model }, part.output, isTruncated)
      if (ending.kind !== 'exact') return
      learnInput(model, estimate.unscaled, totalPrompt(part))
      if (opening.isStream) learnStream(model, contentBytes, totalOutput(usage))
    },
  }
}

function totalOutput(usage: Usage | null): number {
  return usage?.parts.reduce((sum, { output }) => sum + output, 0) ?? 0
}
