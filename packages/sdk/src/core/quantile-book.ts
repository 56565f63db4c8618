/** What has been learned of the answers of many scopes and models, in bounded memory. */

import { freshHistory, learnOutput, type OutputHistory, outputQuantile } from './quantile.js'

/** Whose answers, from which model. */
export interface OutputSource {
  /** The name of the scope that is learned for, such as `session:s-1`; null for none. */
  readonly scope: string | null
  readonly model: string
}

export interface QuantileBook {
  /** Learns for the scope, and for the model as a whole. See {@link learnOutput}. */
  learn(source: OutputSource, tokens: number, isTruncated: boolean): void
  /** Tokens that nine of ten answers do not exceed: of this scope and model, as far as known, else of the model. */
  expect(source: OutputSource): number
  /** How many histories are kept. */
  readonly size: number
}

/** Most answers of agents are a few hundred tokens. Holding too little costs an extension, holding too much a refusal. */
const PRIOR_TOKENS = 1_024
const SHARE = 0.9

/** A book of at most `maxEntries` histories; the one that was not used for longest makes room. */
export function openQuantileBook(maxEntries = 5_000): QuantileBook {
  const histories = new Map<string, OutputHistory>()

  const keep = (key: string, history: OutputHistory): void => {
    histories.delete(key)
    histories.set(key, history)
    const [oldest] = histories.keys()
    if (histories.size > maxEntries && oldest !== undefined) histories.delete(oldest)
  }
  const learnFor = (key: string, tokens: number, isTruncated: boolean): void => {
    keep(key, learnOutput(histories.get(key) ?? freshHistory, tokens, isTruncated))
  }

  return {
    learn({ scope, model }, tokens, isTruncated) {
      if (scope !== null) learnFor(keyOf(model, scope), tokens, isTruncated)
      // Last, so that of the two it is the one that stays: it stands in for every scope that is new.
      learnFor(keyOf(model, null), tokens, isTruncated)
    },
    expect({ scope, model }) {
      const ofModel = outputQuantile(histories.get(keyOf(model, null)) ?? freshHistory, SHARE, PRIOR_TOKENS)
      const own = scope === null ? undefined : histories.get(keyOf(model, scope))
      return own === undefined ? ofModel : outputQuantile(own, SHARE, ofModel)
    },
    get size() {
      return histories.size
    },
  }
}

function keyOf(model: string, scope: string | null): string {
  return JSON.stringify([model, scope])
}
