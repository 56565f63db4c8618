/** What an engine learns from calls that have ended: how far estimates are off, and how long answers are. */

import { keepNewest } from '../core/bounded/bounded.js'
import type { Scope } from '../core/budget/scope.js'
import { totalPrompt, type Usage } from '../core/cost/usage.js'
import { freshOutputRatio, learnOutputRatio, type OutputRatio } from '../core/tokens/output-ratio.js'
import { openQuantileBook } from '../core/tokens/quantile-book.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/tokens/token-ratio.js'
import type { Desk, Expectation } from './desk.js'

/** Tokens per estimated token differ by model more than by anything else that is known before a call. */
const MAX_MODELS = 1_000
/** As many sessions are remembered; one that is forgotten starts from what is usual for its model. */
const MAX_OUTPUT_RATIOS = 5_000

/** Whose answers are alike: those of one session, else of one project. */
export function outputScope({ session, project }: Scope): string | null {
  if (session !== null) return `session:${session}`
  return project === null ? null : `project:${project}`
}

/** A memory in which nothing is yet. */
export function startLearning(): Pick<Desk, 'ratioOf' | 'bytesPerTokenOf' | 'learn' | 'outputs'> {
  const ratios = new Map<string, TokenRatio>()
  const streams = learnStreams()
  const outputs = openQuantileBook()

  const learnInput = (model: string, estimated: number, actual: number): void => {
    if (!ratios.has(model) && ratios.size >= MAX_MODELS) return
    ratios.set(model, learnRatio(ratios.get(model) ?? freshRatio, estimated, actual))
  }
  return {
    outputs,
    ratioOf: (model) => ratios.get(model) ?? freshRatio,
    bytesPerTokenOf: streams.bytesPerTokenOf,
    learn: ({ opening, expectation, hold }, { ending, usage }, contentBytes) => {
      const [part] = usage?.parts ?? []
      if (expectation === null || part === undefined) return
      const { model, scope, estimate } = expectation
      const isTruncated = ending.kind !== 'exact' || part.output >= (hold?.clampedTo ?? Number.POSITIVE_INFINITY)
      // Who asks for no answer, to warm a prompt, says nothing about the length of answers.
      const isAnswered = opening.request?.maxTokens !== 0
      if (isAnswered) outputs.learn({ scope: outputScope(scope), model }, part.output, isTruncated)
      if (ending.kind !== 'exact') return
      learnInput(model, estimate.unscaled, totalPrompt(part))
      if (opening.isStream) streams.learn(expectation, contentBytes, totalOutput(usage))
    },
  }
}

/** How dense text is: that of a scope, and until one is known what is usual for its model. */
function learnStreams() {
  const ratios = new Map<string, OutputRatio>()
  const learnOne = (key: string, bytes: number, tokens: number): void => {
    const ratio = learnOutputRatio(ratios.get(key) ?? freshOutputRatio, bytes, tokens)
    keepNewest(ratios, key, ratio, MAX_OUTPUT_RATIOS)
  }
  return {
    bytesPerTokenOf: ({ scope, model }: Source): (() => number) => {
      const key = keyOf(outputScope(scope), model)
      return () => {
        // One scope of dense text must not have everybody's streams ended early.
        const usual = ratios.get(model)?.bytesPerToken ?? freshOutputRatio.bytesPerToken
        return ratios.get(key)?.bytesPerToken ?? Math.max(freshOutputRatio.bytesPerToken, usual)
      }
    },
    learn: ({ scope, model }: Source, bytes: number, tokens: number): void => {
      learnOne(keyOf(outputScope(scope), model), bytes, tokens)
      learnOne(model, bytes, tokens)
    },
  }
}

type Source = Pick<Expectation, 'scope' | 'model'>

function keyOf(scope: string | null, model: string): string {
  return `${model}\n${scope ?? ''}`
}

function totalOutput(usage: Usage | null): number {
  return usage?.parts.reduce((sum, { output }) => sum + output, 0) ?? 0
}
